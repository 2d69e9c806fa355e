"""statfs(2), ustat(2), sysfs(2), sync(2), quotactl(2): whole file systems, and the types of them."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Anything,
    Bits,
    Fd,
    Id,
    InBytes,
    Int,
    Out,
    OutBuffer,
    OutInt,
    Path,
    Varying,
    Varying32,
    Varying64,
    Zero,
)
from conformance.syscalls.machinery.buffers import I64, U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Masked
from conformance.syscalls.machinery.touches import FILES, NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

ST_RDONLY, ST_NOSUID, ST_NODEV, ST_NOEXEC, ST_NOATIME, ST_NOSYMFOLLOW = 1, 2, 4, 8, 1024, 0x2000
"""What `f_flags` says of a mount."""

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


class Ustat(Struct):
    """What ustat(2) fills; its two names, at the end, it never does. No header has it any more."""

    tfree: Varying32
    pad0: U32
    tinode: Varying64
    unused0: U64
    unused1: U64


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
@syscall(x86_64=306, aarch64=267, since="2.6.39", never="waits for every disk of the machine")
def syncfs(fd: Fd) -> Zero: ...
@syscall(x86_64=179, aarch64=60, never="belongs to the whole machine")
def quotactl(command: Bits, special: Path, id: Int, addr: Anything) -> Zero: ...
@syscall(number=443, since="5.14", never="belongs to the whole machine")
def quotactl_fd(fd: Fd, command: Bits, id: Id, addr: Anything) -> Zero: ...
