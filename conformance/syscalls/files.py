"""Files: descriptors, reading and writing, paths, directories, attributes, locks. Sources: section 2 of man-pages."""

from __future__ import annotations

import ctypes
import re
import struct as packing
from collections.abc import Iterator
from typing import Annotated, Any

from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import Look, operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    ROOMS,
    UNMAPPED,
    Blob,
    Choice,
    LengthOf,
    Use,
    room,
    text,
)
from conformance.syscalls.machinery.kinds import (
    MASK,
    Address64,
    AddressKind,
    Any_,
    Bits,
    ChosenFd,
    ChosenMemory,
    Clocked,
    Count,
    CountedMemory,
    Dev64,
    Dir,
    Done,
    Fd,
    FdPair,
    FileDescriptor,
    Flags,
    Fraction32,
    Fraction64,
    Id,
    In,
    InBytes,
    Ino64,
    InOut,
    Int,
    Length,
    Masked,
    MaskedMemory,
    Memory,
    Mode,
    Names,
    Number,
    Numbered,
    Octal,
    Offset,
    Out,
    OutBytes,
    OutRandom,
    Path,
    PathKind,
    Pid,
    Seconds64,
    Seen,
    Signal,
    Size,
    SomePid,
    Uid,
    Varying32,
    Varying64,
    Zero,
    named,
)
from conformance.syscalls.machinery.touches import FILES, HIDDEN, LABELS, MOUNTS, NAMES, NOTHING, PLACE, PROCESS
from conformance.syscalls.time.clocks import Timespec as Timespec  # noqa: PLC0414 - moved

AT_FDCWD = -100
O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE = 0, 1, 2, 3
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK = 0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000
O_DSYNC, O_ASYNC, O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW = 0o10000, 0o20000, 0o40000, 0o100000, 0o200000, 0o400000
O_NOATIME, O_CLOEXEC, O_SYNC, O_PATH, O_TMPFILE = 0o1000000, 0o2000000, 0o4010000, 0o10000000, 0o20200000

AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_NO_AUTOMOUNT = 0x100, 0x200, 0x400, 0x800
AT_EACCESS, AT_EMPTY_PATH, AT_STATX_FORCE_SYNC, AT_STATX_DONT_SYNC = 0x200, 0x1000, 0x2000, 0x4000
AT_HANDLE_FID, AT_RECURSIVE = 0x200, 0x8000

SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = range(5)
F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN = range(10)
F_SETSIG, F_GETSIG = 10, 11
F_SETOWN_EX, F_GETOWN_EX = 15, 16
F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
F_SETLEASE, F_GETLEASE, F_NOTIFY, F_DUPFD_QUERY, F_DUPFD_CLOEXEC = 1024, 1025, 1026, 1027, 1030
F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS = 1031, 1032, 1033, 1034
F_GET_RW_HINT, F_SET_RW_HINT, F_GET_FILE_RW_HINT, F_SET_FILE_RW_HINT = 1035, 1036, 1037, 1038
F_GETOWNER_UIDS, F_CREATED_QUERY, F_GETDELEG, F_SETDELEG = 17, 1028, 1039, 1040
DN_ACCESS, DN_MODIFY, DN_CREATE, DN_DELETE, DN_RENAME, DN_ATTRIB, DN_MULTISHOT = 1, 2, 4, 8, 0x10, 0x20, 0x80000000
FD_CLOEXEC = 1
F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC = 1, 2, 4, 8, 16, 32
LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8

F_OK, X_OK, W_OK, R_OK = 0, 1, 2, 4
S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG = 0o170000, 0o140000, 0o120000, 0o100000
S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO = 0o060000, 0o040000, 0o020000, 0o010000
RENAME_NOREPLACE, RENAME_EXCHANGE, RENAME_WHITEOUT = 1, 2, 4
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED = 8, 16, 32
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE = 1, 2, 8
FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE = 0x10, 0x20, 0x40
STATX_TYPE, STATX_MODE, STATX_NLINK, STATX_UID, STATX_GID, STATX_INO, STATX_SIZE = 1, 2, 4, 8, 0x10, 0x100, 0x200
STATX_ATIME, STATX_MTIME, STATX_CTIME = 0x20, 0x40, 0x80
STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_DIOALIGN, STATX_MNT_ID_UNIQUE = 0x7FF, 0x800, 0x1000, 0x2000, 0x4000
STATX_ATTR_MOUNT_ROOT = 0x2000
UTIME_NOW, UTIME_OMIT = 0x3FFFFFFF, 0x3FFFFFFE
XATTR_CREATE, XATTR_REPLACE = 1, 2
RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_NOAPPEND = 1, 2, 4, 8, 16, 32
SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT = 1, 2, 4, 8
CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC = 2, 4
DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK = 1, 2, 4, 6, 8, 10, 12

FIOCLEX, FIONCLEX, FIONREAD, FIONBIO, FIOASYNC, FIOQSIZE = 0x5451, 0x5450, 0x541B, 0x5421, 0x5452, 0x5460
FIGETBSZ, FIBMAP, TCGETS, TIOCGWINSZ, TIOCOUTQ, BLKGETSIZE = 2, 1, 0x5401, 0x5413, 0x5411, 0x1260
FIOSETOWN, FIOGETOWN = 0x8901, 0x8903
FS_IOC_GETFLAGS, FS_IOC_SETFLAGS, FS_IOC_GETVERSION = 0x80086601, 0x40086602, 0x80087601
FS_IOC_FSGETXATTR, FS_IOC_FSSETXATTR, FS_IOC_FIEMAP = 0x801C581F, 0x401C5820, 0xC020660B
FS_IOC_GETFSLABEL, FS_IOC_GETFSUUID = 0x81009431, 0x80111500
FICLONE, FICLONERANGE, FIDEDUPERANGE = 0x40049409, 0x4020940D, 0xC0189436
IOC_WATCH_QUEUE_SET_SIZE = 0x5760
_IOCTLS = named(globals(), "FIO", "FIGET", "FIBMAP", "FS_IOC_", "FICLONE", "FIDEDUPE", "TCGETS", "TIOC", "BLKGETSIZE", "IOC_WATCH")
_COMMANDS = {name: value for name, value in named(globals(), "F_").items() if name not in ("F_OK", "F_RDLCK", "F_WRLCK", "F_UNLCK") and not name.startswith("F_SEAL")}

