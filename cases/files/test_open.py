"""Opening files: flags, modes, and the errors that open(2) promises."""

from __future__ import annotations

from errno import EEXIST, EISDIR, ELOOP, ENOENT, ENOTDIR

from conformance.syscalls import Buffer
from conformance.syscalls.files.links import symlink
from conformance.syscalls.files.opening import (
    O_CREAT,
    O_DIRECTORY,
    O_EXCL,
    O_NOFOLLOW,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
    close,
    openat,
)
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, write
from conformance.syscalls.files.status import Stat, fstat


def test_created_file_holds_what_was_written() -> None:
    fd = openat(AT_FDCWD, b"a", O_RDWR | O_CREAT, 0o600)
    assert write(fd, b"hello", 5) == 5
    data = Buffer(16)
    assert pread64(fd, data, 16, 0) == 5
    assert data.take(5) == b"hello"
    close(fd)


def test_mode_is_reduced_by_the_umask() -> None:
    fd = openat(AT_FDCWD, b"a", O_WRONLY | O_CREAT, 0o666)
    found = Stat()
    fstat(fd, found)
    assert found.st_mode & 0o777 == 0o644


def test_absent_file_is_enoent() -> None:
    openat.fails_with(ENOENT, AT_FDCWD, b"absent", O_RDONLY, 0)


def test_excl_refuses_an_existing_file() -> None:
    close(openat(AT_FDCWD, b"a", O_WRONLY | O_CREAT, 0o600))
    openat.fails_with(EEXIST, AT_FDCWD, b"a", O_WRONLY | O_CREAT | O_EXCL, 0o600)


def test_directory_flag_refuses_a_file() -> None:
    close(openat(AT_FDCWD, b"a", O_WRONLY | O_CREAT, 0o600))
    openat.fails_with(ENOTDIR, AT_FDCWD, b"a", O_RDONLY | O_DIRECTORY, 0)


def test_directory_cannot_be_opened_for_writing() -> None:
    openat.fails_with(EISDIR, AT_FDCWD, b".", O_WRONLY, 0)


def test_nofollow_refuses_a_symlink() -> None:
    symlink(b"a", b"link")
    openat.fails_with(ELOOP, AT_FDCWD, b"link", O_RDONLY | O_NOFOLLOW, 0)
