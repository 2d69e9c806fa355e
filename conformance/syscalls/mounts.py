"""Mounts: the classic calls, the file-descriptor based ones, and what a mount namespace shows."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I32, U32, U64, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Any_,
    Bits,
    Count,
    Dir,
    Fd,
    Flags,
    In,
    InBytes,
    Int,
    OutInt,
    Path,
    Size,
    Zero,
    named,
)

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_SYNCHRONOUS, MS_REMOUNT = 1, 2, 4, 8, 16, 32
MS_MANDLOCK, MS_DIRSYNC, MS_NOSYMFOLLOW, MS_NOATIME, MS_NODIRATIME = 64, 128, 256, 1024, 2048
MS_BIND, MS_MOVE, MS_REC, MS_SILENT, MS_UNBINDABLE, MS_PRIVATE = 4096, 8192, 16384, 32768, 1 << 17, 1 << 18
MS_SLAVE, MS_SHARED, MS_RELATIME, MS_STRICTATIME, MS_LAZYTIME = 1 << 19, 1 << 20, 1 << 21, 1 << 24, 1 << 25
MNT_FORCE, MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW = 1, 2, 4, 8
FSOPEN_CLOEXEC, FSPICK_CLOEXEC, FSMOUNT_CLOEXEC = 1, 1, 1
FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH = 0, 1, 2, 3
FSCONFIG_SET_PATH_EMPTY, FSCONFIG_SET_FD, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE = 4, 5, 6, 7
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH, MOVE_MOUNT_SET_GROUP, MOVE_MOUNT_BENEATH = 4, 0x40, 0x100, 0x200
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, 0o2000000
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8
MOUNT_ATTR_NOATIME, MOUNT_ATTR_IDMAP, MOUNT_ATTR_NOSYMFOLLOW = 0x10, 0x100000, 0x200000

MountFlags = Annotated[int, Flags(named(globals(), "MS_"))]
UmountFlags = Annotated[int, Flags(named(globals(), "MNT_", "UMOUNT_"))]
FsconfigCommand = Annotated[int, Flags(named(globals(), "FSCONFIG_"), bits=False)]


class MountAttr(Struct):
    """`struct mount_attr`."""

    attr_set: U64
    attr_clr: U64
    propagation: U64
    userns_fd: U64


class MntIdReq(Struct):
    """`struct mnt_id_req`, first version (Linux 6.8)."""

    size_: U32
    spare: U32
    mnt_id: U64
    param: U64


class FileSystemId(Struct):
    """`fsid_t`, as `statmount` and `fanotify` give it."""

    low: I32
    high: I32


@syscall
def mount(source: Path, target: Path, fstype: Path, flags: MountFlags, data: Any_) -> Zero: ...
@syscall
def umount2(target: Path, flags: UmountFlags) -> Zero: ...
@syscall
def pivot_root(new: Path, old: Path) -> Zero: ...
@syscall
def fsopen(fstype: Path, flags: Bits) -> Fd: ...
@syscall
def fsconfig(fd: Fd, command: FsconfigCommand, key: Path, value: Any_, aux: Int) -> Zero: ...
@syscall
def fsmount(fd: Fd, flags: Bits, attributes: Bits) -> Fd: ...
@syscall
def fspick(dirfd: Dir, path: Path, flags: Bits) -> Fd: ...
@syscall
def open_tree(dirfd: Dir, path: Path, flags: Bits) -> Fd: ...
@syscall
def move_mount(fromdir: Dir, source: Path, todir: Dir, target: Path, flags: Bits) -> Zero: ...
@syscall
def mount_setattr(dirfd: Dir, path: Path, flags: Bits, attr: In[MountAttr], size: Size) -> Zero: ...
@syscall
def open_tree_attr(dirfd: Dir, path: Path, flags: Bits, attr: In[MountAttr], size: Size) -> Fd: ...
@syscall
def statmount(request: In[MntIdReq], buf: OutInt, size: Size, flags: Bits) -> Zero: ...
@syscall
def listmount(request: In[MntIdReq], ids: OutInt, count: Size, flags: Bits) -> Count: ...
@syscall
def swapon(path: Path, flags: Bits) -> Zero: ...
@syscall
def swapoff(path: Path) -> Zero: ...
@syscall
def sysfs(option: Int, name: InBytes, buf: OutInt) -> Int: ...