_O_FLAGS = named(globals(), "O_")
_PLAIN_OPEN = (O_RDWR, O_RDWR, O_RDWR | O_CREAT, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_TRUNC, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_NONBLOCK | O_CLOEXEC)
OpenFlags = Annotated[int, Flags(_O_FLAGS, plain=_PLAIN_OPEN)]
PipeFlags = Annotated[int, Flags(_O_FLAGS, only=(*(O_NONBLOCK,) * 6, *(O_NONBLOCK | O_CLOEXEC,) * 3, O_NONBLOCK | O_DIRECT, O_NONBLOCK | O_DIRECT, 0, O_CLOEXEC, O_RDWR, 1 << 30, -1))]
DupFlags = Annotated[int, Flags(_O_FLAGS, only=(0, 0, O_CLOEXEC, O_CLOEXEC, O_NONBLOCK, 1, -1))]
StatusFlags = Annotated[int, Flags(_O_FLAGS, plain=(O_NONBLOCK, O_NONBLOCK, O_NONBLOCK | O_APPEND, O_NONBLOCK | O_DIRECT, O_NOATIME | O_NONBLOCK))]
AtFlags = Annotated[int, Flags(named(globals(), "AT_SYMLINK", "AT_REMOVEDIR", "AT_EMPTY", "AT_NO_AUTO"))]
StatFlags = Annotated[int, Flags(named(globals(), "AT_SYMLINK_NO", "AT_EMPTY", "AT_NO_AUTO", "AT_STATX"))]
RemoveFlags = Annotated[int, Flags({"AT_REMOVEDIR": AT_REMOVEDIR}, plain=(0, 0, AT_REMOVEDIR))]
LinkFlags = Annotated[int, Flags(named(globals(), "AT_SYMLINK_FOLLOW", "AT_EMPTY"), plain=(0, 0, 0, AT_SYMLINK_FOLLOW))]
AccessFlags = Annotated[int, Flags({"AT_EACCESS": AT_EACCESS, "AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW, "AT_EMPTY_PATH": AT_EMPTY_PATH})]
NoFollowFlags = Annotated[int, Flags({"AT_SYMLINK_NOFOLLOW": AT_SYMLINK_NOFOLLOW, "AT_EMPTY_PATH": AT_EMPTY_PATH})]
HandleFlags = Annotated[int, Flags({"AT_SYMLINK_FOLLOW": AT_SYMLINK_FOLLOW, "AT_EMPTY_PATH": AT_EMPTY_PATH, "AT_HANDLE_FID": AT_HANDLE_FID}, plain=(0, 0, 0))]
Whence = Annotated[int, Flags(named(globals(), "SEEK_"), bits=False)]
FcntlCommand = Annotated[int, Flags(_COMMANDS, bits=False, plain=(F_GETFD,))]
RenameFlags = Annotated[int, Flags(named(globals(), "RENAME_"), plain=(0, 0, 0))]
FallocMode = Annotated[int, Flags(named(globals(), "FALLOC_FL_"), only=(*(0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE) * 5, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE, 1 << 30, -1))]
StatxMask = Annotated[int, Flags(named(globals(), "STATX_"), plain=(STATX_BASIC_STATS, STATX_BASIC_STATS, STATX_BASIC_STATS | STATX_BTIME, 0xFFF, 0))]
AccessMode = Annotated[int, Flags({"X_OK": 1, "W_OK": 2, "R_OK": 4})]
LockOperation = Annotated[int, Flags(named(globals(), "LOCK_"), only=(*(LOCK_EX | LOCK_NB, LOCK_SH | LOCK_NB) * 6, *(LOCK_UN,) * 4, LOCK_EX, LOCK_SH, LOCK_NB, 0, 32, LOCK_SH | LOCK_EX | LOCK_NB))]
RwFlags = Annotated[int, Flags(named(globals(), "RWF_"))]
SpliceFlags = Annotated[int, Flags(named(globals(), "SPLICE_F_"), plain=(SPLICE_F_NONBLOCK, SPLICE_F_NONBLOCK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE))]
XattrFlags = Annotated[int, Flags(named(globals(), "XATTR_"), only=(*(0,) * 12, XATTR_CREATE, XATTR_CREATE, XATTR_REPLACE, XATTR_REPLACE, 3, 4, -1))]
CloseRangeFlags = Annotated[int, Flags(named(globals(), "CLOSE_RANGE_"))]
SyncRange = Annotated[int, Flags({"SYNC_FILE_RANGE_WAIT_BEFORE": 1, "SYNC_FILE_RANGE_WRITE": 2, "SYNC_FILE_RANGE_WAIT_AFTER": 4})]
FileAdvice = Annotated[int, Flags({"POSIX_FADV_NORMAL": 0, "POSIX_FADV_RANDOM": 1, "POSIX_FADV_SEQUENTIAL": 2, "POSIX_FADV_WILLNEED": 3, "POSIX_FADV_DONTNEED": 4, "POSIX_FADV_NOREUSE": 5}, bits=False)]
MemfdFlags = Annotated[int, Flags({"MFD_CLOEXEC": 1, "MFD_ALLOW_SEALING": 2, "MFD_HUGETLB": 4, "MFD_NOEXEC_SEAL": 8, "MFD_EXEC": 16}, plain=(2, 2, 3, 2 | 8, 2 | 16))]
FdFlags = Annotated[int, Flags({"FD_CLOEXEC": FD_CLOEXEC}, plain=(FD_CLOEXEC, 0))]
Seals = Annotated[int, Flags(named(globals(), "F_SEAL_"), plain=(F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE))]
LockType = Annotated[int, Flags({"F_RDLCK": F_RDLCK, "F_WRLCK": F_WRLCK, "F_UNLCK": F_UNLCK}, bits=False, plain=(F_RDLCK,))]
Lease = Annotated[int, Flags({"F_RDLCK": F_RDLCK, "F_WRLCK": F_WRLCK, "F_UNLCK": F_UNLCK}, bits=False, plain=(F_WRLCK,))]
Notice = Annotated[int, Flags(named(globals(), "DN_"), plain=(DN_CREATE, DN_CREATE | DN_DELETE | DN_MULTISHOT, 0))]
None_ = Annotated[int, Number(0)]
"""What a call takes no notice of."""


class Requests(Flags):
    """Numbers of `ioctl`: known by name, others in hexadecimal."""

    def show(self, seen: Seen) -> str:
        if isinstance(seen, int) and seen not in self.names.values() and not -4096 < seen < 10:
            return hex(seen)
        return super().show(seen)


_VARYING = (FS_IOC_GETFSUUID, FS_IOC_GETVERSION, FIOGETOWN)
IoctlRequest = Annotated[int, Requests(_IOCTLS, bits=False, only=(*(value for value in _IOCTLS.values() if value not in _VARYING), 0, -1, 0x5400))]


def _named(*names: bytes) -> tuple[Choice, ...]:
    return tuple(map(text, names))


_ODD_NAMES = (*_named(b"", b"/", b"f0/", b"f0/x", b"absent/x", b"d0/../f0", b"n" * 255, b"n" * 256), Blob(b"f1", edge=True), *BAD_POINTERS)
NewPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"f1",) * 12, *(b"f2",) * 6, b"d0/f2", b"d0/f2", b"f1", b"f1", b"f1", b"f2", b"f1", b"d0/f2", b"f2", b"f1", b"d1", b"f1", b"d1/f1", b"l1", b"f0", b"d0", b"l0"), *_ODD_NAMES)]
NewDirPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"d1",) * 12, b"d2", b"d2", b"d1/d2", b"d1/", b"d0/d1", b"d1", b"d2", b"f0", b"d0", b"l0"), *_ODD_NAMES)]
DirPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"d0", b".") * 10, b"d0/", b".", b"d1", b"d0", b"d1", b"..", b"d0/..", b"f0", b"l0"), *_ODD_NAMES)]
RemovedDirPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"d1",) * 24, b"d1/d2", b"d0", b".", b"..", b"d0/.", b"f0", b"l0"), *_ODD_NAMES)]
LinkPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"l0",) * 24, b"l1", b"f1", b"f0", b"d0"), *_ODD_NAMES)]
TargetPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"f0", b"d0", b"absent") * 8, b"l1", b"f1", b"../w/f0", b"/", b"d0/f1"), *_ODD_NAMES)]
EmptyPath = Annotated[bytes | Buffer | int | None, PathKind(*_named(b"", b"", b"", b"", b"", b"", b"f0", b"."), 0, UNMAPPED)]
IsSet = Annotated[int, Done("xattr")]
AfterSet = Annotated[int, Number(*(Use("xattr"),) * 8, *(0,) * 4, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH, 1, -1)]
ValueSize = Annotated[int, Number(*(LengthOf(),) * 10, *(Use("xattr"),) * 10, LengthOf(1, -1), 0, 1, 1 << 40, -1)]
XattrName = Annotated[bytes | Buffer | int | None, PathKind(*_named(*(b"trusted.a",) * 24, *(b"user.a",) * 12, b"trusted.b", b"security.a", b"system.posix_acl_access", b"user.", b"", b"a", b"user." + b"n" * 250, b"user." + b"n" * 251, b"unknown.a"), *BAD_POINTERS)]
MemoryName = Annotated[bytes | Buffer | int | None, PathKind(*_named(b"memory", b"memory", b"memory", b"", b"a/b", b"n" * 249, b"n" * 250), *BAD_POINTERS[:3])]

