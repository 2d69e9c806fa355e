"""ioctl(2), ioctl_fs(2): what can be asked of any file, and of those on a disk."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files import requests
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
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import LABELS, NETWORK, NOTHING, PROCESS, TouchesUnless
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

BMAP_IOCTL, FS_IOC32_SETFLAGS, FS_IOC32_SETVERSION, FS_IOC_SETVERSION = 1, 0x40046602, 0x40047602, 0x40087602
FS_IOC_SETFSLABEL, FS_IOC_SHUTDOWN, FS_IOC32_GETFLAGS = 0x41009432, 0x8004587D, 0x80046601
FS_IOC32_GETVERSION, FS_IOC_GETFSSYSFSPATH, FIFREEZE, FITHAW = 0x80047601, 0x80811501, 0xC0045877, 0xC0045878
FS_IOC_GETLBMD_CAP, FITRIM = 0xC0101502, 0xC0185879
BLKROSET, BLKROGET, BLKRRPART, BLKFLSBUF, BLKRASET = 0x125D, 0x125E, 0x125F, 0x1261, 0x1262
BLKRAGET, BLKFRASET, BLKFRAGET, BLKSECTSET, BLKSECTGET, BLKSSZGET = 0x1263, 0x1264, 0x1265, 0x1266, 0x1267, 0x1268
BLKTRACESTART, BLKTRACESTOP, BLKTRACETEARDOWN, BLKDISCARD, BLKIOMIN = 0x1274, 0x1275, 0x1276, 0x1277, 0x1278
BLKIOOPT, BLKALIGNOFF, BLKPBSZGET, BLKDISCARDZEROES, BLKSECDISCARD = 0x1279, 0x127A, 0x127B, 0x127C, 0x127D
BLKROTATIONAL, BLKZEROOUT, BLKGETDISKSEQ = 0x127E, 0x127F, 0x80081280
TCSETS, TCSETSW, TCSETSF, TCGETA, TCSETA, TCSETAW, TCSETAF = 0x5402, 0x5403, 0x5404, 0x5405, 0x5406, 0x5407, 0x5408
TCSBRK, TCXONC, TCFLSH, TIOCEXCL, TIOCNXCL, TIOCSCTTY = 0x5409, 0x540A, 0x540B, 0x540C, 0x540D, 0x540E
TIOCGPGRP, TIOCSPGRP, TIOCSTI, TIOCSWINSZ, TIOCMGET, TIOCMBIS = 0x540F, 0x5410, 0x5412, 0x5414, 0x5415, 0x5416
TIOCMBIC, TIOCMSET, TIOCGSOFTCAR, TIOCSSOFTCAR, TIOCINQ, TIOCLINUX = 0x5417, 0x5418, 0x5419, 0x541A, 0x541B, 0x541C
TIOCCONS, TIOCGSERIAL, TIOCSSERIAL, TIOCPKT, TIOCNOTTY, TIOCSETD = 0x541D, 0x541E, 0x541F, 0x5420, 0x5422, 0x5423
TIOCGETD, TCSBRKP, TIOCSBRK, TIOCCBRK, TIOCGSID, TIOCGRS485 = 0x5424, 0x5425, 0x5427, 0x5428, 0x5429, 0x542E
TIOCSRS485, TCGETX, TCSETX, TCSETXF, TCSETXW, TIOCVHANGUP = 0x542F, 0x5432, 0x5433, 0x5434, 0x5435, 0x5437
TIOCGPTPEER, TIOCSERCONFIG, TIOCSERGWILD, TIOCSERSWILD, TIOCGLCKTRMIOS = 0x5441, 0x5453, 0x5454, 0x5455, 0x5456
TIOCSLCKTRMIOS, TIOCSERGSTRUCT, TIOCSERGETLSR, TIOCSERGETMULTI = 0x5457, 0x5458, 0x5459, 0x545A
TIOCSERSETMULTI, TIOCMIWAIT, TIOCGICOUNT, TIOCSPTLCK, TIOCSIG = 0x545B, 0x545C, 0x545D, 0x40045431, 0x40045436
TCSETS2, TCSETSW2, TCSETSF2, TIOCGPTN, TIOCGDEV = 0x402C542B, 0x402C542C, 0x402C542D, 0x80045430, 0x80045432
TIOCGPKT, TIOCGPTLCK, TIOCGEXCL, TCGETS2 = 0x80045438, 0x80045439, 0x80045440, 0x802C542A
IOC_WATCH_QUEUE_SET_FILTER = 0x5761
FS_XFLAG_REALTIME, FS_XFLAG_PREALLOC, FS_XFLAG_IMMUTABLE, FS_XFLAG_APPEND, FS_XFLAG_SYNC = 1, 2, 8, 0x10, 0x20
FS_XFLAG_NOATIME, FS_XFLAG_NODUMP, FS_XFLAG_RTINHERIT, FS_XFLAG_PROJINHERIT = 0x40, 0x80, 0x100, 0x200
FS_XFLAG_NOSYMLINKS, FS_XFLAG_EXTSIZE, FS_XFLAG_EXTSZINHERIT, FS_XFLAG_NODEFRAG = 0x400, 0x800, 0x1000, 0x2000
FS_XFLAG_FILESTREAM, FS_XFLAG_DAX, FS_XFLAG_COWEXTSIZE, FS_XFLAG_VERITY = 0x4000, 0x8000, 0x10000, 0x20000
FS_XFLAG_CASEFOLD, FS_XFLAG_CASENONPRESERVING, FS_XFLAG_HASATTR = 0x40000, 0x80000, 0x80000000
FS_SECRM_FL, FS_UNRM_FL, FS_COMPR_FL, FS_SYNC_FL, FS_IMMUTABLE_FL, FS_APPEND_FL = 1, 2, 4, 8, 0x10, 0x20
FS_NODUMP_FL, FS_NOATIME_FL, FS_DIRTY_FL, FS_COMPRBLK_FL, FS_NOCOMP_FL = 0x40, 0x80, 0x100, 0x200, 0x400
FS_ENCRYPT_FL, FS_BTREE_FL, FS_INDEX_FL, FS_IMAGIC_FL, FS_JOURNAL_DATA_FL = 0x800, 0x1000, 0x1000, 0x2000, 0x4000
FS_NOTAIL_FL, FS_DIRSYNC_FL, FS_TOPDIR_FL, FS_HUGE_FILE_FL, FS_EXTENT_FL = 0x8000, 0x10000, 0x20000, 0x40000, 0x80000
FS_VERITY_FL, FS_EA_INODE_FL, FS_EOFBLOCKS_FL, FS_NOCOW_FL = 0x100000, 0x200000, 0x400000, 0x800000
FS_DAX_FL, FS_INLINE_DATA_FL, FS_PROJINHERIT_FL, FS_CASEFOLD_FL = 0x2000000, 0x10000000, 0x20000000, 0x40000000
FS_RESERVED_FL = 0x80000000
FIEMAP_FLAG_SYNC, FIEMAP_FLAG_XATTR, FIEMAP_FLAG_CACHE = 1, 2, 4
XFLAGS = named(globals(), "FS_XFLAG_")


class Requests(Flags):
    """Numbers of `ioctl`: known by name, others in hexadecimal."""

    @property
    def strays(self) -> tuple[int, ...]:
        """Those that have names: others are made of letters and sizes, and have no neighbours."""
        return (*self.names.values(), 3, 4, 5)

    def show(self, seen: Seen) -> str:
        if isinstance(seen, int) and seen not in self.names.values() and not -4096 < seen < 10:
            return hex(seen)
        return super().show(seen)


IoctlRequest = Annotated[
    int,
    Requests(
        named(globals(), *("FIO", "FIGET", "FIBMAP", "BMAP", "FS_IOC", "FICLONE", "FIDEDUPE", "FIFREEZE", "FITHAW"))
        | named(globals(), "FITRIM", "TC", "TIOC", "BLK", "IOC_WATCH")
        | requests.OTHERS,
        bits=False,
    ),
    Choices(*(value for value in _REQUESTS.values() if value not in _OF_THE_KERNEL), 0, -1, 0x5400),
    Instead(dict.fromkeys((FIFREEZE, FITHAW, FS_IOC_SHUTDOWN, TIOCCONS, TIOCSETD), 0x5400)),
]
"""Never those that stop a file system, take the machine's console, or load a module that makes more of a terminal."""
_TELLING = named(globals(), "TC", "TIOC", "BLK", "IOC_WATCH") | named(vars(requests), "SIOC")
_OF_A_SESSION = (TIOCSCTTY, TIOCNOTTY, TIOCSPGRP, TIOCSTI, TIOCVHANGUP, TIOCGPTPEER, requests.SIOCSPGRP)
_OF_A_NETWORK = tuple(
    value for name, value in named(vars(requests), "SIOC").items() if not name.startswith(("SIOCG", "SIOCATMARK"))
)
AnyRequest = Annotated[
    IoctlRequest,
    TouchesUnless(PROCESS, *(value for value in _TELLING.values() if value not in _OF_A_SESSION)),
    TouchesUnless(NETWORK, *({*_REQUESTS.values(), *_TELLING.values(), *requests.OTHERS.values()} - {*_OF_A_NETWORK})),
]
"""Any socket, also one of AF_UNIX, takes requests that change network interfaces."""
SocketFd = Annotated[
    int, FileDescriptor("socket"), Choices(Use("fd:socket:unix"), Use("fd:socket:unix:pair"), rarely(Use("fd"), -1))
]
QueueFd = Annotated[
    SocketFd, Choices(Use("fd:socket:unix"), Use("fd:socket:unix:pair"), Use("fd:pty"), seldom(Use("fd"), -1))
]


