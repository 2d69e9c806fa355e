"""Writing a directory tree as a cpio archive, the form in which Linux takes an initramfs (initramfs buffer format)."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import IO


def write_archive(tree: Path, to: Path, prefix: str = "") -> None:
    """Write all files, links and directories below `tree`, owned by root, as `newc`. Archives can be concatenated."""
    with to.open("wb") as archive:
        members: list[tuple[str, Path | None]] = [(name, None) for name in _parents(prefix)]
        members += [(str(Path(prefix, path.relative_to(tree))), path) for path in sorted(tree.rglob("*"))]
        for number, (name, path) in enumerate(members, 1):
            _write_member(archive, number, name, path)
        _write_header(archive, 0, "TRAILER!!!", 0, 1, 0, 0)
        archive.write(bytes(-archive.tell() % 512))


def concatenate(archives: Iterable[Path], to: Path) -> None:
    """Write archives one behind the other: the kernel unpacks them in order, a later file over an earlier one."""
    with to.open("wb") as whole:
        for archive in archives:
            with archive.open("rb") as source:
                shutil.copyfileobj(source, whole, 1 << 20)


def _parents(prefix: str) -> list[str]:
    """The directories above everything else."""
    return [str(each) for each in reversed([Path(prefix), *Path(prefix).parents]) if str(each) != "."]


def _write_member(archive: IO[bytes], number: int, name: str, path: Path | None) -> None:
    if path is None:
        _write_header(archive, number, name, stat.S_IFDIR | 0o755, 2, 0, 0)
        return
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        target = os.fsencode(path.readlink())
        _write_header(archive, number, name, stat.S_IFLNK | 0o777, 1, int(status.st_mtime), len(target))
        archive.write(target)
    elif stat.S_ISREG(status.st_mode):
        _write_header(archive, number, name, status.st_mode, 1, int(status.st_mtime), status.st_size)
        with path.open("rb") as source:
            shutil.copyfileobj(source, archive, 1 << 20)
    elif stat.S_ISDIR(status.st_mode):
        _write_header(archive, number, name, stat.S_IFDIR | 0o755, 2, int(status.st_mtime), 0)
    archive.write(bytes(-archive.tell() % 4))


def _write_header(archive: IO[bytes], inode: int, name: str, mode: int, links: int, mtime: int, size: int) -> None:
    encoded = os.fsencode(name) + b"\0"
    fields = (inode, mode, 0, 0, links, mtime, size, 0, 0, 0, 0, len(encoded), 0)
    archive.write(b"070701" + b"".join(b"%08X" % field for field in fields) + encoded)
    archive.write(bytes(-archive.tell() % 4))
