"""tmpfs: its limits on size and number of files, and its options (tmpfs(5))."""

from __future__ import annotations

from errno import EINVAL, ENOSPC

import pytest

from conformance.syscalls import untraced
from conformance.syscalls.files.filesystems import Statfs, statfs
from conformance.syscalls.files.links import unlink
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.sizes import fallocate
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import make_file
from conformance.syscalls.mounts.mount import MS_REMOUNT, mount

pytestmark = pytest.mark.needs("root")


def test_more_data_than_the_size_is_enospc() -> None:
    mount_new(b"tmpfs", b"small", 0, b"size=16k")
    fd = open(b"small/file", O_WRONLY | O_CREAT, 0o600)
    assert write(fd, bytes(65536), 65536) == 16384
    write.fails_with(ENOSPC, fd, b"x", 1)
    fallocate.fails_with(ENOSPC, open(b"small/other", O_RDWR | O_CREAT, 0o600), 0, 0, 4096)


def test_more_files_than_the_number_of_inodes_is_enospc() -> None:
    """The root is one of them."""
    mount_new(b"tmpfs", b"small", 0, b"nr_inodes=3", option="nr_inodes")
    make_file(b"small/a")
    make_file(b"small/b")
    openat.fails_with(ENOSPC, AT_FDCWD, b"small/c", O_WRONLY | O_CREAT, 0o600)
    unlink(b"small/a")
    make_file(b"small/c")


def test_size_can_be_changed_but_not_below_what_is_used() -> None:
    mount_new(b"tmpfs", b"small", 0, b"size=64k")
    make_file(b"small/file", bytes(32768))
    mount.fails_with(EINVAL, None, b"small", None, MS_REMOUNT, b"size=16k")
    mount(None, b"small", None, MS_REMOUNT, b"size=32k")
    found = Statfs()
    with untraced():
        statfs(b"small", found)
    assert (found.f_blocks * found.f_bsize, found.f_bfree) == (32768, 0)
