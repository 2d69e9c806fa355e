"""Times and attributes: what is kept of when a file was used, and how it is asked for (utimensat(2), statx(2))."""

from __future__ import annotations

import struct
from errno import EINVAL

from cases.files._files import status
from conformance.syscalls.files.attributes import UTIME_NOW, UTIME_OMIT, utimensat
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD, AT_STATX_DONT_SYNC, AT_STATX_FORCE_SYNC
from conformance.syscalls.files.status import S_IFMT, S_IFREG, STATX_BASIC_STATS, STATX_BTIME, Statx, statx
from conformance.syscalls.help.paths import new_file


def times(access: tuple[int, int], change: tuple[int, int]) -> bytes:
    """Two of `struct timespec`: of the last access and of the last modification."""
    return struct.pack("=qqqq", *access, *change)


def test_times_are_set_to_the_nanosecond_and_one_may_be_left_as_it_is() -> None:
    new_file(b"file")
    utimensat(AT_FDCWD, b"file", times((1000, 123456789), (2000, 987654321)), 0)
    found = status(b"file")
    assert (found.st_atime, found.st_atime_nsec, found.st_mtime, found.st_mtime_nsec) == (
        1000,
        123456789,
        2000,
        987654321,
    )
    utimensat(AT_FDCWD, b"file", times((0, UTIME_OMIT), (0, UTIME_NOW)), 0)
    found = status(b"file")
    assert (found.st_atime, found.st_atime_nsec) == (1000, 123456789)
    assert found.st_mtime == found.st_ctime > 2000
    utimensat.fails_with(EINVAL, AT_FDCWD, b"file", times((0, 1_000_000_000), (0, 0)), 0)


def test_statx_tells_what_stat_tells_and_when_the_file_was_made() -> None:
    """Linux 4.11. The mask says what was filled in; the birth time is not of every file system."""
    fd = new_file(b"file", b"hello")
    found, own = Statx(), status(b"file")
    statx(fd, b"", AT_EMPTY_PATH, STATX_BASIC_STATS | STATX_BTIME, found)
    assert found.stx_mask & STATX_BASIC_STATS == STATX_BASIC_STATS
    assert (found.stx_size, found.stx_nlink, found.stx_uid) == (5, 1, own.st_uid)
    assert (found.stx_mode & S_IFMT, found.stx_mode) == (S_IFREG, own.st_mode)
    assert found.stx_ino == own.st_ino
    assert (found.stx_mtime.tv_sec, found.stx_mtime.tv_nsec) == (own.st_mtime, own.st_mtime_nsec)
    if found.stx_mask & STATX_BTIME:
        assert 0 < found.stx_btime.tv_sec <= found.stx_mtime.tv_sec
    statx.fails_with(EINVAL, AT_FDCWD, b"file", AT_STATX_FORCE_SYNC | AT_STATX_DONT_SYNC, STATX_BASIC_STATS, found)
    statx.fails_with(EINVAL, AT_FDCWD, b"file", 0, 1 << 31, found)
