"""What threads tell the kernel of themselves, set_tid_address(2), rseq(2), arch_prctl(2), and membarrier(2)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import (
    Address,
    Anything,
    Bits,
    Int,
    Out,
    Size,
    SomePid,
    Unused,
    Zero,
)
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import NOTHING, PROCESS

ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS = 0x1001, 0x1002, 0x1003, 0x1004
ARCH_GET_CPUID, ARCH_SET_CPUID = 0x1011, 0x1012
ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM, ARCH_REQ_XCOMP_PERM = 0x1021, 0x1022, 0x1023
ARCH_GET_XCOMP_GUEST_PERM, ARCH_REQ_XCOMP_GUEST_PERM, ARCH_MAP_VDSO_X32 = 0x1024, 0x1025, 0x2001
ARCH_MAP_VDSO_32, ARCH_MAP_VDSO_64, ARCH_GET_UNTAG_MASK, ARCH_ENABLE_TAGGED_ADDR = 0x2002, 0x2003, 0x4001, 0x4002
ARCH_GET_MAX_TAG_BITS, ARCH_FORCE_TAGGED_SVA, ARCH_SHSTK_ENABLE, ARCH_SHSTK_DISABLE = 0x4003, 0x4004, 0x5001, 0x5002
ARCH_SHSTK_LOCK, ARCH_SHSTK_UNLOCK, ARCH_SHSTK_STATUS = 0x5003, 0x5004, 0x5005

MEMBARRIER_CMD_QUERY, MEMBARRIER_CMD_GLOBAL = 0, 1
MEMBARRIER_CMD_GLOBAL_EXPEDITED, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED = 2, 4
MEMBARRIER_CMD_PRIVATE_EXPEDITED, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED = 8, 16
MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 32, 64
MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ = 128, 256
MEMBARRIER_CMD_GET_REGISTRATIONS = 512

MEMBARRIER_CMD_FLAG_CPU = 1

MembarrierCommand = Annotated[
    int,
    Flags(
        {name: value for name, value in named(globals(), "MEMBARRIER_CMD_").items() if "FLAG" not in name}, bits=False
    ),
    Choices(
        *(MEMBARRIER_CMD_GLOBAL, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, MEMBARRIER_CMD_PRIVATE_EXPEDITED),
        *(MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, MEMBARRIER_CMD_GLOBAL_EXPEDITED),
        *(MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE),
        *(MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ),
        *(MEMBARRIER_CMD_GET_REGISTRATIONS, 3, -1),
    ),
]
MembarrierCommands = Annotated[
    int, Flags({name: value for name, value in named(globals(), "MEMBARRIER_CMD_").items() if "FLAG" not in name})
]
"""Those that a kernel knows."""
MembarrierFlags = Annotated[int, Flags({"MEMBARRIER_CMD_FLAG_CPU": MEMBARRIER_CMD_FLAG_CPU}), Choices(0, seldom(1, 2))]
QueryFlags = Annotated[int, Choices(0, seldom(1))]

RSEQ_FLAG_UNREGISTER, RSEQ_FLAG_SLICE_EXT_DEFAULT_ON = 1, 2
RseqFlags = Annotated[int, Flags(named(globals(), "RSEQ_FLAG_"))]
ArchCode = Annotated[int, Flags(named(globals(), "ARCH_"), bits=False)]
OutHidden = Annotated[Out[Struct], Masked(), Choices(often(room(8)), rarely(*BAD_POINTERS))]

_TAKES_AWAY = "takes the executor's registers or stack away"


@syscall(x86_64=218, aarch64=96, never=_TAKES_AWAY)
def set_tid_address(address: Address) -> SomePid: ...
@syscall(x86_64=334, aarch64=293, since="4.18", never=_TAKES_AWAY)
def rseq(area: Address, length: Size, flags: RseqFlags, signature: Bits) -> Zero: ...
@operation(rseq, length=(0, 16, 31), touches=PROCESS, refused="less than the first version of the struct had")
def rseq_refused(area: Address, length: Int, flags: RseqFlags, signature: Bits) -> Zero: ...
@syscall(x86_64=158, never=_TAKES_AWAY)
def arch_prctl(code: ArchCode, address: Anything) -> Int: ...
@operation(
    arch_prctl,
    code=(
        *(ARCH_GET_FS, ARCH_GET_GS, ARCH_GET_XCOMP_SUPP, ARCH_GET_XCOMP_PERM, ARCH_GET_XCOMP_GUEST_PERM),
        *(ARCH_SHSTK_STATUS, ARCH_GET_UNTAG_MASK, ARCH_GET_MAX_TAG_BITS),
    ),
    touches=NOTHING,
    refused="nothing: it is only asked",
)
def arch_prctl_get(code: ArchCode, address: OutHidden) -> Zero: ...
@operation(arch_prctl, code=ARCH_GET_CPUID, touches=PROCESS, refused="nothing: it is only asked")
def arch_prctl_get_cpuid(code: ArchCode, address: Unused) -> Int: ...
@operation(
    arch_prctl,
    code=(0, 99, 0x1005, 0x1013, 0x1026, 0x4000, 0x5006, ARCH_REQ_XCOMP_PERM, -1),
    address=(0, 99, -1),
    touches=PROCESS,
    refused="codes that there are not, features of a processor that there are not",
)
def arch_prctl_refused(code: ArchCode, address: Int) -> Int: ...
@operation(
    arch_prctl,
    code=(ARCH_SET_FS, ARCH_SET_GS),
    address=(1 << 63, -1, 1 << 62),
    touches=PROCESS,
    refused="an address that no program has",
)
def arch_prctl_set(code: ArchCode, address: Address) -> Zero: ...
@syscall(x86_64=324, aarch64=283, since="4.3", touches=PROCESS)
def membarrier(command: MembarrierCommand, flags: MembarrierFlags, cpu: Unused) -> Int: ...
@operation(membarrier, command=MEMBARRIER_CMD_QUERY)
def membarrier_query(command: Int, flags: QueryFlags, cpu: Unused) -> MembarrierCommands: ...
