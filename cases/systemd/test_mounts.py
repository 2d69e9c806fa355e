"""Mounts as systemd needs them: descriptors of mounts, limits on what is below, automounts, a new root."""

from __future__ import annotations

import struct
from errno import EDQUOT, EINVAL, ELOOP, ENOENT, EROFS

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.directories import chdir, chroot, mkdir
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.links import symlink
from conformance.syscalls.files.opening import O_CLOEXEC, O_CREAT, O_DIRECTORY, O_RDONLY, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD, AT_RECURSIVE
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.mounts import mount_at, mount_new
from conformance.syscalls.help.paths import contents, entries, exists, make_file
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.mounts.attaching import MOVE_MOUNT_F_EMPTY_PATH, move_mount
from conformance.syscalls.mounts.contexts import (
    FSCONFIG_CMD_CREATE,
    FSCONFIG_SET_STRING,
    FSMOUNT_CLOEXEC,
    FSOPEN_CLOEXEC,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_RDONLY,
    fsconfig,
    fsmount,
    fsopen,
)
from conformance.syscalls.mounts.mount import AUTOFS_IOC_FAIL, MNT_DETACH, MS_NOSYMFOLLOW, mount, pivot_root, umount2
from conformance.syscalls.mounts.properties import MountAttr, mount_setattr
from conformance.syscalls.processes.credentials import setgroups, setresgid, setresuid
from conformance.syscalls.processes.identity import setsid

pytestmark = pytest.mark.needs("root")


def test_mount_is_made_before_it_has_a_place() -> None:
    """fsopen, fsconfig, fsmount, move_mount (Linux 5.2)."""
    context = fsopen(b"tmpfs", FSOPEN_CLOEXEC)
    fsconfig(context, FSCONFIG_SET_STRING, b"size", b"64k", 0)
    fsconfig.fails_with(EINVAL, context, FSCONFIG_SET_STRING, b"conformance", b"1", 0)
    fsconfig(context, FSCONFIG_CMD_CREATE, None, None, 0)
    fd = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_NODEV)
    mkdir(b"mounted", 0o755)
    move_mount(fd, b"", AT_FDCWD, b"mounted", MOVE_MOUNT_F_EMPTY_PATH)
    mounted = mount_at(b"mounted")
    assert mounted
    assert (mounted.fstype, b"nodev" in mounted.options, b"size=64k" in mounted.super_options) == (b"tmpfs", True, True)


def test_whole_tree_of_mounts_can_be_made_read_only_at_once() -> None:
    """ProtectSystem=: mount_setattr(2) with AT_RECURSIVE (Linux 5.12)."""
    mount_new(b"tmpfs", b"outer")
    mount_new(b"tmpfs", b"outer/inner")
    attributes = MountAttr(attr_set=MOUNT_ATTR_RDONLY)
    mount_setattr(AT_FDCWD, b"outer", AT_RECURSIVE, attributes, MountAttr.size())
    openat.fails_with(EROFS, AT_FDCWD, b"outer/file", O_WRONLY | O_CREAT, 0o600)
    openat.fails_with(EROFS, AT_FDCWD, b"outer/inner/file", O_WRONLY | O_CREAT, 0o600)


def test_mount_can_refuse_to_follow_symlinks() -> None:
    """MS_NOSYMFOLLOW (Linux 5.10, commit dab741e0e02b); older kernels pass over the flag."""
    mount_new(b"tmpfs", b"mounted", MS_NOSYMFOLLOW)
    mounted = mount_at(b"mounted")
    if mounted and b"nosymfollow" not in mounted.options:
        missing("MS_NOSYMFOLLOW")
    make_file(b"mounted/file")
    symlink(b"file", b"mounted/link")
    openat.fails_with(ELOOP, AT_FDCWD, b"mounted/link", O_RDONLY)
    openat(AT_FDCWD, b"mounted/file", O_RDONLY)