def _int(value: int) -> Blob:
    return Blob(value.to_bytes(4, "little", signed=True))


IntIn = Annotated[In[Struct], Choices(_int(1), seldom(_int(0), _int(-1), 0, UNMAPPED))]
IntOut = Annotated[Out[Struct], Choices(often(room(4)), seldom(room(4, edge=True)), rarely(*BAD_POINTERS))]
PidPointer = Annotated[InBytes, Choices(Blob(bytes(4), ((0, 4, Use("pid")),)), _int(0), _int(-1), UNMAPPED)]
Version = Annotated[OutBuffer, Masked(), Choices(often(room(8)), rarely(*BAD_POINTERS))]
Uuid = Annotated[OutBuffer, Masked(), Choices(often(room(17)), rarely(*BAD_POINTERS))]


class InodeFlags(Struct):
    """The flags of a file; a tmpfs knows NOATIME, IMMUTABLE, APPEND and NODUMP since Linux 6.0."""

    flags: Annotated[
        U32,
        Flags({name: value for name, value in named(globals(), "FS_").items() if name.endswith("_FL")}),
        Choices(0, FS_NOATIME_FL, FS_IMMUTABLE_FL, FS_APPEND_FL, FS_NODUMP_FL, FS_NOATIME_FL | FS_NODUMP_FL, -1),
    ]


