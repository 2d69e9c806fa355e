"""Mounts: the classic calls, the file-descriptor based ones, and what a mount namespace shows."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from errno import EINVAL, ENODEV
from typing import Annotated

from conformance.syscalls.files import (
    AT_EMPTY_PATH,
    AT_RECURSIVE,
    AT_SYMLINK_NOFOLLOW,
    DirPath,
    EmptyPath,
    None_,
    getcwd,
    mkdir,
)
from conformance.syscalls.help.paths import contents
from conformance.syscalls.machinery.buffers import I32, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import missing, operation, syscall, untraced
from conformance.syscalls.machinery.choices import UNMAPPED, Blob, Choice, Use, room, text
from conformance.syscalls.machinery.kinds import (
    Any_,
    Bits,
    ChosenMemory,
    Count,
    Dir,
    Done,
    FileDescriptor,
    Flags,
    In,
    InBytes,
    Int,
    Length,
    MaskedMemory,
    Memory,
    Number,
    OutInt,
    Path,
    PathKind,
    Renamed,
    Size,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.machinery.touches import FILES, MOUNTS

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

FSPICK_SYMLINK_NOFOLLOW, FSPICK_NO_AUTOMOUNT, FSPICK_EMPTY_PATH = 2, 4, 8
LSMT_ROOT = -1

AUTOFS_IOC_READY, AUTOFS_IOC_FAIL = 0x9360, 0x9361
ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NOSYMFOLLOW = 1, 2, 4, 8, 1024, 0x2000

STATMOUNT_SB_BASIC, STATMOUNT_MNT_BASIC, STATMOUNT_FS_TYPE = 1, 2, 0x20

MountId64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("mount", keep=(0,))]


class UnmountKind(Flags):
    """How a mount is taken away, after one has been made."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        once = (MNT_DETACH, MNT_EXPIRE, UMOUNT_NOFOLLOW, MNT_FORCE, MNT_DETACH | UMOUNT_NOFOLLOW, MNT_FORCE | MNT_EXPIRE, 16, -1)
        return (*(Use("mounted"),) * 12, *(0, MNT_DETACH) * 3, *once)


