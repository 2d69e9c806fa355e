"""sched(7): policies, priorities, affinity, I/O priorities."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InBytes, InOut, Int, NoFlags, Out, Varying, Zero
from conformance.syscalls.machinery.buffers import I32, I64, U32, U64, Buffer, Struct
from conformance.syscalls.machinery.call import syscall
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
from conformance.syscalls.machinery.kinds import MASK, Flags, Kind, Masked, Names, Seen, named
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED
from conformance.syscalls.processes.identity import PidOrSelf
from conformance.syscalls.time.clocks import Timespec

SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE, SCHED_EXT = 0, 1, 2, 3, 5, 6, 7
SCHED_RESET_ON_FORK = 0x40000000

SCHED_FLAG_RECLAIM, SCHED_FLAG_DL_OVERRUN, SCHED_FLAG_UTIL_CLAMP_MIN, SCHED_FLAG_UTIL_CLAMP_MAX = 2, 4, 32, 64
SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS = 1, 8, 16

PRIO_PROCESS, PRIO_PGRP, PRIO_USER = 0, 1, 2

IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER = 1, 2, 3
IOPRIO_CLASS_RT, IOPRIO_CLASS_BE, IOPRIO_CLASS_IDLE = 1, 2, 3

_POLICIES = {name: value for name, value in named(globals(), "SCHED_").items() if "FLAG" not in name}
_RESETTING = {
    f"{name}|SCHED_RESET_ON_FORK": value | SCHED_RESET_ON_FORK
    for name, value in _POLICIES.items()
    if value < SCHED_RESET_ON_FORK
}
Policy = Annotated[
    int,
    Flags(_POLICIES | _RESETTING, bits=False),
    Choices(SCHED_BATCH, SCHED_OTHER, SCHED_IDLE, SCHED_FIFO, ...),
]
SetPolicy = Annotated[
    int,
    Flags(_POLICIES, bits=False),
    Choices(
        SCHED_BATCH,
        seldom(SCHED_IDLE, SCHED_OTHER, SCHED_OTHER | SCHED_RESET_ON_FORK, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE),
        seldom(4, 99, -1),
    ),
]


class SchedParam(Struct):
    """`struct sched_param`."""

    priority: Annotated[I32, Choices(0, 1, 50, 99, 100, -1)]


SLICES = (0, 100_000, 1_000_000, 1 << 62)


class Slice(Kind):
    """Nanoseconds that a program may have set; what a policy without a budget shows there is the kernel's choice."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen in SLICES else MASK


Slice64 = Annotated[U64, Slice(), Choices(*SLICES)]


class SchedAttr(Struct):
    """`struct sched_attr`, first version (48 bytes)."""

    size_: Annotated[U32, Choices(48, 0, 56, 47, 4096)]
    policy: Annotated[
        U32,
        Flags(_POLICIES, bits=False),
        Choices(SCHED_BATCH, SCHED_OTHER, SCHED_IDLE, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE, 4, 99),
    ]
    flags: Annotated[
        U64,
        Flags(named(globals(), "SCHED_FLAG_")),
        Choices(0, SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, 2, 32, 1 << 40),
    ]
    nice: Annotated[I32, Choices(0, 5, 19, -1, -20, 20)]
    priority: Annotated[U32, Choices(0, 1, 99, 100)]
    runtime: Slice64
    deadline: Slice64
    period: Slice64


SCHED_GETATTR_FLAG_DL_DYNAMIC = 1
AskedAttr = Annotated[int, Flags(named(globals(), "SCHED_GETATTR_")), Choices(often(0), seldom(1))]
AttrSize = Annotated[int, Choices(48, rarely(56, 47, 0, 4097))]


