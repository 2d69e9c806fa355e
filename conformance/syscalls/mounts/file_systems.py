"""sysfs(2): which types of file systems there are."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, UNMAPPED, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import (
    AlwaysZero,
    InBytes,
    Int,
    Masked,
    OutBuffer,
    OutInt,
    Varying,
    Zero,
)
from conformance.syscalls.machinery.touches import NOTHING

TypeName = Annotated[InBytes, Choices(b"tmpfs", seldom(b"proc", b"absent", b"", UNMAPPED))]
TypeIndex = Annotated[int, Choices(0, 1, 2, 1000, -1)]
OutTypeName = Annotated[
    OutBuffer,
    Masked(),
    Choices(often(room(64)), rarely(*BAD_POINTERS)),
]


@syscall(x86_64=139, touches=NOTHING)
def sysfs(option: Int, name: InBytes, buf: OutInt) -> Int: ...
@operation(sysfs, option=1)
def sysfs_index(option: Int, name: TypeName, buf: AlwaysZero) -> Varying: ...
@operation(sysfs, option=2)
def sysfs_name(option: Int, name: TypeIndex, buf: OutTypeName) -> Zero: ...
@operation(sysfs, option=3)
def sysfs_count(option: Int, name: AlwaysZero, buf: AlwaysZero) -> Varying: ...
