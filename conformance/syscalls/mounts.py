"""Mounts: the classic calls, the file-descriptor based ones, and what a mount namespace shows."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from errno import ENODEV
from typing import Annotated

from conformance.syscalls.buffers import I32, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.call import missing, syscall, untraced
from conformance.syscalls.files import getcwd, mkdir
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
    OutRandom,
    Path,
    Renamed,
    Size,
    Zero,
    named,
)
from conformance.syscalls.paths import contents

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

AUTOFS_IOC_READY, AUTOFS_IOC_FAIL = 0x9360, 0x9361
ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NOSYMFOLLOW = 1, 2, 4, 8, 1024, 0x2000

STATMOUNT_SB_BASIC, STATMOUNT_MNT_BASIC, STATMOUNT_FS_TYPE = 1, 2, 0x20

MountId64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("mount", keep=(0,))]
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
    mnt_id: MountId64
    param: U64


class Statmount(Struct):
    """The head of `struct statmount`; strings follow at byte 512."""

    size_: U32
    mnt_opts: U32
    mask: U64
    sb_dev_major: U32
    sb_dev_minor: U32
    sb_magic: U64
    sb_flags: U32
    fs_type: U32
    mnt_id: MountId64
    mnt_parent_id: MountId64


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
def statmount(request: In[MntIdReq], buf: OutRandom, size: Size, flags: Bits) -> Zero: ...
@syscall
def listmount(request: In[MntIdReq], ids: OutRandom, count: Size, flags: Bits) -> Count: ...
@syscall
def swapon(path: Path, flags: Bits) -> Zero: ...
@syscall
def swapoff(path: Path) -> Zero: ...
@syscall
def sysfs(option: Int, name: InBytes, buf: OutInt) -> Int: ...


@dataclass(frozen=True, slots=True)
class MountInfo:
    """A line of /proc/PID/mountinfo (proc_pid_mountinfo(5))."""

    id: int
    options: frozenset[bytes]
    fstype: bytes
    super_options: frozenset[bytes]


def mountinfo() -> dict[bytes, MountInfo]:
    """What /proc/self/mountinfo says, by mount point; of several mounts at one place the last. Not traced."""
    found = {}
    for line in contents(b"/proc/self/mountinfo").splitlines():
        left, _, right = line.partition(b" - ")
        number, _, _, _, point, options, *_ = left.split()
        fstype, _, super_options = right.split(b" ", 2)
        found[point] = MountInfo(
            id=int(number),
            options=frozenset(options.split(b",")),
            fstype=fstype,
            super_options=frozenset(super_options.split(b",")),
        )
    return found


def mount_at(path: bytes) -> MountInfo | None:
    """The mount at a path below the working directory (`b""`: at that itself), if there is one. Not traced."""
    buffer = Buffer(4096)
    with untraced():
        here = buffer.take(getcwd(buffer, 4096) - 1)
    return mountinfo().get(here.rstrip(b"/") + (b"/" + path if path else b""))


def mount_new(fstype: bytes, target: bytes, flags: int = 0, data: bytes | None = None) -> None:
    """Mount an instance of a file system at a new directory. Without such a type the case ends as missing."""
    mkdir(target, 0o755)
    error = mount.result_of(fstype, target, fstype, flags, data)[1]
    if error == ENODEV:
        missing(fstype.decode())
    if error:
        raise OSError(error, f"mount of {fstype.decode()}")


def bind_mount(source: bytes, target: bytes, flags: int = 0) -> None:
    """Make what is at `source` visible at `target` too; `flags` as in MS_REC."""
    mount(source, target, None, MS_BIND | flags, None)
