"""Links: several names of one file, and names that stand for others (link(2), symlink(2), path_resolution(7))."""

from __future__ import annotations

from errno import EINVAL, EISDIR, ELOOP, ENOENT, EOPNOTSUPP

import pytest

from cases.files._files import status
from conformance.syscalls import Buffer
from conformance.syscalls.files.links import linkat, readlink, symlink
from conformance.syscalls.files.opening import O_EXCL, O_RDONLY, O_RDWR, O_TMPFILE, openat
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_FOLLOW
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.status import S_IFLNK, S_IFMT, Stat, lstat
from conformance.syscalls.help.paths import new_file


def test_symlink_is_itself_a_file_that_holds_a_name() -> None:
    """Its name may be of nothing; readlink(2) cuts it to the room and adds no NUL."""
    symlink(b"target", b"link")
    found = Stat()
    lstat(b"link", found)
    assert (found.st_mode & S_IFMT, found.st_size) == (S_IFLNK, 6)
    name = Buffer(4)
    assert readlink(b"link", name, 4) == 4
    assert bytes(name) == b"targ"
    openat.fails_with(ENOENT, AT_FDCWD, b"link", O_RDONLY, 0)
    new_file(b"target")
    readlink.fails_with(EINVAL, b"target", name, 4)
    linkat(AT_FDCWD, b"link", AT_FDCWD, b"second", 0)
    linkat(AT_FDCWD, b"link", AT_FDCWD, b"third", AT_SYMLINK_FOLLOW)
    assert readlink(b"second", name, 4) == 4
    readlink.fails_with(EINVAL, b"third", name, 4)


def test_forty_symlinks_are_followed_and_no_more() -> None:
    """path_resolution(7), Linux 4.2."""
    new_file(b"0")
    for at in range(41):
        symlink(b"%d" % at, b"%d" % (at + 1))
    openat(AT_FDCWD, b"40", O_RDONLY, 0)
    openat.fails_with(ELOOP, AT_FDCWD, b"41", O_RDONLY, 0)
    symlink(b"self", b"self")
    openat.fails_with(ELOOP, AT_FDCWD, b"self", O_RDONLY, 0)


@pytest.mark.needs("root")
def test_file_without_a_name_can_be_given_one_unless_it_is_exclusive() -> None:
    """O_TMPFILE (Linux 3.11); AT_EMPTY_PATH takes a privilege, or the one who opened the file (Linux 6.10)."""
    fd = openat.or_missing("O_TMPFILE", (EOPNOTSUPP, EISDIR), AT_FDCWD, b".", O_TMPFILE | O_RDWR, 0o600)
    write(fd, b"hello", 5)
    linkat(fd, b"", AT_FDCWD, b"name", AT_EMPTY_PATH)
    assert status(b"name").st_size == 5
    exclusive = openat(AT_FDCWD, b".", O_TMPFILE | O_EXCL | O_RDWR, 0o600)
    linkat.fails_with(ENOENT, exclusive, b"", AT_FDCWD, b"other", AT_EMPTY_PATH)
