"""Mount propagation: which mounts appear at other places, too (mount_namespaces(7))."""

from __future__ import annotations

from errno import EINVAL

import pytest

from conformance.syscalls.files.directories import mkdir
from conformance.syscalls.help.mounts import bind_mount, mount_at, mount_new
from conformance.syscalls.mounts.mount import MS_BIND, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, mount, umount2

pytestmark = pytest.mark.needs("root")


def shared_pair() -> None:
    """A shared mount at `a`, with directories `one` and `two`, bound to `b`: two peers."""
    mount_new(b"tmpfs", b"a")
    mount(None, b"a", None, MS_SHARED, None)
    mkdir(b"a/one", 0o755)
    mkdir(b"a/two", 0o755)
    mkdir(b"b", 0o755)
    bind_mount(b"a", b"b")


def mount_over(path: bytes) -> None:
    """Mount a tmpfs at a directory that is there."""
    mount(b"tmpfs", path, b"tmpfs", 0, None)


def test_peers_get_each_others_mounts_and_lose_them_together() -> None:
    shared_pair()
    mount_over(b"a/one")
    mount_over(b"b/two")
    assert mount_at(b"b/one")
    assert mount_at(b"a/two")
    umount2(b"b/one", 0)
    assert not mount_at(b"a/one")


def test_slave_gets_the_mounts_of_its_master_and_gives_none() -> None:
    shared_pair()
    mount(None, b"b", None, MS_SLAVE, None)
    mount_over(b"a/one")
    mount_over(b"b/two")
    assert mount_at(b"b/one")
    assert not mount_at(b"a/two")


def test_unbindable_mount_cannot_be_bound() -> None:
    mount_new(b"tmpfs", b"a")
    mkdir(b"b", 0o755)
    mount.or_missing("unbindable mounts", EINVAL, None, b"a", None, MS_UNBINDABLE, None)
    mount.fails_with(EINVAL, b"a", b"b", None, MS_BIND, None)
