"""Directories: listing, removing, and how paths are walked (getdents(2), rmdir(2), openat2(2))."""

from __future__ import annotations

from errno import (
    EBADF,
    EBUSY,
    EINVAL,
    ELOOP,
    ENAMETOOLONG,
    ENOENT,
    ENOTDIR,
    ENOTEMPTY,
    EXDEV,
    errorcode,
)

import pytest

from cases.files._files import content
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.directories import DT_DIR, DT_LNK, DT_REG, chdir, getcwd, getdents64, mkdir, rmdir
from conformance.syscalls.files.links import symlink, unlink
from conformance.syscalls.files.opening import (
    O_DIRECTORY,
    O_PATH,
    O_RDONLY,
    RESOLVE_BENEATH,
    RESOLVE_IN_ROOT,
    RESOLVE_NO_MAGICLINKS,
    RESOLVE_NO_SYMLINKS,
    RESOLVE_NO_XDEV,
    OpenHow,
    openat,
    openat2,
)
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read
from conformance.syscalls.files.status import Stat, fstat, stat
from conformance.syscalls.help.paths import new_file, open_bounded


def listing(fd: int) -> dict[bytes, int]:
    """Names and types. Not traced: order and offsets are the file system's choice."""
    found, room = {}, Buffer(4096)
    with untraced():
        while count := getdents64(fd, room, 4096):
            at = 0
            while at < count:
                length = room.int_at(at + 16, 2)
                found[room.take(length, at + 19)[: length - 19].split(b"\0")[0]] = room.int_at(at + 18, 1)
                at += length
    return found


def test_directory_lists_itself_its_parent_and_what_is_in_it() -> None:
    mkdir(b"directory", 0o755)
    new_file(b"directory/file")
    mkdir(b"directory/inner", 0o755)
    symlink(b"x", b"directory/link")
    fd = openat(AT_FDCWD, b"directory", O_RDONLY | O_DIRECTORY, 0)
    expected = {b".": DT_DIR, b"..": DT_DIR, b"file": DT_REG, b"inner": DT_DIR, b"link": DT_LNK}
    assert listing(fd) == expected
    getdents64.fails_with(ENOTDIR, new_file(b"file"), Buffer(64), 64)
    other = openat(AT_FDCWD, b"directory", O_RDONLY | O_DIRECTORY, 0)
    getdents64.fails_with(EINVAL, other, Buffer(16), 16)


def test_directory_is_removed_when_it_is_empty_and_then_takes_nothing_new() -> None:
    mkdir(b"directory", 0o755)
    new_file(b"directory/file")
    rmdir.fails_with(ENOTEMPTY, b"directory")
    rmdir.fails_with(EINVAL, b"directory/.")
    rmdir.fails_with(ENOTDIR, b"directory/file")
    rmdir.fails_with((EBUSY, EINVAL), b"/")
    unlink(b"directory/file")
    fd = openat(AT_FDCWD, b"directory", O_RDONLY | O_DIRECTORY, 0)
    chdir(b"directory")
    rmdir(b"../directory")
    getcwd.fails_with(ENOENT, Buffer(4096), 4096)
    mkdir.fails_with(ENOENT, b"inner", 0o755)
    getdents64.fails_with(ENOENT, fd, Buffer(64), 64)


def test_names_have_255_bytes_and_paths_4095() -> None:
    mkdir(b"x" * 255, 0o755)
    mkdir.fails_with(ENAMETOOLONG, b"x" * 256, 0o755)
    stat(b"./" * 2047 + b".", Stat())
    stat.fails_with(ENAMETOOLONG, b"./" * 2048, Stat())
    stat.fails_with(ENOENT, b"", Stat())


def test_descriptor_of_a_path_is_for_paths_alone() -> None:
    """O_PATH (Linux 2.6.39): it can be asked about and begun from, and not read."""
    new_file(b"file", b"hello")
    fd, found = openat(AT_FDCWD, b"file", O_PATH, 0), Stat()
    fstat(fd, found)
    assert found.st_size == 5
    read.fails_with(EBADF, fd, Buffer(8), 8)
    mkdir(b"directory", 0o755)
    new_file(b"directory/inner", b"inner")
    directory = openat(AT_FDCWD, b"directory", O_PATH, 0)
    assert content(openat(directory, b"inner", O_RDONLY, 0)) == b"inner"


@pytest.mark.parametrize(
    ("resolve", "path", "error"),
    [
        (RESOLVE_BENEATH, b"../file", EXDEV),
        (RESOLVE_BENEATH, b"absolute", EXDEV),
        (RESOLVE_BENEATH, b"inner/../file", 0),
        (RESOLVE_IN_ROOT, b"absolute", 0),
        (RESOLVE_IN_ROOT, b"../../file", 0),
        (RESOLVE_NO_SYMLINKS, b"link", ELOOP),
        (RESOLVE_NO_MAGICLINKS, b"link", 0),
        (RESOLVE_NO_MAGICLINKS, b"/proc/self/exe", ELOOP),
        (RESOLVE_NO_XDEV, b"/proc/self/status", EXDEV),
        (1 << 40, b"file", EINVAL),
    ],
    ids=[
        "beneath-parent",
        "beneath-absolute",
        "beneath-inside",
        "root-absolute",
        "root-parent",
        "symlink",
        "symlink-not-magic",
        "magic",
        "mount",
        "unknown",
    ],
)
def test_walk_of_a_path_can_be_bounded(resolve: int, path: bytes, error: int) -> None:
    """openat2 (Linux 5.6)."""
    mkdir(b"root", 0o755)
    mkdir(b"root/inner", 0o755)
    new_file(b"file", b"outside")
    new_file(b"root/file", b"inside")
    symlink(b"/file", b"root/absolute")
    symlink(b"file", b"root/link")
    root = openat2(AT_FDCWD, b"root", OpenHow(flags=O_RDONLY | O_DIRECTORY), OpenHow.size())
    fd, found = open_bounded(root, path, OpenHow(flags=O_RDONLY, resolve=resolve))
    assert errorcode.get(found) == errorcode.get(error)
    if not error:
        assert content(fd) == b"inside"