_MS = named(globals(), "MS_")
_PROPAGATION = (MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE)
MountFlags = Annotated[int, Flags(_MS, plain=(0, 0, MS_RDONLY, MS_NOSUID | MS_NODEV, MS_NOEXEC | MS_NOATIME))]
IsMounted = Annotated[int, Done("mounted")]
IsCreated = Annotated[int, Done("created")]
AfterMount = Annotated[int, Number(*(Use("mounted"),) * 6, 0)]
FsmountFlags = Annotated[int, Number(*(Use("created"),) * 12, 0, 1, 1, 2, -1)]
UmountFlags = Annotated[int, UnmountKind(named(globals(), "MNT_", "UMOUNT_"))]
FsconfigCommand = Annotated[int, Flags(named(globals(), "FSCONFIG_"), bits=False, plain=(FSCONFIG_SET_STRING,))]
CloexecFlag = Annotated[int, Flags({"CLOEXEC": 1}, plain=(0, 1))]
PickFlags = Annotated[int, Flags(named(globals(), "FSPICK_"))]
OpenTreeFlags = Annotated[int, Flags({**named(globals(), "OPEN_TREE_"), "AT_RECURSIVE": AT_RECURSIVE, "AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW, "AT_EMPTY_PATH": AT_EMPTY_PATH}, plain=(OPEN_TREE_CLONE, OPEN_TREE_CLONE, OPEN_TREE_CLONE | AT_RECURSIVE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, 0))]
MoveMountFlags = Annotated[int, Flags(named(globals(), "MOVE_MOUNT_"), only=(*(MOVE_MOUNT_F_EMPTY_PATH,) * 12, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_BENEATH, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH, MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_SET_GROUP, 0, 0, 1 << 20, -1))]
MountAttributes = Annotated[int, Flags(named(globals(), "MOUNT_ATTR_"), plain=(0, 0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV))]
AttributeFlags = Annotated[int, Flags({"AT_RECURSIVE": AT_RECURSIVE, "AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW, "AT_EMPTY_PATH": AT_EMPTY_PATH}, plain=(0, 0, AT_RECURSIVE))]
AfterMountFlags = Annotated[int, Number(*(Use("mounted"),) * 8, 0, 0, AT_RECURSIVE, AT_RECURSIVE, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1, -1)]


def _names(*found: bytes) -> tuple[Choice, ...]:
    return tuple(map(text, found))


FsName = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"tmpfs",) * 8, b"ramfs", b"ramfs", b"mqueue", b"devpts", b"overlay", b"absent", b""), UNMAPPED, 0)]
"""File systems that a program may mount: none that leads to what belongs to the whole machine."""
MountSource = Annotated[bytes | Buffer | int | None, PathKind(*_names(b"none", b"none", b"none", b"f0", b""), 0, UNMAPPED)]
BindSource = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d0", b".") * 4, b"f0", b"d0/f1", b"absent", b"l0", b""), UNMAPPED)]
Target = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d0",) * 12, b"d1", b"f0", b"d0/f1", b".", b"/", b"l0", b"absent", b""), UNMAPPED, 0)]
MountPoint = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d0",) * 10, *(b"/",) * 4, b".", b"f0", b"absent", b""), UNMAPPED, 0)]
"""What is a mount from the start, or was made one by an earlier call."""
MountData = Annotated[bytes | Buffer | int | None, ChosenMemory(*(0,) * 6, *_names(b"size=1m", b"size=1m", b"mode=700", b"nr_inodes=10,uid=1", b"size=x", b"absent", b"", b"lowerdir=d0", b"x" * 5000), UNMAPPED)]
Umounted = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d0",) * 8, b"f0", b"d1", b".", b"/", b"absent", b"", b"l0"), UNMAPPED, 0)]
MovedSource = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d0",) * 6, b".", b"f0", b"/", b"absent"), UNMAPPED)]
MovedTarget = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"d1", b".") * 2, b"d0", b"f0", b"absent"), UNMAPPED)]
NoData = Annotated[bytes | Buffer | int | None, ChosenMemory(*(0,) * 6, text(b"ro"), UNMAPPED)]
ContextFd = Annotated[int, FileDescriptor("fscontext")]
ContextOrAny = Annotated[int, FileDescriptor("fscontext", Use("fd:fscontext"), Use("fd:fscontext"))]
MountTree = Annotated[int, FileDescriptor("path:mount")]
FromTree = Annotated[int, FileDescriptor("path:mount", *(Use("fd:path:mount"),) * 4, -100, -100)]
FromPath = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"",) * 16, b"d0", b"d0", b"/", b"."), 0)]
FlagKey = Annotated[bytes | Buffer | int | None, PathKind(*_names(b"ro", b"ro", b"rw", b"sync", b"noswap", b"absent", b""), 0, UNMAPPED)]
StringKey = Annotated[bytes | Buffer | int | None, PathKind(*_names(*(b"size", b"mode", b"nr_inodes", b"source") * 2, b"uid", b"absent", b"ro", b""), 0)]
StringValue = Annotated[bytes | Buffer | int | None, ChosenMemory(*_names(b"64", b"64", b"700", b"10", b"1m", b"absent", b"", b"x" * 256, b"x" * 257), 0, UNMAPPED)]
BinaryKey = Annotated[bytes | Buffer | int | None, PathKind(*_names(b"absent", b"size"), 0)]
BinarySize = Annotated[int, Length()]
OtherFd = Annotated[int, FileDescriptor("dir", Use("fd:dir"), Use("fd:file"), -1)]


class MountAttr(Struct):
    """`struct mount_attr`."""

    attr_set: Annotated[int, Layout(ctypes.c_uint64), Number(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NOATIME, MOUNT_ATTR_NOSYMFOLLOW, 0, MOUNT_ATTR_IDMAP, 1 << 40)]
    attr_clr: Annotated[int, Layout(ctypes.c_uint64), Number(0, MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOEXEC, 0x70, 1 << 40)]
    propagation: Annotated[int, Layout(ctypes.c_uint64), Number(0, MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, MS_PRIVATE | MS_SHARED, 1)]
    userns_fd: Annotated[int, Layout(ctypes.c_uint64), Number(0, Use("fd:file"))]


