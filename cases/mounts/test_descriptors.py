"""Mounts as descriptors: copies, moves, and questions that need no text to be parsed."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOENT

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_CREAT, O_RDONLY, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_EMPTY_PATH, AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import STATX_MNT_ID_UNIQUE, Stat, Statx, newfstatat, statx
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import exists, make_file, write_to
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.mounts.attaching import (
    MOVE_MOUNT_BENEATH,
    MOVE_MOUNT_F_EMPTY_PATH,
    OPEN_TREE_CLOEXEC,
    OPEN_TREE_CLONE,
    move_mount,
    open_tree,
)
from conformance.syscalls.mounts.contexts import (
    FSCONFIG_CMD_CREATE,
    FSMOUNT_CLOEXEC,
    FSOPEN_CLOEXEC,
    MOUNT_ATTR_IDMAP,
    fsconfig,
    fsmount,
    fsopen,
)
from conformance.syscalls.mounts.listing import (
    STATMOUNT_FS_TYPE,
    STATMOUNT_MNT_BASIC,
    STATMOUNT_SB_BASIC,
    MntIdReq,
    Statmount,
    listmount,
    statmount,
)
from conformance.syscalls.mounts.mount import umount2
from conformance.syscalls.mounts.properties import MountAttr, mount_setattr
from conformance.syscalls.namespaces import CLONE_NEWUSER, unshare
from conformance.syscalls.signals import pause

pytestmark = pytest.mark.needs("root")

TMPFS_MAGIC = 0x01021994


def new_tmpfs() -> int:
    """A tmpfs that is mounted nowhere; its descriptor."""
    context = fsopen(b"tmpfs", FSOPEN_CLOEXEC)
    fsconfig(context, FSCONFIG_CMD_CREATE, None, None, 0)
    return fsmount(context, FSMOUNT_CLOEXEC, 0)


def test_mount_can_be_slipped_beneath_another() -> None:
    """MOVE_MOUNT_BENEATH (Linux 6.5): it shows when the upper one is gone."""
    mount_new(b"tmpfs", b"place")
    make_file(b"place/upper")
    fd = new_tmpfs()
    flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH
    if move_mount.result_of(fd, b"", AT_FDCWD, b"place", flags)[1] == EINVAL:
        missing("MOVE_MOUNT_BENEATH")
    openat(fd, b"lower", O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
    assert exists(b"place/upper")
    umount2(b"place", 0)
    assert exists(b"place/lower")


def test_owners_can_be_mapped_for_one_mount() -> None:
    """MOUNT_ATTR_IDMAP (Linux 5.12; tmpfs: 6.3, commit 7a80e5b8c6fa)."""
    mount_new(b"tmpfs", b"tree")
    make_file(b"tree/file")
    copy = open_tree(AT_FDCWD, b"tree", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)
    attributes = MountAttr(attr_set=MOUNT_ATTR_IDMAP, userns_fd=user_namespace(b"0 1000 10\n"))
    if mount_setattr.result_of(copy, b"", AT_EMPTY_PATH, attributes, MountAttr.size())[1] == EINVAL:
        missing("mapped mounts of tmpfs")
    found = Stat()
    newfstatat(copy, b"file", found, 0)
    assert (found.st_uid, found.st_gid) == (1000, 1000)


def user_namespace(mapping: bytes) -> int:
    """A user namespace with a mapping of users and groups, as a descriptor. Not traced."""
    with untraced():
        reader, writer = new_pipe(O_CLOEXEC)

        def holder() -> None:
            unshare(CLONE_NEWUSER)
            write(writer, b"x", 1)
            pause()

        pid = fork_child(holder)
        assert read(reader, Buffer(1), 1) == 1
        write_to(b"/proc/%d/uid_map" % pid, mapping)
        write_to(b"/proc/%d/gid_map" % pid, mapping)
        return open(b"/proc/%d/ns/user" % pid, O_RDONLY | O_CLOEXEC)


def unique_id(path: bytes) -> int:
    """The id that a mount shares with no other, ever."""
    found = Statx()
    statx(AT_FDCWD, path, 0, STATX_MNT_ID_UNIQUE, found)
    if not found.stx_mask & STATX_MNT_ID_UNIQUE:
        missing("STATX_MNT_ID_UNIQUE")
    return int(found.stx_mnt_id)


def test_mount_can_be_asked_for_what_it_is() -> None:
    """statmount(2) (Linux 6.8)."""
    mount_new(b"tmpfs", b"mounted")
    number = unique_id(b"mounted")
    answer = Buffer(4096)
    wanted = STATMOUNT_SB_BASIC | STATMOUNT_MNT_BASIC | STATMOUNT_FS_TYPE
    statmount(MntIdReq(size_=24, mnt_id=number, param=wanted), answer, 4096, 0)
    found = Statmount.parse(bytes(answer))
    assert (found.mask & wanted, found.sb_magic, found.mnt_id) == (wanted, TMPFS_MAGIC, number)
    assert found.mnt_parent_id == unique_id(b".")
    assert bytes(answer)[512 + found.fs_type :].startswith(b"tmpfs\0")
    statmount.fails_with(ENOENT, MntIdReq(size_=24, mnt_id=number + (1 << 40), param=wanted), answer, 4096, 0)


def test_mounts_below_a_mount_can_be_listed() -> None:
    """listmount(2) (Linux 6.8)."""
    mount_new(b"tmpfs", b"mounted")
    mount_new(b"tmpfs", b"mounted/one")
    mount_new(b"tmpfs", b"mounted/two")
    ids = Buffer(64)
    assert listmount(MntIdReq(size_=24, mnt_id=unique_id(b"mounted")), ids, 8, 0) == 2
    assert set(struct.unpack("=QQ", ids.take(16))) == {unique_id(b"mounted/one"), unique_id(b"mounted/two")}
