"""statfs(2), ustat(2), sysfs(2), sync(2), quotactl(2): whole file systems, and the types of them."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Anything,
    Fd,
    InBytes,
    Int,
    Out,
    OutBuffer,
    OutInt,
    Path,
    Some64,
    Varying,
    Varying32,
    Varying64,
    Zero,
)
from conformance.syscalls.machinery.buffers import I64, U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import FILES, NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NOSYMFOLLOW = 1, 2, 4, 8, 1024, 0x2000
"""What `f_flags` says of a mount."""

Q_SYNC, Q_QUOTAON, Q_QUOTAOFF, Q_GETFMT, Q_GETINFO = 0x800001, 0x800002, 0x800003, 0x800004, 0x800005
Q_SETINFO, Q_GETQUOTA, Q_SETQUOTA, Q_GETNEXTQUOTA = 0x800006, 0x800007, 0x800008, 0x800009
Q_XQUOTAON, Q_XQUOTAOFF, Q_XGETQUOTA, Q_XSETQLIM, Q_XGETQSTAT = 0x5801, 0x5802, 0x5803, 0x5804, 0x5805
Q_XQUOTARM, Q_XQUOTASYNC, Q_XGETQSTATV, Q_XGETNEXTQUOTA = 0x5806, 0x5807, 0x5808, 0x5809
QUOTA_COMMANDS = named(globals(), "Q_")
USRQUOTA, GRPQUOTA, PRJQUOTA = 0, 1, 2

KnownDevice = Annotated[int, Choices(Use("dev"), seldom(0, 0x501, -1))]

TypeName = Annotated[InBytes, Choices(b"tmpfs", seldom(b"proc", b"absent", b"", UNMAPPED))]
TypeIndex = Annotated[int, Choices(0, 1, 2, 1000, -1)]
OutTypeName = Annotated[
    OutBuffer,
    Masked(),
    Choices(often(room(64)), rarely(*BAD_POINTERS)),
]


class Statfs(Struct):
    """`struct statfs` of x86-64."""

    f_type: I64
    f_bsize: I64
    f_blocks: Some64
    f_bfree: Some64
    f_bavail: Some64
    f_files: Some64
    f_ffree: Some64
    f_fsid: Varying64
    f_namelen: I64
    f_frsize: I64
    f_flags: I64
    spare0: I64
    spare1: I64
    spare2: I64
    spare3: I64


class Ustat(Struct):
    """What ustat(2) fills; its two names, at the end, it never does. No header has it any more."""

    tfree: Varying32
    pad0: U32
    tinode: Varying64
    unused0: U64
    unused1: U64


_COMMANDS = {
    f"{name}|{whose}": value << 8 | number
    for name, value in QUOTA_COMMANDS.items()
    for whose, number in (("USRQUOTA", USRQUOTA), ("GRPQUOTA", GRPQUOTA), ("PRJQUOTA", PRJQUOTA))
}
QuotaCommand = Annotated[
    int,
    Flags(_COMMANDS, bits=False),
    Choices(Q_GETQUOTA << 8, *(each << 8 for each in QUOTA_COMMANDS.values()), 0, -1),
]
"""What to do with whose quota: there is none on a program's file system."""
NoDevice = Annotated[Path, Choices(b"absent", b"f0", b"d0", b"", UNMAPPED)]
QuotaId = Annotated[int, Choices(0, 1000, -1)]


@syscall(x86_64=137, aarch64=43, touches=FILES)
def statfs(path: Path, buf: Out[Statfs]) -> Zero: ...
@syscall(x86_64=138, aarch64=44, touches=NOTHING)
def fstatfs(fd: Fd, buf: Out[Statfs]) -> Zero: ...
@syscall(x86_64=136, touches=NOTHING)
def ustat(dev: KnownDevice, buf: Out[Ustat]) -> Zero: ...
@syscall(x86_64=139, touches=NOTHING)
def sysfs(option: Int, name: InBytes, buf: OutInt) -> Int: ...
@operation(sysfs, option=1)
def sysfs_index(option: Int, name: TypeName, buf: AlwaysZero) -> Varying: ...
@operation(sysfs, option=2)
def sysfs_name(option: Int, name: TypeIndex, buf: OutTypeName) -> Zero: ...
@operation(sysfs, option=3)
def sysfs_count(option: Int, name: AlwaysZero, buf: AlwaysZero) -> Varying: ...
@syscall(x86_64=162, aarch64=81, never="waits for every disk of the machine")
def sync() -> Zero: ...
@syscall(x86_64=306, aarch64=267, since="2.6.39", touches=NOTHING)
def syncfs(fd: File) -> Zero: ...
@syscall(x86_64=179, aarch64=60, touches=FILES)
def quotactl(command: QuotaCommand, special: NoDevice, id: QuotaId, addr: Anything) -> Zero: ...
@syscall(number=443, since="5.14", touches=NOTHING)
def quotactl_fd(fd: File, command: QuotaCommand, id: QuotaId, addr: Anything) -> Zero: ...