File = Annotated[int, FileDescriptor("file", Use("fd:file"), Use("fd:file"), Use("fd:mem"), Use("fd"), Use("fd"), Use("fd:dir"), Use("fd:pipe:r"), Use("fd:path"))]
"""A regular file, most of the time: what has a size and a position."""
SocketFd = Annotated[int, ChosenFd("socket", *(Use("fd:socket:unix"), Use("fd:socket:unix:pair")) * 4, Use("fd"), -1)]
FileOnly = Annotated[int, FileDescriptor("file")]
DirFd = Annotated[int, FileDescriptor("dir")]
PathFd = Annotated[int, FileDescriptor("path")]
MemoryFd = Annotated[int, FileDescriptor("mem")]
PipeFd = Annotated[int, FileDescriptor("pipe")]
OtherPipe = Annotated[int, ChosenFd("pipe:w", *(Use("fd:pipe:w:blocking"),) * 6, Use("fd:pipe:w"), Use("fd"), -1)]
PipeIn = Annotated[int, FileDescriptor("pipe:w")]
PipeOut = Annotated[int, FileDescriptor("pipe:r")]
Lockable = Annotated[int, ChosenFd("", *(Use("fd:file"),) * 6, Use("fd:dir"), -1)]
"""Not an fd without a file, such as epoll's: those share one inode, and so their locks, with the whole machine."""
Readable = Annotated[int, ChosenFd("", Use("fd:file"), Use("fd:file"), Use("fd"), Use("fd"), Use("fd:pipe:r"), Use("fd:pipe:r"), Use("fd:event"), Use("fd:timer"), Use("fd:signal"), Use("fd:inotify"), Use("fd:inotify"), Use("fd:fanotify"), Use("fd:socket:unix"), Use("fd:mem"), Use("fd:dir"), Use("fd:path"), Use("fd:epoll"), Use("fd", 1), -1, 63)]
Writable = Annotated[int, ChosenFd("", Use("fd:file"), Use("fd:file"), Use("fd"), Use("fd"), Use("fd:pipe:w"), Use("fd:pipe:w"), Use("fd:pipe:w"), Use("fd:event"), Use("fd:socket:unix"), Use("fd:mem"), Use("fd:path"), Use("fd:inotify"), Use("fd", 1), -1)]
SpliceIn = Annotated[int, ChosenFd("file", Use("fd:file"), Use("fd:file"), Use("fd:file"), Use("fd:pipe:r"), Use("fd:pipe:r"), Use("fd:pipe:r"), Use("fd:socket:unix"), Use("fd:dir"), Use("fd"), -1)]
SpliceOut = Annotated[int, ChosenFd("pipe:w", Use("fd:pipe:w"), Use("fd:pipe:w"), Use("fd:pipe:w"), Use("fd:file"), Use("fd:file"), Use("fd:mem"), Use("fd:socket:unix"), Use("fd:event"), Use("fd"), -1)]
NewNumber = Annotated[int, ChosenFd("", *(20, 30) * 6, 63, 0, 64, -1, Use("fd"), Use("fd"), Use("fd", 1))]
"""Where a duplicate is wanted."""
LastFd = Annotated[int, ChosenFd("", -1, -1, -1, 63, 5, 0)]
LowestFd = Annotated[int, Number(0, 0, 0, 10, 20, 63, 64, -1, 0x7FFFFFFF)]
FileSize = Annotated[int, Number(5, 5, 5, 13, 26, 30, 100, 4095, 4096, 4097, 1 << 20, 0, 0, -1, 1 << 40, (1 << 63) - 1)]
Amount = Annotated[int, Number(5, 5, 5, 13, 26, 26, 64, 4096, 65536, 1 << 20, 0, 1, -1, 0x7FFFFFFF)]
"""Bytes to move where no memory says how many."""
High = Annotated[int, Number(0, 0, 0, 0, 0, 1, -1)]
PipeSize = Annotated[int, Number(4096, 8192, 65536, 1 << 20, 4097, 1, 0, -1, 1 << 31)]
Device = Annotated[int, Number(0, 0, 0, 0x103, 0x501, -1)]
KnownDevice = Annotated[int, Number(Use("dev"), Use("dev"), 0, 0x501, -1)]


class NodeMode(Octal):
    """A mode with the type of what is made: files, FIFOs and sockets may be made by all, devices not."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        made = (S_IFREG, S_IFIFO, S_IFSOCK, S_IFREG, S_IFIFO, 0, S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK)
        return (*(kind | 0o644 for kind in made), S_IFREG | 0o4777, S_IFMT | 0o644)


def _pack(*numbers: int) -> Blob:
    """64-bit numbers in a row."""
    return Blob(packing.pack(f"={len(numbers)}q", *numbers))


_BAD_TIMES = (0, 0, 0, UNMAPPED)
Times = Annotated[bytes | Buffer | int | None, ChosenMemory(_pack(1, 2, 3, 4), _pack(1, 2, 3, 4), _pack(1000, 0, 0, UTIME_OMIT), _pack(0, UTIME_NOW, 0, UTIME_NOW), _pack(0, UTIME_OMIT, 5, 0), _pack(0, UTIME_NOW, 7, 0), _pack(0, UTIME_OMIT, 0, UTIME_OMIT), _pack(-1, 0, 1 << 40, 1), _pack(0, 10**9, 0, 0), _pack(0, 0, 0, -1), *_BAD_TIMES)]
"""Two `struct timespec`."""
Timevals = Annotated[bytes | Buffer | int | None, ChosenMemory(_pack(1, 2, 3, 4), _pack(1, 2, 3, 4), _pack(1000, 0, 0, 999_999), _pack(0, 10**6, 0, 0), _pack(0, 0, 0, -1), _pack(-1, 0, 1 << 40, 1), *_BAD_TIMES)]
"""Two `struct timeval`."""
Utimbuf = Annotated[bytes | Buffer | int | None, ChosenMemory(_pack(1, 2), _pack(1000, 3), _pack(0, -1), _pack(1 << 40, 1), *_BAD_TIMES)]
OffsetPointer = Annotated[Struct | bytes | Buffer | int | None, ChosenMemory(*(0,) * 16, _pack(0), _pack(5), _pack(26), _pack(100), _pack(-1), _pack((1 << 63) - 1), UNMAPPED, out=True)]
"""`loff_t *`: where to begin, and then where it ended; NULL is the file's own position."""
INT_ZERO, INT_ONE = Blob(bytes(4)), Blob(b"\1" + bytes(3))
IntIn = Annotated[bytes | Buffer | Struct | int | None, ChosenMemory(INT_ONE, INT_ONE, INT_ZERO, Blob(b"\xff" * 4), 0, UNMAPPED)]
IntOut = Annotated[Buffer | Struct | int | None, Memory(out=True, reads=False, choices=(*(room(4),) * 10, room(4, edge=True)))]
LongOut = Annotated[Buffer | Struct | int | None, Memory(out=True, reads=False, choices=(*(room(8),) * 10, room(8, edge=True)))]
DataPointer = Annotated[int, Layout(ctypes.c_uint64), AddressKind(Blob(b"hello"), Blob(b"0123456789" * 10), Blob(b""), 0, UNMAPPED)]
"""A member that points to bytes for the kernel to read."""
RoomPointer = Annotated[int, Layout(ctypes.c_uint64), AddressKind(room(16), room(64), Blob(b"", room=True), 0, UNMAPPED)]
"""A member that points to room for the kernel to fill."""
Length32 = Annotated[int, Layout(ctypes.c_uint32), Length()]
Length64 = Annotated[int, Layout(ctypes.c_uint64), Length()]


def _records(data: bytes, form: str, length_at: int) -> Iterator[bytes]:
    """What lies in a row, each with its own length in it. Raises ValueError when it does not fit."""
    at = 0
    while at < len(data):
        (length,) = packing.unpack_from(form, data.ljust(at + length_at + 8, b"\0"), at + length_at)
        if length < length_at + 2 or at + length > len(data):
            raise ValueError("no such records")
        yield data[at : at + length]
        at += length


class DirectoryEntries(CountedMemory):
    """What `getdents64` says: names and types, in no order. Offsets in a directory are the file system's choice."""

    named = ("ino",)

    def __init__(self, *, old: bool = False) -> None:
        super().__init__(*(room(512),) * 8, room(4096), room(64), room(24), room(8), Blob(b"", room=True))
        self.old = old

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or not seen:
            return super().normal(seen, names)
        try:
            found = [self._entry(each) for each in _records(seen.encode("latin-1"), "=H", 16)]
        except ValueError:  # not of this form, or cut off; UnicodeEncodeError is one, too
            return seen
        return [[name, kind, names.name("ino", inode)] for name, kind, inode in sorted(found)]

    def _entry(self, record: bytes) -> tuple[str, int, int]:
        inode = int.from_bytes(record[:8], "little")
        if self.old:
            return record[18:-1].split(b"\0")[0].decode("latin-1"), record[-1], inode
        return record[19:].split(b"\0")[0].decode("latin-1"), record[18], inode


