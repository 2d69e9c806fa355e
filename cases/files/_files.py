"""What most cases about files ask of one: what is in it, and its status."""

from __future__ import annotations

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_RDONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64
from conformance.syscalls.files.status import Stat, stat


def content(fd: int, size: int = 64) -> bytes:
    """The first `size` bytes of an open file."""
    data = Buffer(size)
    return data.take(pread64(fd, data, size, 0))


def content_at(path: bytes) -> bytes:
    """The first bytes of the file at a path."""
    fd = openat(AT_FDCWD, path, O_RDONLY, 0)
    data = content(fd)
    close(fd)
    return data


def status(path: bytes) -> Stat:
    """stat(2)."""
    found = Stat()
    stat(path, found)
    return found
