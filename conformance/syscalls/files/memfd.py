"""memfd_create(2), F_ADD_SEALS of fcntl(2): files that are memory alone, and what is no longer allowed with them."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.descriptors import F_ADD_SEALS, F_GET_SEALS, FcntlCommand, fcntl
from conformance.syscalls.machinery.aliases import AlwaysZero, Path, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, rarely
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16

MFD_HUGE_64KB, MFD_HUGE_512KB, MFD_HUGE_1MB, MFD_HUGE_2MB = 0x40000000, 0x4C000000, 0x50000000, 0x54000000
MFD_HUGE_8MB, MFD_HUGE_16MB, MFD_HUGE_32MB, MFD_HUGE_256MB = 0x5C000000, 0x60000000, 0x64000000, 0x70000000
MFD_HUGE_512MB, MFD_HUGE_1GB, MFD_HUGE_2GB, MFD_HUGE_16GB = 0x74000000, 0x78000000, 0x7C000000, 0x88000000
F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, F_SEAL_EXEC = 1, 2, 4, 8, 16, 32

MemoryFd = Annotated[int, FileDescriptor("mem")]
MemoryName = Annotated[Path, Choices(b"memory", rarely(b"", b"a/b", b"n" * 249, b"n" * 250, 0, UNMAPPED, READ_ONLY))]
MemfdFlags = Annotated[
    int,
    Flags(named(globals(), "MFD_")),
    Choices(
        *(MFD_ALLOW_SEALING, MFD_ALLOW_SEALING | MFD_CLOEXEC),
        *(MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL, MFD_ALLOW_SEALING | MFD_EXEC),
        ...,
    ),
]
Seals = Annotated[
    int,
    Flags(named(globals(), "F_SEAL_")),
    Choices(F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, F_SEAL_FUTURE_WRITE, ...),
]


@syscall(x86_64=319, aarch64=279, since="3.17", touches=NOTHING)
def memfd_create(name: MemoryName, flags: MemfdFlags) -> MemoryFd: ...
@operation(fcntl, command=F_ADD_SEALS, touches=NOTHING)
def fcntl_add_seals(fd: MemoryFd, command: FcntlCommand, arg: Seals = 0) -> Zero: ...
@operation(fcntl, command=F_GET_SEALS, touches=NOTHING)
def fcntl_get_seals(fd: MemoryFd, command: FcntlCommand, arg: AlwaysZero = 0) -> Seals: ...
