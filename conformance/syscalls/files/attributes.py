"""chmod(2), chown(2), utimensat(2), file_getattr(2): changing what is known of a file."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import XFLAGS
from conformance.syscalls.files.opening import File
from conformance.syscalls.files.paths import NoFollowFlags
from conformance.syscalls.machinery.aliases import AlwaysZero, Dir, Fd, In, InBytes, Mode, Out, Path, Size, Uid, Zero
from conformance.syscalls.machinery.buffers import U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Blob, Choices, seldom
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.touches import FILES, LABELS, NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

UTIME_NOW, UTIME_OMIT = 0x3FFFFFFF, 0x3FFFFFFE


def _longs(*numbers: int) -> Blob:
    """64-bit numbers in a row."""
    return Blob(b"".join(each.to_bytes(8, "little", signed=True) for each in numbers))


Times = Annotated[
    InBytes,
    Choices(
        _longs(1, 2, 3, 4),
        seldom(_longs(1000, 0, 0, UTIME_OMIT), _longs(0, UTIME_NOW, 0, UTIME_NOW), _longs(0, UTIME_OMIT, 5, 0)),
        seldom(_longs(0, UTIME_NOW, 7, 0), _longs(0, UTIME_OMIT, 0, UTIME_OMIT), _longs(-1, 0, 1 << 40, 1)),
        seldom(_longs(0, 10**9, 0, 0), _longs(0, 0, 0, -1)),
        *(0, UNMAPPED),
    ),
]
"""Two `struct timespec`: when it was used, when it was changed. NULL is the present."""
Timevals = Annotated[
    InBytes,
    Choices(
        _longs(1, 2, 3, 4),
        seldom(_longs(1000, 0, 0, 999_999), _longs(0, 10**6, 0, 0), _longs(0, 0, 0, -1), _longs(-1, 0, 1 << 40, 1)),
        0,
        seldom(UNMAPPED),
    ),
]
"""Two `struct timeval`."""
Utimbuf = Annotated[
    InBytes, Choices(*(_longs(1, 2), _longs(1000, 3), _longs(0, -1), _longs(1 << 40, 1)), 0, seldom(UNMAPPED))
]
"""`struct utimbuf`: two times in seconds."""


class FileAttr(Struct):
    """`struct file_attr` (Linux 6.17)."""

    fa_xflags: Annotated[U64, Flags(XFLAGS), Choices(0, 8, 0x10, 0x40, 0x80, 0x20000, 1 << 40)]
    fa_extsize: Annotated[U32, Choices(0, 4096)]
    fa_nextents: Annotated[U32, Choices(0)]
    fa_projid: Annotated[U32, Choices(0, 1)]
    fa_cowextsize: Annotated[U32, Choices(0, 4096)]


@syscall(x86_64=90, touches=FILES)
def chmod(path: Path, mode: Mode) -> Zero: ...
@syscall(x86_64=91, aarch64=52, touches=NOTHING)
def fchmod(fd: File, mode: Mode) -> Zero: ...
@syscall(x86_64=268, aarch64=53, since="2.6.16", touches=FILES)
def fchmodat(dirfd: Dir, path: Path, mode: Mode) -> Zero: ...
@syscall(number=452, since="6.6", touches=FILES)
def fchmodat2(dirfd: Dir, path: Path, mode: Mode, flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=95, aarch64=166, touches=NOTHING)
def umask(mask: Mode) -> Mode: ...
@syscall(x86_64=92, touches=FILES)
def chown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=94, touches=FILES)
def lchown(path: Path, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=93, aarch64=55, touches=NOTHING)
def fchown(fd: File, uid: Uid, gid: Uid) -> Zero: ...
@syscall(x86_64=260, aarch64=54, since="2.6.16", touches=FILES)
def fchownat(dirfd: Dir, path: Path, uid: Uid, gid: Uid, flags: NoFollowFlags) -> Zero: ...
@syscall(x86_64=132, touches=FILES)
def utime(path: Path, times: Utimbuf) -> Zero: ...
@syscall(x86_64=235, touches=FILES)
def utimes(path: Path, times: Timevals) -> Zero: ...
@syscall(x86_64=261, since="2.6.16", touches=FILES)
def futimesat(dirfd: Dir, path: Path, times: Timevals) -> Zero: ...
@syscall(x86_64=280, aarch64=88, since="2.6.22", touches=FILES)
def utimensat(dirfd: Dir, path: Path, times: Times, flags: NoFollowFlags) -> Zero: ...
@operation(utimensat, path=0)
def utimensat_fd(dirfd: Fd, path: AlwaysZero, times: Times, flags: NoFollowFlags) -> Zero: ...
@syscall(number=468, since="6.17", touches=FILES)
def file_getattr(dirfd: Dir, path: Path, attr: Out[FileAttr], size: Size, at_flags: NoFollowFlags) -> Zero: ...
@syscall(number=469, since="6.17", touches=FILES | LABELS)
def file_setattr(dirfd: Dir, path: Path, attr: In[FileAttr], size: Size, at_flags: NoFollowFlags) -> Zero: ...
