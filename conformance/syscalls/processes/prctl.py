"""prctl(2): operations on a process or thread."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, Anything, In, Int, Out, OutRandom, Unused, Varying
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.identity import PidOrSelf
from conformance.syscalls.security.capabilities import CAPABILITIES, SECUREBITS
from conformance.syscalls.signals import SentSignal

PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 2, 3, 4
PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_GET_TIMING, PR_SET_TIMING, PR_SET_NAME, PR_GET_NAME = 7, 8, 13, 14, 15, 16
PR_GET_SECCOMP, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC = 21, 22, 23, 24, 25, 26
PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 27, 28, 29, 30
PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE, PR_MCE_KILL, PR_MCE_KILL_GET = 31, 32, 33, 34
PR_SET_MM, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 35, 36, 37
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS = 38, 39, 40
PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_CAP_AMBIENT = 41, 42, 47
PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL, PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER = 52, 53, 57, 58
PR_SET_SYSCALL_USER_DISPATCH, PR_SCHED_CORE, PR_SET_MDWE, PR_GET_MDWE = 59, 62, 65, 66
PR_SET_MEMORY_MERGE, PR_GET_MEMORY_MERGE, PR_GET_AUXV = 67, 68, 0x41555856
PR_SET_VMA, PR_SET_PTRACER = 0x53564D41, 0x59616D61
PR_GET_UNALIGN, PR_SET_UNALIGN, PR_GET_FPEMU, PR_SET_FPEMU, PR_GET_FPEXC, PR_SET_FPEXC, PR_GET_ENDIAN = (
    *(5, 6, 9, 10),
    *(11, 12, 19),
)
PR_SET_ENDIAN, PR_MPX_ENABLE_MANAGEMENT, PR_MPX_DISABLE_MANAGEMENT, PR_SET_FP_MODE, PR_GET_FP_MODE = 20, 43, 44, 45, 46
PR_SVE_SET_VL, PR_SVE_GET_VL, PR_PAC_RESET_KEYS, PR_SET_TAGGED_ADDR_CTRL, PR_GET_TAGGED_ADDR_CTRL = 50, 51, 54, 55, 56
PR_PAC_SET_ENABLED_KEYS, PR_PAC_GET_ENABLED_KEYS, PR_SME_SET_VL, PR_SME_GET_VL = 60, 61, 63, 0x40
PR_RISCV_V_SET_CONTROL, PR_RISCV_V_GET_CONTROL, PR_RISCV_SET_ICACHE_FLUSH_CTX, PR_PPC_GET_DEXCR = 69, 70, 71, 72
PR_PPC_SET_DEXCR, PR_GET_SHADOW_STACK_STATUS, PR_SET_SHADOW_STACK_STATUS, PR_LOCK_SHADOW_STACK_STATUS = 73, 74, 75, 76
PR_TIMER_CREATE_RESTORE_IDS, PR_FUTEX_HASH, PR_RSEQ_SLICE_EXTENSION, PR_GET_CFI, PR_SET_CFI = 77, 78, 79, 80, 81
_OPTIONS = named(globals(), "PR_")

PR_TSC_ENABLE = 1
PR_MCE_KILL_LATE, PR_MCE_KILL_EARLY, PR_MCE_KILL_DEFAULT = 0, 1, 2
PR_SET_MM_START_CODE, PR_SET_MM_BRK, PR_SET_MM_ARG_START, PR_SET_MM_EXE_FILE, PR_SET_MM_MAP_SIZE = 1, 7, 8, 13, 15
PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_CLEAR_ALL = 1, 2, 3, 4
PR_SET_VMA_ANON_NAME = 0
PR_SET_MM_END_CODE, PR_SET_MM_START_DATA, PR_SET_MM_END_DATA, PR_SET_MM_START_STACK = 2, 3, 4, 5
PR_SET_MM_START_BRK, PR_SET_MM_ARG_END, PR_SET_MM_ENV_START, PR_SET_MM_ENV_END, PR_SET_MM_AUXV = 6, 9, 10, 11, 12
PR_SET_MM_MAP = 14
PR_SCHED_CORE_GET, PR_SCHED_CORE_SCOPE_THREAD, PR_SCHED_CORE_CREATE, PR_SCHED_CORE_SCOPE_THREAD_GROUP = 0, 0, 1, 1
PR_SCHED_CORE_SCOPE_PROCESS_GROUP, PR_SCHED_CORE_SHARE_TO, PR_SCHED_CORE_SHARE_FROM = 2, 2, 3
PR_MCE_KILL_CLEAR, PR_SPEC_NOT_AFFECTED, PR_SYS_DISPATCH_OFF, PR_TIMER_CREATE_RESTORE_IDS_OFF = 0, 0, 0, 0
PR_FUTEX_HASH_SET_SLOTS, PR_MCE_KILL_SET, PR_MDWE_REFUSE_EXEC_GAIN, PR_RSEQ_SLICE_EXTENSION_GET = 1, 1, 1, 1
PR_SPEC_PRCTL, PR_SYS_DISPATCH_EXCLUSIVE_ON, PR_SYS_DISPATCH_ON, PR_TIMER_CREATE_RESTORE_IDS_ON = 1, 1, 1, 1
PR_FUTEX_HASH_GET_SLOTS, PR_MDWE_NO_INHERIT, PR_RSEQ_SLICE_EXTENSION_SET, PR_SPEC_ENABLE = 2, 2, 2, 2
PR_SYS_DISPATCH_INCLUSIVE_ON, PR_TIMER_CREATE_RESTORE_IDS_GET, PR_SPEC_DISABLE, PR_SPEC_FORCE_DISABLE = 2, 2, 4, 8
PR_SPEC_DISABLE_NOEXEC = 0x10
PR_SPEC_STORE_BYPASS, PR_SPEC_INDIRECT_BRANCH, PR_SPEC_L1D_FLUSH = 0, 1, 2
SYSCALL_DISPATCH_FILTER_ALLOW, SYSCALL_DISPATCH_FILTER_BLOCK = 0, 1

PrctlOption = Annotated[
    int,
    Flags(_OPTIONS, bits=False),
    Choices(0, 99, 5, 9, 19, 51, 61, PR_SET_SPECULATION_CTRL, PR_SET_SECCOMP, -1),
]
"""Those that are no operations below: of other architectures, or none."""
Setting = Annotated[int, Choices(1, 0, seldom(2, -1))]
OutSetting = Annotated[Out[Struct], Choices(often(room(4)), 0, KERNEL_ADDRESS)]
TimestampSetting = Annotated[int, Choices(PR_TSC_ENABLE, 0, 3)]
"""Not PR_TSC_SIGSEGV: whoever reads the time then, is ended."""
Slack = Annotated[int, Choices(1000, 0, 1, 1 << 40, -1)]
"""In nanoseconds; 0 is what it was in the beginning."""
Name = Annotated[
    In[Struct],
    Choices(
        *(b"renamed", b"a-very-long-name-of-a-thread", b"", Blob(b"x" * 16), Blob(b"edge\0", edge=True)),
        *(0, KERNEL_ADDRESS),
    ),
]
OutName = Annotated[Out[Struct], Choices(often(room(16)), room(16, edge=True), room(8, edge=True), KERNEL_ADDRESS)]
Capability = Annotated[
    int, Flags(CAPABILITIES, bits=False), Choices(7, 0, 1, 5, 6, 10, 12, 13, 16, 21, 22, 40, 63, 64, -1)
]
"""Capabilities that a generated program may have, and has not, and numbers that are none."""
AmbientOperation = Annotated[
    int,
    Flags(named(globals(), "PR_CAP_AMBIENT_"), bits=False),
    Choices(
        *(PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_CLEAR_ALL),
        *(5, 0),
    ),
]
Securebits = Annotated[int, Flags(SECUREBITS), Choices(0, 1, 2, 3, 4, 16, 5, 64, 0x55, 0xFF, 0x100, -1)]
OutAddress = Annotated[Out[Struct], Masked(), Choices(often(room(8)), rarely(*BAD_POINTERS))]
Misfeature = Annotated[
    int,
    Flags(named(globals(), "PR_SPEC_STORE", "PR_SPEC_INDIRECT", "PR_SPEC_L1D"), bits=False),
    Choices(0, 1, 2, 3, -1),
]
Speculation = Annotated[int, Masked()]
"""A matter of the processor."""
Control = Annotated[
    int,
    Flags({name: value for name, value in named(globals(), "PR_SPEC_").items() if value > 2} | {"PR_SPEC_ENABLE": 2}),
    Choices(PR_SPEC_ENABLE, PR_SPEC_DISABLE, PR_SPEC_FORCE_DISABLE, PR_SPEC_DISABLE_NOEXEC, 0, 1),
]
Killing = Annotated[
    int, Flags({"PR_MCE_KILL_CLEAR": 0, "PR_MCE_KILL_SET": 1}, bits=False), Choices(1, 0, seldom(2, -1))
]
KillPolicy = Annotated[
    int,
    Flags(named(globals(), "PR_MCE_KILL_LATE", "PR_MCE_KILL_EARLY", "PR_MCE_KILL_DEFAULT"), bits=False),
    Choices(PR_MCE_KILL_LATE, PR_MCE_KILL_EARLY, PR_MCE_KILL_DEFAULT, 3),
]
VmaLength = Annotated[int, Choices(PAGE, 0, 1, 3 * PAGE)]
_FIELDS = named(globals(), "PR_SET_MM_")
MemoryMapField = Annotated[int, Flags(_FIELDS, bits=False), Choices(*_FIELDS.values(), 99)]
VmaProperty = Annotated[int, Flags({"PR_SET_VMA_ANON_NAME": PR_SET_VMA_ANON_NAME}, bits=False), Choices(often(0), 1)]
MdweBits = Annotated[int, Flags(named(globals(), "PR_MDWE_")), Choices(PR_MDWE_REFUSE_EXEC_GAIN, 0, 3, ...)]
"""Without PR_MDWE_REFUSE_EXEC_GAIN the other one is refused."""
Dispatch = Annotated[int, Flags(named(globals(), "PR_SYS_DISPATCH_"), bits=False), Choices(PR_SYS_DISPATCH_OFF, 3, -1)]
"""Not the others: whoever makes a call then, is ended, and so is the executor."""
CoreOperation = Annotated[
    int, Flags(named(globals(), "PR_SCHED_CORE_G", "PR_SCHED_CORE_C", "PR_SCHED_CORE_SH"), bits=False)
]
CoreScope = Annotated[
    int, Flags(named(globals(), "PR_SCHED_CORE_SCOPE_"), bits=False), Choices(PR_SCHED_CORE_SCOPE_THREAD, 2, 1, 3, -1)
]
TimerIds = Annotated[int, Flags(named(globals(), "PR_TIMER_CREATE_RESTORE_IDS_"), bits=False)]
HashOperation = Annotated[int, Flags(named(globals(), "PR_FUTEX_HASH_"), bits=False)]
SliceOperation = Annotated[int, Flags(named(globals(), "PR_RSEQ_SLICE_EXTENSION_"), bits=False)]
Slots = Annotated[int, Choices(0, 16, 1, 3, -1)]
"""How many buckets a process has for futexes."""
OutAuxv = Annotated[OutRandom, Choices(often(room(512)), rarely(*BAD_POINTERS))]
AuxvSize = Annotated[int, Choices(512, 0, 8)]


@syscall(x86_64=157, aarch64=167, touches=PROCESS)
def prctl(
    option: PrctlOption, arg2: Anything = 0, arg3: Anything = 0, arg4: Anything = 0, arg5: Anything = 0
) -> Int: ...
@operation(
    prctl,
    option=(
        *(PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_TIMING, PR_GET_SECCOMP, PR_GET_SECUREBITS, PR_MCE_KILL_GET),
        *(PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE, PR_GET_TIMERSLACK),
    ),
    touches=NOTHING,
)
def prctl_get(option: PrctlOption, arg2: Unused = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0) -> Int: ...
@operation(
    prctl,
    option=(PR_GET_NO_NEW_PRIVS, PR_GET_THP_DISABLE, PR_GET_IO_FLUSHER, PR_GET_MDWE, PR_GET_MEMORY_MERGE),
    touches=NOTHING,
)
def prctl_get_strict(
    option: PrctlOption, arg2: Unused = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=(PR_GET_PDEATHSIG, PR_GET_TSC, PR_GET_CHILD_SUBREAPER))
def prctl_get_into(option: PrctlOption, arg2: OutSetting = 0) -> Int: ...
@operation(prctl, option=(PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_CHILD_SUBREAPER, PR_SET_TIMING))
def prctl_set(option: PrctlOption, arg2: Setting = 0) -> Int: ...
@operation(
    prctl,
    option=(PR_SET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_SET_IO_FLUSHER, PR_SET_MEMORY_MERGE),
)
def prctl_set_strict(
    option: PrctlOption, arg2: Setting = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_SET_PDEATHSIG)
def prctl_set_pdeathsig(option: PrctlOption, arg2: SentSignal = 0) -> Int: ...
@operation(prctl, option=PR_SET_TSC)
def prctl_set_tsc(option: PrctlOption, arg2: TimestampSetting = 0) -> Int: ...
@operation(prctl, option=PR_SET_TIMERSLACK)
def prctl_set_timerslack(option: PrctlOption, arg2: Slack = 0) -> Int: ...
@operation(prctl, option=PR_SET_NAME)
def prctl_set_name(option: PrctlOption, arg2: Name = 0) -> Int: ...
@operation(prctl, option=PR_GET_NAME)
def prctl_get_name(option: PrctlOption, arg2: OutName = 0) -> Int: ...
@operation(prctl, option=(PR_CAPBSET_READ, PR_CAPBSET_DROP))
def prctl_capbset(option: PrctlOption, arg2: Capability = 0) -> Int: ...
@operation(prctl, option=PR_CAP_AMBIENT)
def prctl_cap_ambient(
    option: PrctlOption, arg2: AmbientOperation = 0, arg3: Capability = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_SET_SECUREBITS)
def prctl_set_securebits(option: PrctlOption, arg2: Securebits = 0) -> Int: ...
@operation(prctl, option=PR_GET_TID_ADDRESS)
def prctl_get_tid_address(option: PrctlOption, arg2: OutAddress = 0) -> Int: ...
@operation(prctl, option=PR_GET_SPECULATION_CTRL)
def prctl_get_speculation(
    option: PrctlOption, arg2: Misfeature = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Speculation: ...
@operation(prctl, option=PR_SET_SPECULATION_CTRL)
def prctl_set_speculation(
    option: PrctlOption, arg2: Misfeature = 0, arg3: Control = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Speculation: ...
@operation(prctl, option=PR_SET_MDWE)
def prctl_set_mdwe(
    option: PrctlOption, arg2: MdweBits = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_SET_SYSCALL_USER_DISPATCH)
def prctl_dispatch(
    option: PrctlOption, arg2: Dispatch = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_SCHED_CORE)
def prctl_sched_core(
    option: PrctlOption, arg2: CoreOperation = 0, arg3: PidOrSelf = 0, arg4: CoreScope = 0, arg5: OutAddress = 0
) -> Int: ...
@operation(prctl, option=PR_TIMER_CREATE_RESTORE_IDS)
def prctl_timer_ids(
    option: PrctlOption, arg2: TimerIds = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_FUTEX_HASH)
def prctl_futex_hash(
    option: PrctlOption, arg2: HashOperation = 0, arg3: Slots = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Varying: ...
@operation(prctl, option=PR_RSEQ_SLICE_EXTENSION)
def prctl_rseq_slice(
    option: PrctlOption, arg2: SliceOperation = 0, arg3: Unused = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_MCE_KILL)
def prctl_mce_kill(
    option: PrctlOption, arg2: Killing = 0, arg3: KillPolicy = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_SET_PTRACER)
def prctl_set_ptracer(option: PrctlOption, arg2: PidOrSelf = 0) -> Int: ...
@operation(prctl, option=PR_SET_VMA)
def prctl_set_vma(
    option: PrctlOption, arg2: VmaProperty = 0, arg3: Address = 0, arg4: VmaLength = 0, arg5: Name = 0
) -> Int: ...
@operation(prctl, option=PR_SET_MM)
def prctl_set_mm(
    option: PrctlOption, arg2: MemoryMapField = 0, arg3: Address = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Int: ...
@operation(prctl, option=PR_GET_AUXV)
def prctl_get_auxv(
    option: PrctlOption, arg2: OutAuxv = 0, arg3: AuxvSize = 0, arg4: Unused = 0, arg5: Unused = 0
) -> Varying: ...
