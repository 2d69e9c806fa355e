"""ioctl(2), ioctl_fs(2): what can be asked of any file, and of those on a disk."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.descriptors import LongOut, Owner32
from conformance.syscalls.files.opening import File
from conformance.syscalls.files.reading import Readable
from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Anything,
    Fd,
    In,
    InBytes,
    InOut,
    Int,
    Out,
    OutBuffer,
    Zero,
)
from conformance.syscalls.machinery.buffers import I64, U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Masked, Seen, named
from conformance.syscalls.machinery.touches import LABELS, NOTHING, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED

FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, FIOASYNC, FIOQSIZE = 0x5451, 0x5450, 0x541B, 0x5421, 0x5452, 0x5460
FIGETBSZ, FIBMAP, TCGETS, TIOCGWINSZ, TIOCOUTQ, BLKGETSIZE = 2, 1, 0x5401, 0x5413, 0x5411, 0x1260
FIOSETOWN, FIOGETOWN = 0x8901, 0x8903

FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION = 0x80086601, 0x40086602, 0x80087601
FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FS_IOC_FIEMAP = 0x801C581F, 0x401C5820, 0xC020660B
FS_IOC_GETFSLABEL, FS_IOC_GETFSUUID = 0x81009431, 0x80111500
FICLONE, FICLONERANGE, FIDEDUPERANGE = 0x40049409, 0x4020940D, 0xC0189436

IOC_WATCH_QUEUE_SET_SIZE = 0x5760

_REQUESTS = named(
    globals(),
    *("FIO", "FIGET", "FIBMAP", "FS_IOC_", "FICLONE", "FIDEDUPE", "TCGETS", "TIOC", "BLKGETSIZE", "IOC_WATCH"),
)
_OF_THE_KERNEL = (FS_IOC_GETFSUUID, FS_IOC_GETVERSION, FIOGETOWN)
"""What these say is the kernel's choice, which the operations know."""


class Requests(Flags):
    """Numbers of `ioctl`: known by name, others in hexadecimal."""

    strays = (3, 4, 5)
    """They are made of letters and sizes: there are no neighbours."""

    def show(self, seen: Seen) -> str:
        if isinstance(seen, int) and seen not in self.names.values() and not -4096 < seen < 10:
            return hex(seen)
        return super().show(seen)


IoctlRequest = Annotated[
    int,
    Requests(_REQUESTS, bits=False),
    Choices(*(value for value in _REQUESTS.values() if value not in _OF_THE_KERNEL), 0, -1, 0x5400),
]
SocketFd = Annotated[
    int, FileDescriptor("socket"), Choices(Use("fd:socket:unix"), Use("fd:socket:unix:pair"), rarely(Use("fd"), -1))
]


def _int(value: int) -> Blob:
    return Blob(value.to_bytes(4, "little", signed=True))


IntIn = Annotated[In[Struct], Choices(_int(1), seldom(_int(0), _int(-1), 0, UNMAPPED))]
IntOut = Annotated[Out[Struct], Choices(often(room(4)), seldom(room(4, edge=True)), rarely(*BAD_POINTERS))]
PidPointer = Annotated[InBytes, Choices(Blob(bytes(4), ((0, 4, Use("pid")),)), _int(0), _int(-1), UNMAPPED)]
Version = Annotated[OutBuffer, Masked(), Choices(often(room(8)), rarely(*BAD_POINTERS))]
Uuid = Annotated[OutBuffer, Masked(), Choices(often(room(17)), rarely(*BAD_POINTERS))]
InodeFlags = Annotated[
    InBytes,
    Choices(*map(_int, (0, 0x80, 0x10, 0x20, 0x40, 0x80 | 0x40, 1, 0x10000, -1)), UNMAPPED),
]
"""None, and NOATIME, IMMUTABLE, APPEND, NODUMP, which a tmpfs knows since Linux 6.0."""


class OwnerPid(Struct):
    """Who is told of a descriptor's events."""

    pid: Owner32