class MntIdReq(Struct):
    """`struct mnt_id_req`, first version (Linux 6.8)."""

    size_: Annotated[int, Layout(ctypes.c_uint32), Number(24, 32, 0, 8, 4096)]
    spare: U32
    mnt_id: MountId64
    param: Annotated[int, Layout(ctypes.c_uint64), Number(STATMOUNT_MNT_BASIC, STATMOUNT_SB_BASIC | STATMOUNT_MNT_BASIC, STATMOUNT_FS_TYPE, 0x18, 0, 1 << 60)]


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


class ListRequest(Memory):
    """A `struct mnt_id_req` that asks for what is mounted on a mount, or on all of the root."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        head, rest = (24).to_bytes(4, "little") + bytes(4), bytes(8)
        root = Blob(head + b"\xff" * 8 + rest)
        return (*(root,) * 6, Blob(head + bytes(16), ((8, 8, Use("mount")),)), Blob(head + bytes(16), ((8, 8, Use("mount")),)), Blob(head + b"\xff" * 8 + b"\1" + bytes(7)), Blob(bytes(24)), Blob(root.data[:8] + b"\1" * 16), UNMAPPED)


ListOf = Annotated[MntIdReq | bytes | Buffer | int | None, ListRequest()]
MountIds = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(*(room(64),) * 6, room(8), Blob(b"", room=True)))]
StatmountBuf = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(*(room(1024),) * 6, room(512), room(64)))]
IdCount = Annotated[int, Length(8)]
FsIndex = Annotated[int, Number(0, 1, 2, 1000, -1)]
FsText = Annotated[bytes | Buffer | int | None, ChosenMemory(*_names(b"tmpfs", b"tmpfs", b"proc", b"absent", b""), UNMAPPED)]
FsTextRoom = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(64),))]


@syscall(x86_64=165, aarch64=40, touches=MOUNTS)
def mount(source: MountSource, target: Target, fstype: FsName, flags: MountFlags, data: MountData) -> IsMounted: ...
@operation(mount, flags=(*(MS_BIND,) * 5, MS_BIND | MS_REC, MS_BIND | MS_RDONLY, MS_BIND | MS_SILENT))
def mount_bind(source: BindSource, target: Target, fstype: None_, flags: MountFlags, data: NoData) -> IsMounted: ...
@operation(mount, flags=(*(each | more for each in _PROPAGATION for more in (0, MS_REC)), MS_SHARED | MS_PRIVATE, MS_SHARED | MS_RDONLY))
def mount_propagation(source: AfterMount, target: MountPoint, fstype: None_, flags: MountFlags, data: NoData) -> Zero: ...
@operation(mount, flags=(*(MS_REMOUNT | MS_BIND | more for more in (MS_RDONLY, MS_NOSUID, 0, MS_NOEXEC | MS_NOATIME)), MS_REMOUNT, MS_REMOUNT | MS_RDONLY, MS_REMOUNT | MS_NODEV))
def mount_remount(source: AfterMount, target: MountPoint, fstype: None_, flags: MountFlags, data: MountData) -> Zero: ...
@operation(mount, flags=(MS_MOVE, MS_MOVE, MS_MOVE | MS_REC))
def mount_move(source: MovedSource, target: MovedTarget, fstype: AfterMount, flags: MountFlags, data: NoData) -> Zero: ...
@syscall(x86_64=166, aarch64=39, touches=MOUNTS)
def umount2(target: Umounted, flags: UmountFlags) -> Zero: ...
@syscall(x86_64=155, aarch64=41, never="takes the root away from the executor's other programs")
def pivot_root(new: Target, old: Target) -> Zero: ...
@syscall(number=430, since="5.2", touches=MOUNTS)
def fsopen(fstype: FsName, flags: CloexecFlag) -> ContextFd: ...
@syscall(number=431, since="5.2", touches=MOUNTS)
def fsconfig(fd: ContextOrAny, command: FsconfigCommand, key: FlagKey, value: Any_, aux: Int) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_FLAG)
def fsconfig_flag(fd: ContextOrAny, command: FsconfigCommand, key: FlagKey, value: None_, aux: None_) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_STRING)
def fsconfig_string(fd: ContextOrAny, command: FsconfigCommand, key: StringKey, value: StringValue, aux: None_) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_BINARY)
def fsconfig_binary(fd: ContextOrAny, command: FsconfigCommand, key: BinaryKey, value: InBytes, aux: BinarySize) -> Zero: ...
@operation(fsconfig, command=(FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY))
def fsconfig_path(fd: ContextOrAny, command: FsconfigCommand, key: StringKey, value: DirPath, aux: Dir) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_FD)
def fsconfig_fd(fd: ContextOrAny, command: FsconfigCommand, key: StringKey, value: None_, aux: OtherFd) -> Zero: ...
@operation(fsconfig, command=(FSCONFIG_CMD_CREATE, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE, 8))
def fsconfig_command(fd: ContextOrAny, command: FsconfigCommand, key: None_, value: None_, aux: None_) -> IsCreated: ...
@syscall(number=428, since="5.2", touches=MOUNTS)
def open_tree(dirfd: Dir, path: DirPath, flags: OpenTreeFlags) -> MountTree: ...
@syscall(number=432, since="5.2", touches=MOUNTS)
def fsmount(fd: ContextOrAny, flags: FsmountFlags, attributes: MountAttributes) -> MountTree: ...
@syscall(number=433, since="5.2", touches=MOUNTS)
def fspick(dirfd: Dir, path: MountPoint, flags: PickFlags) -> ContextFd: ...
@syscall(number=429, since="5.2", touches=MOUNTS)
def move_mount(fromdir: FromTree, source: FromPath, todir: Dir, target: Target, flags: MoveMountFlags) -> Zero: ...
@syscall(number=442, since="5.12", touches=MOUNTS)
def mount_setattr(dirfd: Dir, path: MountPoint, flags: AfterMountFlags, attr: In[MountAttr], size: Size) -> Zero: ...
@operation(mount_setattr, flags=(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_RECURSIVE))
def mount_setattr_fd(dirfd: MountTree, path: EmptyPath, flags: AttributeFlags, attr: In[MountAttr], size: Size) -> Zero: ...
@syscall(number=467, since="6.15", touches=MOUNTS)
def open_tree_attr(dirfd: Dir, path: DirPath, flags: OpenTreeFlags, attr: In[MountAttr], size: Size) -> MountTree: ...
@syscall(number=457, since="6.8", touches=MOUNTS)
def statmount(request: In[MntIdReq], buf: StatmountBuf, size: Size, flags: None_) -> Zero: ...
@syscall(number=458, since="6.8", touches=MOUNTS)
def listmount(request: ListOf, ids: MountIds, count: IdCount, flags: None_) -> Count: ...
@syscall(x86_64=167, aarch64=224, never="belongs to the whole machine")
def swapon(path: Path, flags: Bits) -> Zero: ...
@syscall(x86_64=168, aarch64=225, never="belongs to the whole machine")
def swapoff(path: Path) -> Zero: ...
@syscall(x86_64=139, touches=FILES)
def sysfs(option: Int, name: InBytes, buf: OutInt) -> Int: ...
@operation(sysfs, option=1)
def sysfs_index(option: Int, name: FsText, buf: None_) -> Varying: ...
@operation(sysfs, option=2)
def sysfs_name(option: Int, name: FsIndex, buf: FsTextRoom) -> Zero: ...
@operation(sysfs, option=3)
def sysfs_count(option: Int, name: None_, buf: None_) -> Varying: ...


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


def mount_new(
    fstype: bytes, target: bytes, flags: int = 0, data: bytes | None = None, *, option: str | None = None
) -> None:
    """Mount an instance of a file system at a new directory. Without such a type the case ends as missing.

    So it does where `data` is refused (EINVAL), if it names an `option` that the case is about.
    """
    mkdir(target, 0o755)
    error = mount.result_of(fstype, target, fstype, flags, data)[1]
    if error == ENODEV:
        missing(fstype.decode())
    if error == EINVAL and option:
        missing(f"{option} of {fstype.decode()}")
    if error:
        raise OSError(error, f"mount of {fstype.decode()}")


def bind_mount(source: bytes, target: bytes, flags: int = 0) -> None:
    """Make what is at `source` visible at `target` too; `flags` as in MS_REC."""
    mount(source, target, None, MS_BIND | flags, None)