class XattrNames(CountedMemory):
    """What `listxattr` says: names, each ending with a zero byte, in no order."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return [*sorted(seen.split("\0")[:-1])] if isinstance(seen, str) and seen.endswith("\0") else super().normal(seen, names)


class Stream(CountedMemory):
    """What `read` gives: bytes of a file, or events, of which cookies, pids and fds are the kernel's choice.

    Events are known by their form, which is too regular for chance: all of the bytes have to be of it.
    """

    named = ("wd", "cookie", "fd", "pid")
    EVENT, SIGNAL = 24, 128
    """Bytes of a `struct fanotify_event_metadata` and of a `struct signalfd_siginfo`."""

    def __init__(self) -> None:
        super().__init__(*ROOMS, room(128), room(256))

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 16:
            return super().normal(seen, names)
        try:
            data = seen.encode("latin-1")
        except UnicodeEncodeError:  # cut off
            return seen
        if seen.startswith("QSIZE:"):  # a message queue's status (mq_overview(7))
            return re.sub(r"NOTIFY_PID:\d+ *", "NOTIFY_PID", seen)
        return self._signals(data, names) or self._file_events(data, names) or self._watch_events(data, names) or seen

    def _watch_events(self, data: bytes, names: Names) -> list[Seen]:
        """`struct inotify_event`: wd, mask, cookie, length of the name."""
        found: list[Seen] = []
        while data:
            if len(data) < 16:
                return []
            wd, mask, cookie, size = packing.unpack_from("=iIII", data)
            name = data[16 : 16 + size]
            if not 0 < wd < 1 << 16 or not mask & 0xFFFF or size % 16 or len(name) < size or size > 272:
                return []
            if cookie and not mask & 0xC0:  # only the two halves of a rename have one
                return []
            found.append([names.name("wd", wd), mask, names.name("cookie", cookie) if cookie else 0, name.rstrip(b"\0").decode("latin-1")])
            data = data[16 + size :]
        return found

    def _file_events(self, data: bytes, names: Names) -> list[Seen]:
        """`struct fanotify_event_metadata`, of version 3, without further information."""
        found: list[Seen] = []
        for at in range(0, len(data), self.EVENT):
            if len(data) < at + self.EVENT:
                return []
            length, version, reserved, head, mask, fd, pid = packing.unpack_from("=IBBHQii", data, at)
            if (length, version, reserved, head) != (self.EVENT, 3, 0, self.EVENT):
                return []
            found.append([mask, names.name("fd", fd) if fd >= 0 else fd, names.name("pid", pid) if pid > 0 else pid])
        return found

    def _signals(self, data: bytes, names: Names) -> list[Seen]:
        """`struct signalfd_siginfo`: signal, errno, code, pid, uid and more; zero to the end."""
        found: list[Seen] = []
        for at in range(0, len(data), self.SIGNAL):
            info = data[at : at + self.SIGNAL]
            if len(info) < self.SIGNAL or not 0 < info[0] <= 64 or any(info[1:8]) or any(info[96:]):
                return []
            signal, _, code, pid, uid = packing.unpack_from("=IiiII", info)
            status, value = packing.unpack_from("=iiQ", info, 40)[0:3:2]
            found.append([signal, code, names.name("pid", pid) if pid else 0, uid, status, value])
        return found


StreamBytes = Annotated[Buffer | int | None, Stream()]
Entries = Annotated[Struct | Buffer | int | None, DirectoryEntries()]
OldEntries = Annotated[Struct | Buffer | int | None, DirectoryEntries(old=True)]
XattrList = Annotated[Buffer | int | None, XattrNames()]
Pipe = Annotated[Buffer | int | None, FdPair("pipe:r", "pipe:w")]
BlockingPipe = Annotated[Buffer | int | None, FdPair("pipe:r:blocking", "pipe:w:blocking")]


def _without_noise(seen: dict[str, Any], mode: str) -> dict[str, Any]:
    """A file's status less what says nothing.

    The nanoseconds of a time that the clock gave; all times of a socket, whose inode is recycled with those that the
    last one had (Linux sets none, `sock_alloc_inode`); and all of an inode without a type, which every eventfd, epoll
    and the like of a machine share, so that utimensat(2) outlives a program (`anon_inode_getfile`).
    """
    kind = seen.get(mode)
    if isinstance(kind, int) and kind & S_IFMT in (S_IFSOCK, 0):
        return {name: value for name, value in seen.items() if "time" not in name}
    found = dict(seen)
    for name, value in seen.items():
        if f"{name}_nsec" in seen and isinstance(value, int) and value > Clocked.EARLIEST:
            found[f"{name}_nsec"] = MASK
    return found


class Stat(Struct):
    """`struct stat` of x86-64. Blocks, times and numbers of inodes and devices are the file system's choice."""

    st_dev: Dev64
    st_ino: Ino64
    st_nlink: U64
    st_mode: Annotated[int, Layout(ctypes.c_uint32), Octal()]
    st_uid: U32
    st_gid: U32
    pad0: U32
    st_rdev: U64
    st_size: I64
    st_blksize: Varying64
    st_blocks: Varying64
    st_atime: Seconds64
    st_atime_nsec: Fraction64
    st_mtime: Seconds64
    st_mtime_nsec: Fraction64
    st_ctime: Seconds64
    st_ctime_nsec: Fraction64
    unused0: I64
    unused1: I64
    unused2: I64

    @classmethod
    def comparable(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """See `Struct`."""
        return _without_noise(seen, "st_mode")


class StatxTimestamp(Struct):
    """`struct statx_timestamp`."""

    tv_sec: Seconds64
    tv_nsec: Fraction32
    pad: I32


_FILLED_IN = {"stx_atime": STATX_ATIME, "stx_btime": STATX_BTIME, "stx_ctime": STATX_CTIME, "stx_mtime": STATX_MTIME}
"""By time, the bit of `stx_mask` that says whether it was filled in."""
_FLAT = {
    **{name: f"{name}.tv_sec" for name in _FILLED_IN},
    **{f"{name}_nsec": f"{name}.tv_nsec" for name in _FILLED_IN},
    **{f"pad{at}": f"{name}.pad" for at, name in enumerate(_FILLED_IN, 1)},
    **{f"spare{at}": f"spare.{at}" for at in range(12)},
}
"""How records of old have what is nested."""


class Statx(Struct):
    """`struct statx`, as far as Linux 6.1 fills it."""

    stx_mask: Varying32
    stx_blksize: Varying32
    stx_attributes: U64
    stx_nlink: U32
    stx_uid: U32
    stx_gid: U32
    stx_mode: Annotated[int, Layout(ctypes.c_uint16), Octal()]
    pad0: U16
    stx_ino: Ino64
    stx_size: U64
    stx_blocks: Varying64
    stx_attributes_mask: Varying64
    stx_atime: StatxTimestamp
    stx_btime: StatxTimestamp
    stx_ctime: StatxTimestamp
    stx_mtime: StatxTimestamp
    stx_rdev_major: U32
    stx_rdev_minor: U32
    stx_dev_major: Varying32
    stx_dev_minor: Varying32
    stx_mnt_id: Varying64
    stx_dio_mem_align: Varying32
    stx_dio_offset_align: Varying32
    spare: Annotated[ctypes.Array[ctypes.c_uint64], Layout(ctypes.c_uint64 * 12), Masked()]

    former = _FLAT

    @classmethod
    def comparable(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """See `Struct`. A time that is not asked for may be filled in all the same; on Linux from 6.13 on it is not."""
        valid = seen.get("stx_mask")
        found = dict(seen)
        for name, bit in _FILLED_IN.items():
            time = seen.get(name)
            if not isinstance(time, dict) or not isinstance(valid, int):
                continue
            seconds = time.get("tv_sec")
            if isinstance(seconds, int) and (not valid & bit or seconds > Clocked.EARLIEST):
                found[name] = {**time, "tv_sec": MASK, "tv_nsec": MASK}
        return _without_noise(found, "stx_mode")


class Statfs(Struct):
    """`struct statfs` of x86-64."""

    f_type: I64
    f_bsize: I64
    f_blocks: Varying64
    f_bfree: Varying64
    f_bavail: Varying64
    f_files: Varying64
    f_ffree: Varying64
    f_fsid: Varying64
    f_namelen: I64
    f_frsize: I64
    f_flags: I64
    spare0: I64
    spare1: I64
    spare2: I64
    spare3: I64


class Owner(Numbered):
    """Who holds a lock, or is told of a descriptor's events. Nobody is 0: no resource, for 0 means oneself elsewhere."""

    def __init__(self, *choices: Choice) -> None:
        super().__init__("pid", keep=(0, -1, 1))
        self._choices = choices

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices


OwnerNumber = Annotated[int, Owner(0)]
Owner32 = Annotated[int, Layout(ctypes.c_int32), Owner(Use("pid"), 0, -1)]


class Flock(Struct):
    """`struct flock`."""

    l_type: Annotated[int, Layout(ctypes.c_int16), Number(F_WRLCK, F_RDLCK, F_UNLCK, 3)]
    l_whence: Annotated[int, Layout(ctypes.c_int16), Number(SEEK_SET, SEEK_CUR, SEEK_END, 3)]
    pad: U32
    l_start: Annotated[int, Layout(ctypes.c_int64), Number(0, 1, 5, 26, -1)]
    l_len: Annotated[int, Layout(ctypes.c_int64), Number(0, 1, 5, -1)]
    l_pid: Annotated[int, Layout(ctypes.c_int32), Owner(0, 0, 1)]
    pad1: U32


class FOwnerEx(Struct):
    """`struct f_owner_ex`."""

    type: Annotated[int, Layout(ctypes.c_int32), Number(1, 0, 2, 3)]
    pid: Owner32


class IovecArray(Memory):
    """An array of `struct iovec`: lengths are compared, addresses are not."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return super().normal(seen, names)
        data = seen.encode("latin-1", "replace")
        return [int.from_bytes(data[at + 8 : at + 16], "little") for at in range(0, len(data), 16)]


def iovecs(*parts: Choice) -> Blob:
    """An array of `struct iovec`, one for each part; the kernel's own length for each of them."""
    return Blob(bytes(16 * len(parts)), tuple(pair for at, part in enumerate(parts) for pair in ((16 * at, 8, part), (16 * at + 8, 8, LengthOf()))))


_NO_IOVECS: tuple[Choice, ...] = (Blob(packing.pack("=QQ", UNMAPPED, 8)), Blob(packing.pack("=QQ", 0, 1 << 63)), iovecs())
READ_IOVECS: tuple[Choice, ...] = (*(iovecs(room(16)),) * 4, *(iovecs(room(8), room(16)),) * 4, iovecs(room(4), Blob(b"", room=True), room(4)), iovecs(room(8), UNMAPPED), iovecs(room(16, edge=True)), *_NO_IOVECS)
WRITE_IOVECS: tuple[Choice, ...] = (*(iovecs(Blob(b"hello")),) * 4, *(iovecs(Blob(b"hello"), Blob(b"world!!!")),) * 4, iovecs(Blob(b"a"), Blob(b""), Blob(b"bc")), iovecs(Blob(b"\1" + bytes(7))), iovecs(Blob(b"x" * 4096)), *_NO_IOVECS)
ReadVectors = Annotated[bytes | Buffer | int | None, IovecArray(choices=READ_IOVECS)]
WriteVectors = Annotated[bytes | Buffer | int | None, IovecArray(choices=WRITE_IOVECS)]
Iovecs = WriteVectors
IovecCount = Annotated[int, Length(16)]


class OpenHow(Struct):
    """`struct open_how`."""

    flags: Annotated[int, Layout(ctypes.c_uint64), Number(O_RDWR, O_RDWR | O_CREAT, O_RDONLY, O_PATH, O_RDONLY | O_DIRECTORY, O_RDWR | O_NOFOLLOW, O_TMPFILE | O_RDWR, O_RDWR | O_TRUNC | O_CLOEXEC, 1 << 30, 1 << 62)]
    mode: Annotated[int, Layout(ctypes.c_uint64), Number(0, 0o644, 0o600, 1 << 20)]
    resolve: Annotated[int, Layout(ctypes.c_uint64), Number(0, RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS, RESOLVE_CACHED, RESOLVE_BENEATH | RESOLVE_IN_ROOT, 1 << 20)]


class CachestatRange(Struct):
    """`struct cachestat_range`."""

    off: Annotated[int, Layout(ctypes.c_uint64), Number(0, 4096, 1, 1 << 40)]
    len: Annotated[int, Layout(ctypes.c_uint64), Number(0, 4096, 1, 1 << 40)]


class Cachestat(Struct):
    """`struct cachestat`. What has been evicted is a matter of the machine's memory."""

    nr_cache: U64
    nr_dirty: U64
    nr_writeback: U64
    nr_evicted: Varying64
    nr_recently_evicted: Varying64


class Ustat(Struct):
    """What ustat(2) fills; its two names, at the end, it never does. No header has it any more."""

    tfree: Varying32
    pad0: U32
    tinode: Varying64
    unused0: U64
    unused1: U64


class XattrArgs(Struct):
    """`struct xattr_args` (Linux 6.13)."""

    value: DataPointer
    size_: Length32
    flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, XATTR_CREATE, XATTR_REPLACE, 4)]


