"""What threads tell the kernel of themselves, set_tid_address(2), rseq(2), arch_prctl(2), and membarrier(2)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, Anything, Bits, Int, Size, SomePid, Unused, Varying, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import PROCESS

ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS = 0x1001, 0x1002, 0x1003, 0x1004
ARCH_GET_CPUID, ARCH_SET_CPUID = 0x1011, 0x1012

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
MembarrierFlags = Annotated[int, Flags({"MEMBARRIER_CMD_FLAG_CPU": MEMBARRIER_CMD_FLAG_CPU}), Choices(0, seldom(1, 2))]
QueryFlags = Annotated[int, Choices(0, seldom(1))]

_TAKES_AWAY = "takes the executor's registers or stack away"


@syscall(x86_64=218, aarch64=96, never=_TAKES_AWAY)
def set_tid_address(address: Address) -> SomePid: ...
@syscall(x86_64=334, aarch64=293, since="4.18", never=_TAKES_AWAY)
def rseq(area: Address, length: Size, flags: Bits, signature: Bits) -> Zero: ...
@syscall(x86_64=158, never=_TAKES_AWAY)
def arch_prctl(code: Bits, address: Anything) -> Int: ...
@syscall(x86_64=324, aarch64=283, since="4.3", touches=PROCESS)
def membarrier(command: MembarrierCommand, flags: MembarrierFlags, cpu: Unused) -> Int: ...
@operation(membarrier, command=MEMBARRIER_CMD_QUERY)
def membarrier_query(command: Int, flags: QueryFlags, cpu: Unused) -> Varying: ...
