"""fsopen(2), fsconfig(2), fsmount(2), fspick(2): a file system is configured by an fd before it is mounted."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.paths import DirPath
from conformance.syscalls.machinery.aliases import AlwaysZero, Anything, Dir, InBytes, Int, Path, Size, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Resource, named
from conformance.syscalls.machinery.touches import MOUNTS
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.mounts.mount import FsName, MountPoint

FSOPEN_CLOEXEC = 1

FSPICK_CLOEXEC, FSPICK_SYMLINK_NOFOLLOW, FSPICK_NO_AUTOMOUNT, FSPICK_EMPTY_PATH = 1, 2, 4, 8

FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_SET_BINARY, FSCONFIG_SET_PATH = 0, 1, 2, 3
FSCONFIG_SET_PATH_EMPTY, FSCONFIG_SET_FD, FSCONFIG_CMD_CREATE, FSCONFIG_CMD_RECONFIGURE = 4, 5, 6, 7

FSMOUNT_CLOEXEC, FSMOUNT_NAMESPACE = 1, 2
FSCONFIG_CMD_CREATE_EXCL = 8
MOUNT_ATTR_RELATIME, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR_NODIRATIME = 0, 0x20, 0x80

MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC = 1, 2, 4, 8
MOUNT_ATTR_NOATIME, MOUNT_ATTR_IDMAP, MOUNT_ATTR_NOSYMFOLLOW = 0x10, 0x100000, 0x200000

OpenFlags = Annotated[
    int, Flags({"FSOPEN_CLOEXEC": FSOPEN_CLOEXEC}), Choices(often(0, FSOPEN_CLOEXEC), seldom(1 << 30, -1))
]
PickFlags = Annotated[int, Flags(named(globals(), "FSPICK_"))]
ContextFd = Annotated[int, FileDescriptor("fscontext")]

_COMMANDS = named(globals(), "FSCONFIG_")
FsconfigCommand = Annotated[
    int,
    Flags(_COMMANDS, bits=False),
    Choices(FSCONFIG_SET_STRING, *_COMMANDS.values(), rarely(8, -1)),
]
FlagKey = Annotated[Path, Choices(b"ro", seldom(b"rw", b"sync", b"noswap", b"absent", b"", 0, UNMAPPED))]
StringKey = Annotated[
    Path,
    Choices(b"size", b"mode", b"nr_inodes", b"source", seldom(b"uid", b"absent", b"ro", b"", 0)),
]
StringValue = Annotated[
    InBytes,
    Choices(b"64", seldom(b"700", b"10", b"1m", b"absent", b"", b"x" * 256, b"x" * 257, 0, UNMAPPED)),
]
BinaryKey = Annotated[Path, Choices(b"absent", b"size", 0)]
OtherFd = Annotated[
    int,
    FileDescriptor("dir"),
    Choices(often(Use("fd:dir")), rarely(Use("fd:file"), -1), ...),
]
IsCreated = Annotated[int, Resource("created")]

FsmountFlags = Annotated[
    int, Flags(named(globals(), "FSMOUNT_")), Choices(often(Use("created")), FSMOUNT_CLOEXEC, seldom(0, 2, -1))
]
"""Only what has been created can be mounted."""
ATTRIBUTES = named(globals(), "MOUNT_ATTR_")
MountAttributes = Annotated[
    int,
    Flags(ATTRIBUTES),
    Choices(0, seldom(MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), ...),
]
MountTree = Annotated[int, FileDescriptor("path:mount")]


@syscall(number=430, since="5.2", touches=MOUNTS)
def fsopen(fstype: FsName, flags: OpenFlags) -> ContextFd: ...
@syscall(number=433, since="5.2", touches=MOUNTS)
def fspick(dirfd: Dir, path: MountPoint, flags: PickFlags) -> ContextFd: ...
@syscall(number=431, since="5.2", touches=MOUNTS)
def fsconfig(fd: ContextFd, command: FsconfigCommand, key: FlagKey, value: Anything, aux: Int) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_FLAG)
def fsconfig_flag(
    fd: ContextFd, command: FsconfigCommand, key: FlagKey, value: AlwaysZero, aux: AlwaysZero
) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_STRING)
def fsconfig_string(
    fd: ContextFd, command: FsconfigCommand, key: StringKey, value: StringValue, aux: AlwaysZero
) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_BINARY)
def fsconfig_binary(fd: ContextFd, command: FsconfigCommand, key: BinaryKey, value: InBytes, aux: Size) -> Zero: ...
@operation(fsconfig, command=(FSCONFIG_SET_PATH, FSCONFIG_SET_PATH_EMPTY))
def fsconfig_path(fd: ContextFd, command: FsconfigCommand, key: StringKey, value: DirPath, aux: Dir) -> Zero: ...
@operation(fsconfig, command=FSCONFIG_SET_FD)
def fsconfig_fd(fd: ContextFd, command: FsconfigCommand, key: StringKey, value: AlwaysZero, aux: OtherFd) -> Zero: ...
@operation(fsconfig, command=Choices(FSCONFIG_CMD_CREATE, rarely(FSCONFIG_CMD_RECONFIGURE, FSCONFIG_CMD_CREATE_EXCL)))
def fsconfig_command(
    fd: ContextFd, command: FsconfigCommand, key: AlwaysZero, value: AlwaysZero, aux: AlwaysZero
) -> IsCreated: ...
@syscall(number=432, since="5.2", touches=MOUNTS)
def fsmount(fd: ContextFd, flags: FsmountFlags, attributes: MountAttributes) -> MountTree: ...