class XattrRoom(Struct):
    """`struct xattr_args`, where a value is to be stored."""

    value: RoomPointer
    size_: Length32
    flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, XATTR_CREATE)]


class FileAttr(Struct):
    """`struct file_attr` (Linux 6.17)."""

    fa_xflags: Annotated[int, Layout(ctypes.c_uint64), Number(0, 8, 0x10, 0x40, 0x80, 0x20000, 1 << 40)]
    fa_extsize: Annotated[int, Layout(ctypes.c_uint32), Number(0, 4096)]
    fa_nextents: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    fa_projid: Annotated[int, Layout(ctypes.c_uint32), Number(0, 1)]
    fa_cowextsize: Annotated[int, Layout(ctypes.c_uint32), Number(0, 4096)]


class Fsxattr(Struct):
    """`struct fsxattr`."""

    fsx_xflags: Annotated[int, Layout(ctypes.c_uint32), Number(0, 8, 0x10, 0x40, 0x80, 1 << 31)]
    fsx_extsize: Annotated[int, Layout(ctypes.c_uint32), Number(0, 4096)]
    fsx_nextents: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    fsx_projid: Annotated[int, Layout(ctypes.c_uint32), Number(0, 1)]
    fsx_cowextsize: Annotated[int, Layout(ctypes.c_uint32), Number(0, 4096)]
    pad0: U32
    pad1: U32


class FileCloneRange(Struct):
    """`struct file_clone_range`."""

    src_fd: Annotated[int, Layout(ctypes.c_int64), FileDescriptor("file")]
    src_offset: Annotated[int, Layout(ctypes.c_uint64), Number(0, 5, 4096)]
    src_length: Annotated[int, Layout(ctypes.c_uint64), Number(0, 5, 4096)]
    dest_offset: Annotated[int, Layout(ctypes.c_uint64), Number(4096, 0, 5)]


class Iovec(Struct):
    """`struct iovec`."""

    iov_base: Address64
    iov_len: U64


class Vector(Buffer):
    """An array of `struct iovec`, one for each part. It keeps the parts alive."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Buffer) -> None:
        super().__init__(b"".join(bytes(Iovec(iov_base=part.address, iov_len=len(part))) for part in parts))
        self.parts = parts


class FileHandle(Struct):
    """The head of `struct file_handle`; `handle_bytes` of opaque data follow."""

    handle_bytes: U32
    handle_type: Varying32


class HandleMemory(MaskedMemory):
    """A `struct file_handle` with its data, which is the file system's choice: 12 bytes for a file of a tmpfs."""

    PIECES = ("type", "first", "second", "third")
    """The type and the numbers behind it, each 4 bytes."""

    def __init__(self, *, out: bool) -> None:
        super().__init__(out=True, reads=not out)
        self._filled = out

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self._filled:
            sizes = (*(128,) * 8, 12, 64, 4, 0, 129)
            return (*(Blob(packing.pack("=II", size, 0) + bytes(min(size, 128))) for size in sizes), 0, UNMAPPED)
        known = tuple((4 + 4 * at, 4, Use(f"handle:{piece}")) for at, piece in enumerate(self.PIECES))
        whole = Blob(packing.pack("=I", 12) + bytes(16), known)
        return (*(whole,) * 8, Blob(whole.data, known[:-2]), Blob(packing.pack("=II", 0, 1)), Blob(packing.pack("=II", 129, 1) + bytes(129)), Blob(packing.pack("=II", 12, 77) + bytes(12)), 0, UNMAPPED)

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        for at, piece in enumerate(self.PIECES if self._filled else ()):
            yield 4 + 4 * at, 4, f"handle:{piece}"


Handle = Annotated[bytes | Buffer | FileHandle | int | None, HandleMemory(out=True)]
KnownHandle = Annotated[bytes | Buffer | FileHandle | int | None, HandleMemory(out=False)]


class MountOf(Memory):
    """A `struct statx` that is asked for the number of a mount."""

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        field = getattr(Statx, "stx_mnt_id")  # noqa: B009 - a ctypes descriptor, which its annotation hides
        yield field.offset, field.size, "mount"


MountStatx = Annotated[Statx | Buffer | int | None, MountOf(out=True, reads=False)]


class Fiemap(Struct):
    """`struct fiemap`, without its extents."""

    fm_start: Annotated[int, Layout(ctypes.c_uint64), Number(0, 4096)]
    fm_length: Annotated[int, Layout(ctypes.c_uint64), Number((1 << 63) - 1, 26, 0)]
    fm_flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, 1, 1 << 31)]
    fm_mapped_extents: U32
    fm_extent_count: Annotated[int, Layout(ctypes.c_uint32), Number(0, 1)]
    reserved: U32


class OwnerPid(Struct):
    """Who is told of a descriptor's events."""

    pid: Owner32


