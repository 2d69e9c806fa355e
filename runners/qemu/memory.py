"""The memory of machines, as memfds: one that a machine has to itself, or a sealed one that many begin with.

What many begin with is read once. Each maps it as its own: what it writes is copied, and what it only reads is shared.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

Extent = tuple[int, int]
"""A part of a memory that is not a hole: where it begins, and its length, in bytes."""
SEALS = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
"""Nobody can change it any more, not even who breaks out of a machine: only private mappings can be written to."""


@contextmanager
def empty(size: int) -> Iterator[int]:
    """A memory of so many bytes. Raises OSError."""
    fd = os.memfd_create("memory", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(fd, size)
        yield fd
    finally:
        os.close(fd)


def store(fd: int, to: Path) -> list[Extent]:
    """Write what is in a memory to a file, one extent behind the other; which they are. Raises OSError."""
    found = list(_extents(fd))
    with to.open("wb") as file:
        for at, length in found:
            _copy(fd, file.fileno(), at, length)
    return found


@contextmanager
def loaded(path: Path, extents: Iterable[Sequence[int]], size: int) -> Iterator[int]:
    """A sealed memory that has in it what was saved. Raises OSError, ValueError when that does not fit."""
    with empty(size) as fd, path.open("rb") as file:
        offset = 0
        for at, length in extents:
            if at < 0 or at + length > size:
                raise ValueError(f"{path} does not fit into {size} bytes of memory")
            os.lseek(fd, at, os.SEEK_SET)
            _copy(file.fileno(), fd, offset, length)
            offset += length
        fcntl.fcntl(fd, fcntl.F_ADD_SEALS, SEALS)
        yield fd


def _extents(fd: int) -> Iterator[Extent]:
    size = os.fstat(fd).st_size
    end = 0
    while end < size:
        try:
            at = os.lseek(fd, end, os.SEEK_DATA)
        except OSError:  # ENXIO: nothing but a hole is left
            return
        end = os.lseek(fd, at, os.SEEK_HOLE)
        yield at, end - at


def _copy(source: int, target: int, offset: int, length: int) -> None:
    """From an offset of the source to where the target stands. Raises OSError."""
    while length:
        done = os.sendfile(target, source, offset, length)
        if not done:
            raise OSError("it is too short")
        offset, length = offset + done, length - done