def test_proc_can_be_limited_to_processes() -> None:
    """ProcSubset=pid (Linux 5.8, commit 6814ef2d992a)."""
    mkdir(b"limited", 0o755)
    if mount.result_of(b"proc", b"limited", b"proc", 0, b"subset=pid")[1] == EINVAL:
        missing("proc with subset=pid")
    assert exists(b"limited/1")
    assert exists(b"limited/self")
    assert not exists(b"limited/meminfo")
    assert exists(b"/proc/meminfo")


def test_proc_can_hide_the_processes_of_others() -> None:
    """ProtectProc=invisible, for one mount of /proc alone (Linux 5.8, commit 24a71ce5c47f). Group 0 sees all."""
    mkdir(b"limited", 0o755)
    if mount.result_of(b"proc", b"limited", b"proc", 0, b"hidepid=invisible")[1] == EINVAL:
        missing("proc with hidepid=invisible")

    def nobody() -> None:
        setgroups(0, None)
        setresgid(65534, 65534, 65534)
        setresuid(65534, 65534, 65534)
        assert b"1" not in entries(b"limited")
        assert not exists(b"limited/1")
        assert exists(b"/proc/1")

    assert in_child(nobody) == 0


def test_automount_asks_for_the_file_system_when_somebody_looks() -> None:
    """autofs, protocol 5, a direct mount: the request comes through a pipe, and its refusal is who looks' error."""
    reader, writer = new_pipe(O_CLOEXEC)
    mount_new(b"autofs", b"auto", 0, b"fd=%d,minproto=5,maxproto=5,direct" % writer)
    directory = open(b"auto", O_RDONLY | O_DIRECTORY | O_CLOEXEC)  # those of the mounter's process group ask nobody

    def look() -> int:
        setsid()
        return openat.result_of(AT_FDCWD, b"auto/file", O_RDONLY)[1]

    pid = fork_child(look)
    assert ready(reader)
    packet = Buffer(304)
    with untraced():  # the packet and the answer have a token
        size = read(reader, packet, 304)
        version, kind, token = struct.unpack_from("=iiI", bytes(packet))
        ioctl(directory, AUTOFS_IOC_FAIL, token)
    assert (size, version, kind) == (304, 5, 5)
    assert exit_status(pid) == ENOENT


def test_root_can_be_exchanged_without_a_place_for_the_old_one() -> None:
    """How systemd leaves the initrd: pivot_root(".", "."), and the old root is unmounted from above the new one."""

    def switch() -> None:
        mkdir(b"root", 0o755)
        mount(b"tmpfs", b"root", b"tmpfs", 0, None)  # the first root may be one that cannot be exchanged
        chroot(b"root")
        chdir(b"/")
        mkdir(b"/root", 0o755)
        mount(b"tmpfs", b"/root", b"tmpfs", 0, None)
        mount_new(b"proc", b"/root/proc")
        chdir(b"/root")
        pivot_root(b".", b".")
        assert mounts_at_root() == 2
        umount2(b".", MNT_DETACH)
        assert mounts_at_root() == 1
        assert entries(b"/") == {b"proc"}

    assert in_child(switch) == 0


def mounts_at_root() -> int:
    """How many mounts /proc/self/mountinfo has at `/`, one above another."""
    return [line.split()[4] for line in contents(b"/proc/self/mountinfo").splitlines()].count(b"/")


def test_tmpfs_can_limit_what_each_user_takes() -> None:
    """`usrquota` (Linux 6.6, commit e09764cff44b)."""
    mkdir(b"mounted", 0o755)
    options = b"mode=1777,usrquota,usrquota_block_hardlimit=4096"
    if mount.result_of(b"tmpfs", b"mounted", b"tmpfs", 0, options)[1] == EINVAL:
        missing("tmpfs with usrquota")

    def user() -> None:
        setresuid(1000, 1000, 1000)
        fd = open(b"mounted/file", O_WRONLY | O_CREAT, 0o600)
        assert write(fd, bytes(4096), 4096) == 4096
        write.fails_with(EDQUOT, fd, bytes(4096), 4096)

    assert in_child(user) == 0