RwHint = Annotated[bytes | Buffer | int | None, ChosenMemory(*map(_pack, (0, 1, 2, 3, 4, 5, 6, -1)), UNMAPPED)]
PidPointer = Annotated[bytes | Buffer | int | None, ChosenMemory(Blob(bytes(4), ((0, 4, Use("pid")),)), INT_ZERO, Blob(b"\xff" * 4), UNMAPPED)]
InodeFlags = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(value.to_bytes(4, "little")) for value in (0, 0x80, 0x10, 0x20, 0x40, 0x80 | 0x40, 1, 0x10000, 0xFFFFFFFF)), UNMAPPED)]
"""None, and NOATIME, IMMUTABLE, APPEND, NODUMP, which a tmpfs knows since Linux 6.0."""
MaskedLong = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(8),))]
Uuid = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(17),))]
Node = Annotated[int, NodeMode()]
MountFd = Annotated[int, FileDescriptor("dir", -100, -100, -100, Use("fd:file"))]




@syscall(x86_64=257, aarch64=56, since="2.6.16", touches=FILES)
def openat(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@operation(openat, flags=(O_RDWR, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_TRUNC, O_RDWR | O_APPEND, O_RDONLY, O_WRONLY))
def openat_file(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> FileOnly: ...
@operation(openat, flags=(O_DIRECTORY, O_DIRECTORY, O_DIRECTORY | O_CLOEXEC, O_DIRECTORY | O_NOFOLLOW))
def openat_dir(dirfd: Dir, path: DirPath, flags: OpenFlags, mode: Mode = 0) -> DirFd: ...
@operation(openat, flags=(O_PATH, O_PATH, O_PATH | O_CLOEXEC, O_PATH | O_NOFOLLOW, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY))
def openat_path(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> PathFd: ...
@operation(openat, flags=(O_TMPFILE | O_RDWR, O_TMPFILE | O_RDWR, O_TMPFILE | O_WRONLY, O_TMPFILE | O_RDWR | O_EXCL, O_TMPFILE))
def openat_tmpfile(dirfd: Dir, path: DirPath, flags: OpenFlags, mode: Mode = 0) -> FileOnly: ...
@syscall(x86_64=2, touches=FILES)
def open(path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@syscall(x86_64=85, touches=FILES)
def creat(path: NewPath, mode: Mode) -> FileOnly: ...
@syscall(number=437, since="5.6", touches=FILES)
def openat2(dirfd: Dir, path: Path, how: In[OpenHow], size: Size) -> FileOnly: ...
@syscall(x86_64=0, aarch64=63, touches=NOTHING, shows="fd")
def read(fd: Readable, buf: StreamBytes, count: Size) -> Count: ...
@syscall(x86_64=1, aarch64=64, touches=NOTHING)
def write(fd: Writable, buf: InBytes, count: Size) -> Count: ...
@syscall(x86_64=17, aarch64=67, touches=NOTHING)
def pread64(fd: File, buf: OutBytes, count: Size, offset: Offset) -> Count: ...
@syscall(x86_64=18, aarch64=68, touches=NOTHING)
def pwrite64(fd: File, buf: InBytes, count: Size, offset: Offset) -> Count: ...
@syscall(x86_64=19, aarch64=65, touches=NOTHING)
def readv(fd: Readable, iov: ReadVectors, iovcnt: IovecCount) -> Count: ...
@syscall(x86_64=20, aarch64=66, touches=NOTHING)
def writev(fd: Writable, iov: WriteVectors, iovcnt: IovecCount) -> Count: ...
@syscall(x86_64=295, aarch64=69, since="2.6.30", touches=NOTHING)
def preadv(fd: File, iov: ReadVectors, iovcnt: IovecCount, low: Offset, high: High) -> Count: ...
@syscall(x86_64=296, aarch64=70, since="2.6.30", touches=NOTHING)
def pwritev(fd: File, iov: WriteVectors, iovcnt: IovecCount, low: Offset, high: High) -> Count: ...
@syscall(x86_64=327, aarch64=286, since="4.6", touches=FILES)
def preadv2(fd: File, iov: ReadVectors, iovcnt: IovecCount, low: Offset, high: High, flags: RwFlags) -> Count: ...
@syscall(x86_64=328, aarch64=287, since="4.6", touches=FILES)
def pwritev2(fd: File, iov: WriteVectors, iovcnt: IovecCount, low: Offset, high: High, flags: RwFlags) -> Count: ...
@syscall(x86_64=8, aarch64=62, touches=NOTHING, shows=Look("fd", offset=0, whence=SEEK_CUR))
def lseek(fd: File, offset: Offset, whence: Whence) -> Offset: ...
@syscall(x86_64=3, aarch64=57, touches=NOTHING)
def close(fd: Fd) -> Zero: ...
@syscall(number=436, since="5.9", touches=FILES)
def close_range(first: Fd, last: LastFd, flags: CloseRangeFlags) -> Zero: ...
@syscall(x86_64=32, aarch64=23, touches=NOTHING)
def dup(fd: Fd) -> Fd: ...
@syscall(x86_64=33, touches=NOTHING)
def dup2(old: Fd, new: NewNumber) -> Fd: ...
@syscall(x86_64=292, aarch64=24, since="2.6.27", touches=NOTHING)
def dup3(old: Fd, new: NewNumber, flags: DupFlags) -> Fd: ...
@syscall(x86_64=72, aarch64=25, touches=PROCESS)
def fcntl(fd: Fd, command: FcntlCommand, arg: Any_ = 0) -> Int: ...
@operation(fcntl, command=(F_DUPFD, F_DUPFD_CLOEXEC), touches=NOTHING)
def fcntl_dupfd(fd: Fd, command: FcntlCommand, arg: LowestFd = 0) -> Fd: ...
@operation(fcntl, command=F_GETFD, touches=NOTHING, shows="fd")
def fcntl_getfd(fd: Fd, command: FcntlCommand, arg: None_ = 0) -> FdFlags: ...
@operation(fcntl, command=F_SETFD, touches=NOTHING)
def fcntl_setfd(fd: Fd, command: FcntlCommand, arg: FdFlags = 0) -> Zero: ...
@operation(fcntl, command=F_GETFL, touches=NOTHING, shows="fd")
def fcntl_getfl(fd: Fd, command: FcntlCommand, arg: None_ = 0) -> StatusFlags: ...
@operation(fcntl, command=F_SETFL, touches=NOTHING)
def fcntl_setfl(fd: Fd, command: FcntlCommand, arg: StatusFlags = 0) -> Zero: ...
@operation(fcntl, command=F_GETLK, touches=NOTHING)
def fcntl_getlk(fd: Lockable, command: FcntlCommand, arg: InOut[Flock] = 0) -> Zero: ...
@operation(fcntl, command=(*(F_SETLK,) * 12, F_SETLKW))
def fcntl_setlk(fd: Lockable, command: FcntlCommand, arg: In[Flock] = 0) -> Zero: ...
@operation(fcntl, command=F_OFD_GETLK, touches=NOTHING)
def fcntl_getlk_ofd(fd: Lockable, command: FcntlCommand, arg: InOut[Flock] = 0) -> Zero: ...
@operation(fcntl, command=(*(F_OFD_SETLK,) * 12, F_OFD_SETLKW))
def fcntl_setlk_ofd(fd: Lockable, command: FcntlCommand, arg: In[Flock] = 0) -> Zero: ...
@operation(fcntl, command=F_SETOWN)
def fcntl_setown(fd: Fd, command: FcntlCommand, arg: Pid = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWN, touches=NOTHING)
def fcntl_getown(fd: Fd, command: FcntlCommand, arg: None_ = 0) -> SomePid: ...
@operation(fcntl, command=F_SETOWN_EX)
def fcntl_setown_ex(fd: Fd, command: FcntlCommand, arg: In[FOwnerEx] = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWN_EX, touches=NOTHING)
def fcntl_getown_ex(fd: Fd, command: FcntlCommand, arg: Out[FOwnerEx] = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWNER_UIDS, touches=NOTHING)
def fcntl_getowner_uids(fd: Fd, command: FcntlCommand, arg: LongOut = 0) -> Zero: ...
@operation(fcntl, command=F_SETSIG)
def fcntl_setsig(fd: Fd, command: FcntlCommand, arg: Signal = 0) -> Zero: ...
@operation(fcntl, command=F_GETSIG, touches=NOTHING)
def fcntl_getsig(fd: Fd, command: FcntlCommand, arg: None_ = 0) -> Signal: ...
@operation(fcntl, command=F_SETLEASE)
def fcntl_setlease(fd: FileOnly, command: FcntlCommand, arg: Lease = 0) -> Zero: ...
@operation(fcntl, command=F_GETLEASE, touches=NOTHING)
def fcntl_getlease(fd: FileOnly, command: FcntlCommand, arg: None_ = 0) -> LockType: ...
@operation(fcntl, command=F_NOTIFY)
def fcntl_notify(fd: DirFd, command: FcntlCommand, arg: Notice = 0) -> Zero: ...
@operation(fcntl, command=F_DUPFD_QUERY, touches=NOTHING)
def fcntl_dupfd_query(fd: Fd, command: FcntlCommand, arg: Fd = 0) -> Int: ...
@operation(fcntl, command=F_CREATED_QUERY, touches=NOTHING)
def fcntl_created_query(fd: Fd, command: FcntlCommand, arg: None_ = 0) -> Int: ...
@operation(fcntl, command=F_SETPIPE_SZ, touches=NOTHING)
def fcntl_setpipe_sz(fd: PipeFd, command: FcntlCommand, arg: PipeSize = 0) -> Count: ...
@operation(fcntl, command=F_GETPIPE_SZ, touches=NOTHING)
def fcntl_getpipe_sz(fd: PipeFd, command: FcntlCommand, arg: None_ = 0) -> Count: ...
@operation(fcntl, command=F_ADD_SEALS, touches=NOTHING)
def fcntl_add_seals(fd: MemoryFd, command: FcntlCommand, arg: Seals = 0) -> Zero: ...
@operation(fcntl, command=F_GET_SEALS, touches=NOTHING)
def fcntl_get_seals(fd: MemoryFd, command: FcntlCommand, arg: None_ = 0) -> Seals: ...
@operation(fcntl, command=(F_GET_RW_HINT, F_GET_FILE_RW_HINT), touches=NOTHING)
def fcntl_get_rw_hint(fd: File, command: FcntlCommand, arg: LongOut = 0) -> Zero: ...
@operation(fcntl, command=(F_SET_RW_HINT, F_SET_FILE_RW_HINT), touches=HIDDEN)
def fcntl_set_rw_hint(fd: File, command: FcntlCommand, arg: RwHint = 0) -> Zero: ...
@syscall(x86_64=16, aarch64=29, touches=PROCESS)
def ioctl(fd: Fd, request: IoctlRequest, arg: Any_ = 0) -> Int: ...
@operation(ioctl, request=(FIONBIO, FIONBIO, FIOASYNC), touches=NOTHING)
def ioctl_mode(fd: Fd, request: IoctlRequest, arg: IntIn = 0) -> Zero: ...
@operation(ioctl, request=(FIOCLEX, FIONCLEX), touches=NOTHING)
def ioctl_cloexec(fd: Fd, request: IoctlRequest, arg: None_ = 0) -> Zero: ...
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
def ioctl_getversion(fd: File, request: IoctlRequest, arg: MaskedLong = 0) -> Zero: ...
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
@syscall(x86_64=73, aarch64=32, touches=NOTHING)
def flock(fd: Lockable, operation: LockOperation) -> Zero: ...
@syscall(x86_64=293, aarch64=59, since="2.6.27", touches=NOTHING)
def pipe2(fds: Pipe, flags: PipeFlags) -> Zero: ...
@syscall(x86_64=22, touches=NOTHING)
def pipe(fds: BlockingPipe) -> Zero: ...
@syscall(x86_64=4, touches=FILES)
def stat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=6, touches=FILES)
def lstat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=5, aarch64=80, touches=FILES, shows="fd")
def fstat(fd: Fd, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=262, aarch64=79, since="2.6.16", touches=FILES)
def newfstatat(dirfd: Dir, path: Path, buf: Out[Stat], flags: StatFlags) -> Zero: ...
@operation(newfstatat, flags=(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
def newfstatat_fd(dirfd: Fd, path: EmptyPath, buf: Out[Stat], flags: StatFlags) -> Zero: ...
@syscall(x86_64=332, aarch64=291, since="4.11", touches=FILES)
def statx(dirfd: Dir, path: Path, flags: StatFlags, mask: StatxMask, buf: Out[Statx]) -> Zero: ...
@operation(statx, flags=(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_STATX_DONT_SYNC))
def statx_fd(dirfd: Fd, path: EmptyPath, flags: StatFlags, mask: StatxMask, buf: Out[Statx]) -> Zero: ...
@operation(statx, mask=(STATX_MNT_ID_UNIQUE, STATX_MNT_ID_UNIQUE | STATX_BASIC_STATS))
def statx_mount(dirfd: Dir, path: DirPath, flags: StatFlags, mask: StatxMask, buf: MountStatx) -> Zero: ...
@syscall(x86_64=137, aarch64=43, touches=FILES)
def statfs(path: Path, buf: Out[Statfs]) -> Zero: ...
@syscall(x86_64=138, aarch64=44, touches=FILES)
def fstatfs(fd: Fd, buf: Out[Statfs]) -> Zero: ...
@syscall(x86_64=136, touches=FILES)
def ustat(dev: KnownDevice, buf: Out[Ustat]) -> Zero: ...
@syscall(x86_64=21, touches=FILES)
def access(path: Path, mode: AccessMode) -> Zero: ...
@syscall(x86_64=269, aarch64=48, since="2.6.16", touches=FILES)
def faccessat(dirfd: Dir, path: Path, mode: AccessMode) -> Zero: ...
@syscall(number=439, since="5.8", touches=FILES)
def faccessat2(dirfd: Dir, path: Path, mode: AccessMode, flags: AccessFlags) -> Zero: ...
@syscall(x86_64=90, touches=FILES)
def chmod(path: Path, mode: Mode) -> Zero: ...
@syscall(x86_64=91, aarch64=52, touches=FILES)
def fchmod(fd: File, mode: Mode) -> Zero: ...
@syscall(x86_64=268, aarch64=53, since="2.6.16", touches=FILES)
def fchmodat(dirfd: Dir, path: Path, mode: Mode) -> Zero: ...
@syscall(number=452, since="6.6", touches=FILES)
def fchmodat2(dirfd: Dir, path: Path, mode: Mode, flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=92, touches=FILES)
def chown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=94, touches=FILES)
def lchown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=93, aarch64=55, touches=FILES)
def fchown(fd: File, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=260, aarch64=54, since="2.6.16", touches=FILES)
def fchownat(dirfd: Dir, path: Path, uid: Uid, gid: Uid, flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=95, aarch64=166, touches=NOTHING)
def umask(mask: Mode) -> Mode: ...
@syscall(x86_64=76, aarch64=45, touches=FILES)
def truncate(path: Path, length: FileSize) -> Zero: ...
@syscall(x86_64=77, aarch64=46, touches=NOTHING)
def ftruncate(fd: File, length: FileSize) -> Zero: ...
@syscall(x86_64=285, aarch64=47, since="2.6.23", touches=FILES)
def fallocate(fd: File, mode: FallocMode, offset: Offset, length: FileSize) -> Zero: ...
@syscall(x86_64=221, aarch64=223, touches=FILES)
def fadvise64(fd: File, offset: Offset, length: Offset, advice: FileAdvice) -> Zero: ...
@syscall(x86_64=187, aarch64=213, touches=FILES)
def readahead(fd: File, offset: Offset, count: Amount) -> Zero: ...
@syscall(number=451, since="6.5", touches=FILES)
def cachestat(fd: File, range: In[CachestatRange], stat: Out[Cachestat], flags: None_) -> Zero: ...
@syscall(x86_64=74, aarch64=82, touches=NOTHING)
def fsync(fd: File) -> Zero: ...
@syscall(x86_64=75, aarch64=83, touches=NOTHING)
def fdatasync(fd: File) -> Zero: ...
@syscall(x86_64=162, aarch64=81, never="waits for every disk of the machine")
def sync() -> Zero: ...
@syscall(x86_64=306, aarch64=267, since="2.6.39", never="waits for every disk of the machine")
def syncfs(fd: Fd) -> Zero: ...
@syscall(x86_64=277, aarch64=84, since="2.6.17", touches=FILES)
def sync_file_range(fd: File, offset: Offset, length: Offset, flags: SyncRange) -> Zero: ...
@syscall(x86_64=83, touches=FILES)
def mkdir(path: NewDirPath, mode: Mode) -> Zero: ...
@syscall(x86_64=258, aarch64=34, since="2.6.16", touches=FILES)
def mkdirat(dirfd: Dir, path: NewDirPath, mode: Mode) -> Zero: ...
@syscall(x86_64=84, touches=FILES)
def rmdir(path: RemovedDirPath) -> Zero: ...
@syscall(x86_64=133, touches=FILES)
def mknod(path: NewPath, mode: Node, dev: Device) -> Zero: ...
@syscall(x86_64=259, aarch64=33, since="2.6.16", touches=FILES)
def mknodat(dirfd: Dir, path: NewPath, mode: Node, dev: Device) -> Zero: ...
@syscall(x86_64=87, touches=FILES)
def unlink(path: Path) -> Zero: ...
@syscall(x86_64=263, aarch64=35, since="2.6.16", touches=FILES)
def unlinkat(dirfd: Dir, path: Path, flags: RemoveFlags) -> Zero: ...
@operation(unlinkat, flags=AT_REMOVEDIR)
def unlinkat_dir(dirfd: Dir, path: RemovedDirPath, flags: RemoveFlags) -> Zero: ...
@syscall(x86_64=86, touches=FILES)
def link(old: Path, new: NewPath) -> Zero: ...
@syscall(x86_64=265, aarch64=37, since="2.6.16", touches=FILES)
def linkat(olddir: Dir, old: Path, newdir: Dir, new: NewPath, flags: LinkFlags) -> Zero: ...
@operation(linkat, flags=AT_EMPTY_PATH)
def linkat_fd(olddir: FileOnly, old: EmptyPath, newdir: Dir, new: NewPath, flags: LinkFlags) -> Zero: ...
@syscall(x86_64=88, touches=FILES)
def symlink(target: TargetPath, link: NewPath) -> Zero: ...
@syscall(x86_64=266, aarch64=36, since="2.6.16", touches=FILES)
def symlinkat(target: TargetPath, dirfd: Dir, link: NewPath) -> Zero: ...
@syscall(x86_64=89, touches=FILES | NAMES)
def readlink(path: LinkPath, buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=267, aarch64=78, since="2.6.16", touches=FILES | NAMES)
def readlinkat(dirfd: Dir, path: LinkPath, buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=82, touches=FILES)
def rename(old: Path, new: NewPath) -> Zero: ...
@syscall(x86_64=264, aarch64=38, since="2.6.16", touches=FILES)
def renameat(olddir: Dir, old: Path, newdir: Dir, new: NewPath) -> Zero: ...
@syscall(x86_64=316, aarch64=276, since="3.15", touches=FILES)
def renameat2(olddir: Dir, old: Path, newdir: Dir, new: NewPath, flags: RenameFlags) -> Zero: ...
@operation(renameat2, flags=(RENAME_EXCHANGE, RENAME_EXCHANGE, RENAME_WHITEOUT, RENAME_EXCHANGE | RENAME_NOREPLACE))
def renameat2_swap(olddir: Dir, old: Path, newdir: Dir, new: Path, flags: RenameFlags) -> Zero: ...
@syscall(x86_64=217, aarch64=61, touches=NAMES)
def getdents64(fd: DirFd, buf: Entries, count: Size) -> Count: ...
@syscall(x86_64=78, touches=NAMES)
def getdents(fd: DirFd, buf: OldEntries, count: Size) -> Count: ...
@syscall(x86_64=79, aarch64=17, touches=NAMES)
def getcwd(buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=80, aarch64=49, touches=FILES | PLACE)
def chdir(path: DirPath) -> Zero: ...
@syscall(x86_64=81, aarch64=50, touches=FILES | PLACE)
def fchdir(fd: DirFd) -> Zero: ...
@syscall(x86_64=161, aarch64=51, touches=MOUNTS)
def chroot(path: DirPath) -> Zero: ...
@syscall(number=472, since="7.3", touches=PROCESS)
def fchroot(fd: DirFd, flags: None_) -> Zero: ...
@syscall(x86_64=132, touches=FILES)
def utime(path: Path, times: Utimbuf) -> Zero: ...
@syscall(x86_64=235, touches=FILES)
def utimes(path: Path, times: Timevals) -> Zero: ...
@syscall(x86_64=261, since="2.6.16", touches=FILES)
def futimesat(dirfd: Dir, path: Path, times: Timevals) -> Zero: ...
@syscall(x86_64=280, aarch64=88, since="2.6.22", touches=FILES)
def utimensat(dirfd: Dir, path: Path, times: Times, flags: NoFollowFlags) -> Zero: ...
@operation(utimensat, path=0)
def utimensat_fd(dirfd: Fd, path: None_, times: Times, flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=188, aarch64=5, touches=FILES | LABELS)
def setxattr(path: Path, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(x86_64=189, aarch64=6, touches=FILES | LABELS)
def lsetxattr(path: Path, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(x86_64=190, aarch64=7, touches=FILES | LABELS)
def fsetxattr(fd: File, name: XattrName, value: InBytes, size: Size, flags: XattrFlags) -> IsSet: ...
@syscall(number=463, since="6.13", touches=FILES | LABELS)
def setxattrat(dirfd: Dir, path: Path, at_flags: NoFollowFlags, name: XattrName, args: In[XattrArgs], size: Size) -> IsSet: ...
@syscall(x86_64=191, aarch64=8, touches=FILES)
def getxattr(path: Path, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(x86_64=192, aarch64=9, touches=FILES)
def lgetxattr(path: Path, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(x86_64=193, aarch64=10, touches=FILES)
def fgetxattr(fd: File, name: XattrName, value: OutBytes, size: ValueSize) -> Count: ...
@syscall(number=464, since="6.13", touches=FILES)
def getxattrat(dirfd: Dir, path: Path, at_flags: AfterSet, name: XattrName, args: In[XattrRoom], size: Size) -> Count: ...
@syscall(x86_64=194, aarch64=11, touches=FILES)
def listxattr(path: Path, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=195, aarch64=12, touches=FILES)
def llistxattr(path: Path, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=196, aarch64=13, touches=FILES)
def flistxattr(fd: File, names: XattrList, size: Size) -> Count: ...
@syscall(number=465, since="6.13", touches=FILES)
def listxattrat(dirfd: Dir, path: Path, at_flags: NoFollowFlags, names: XattrList, size: Size) -> Count: ...
@syscall(x86_64=197, aarch64=14, touches=FILES | LABELS)
def removexattr(path: Path, name: XattrName) -> Zero: ...
@syscall(x86_64=198, aarch64=15, touches=FILES | LABELS)
def lremovexattr(path: Path, name: XattrName) -> Zero: ...
@syscall(x86_64=199, aarch64=16, touches=FILES | LABELS)
def fremovexattr(fd: File, name: XattrName) -> Zero: ...
@syscall(number=466, since="6.13", touches=FILES | LABELS)
def removexattrat(dirfd: Dir, path: Path, at_flags: AfterSet, name: XattrName) -> Zero: ...
@syscall(number=468, since="6.17", touches=FILES)
def file_getattr(dirfd: Dir, path: Path, attr: Out[FileAttr], size: Size, at_flags: NoFollowFlags) -> Zero: ...
@syscall(number=469, since="6.17", touches=FILES | LABELS)
def file_setattr(dirfd: Dir, path: Path, attr: In[FileAttr], size: Size, at_flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=40, aarch64=71, touches=NOTHING)
def sendfile(out: SpliceOut, source: SpliceIn, offset: OffsetPointer, count: Amount) -> Count: ...
@syscall(x86_64=275, aarch64=76, since="2.6.17", touches=NOTHING)
def splice(source: SpliceIn, off_in: OffsetPointer, out: SpliceOut, off_out: OffsetPointer, length: Amount, flags: SpliceFlags) -> Count: ...
@syscall(x86_64=276, aarch64=77, since="2.6.17", touches=NOTHING)
def tee(source: PipeOut, out: OtherPipe, length: Amount, flags: SpliceFlags) -> Count: ...
@syscall(x86_64=278, aarch64=75, since="2.6.17", touches=NOTHING)
def vmsplice(fd: PipeIn, iov: WriteVectors, count: IovecCount, flags: SpliceFlags) -> Count: ...
@syscall(x86_64=326, aarch64=285, since="4.5", touches=FILES)
def copy_file_range(source: File, off_in: OffsetPointer, out: File, off_out: OffsetPointer, length: Amount, flags: None_) -> Count: ...
@syscall(x86_64=303, aarch64=264, since="2.6.39", touches=FILES)
def name_to_handle_at(dirfd: Dir, path: Path, handle: Handle, mount_id: OutRandom, flags: HandleFlags) -> Zero: ...
@syscall(x86_64=304, aarch64=265, since="2.6.39", touches=PROCESS)
def open_by_handle_at(mount_fd: MountFd, handle: KnownHandle, flags: OpenFlags) -> FileOnly: ...
@syscall(x86_64=319, aarch64=279, since="3.17", touches=NOTHING)
def memfd_create(name: MemoryName, flags: MemfdFlags) -> MemoryFd: ...
@syscall(x86_64=179, aarch64=60, never="belongs to the whole machine")
def quotactl(command: Bits, special: Path, id: Int, addr: Any_) -> Zero: ...
@syscall(number=443, since="5.14", never="belongs to the whole machine")
def quotactl_fd(fd: Fd, command: Bits, id: Id, addr: Any_) -> Zero: ...