class RoundRobin(Kind):
    """The nanoseconds of a time slice: those of SCHED_RR; else what the kernel is configured for, or none when idle."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen == 100_000_000 else MASK


class Interval(Struct):
    """`struct timespec` of a time slice."""

    tv_sec: I64
    tv_nsec: Annotated[I64, RoundRobin()]


OutInterval = Annotated[Interval | Timespec | Buffer | int | None, Pointer(out=True, reads=False)]

InMask = Annotated[
    InBytes,
    Choices(
        Blob(b"\1" + bytes(7)),
        rarely(Blob(b"\xff" * 8), Blob(bytes(8)), Blob(b"\1"), Blob(bytes(7) + b"\x80"), KERNEL_ADDRESS, 0),
    ),
]
InMaskSize = Annotated[int, Choices(8, rarely(1, 0, 128, -1))]
OutMask = Annotated[Out[Struct], Masked(), Choices(often(room(128), room(8), room(4)), rarely(*BAD_POINTERS))]
OutMaskSize = Annotated[int, Choices(128, rarely(8, 4, 0, -1))]
OutCpu = Annotated[
    Out[Struct],
    Masked(),
    Choices(often(room(4), 0), rarely(UNMAPPED, READ_ONLY, KERNEL_ADDRESS, 1)),
]

# The user's other processes are the executor's.
Which = Annotated[
    int,
    Flags(named(globals(), "PRIO_"), bits=False),
    Choices(PRIO_PROCESS, seldom(PRIO_PGRP, PRIO_USER, 3, -1)),
    Instead({PRIO_USER: PRIO_PROCESS}),
]
Nice = Annotated[int, Choices(5, seldom(10, 19, 100, 0, -1, -20, -100))]
IoWhich = Annotated[
    int,
    Flags(named(globals(), "IOPRIO_WHO_"), bits=False),
    Choices(IOPRIO_WHO_PROCESS, seldom(IOPRIO_WHO_PGRP, IOPRIO_WHO_USER, 0, 4)),
    Instead({IOPRIO_WHO_USER: IOPRIO_WHO_PROCESS}),
]
IoPriority = Annotated[
    int,
    Choices(
        *(IOPRIO_CLASS_BE << 13 | level for level in (4, 7)),
        *(IOPRIO_CLASS_IDLE << 13, 0, IOPRIO_CLASS_RT << 13 | 4),
        *(IOPRIO_CLASS_BE << 13 | 8, IOPRIO_CLASS_IDLE << 13 | 5, 4 << 13, -1),
    ),
]
"""A class, and a level in it."""


@syscall(x86_64=24, aarch64=124, touches=NOTHING)
def sched_yield() -> Zero: ...
@syscall(x86_64=144, aarch64=119, touches=PROCESS)
def sched_setscheduler(pid: PidOrSelf, policy: SetPolicy, param: In[SchedParam]) -> Zero: ...
@syscall(x86_64=145, aarch64=120, touches=NOTHING, shows="scheduling")
def sched_getscheduler(pid: PidOrSelf) -> Policy: ...
@syscall(x86_64=142, aarch64=118, touches=PROCESS)
def sched_setparam(pid: PidOrSelf, param: In[SchedParam]) -> Zero: ...
@syscall(x86_64=143, aarch64=121, touches=NOTHING)
def sched_getparam(pid: PidOrSelf, param: Out[SchedParam]) -> Zero: ...
@syscall(x86_64=314, aarch64=274, since="3.14", touches=PROCESS)
def sched_setattr(pid: PidOrSelf, attr: InOut[SchedAttr], flags: NoFlags) -> Zero: ...
@syscall(
    x86_64=315,
    aarch64=275,
    since="3.14",
    touches=NOTHING,
    shows="scheduling",
    after=("sched_setscheduler", "sched_getscheduler"),
)
def sched_getattr(pid: PidOrSelf, attr: Out[SchedAttr], size: AttrSize, flags: AskedAttr) -> Zero: ...
@syscall(x86_64=146, aarch64=125, touches=NOTHING)
def sched_get_priority_max(policy: Policy) -> Int: ...
@syscall(x86_64=147, aarch64=126, touches=NOTHING)
def sched_get_priority_min(policy: Policy) -> Int: ...
@syscall(x86_64=148, aarch64=127, touches=NOTHING)
def sched_rr_get_interval(pid: PidOrSelf, interval: OutInterval) -> Zero: ...
@syscall(x86_64=203, aarch64=122, touches=PROCESS)
def sched_setaffinity(pid: PidOrSelf, size: InMaskSize, mask: InMask) -> Zero: ...
@syscall(x86_64=204, aarch64=123, touches=NOTHING)
def sched_getaffinity(pid: PidOrSelf, size: OutMaskSize, mask: OutMask) -> Varying: ...
@syscall(x86_64=309, aarch64=168, since="2.6.19", touches=NOTHING)
def getcpu(cpu: OutCpu, node: OutCpu, unused: Int) -> Zero: ...
@syscall(number=471, since="7.0", touches=PROCESS)
def rseq_slice_yield() -> Int: ...
@syscall(x86_64=140, aarch64=141, touches=NOTHING, shows="scheduling")
def getpriority(which: Which, who: PidOrSelf) -> Int: ...
@syscall(x86_64=141, aarch64=140, touches=PROCESS)
def setpriority(which: Which, who: PidOrSelf, nice: Nice) -> Zero: ...
@syscall(x86_64=252, aarch64=31, since="2.6.13", touches=PROCESS)
def ioprio_get(which: IoWhich, who: PidOrSelf) -> Int: ...
@syscall(x86_64=251, aarch64=30, since="2.6.13", touches=PROCESS)
def ioprio_set(which: IoWhich, who: PidOrSelf, value: IoPriority) -> Zero: ...
