"""Unmounting: what is busy stays, unless it is only to go out of sight (umount2(2))."""

from __future__ import annotations

from errno import EAGAIN, EBUSY, EINVAL

import pytest

from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.opening import O_RDONLY, close, open
from conformance.syscalls.files.reading import pread64
from conformance.syscalls.help.mounts import mount_at, mount_new
from conformance.syscalls.help.paths import exists, make_file
from conformance.syscalls.mounts.mount import MNT_DETACH, MNT_EXPIRE, umount2

pytestmark = pytest.mark.needs("root")


def busy_mount() -> int:
    """A tmpfs at `mounted` in which a file is open; the fd."""
    mount_new(b"tmpfs", b"mounted")
    make_file(b"mounted/file", b"hello")
    return open(b"mounted/file", O_RDONLY)


def test_mount_with_an_open_file_is_ebusy() -> None:
    fd = busy_mount()
    umount2.fails_with(EBUSY, b"mounted", 0)
    close(fd)
    umount2(b"mounted", 0)
    assert not mount_at(b"mounted")


def test_detached_mount_lives_as_long_as_its_open_files() -> None:
    fd = busy_mount()
    umount2(b"mounted", MNT_DETACH)
    assert not exists(b"mounted/file")
    assert pread64(fd, Buffer(8), 8, 0) == 5


def test_unused_mount_expires_when_asked_twice() -> None:
    """EAGAIN the first time; what was used in between has to be asked twice again."""
    mount_new(b"tmpfs", b"mounted")
    if (error := umount2.result_of(b"mounted", MNT_EXPIRE)[1]) == EINVAL:
        missing("MNT_EXPIRE")
    assert error == EAGAIN
    make_file(b"mounted/file")
    umount2.fails_with(EAGAIN, b"mounted", MNT_EXPIRE)
    umount2(b"mounted", MNT_EXPIRE)
    assert not mount_at(b"mounted")