class Fsxattr(Struct):
    """`struct fsxattr`."""

    fsx_xflags: Annotated[U32, Choices(0, 8, 0x10, 0x40, 0x80, 1 << 31)]
    fsx_extsize: Annotated[U32, Choices(0, 4096)]
    fsx_nextents: Annotated[U32, Choices(0)]
    fsx_projid: Annotated[U32, Choices(0, 1)]
    fsx_cowextsize: Annotated[U32, Choices(0, 4096)]
    pad0: U32
    pad1: U32


class Fiemap(Struct):
    """`struct fiemap`, without its extents."""

    fm_start: Annotated[U64, Choices(0, 4096)]
    fm_length: Annotated[U64, Choices((1 << 63) - 1, 26, 0)]
    fm_flags: Annotated[U32, Choices(0, 1, 1 << 31)]
    fm_mapped_extents: U32
    fm_extent_count: Annotated[U32, Choices(0, 1)]
    reserved: U32


class FileCloneRange(Struct):
    """`struct file_clone_range`."""

    src_fd: Annotated[I64, FileDescriptor("file")]
    src_offset: Annotated[U64, Choices(0, 5, 4096)]
    src_length: Annotated[U64, Choices(0, 5, 4096)]
    dest_offset: Annotated[U64, Choices(4096, 0, 5)]


@syscall(x86_64=16, aarch64=29, touches=PROCESS)
def ioctl(fd: Fd, request: IoctlRequest, arg: Anything = 0) -> Int: ...
@operation(ioctl, request=(FIONBIO, FIONBIO, FIOASYNC), touches=NOTHING)
def ioctl_mode(fd: Fd, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=(FIOCLEX, FIONCLEX), touches=NOTHING)
def ioctl_cloexec(fd: Fd, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
@operation(ioctl, request=FIONREAD, touches=NOTHING)
def ioctl_fionread(fd: Readable, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=TIOCOUTQ, touches=NOTHING)
def ioctl_tiocoutq(fd: SocketFd, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=FIOQSIZE, touches=NOTHING)
def ioctl_fioqsize(fd: File, request: IoctlRequest, arg: LongOut = 0) -> Zero: ...
@operation(ioctl, request=FIGETBSZ, touches=NOTHING)
def ioctl_figetbsz(fd: File, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=FIBMAP, touches=NOTHING)
def ioctl_fibmap(fd: File, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=FIOSETOWN)
def ioctl_setown(fd: SocketFd, request: IoctlRequest, arg: PidPointer = 0) -> Zero: ...
@operation(ioctl, request=FIOGETOWN, touches=NOTHING)
def ioctl_getown(fd: SocketFd, request: IoctlRequest, arg: Out[OwnerPid] = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_GETFLAGS, touches=NOTHING)
def ioctl_getflags(fd: File, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_SETFLAGS, touches=LABELS)
def ioctl_setflags(fd: File, request: IoctlRequest, arg: InodeFlags = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_GETVERSION, touches=NOTHING)
def ioctl_getversion(fd: File, request: IoctlRequest, arg: Version = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_FSGETXATTR, touches=NOTHING)
def ioctl_fsgetxattr(fd: File, request: IoctlRequest, arg: Out[Fsxattr] = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_FSSETXATTR, touches=LABELS)
def ioctl_fssetxattr(fd: File, request: IoctlRequest, arg: In[Fsxattr] = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_FIEMAP, touches=NOTHING)
def ioctl_fiemap(fd: File, request: IoctlRequest, arg: InOut[Fiemap] = 0) -> Zero: ...
@operation(ioctl, request=FS_IOC_GETFSUUID, touches=NOTHING)
def ioctl_getfsuuid(fd: File, request: IoctlRequest, arg: Uuid = 0) -> Zero: ...
@operation(ioctl, request=FICLONE, touches=NOTHING)
def ioctl_ficlone(fd: File, request: IoctlRequest, arg: File = 0) -> Zero: ...
@operation(ioctl, request=FICLONERANGE, touches=NOTHING)
def ioctl_ficlonerange(fd: File, request: IoctlRequest, arg: In[FileCloneRange] = 0) -> Zero: ...