class OwnerPid(Struct):
    """Who is told of a descriptor's events."""

    pid: Owner32


class Fsxattr(Struct):
    """`struct fsxattr`."""

    fsx_xflags: Annotated[U32, Flags(XFLAGS), Choices(0, 8, 0x10, 0x40, 0x80, 1 << 31)]
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
    fm_flags: Annotated[U32, Flags(named(globals(), "FIEMAP_FLAG_")), Choices(0, 1, 1 << 31)]
    fm_mapped_extents: U32
    fm_extent_count: Annotated[U32, Choices(0, 1)]
    reserved: U32


class FileCloneRange(Struct):
    """`struct file_clone_range`."""

    src_fd: Annotated[I64, FileDescriptor("file")]
    src_offset: Annotated[U64, Choices(0, 5, 4096)]
    src_length: Annotated[U64, Choices(0, 5, 4096)]
    dest_offset: Annotated[U64, Choices(4096, 0, 5)]


@syscall(x86_64=16, aarch64=29, touches=NOTHING)
def ioctl(fd: Fd, request: AnyRequest, arg: Anything = 0) -> Int: ...
@operation(ioctl, request=(FIONBIO, FIONBIO, FIOASYNC), touches=NOTHING)
def ioctl_mode(fd: Fd, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=(FIOCLEX, FIONCLEX), touches=NOTHING)
def ioctl_cloexec(fd: Fd, request: IoctlRequest, arg: AlwaysZero = 0) -> Zero: ...
@operation(ioctl, request=FIONREAD, touches=NOTHING)
def ioctl_fionread(fd: Readable, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
@operation(ioctl, request=TIOCOUTQ, touches=NOTHING)
def ioctl_tiocoutq(fd: QueueFd, request: IoctlRequest, arg: IntOut = 0) -> Zero: ...
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
def ioctl_setflags(fd: File, request: IoctlRequest, arg: In[InodeFlags] = 0) -> Zero: ...
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
