"""Scheduling: policies, priorities, affinity, I/O priorities."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files import Timespec
from conformance.syscalls.machinery.buffers import I64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, room
from conformance.syscalls.machinery.kinds import (
    MASK,
    ChosenMemory,
    Flags,
    In,
    InOut,
    Int,
    MaskedMemory,
    Memory,
    Names,
    Number,
    Out,
    Seen,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import FILES, NOTHING, PROCESS
from conformance.syscalls.processes import Self

SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE = 0, 1, 2, 3, 5, 6
SCHED_RESET_ON_FORK = 0x40000000
SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS = 1, 8, 16
PRIO_PROCESS, PRIO_PGRP, PRIO_USER = 0, 1, 2
IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER = 1, 2, 3
SCHED_EXT = 7

_POLICIES = {name: value for name, value in named(globals(), "SCHED_").items() if "FLAG" not in name}
Policy = Annotated[int, Flags(_POLICIES | {f"{name}|SCHED_RESET_ON_FORK": value | SCHED_RESET_ON_FORK for name, value in _POLICIES.items() if value < SCHED_RESET_ON_FORK}, bits=False, plain=(SCHED_BATCH, SCHED_OTHER, SCHED_IDLE, SCHED_BATCH, SCHED_FIFO))]


class SliceKind(Number):
    """Nanoseconds that a program may have set; what a policy without a budget shows there is the kernel's choice."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen in self.choices() else MASK


Slice64 = Annotated[int, Layout(ctypes.c_uint64), SliceKind(0, 0, 100_000, 1_000_000, 1 << 62)]


class SchedParam(Struct):
    """`struct sched_param`."""

    priority: Annotated[int, Layout(ctypes.c_int32), Number(0, 0, 0, 1, 50, 99, 100, -1)]


class SchedAttr(Struct):
    """`struct sched_attr`, first version (48 bytes)."""

    size_: Annotated[int, Layout(ctypes.c_uint32), Number(48, 48, 0, 56, 47, 4096)]
    policy: Annotated[int, Layout(ctypes.c_uint32), Number(SCHED_BATCH, SCHED_OTHER, SCHED_IDLE, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE, 4, 99)]
    flags: Annotated[int, Layout(ctypes.c_uint64), Number(0, 0, SCHED_FLAG_RESET_ON_FORK, SCHED_FLAG_KEEP_POLICY, SCHED_FLAG_KEEP_PARAMS, 2, 32, 1 << 40)]
    nice: Annotated[int, Layout(ctypes.c_int32), Number(0, 0, 5, 19, -1, -20, 20)]
    priority: Annotated[int, Layout(ctypes.c_uint32), Number(0, 0, 1, 99, 100)]
    runtime: Slice64
    deadline: Slice64
    period: Slice64


class IntervalKind(Number):
    """The nanoseconds of a time slice: those of SCHED_RR; else what the kernel was configured for, or none when idle."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen == 100_000_000 else MASK


class Interval(Struct):
    """`struct timespec` of a time slice."""

    tv_sec: I64
    tv_nsec: Annotated[int, Layout(ctypes.c_int64), IntervalKind()]


SetPolicy = Annotated[int, Flags(_POLICIES, only=(SCHED_BATCH, SCHED_BATCH, SCHED_IDLE, SCHED_OTHER, SCHED_OTHER | SCHED_RESET_ON_FORK, SCHED_FIFO, SCHED_RR, SCHED_DEADLINE, 4, 99, -1), bits=False)]
InMask = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(b"\1" + bytes(7)),) * 4, Blob(b"\xff" * 8), Blob(bytes(8)), Blob(b"\1"), Blob(bytes(7) + b"\x80"), KERNEL_ADDRESS, 0)]
OutMask = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(128), room(128), room(8), room(4)))]
OutCpu = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(4), room(4), 0))]
# The user's other processes are the executor's.
Which = Annotated[int, Number(PRIO_PROCESS, PRIO_PROCESS, PRIO_PGRP, PRIO_USER, 3, -1), Instead({PRIO_USER: PRIO_PROCESS})]
IoWhich = Annotated[int, Number(IOPRIO_WHO_PROCESS, IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP, IOPRIO_WHO_USER, 0, 4), Instead({IOPRIO_WHO_USER: IOPRIO_WHO_PROCESS})]
Nice = Annotated[int, Number(5, 5, 10, 19, 100, 0, -1, -20, -100)]
IoPriority = Annotated[int, Number(2 << 13 | 4, 2 << 13 | 7, 3 << 13, 0, 1 << 13 | 4, 2 << 13 | 8, 3 << 13 | 5, 4 << 13, -1)]
Zeros = Annotated[int, Number(*(0,) * 8, 1)]


@syscall(x86_64=24, aarch64=124, touches=NOTHING)
def sched_yield() -> Zero: ...
@syscall(x86_64=144, aarch64=119, touches=PROCESS)
def sched_setscheduler(pid: Self, policy: SetPolicy, param: In[SchedParam]) -> Zero: ...
@syscall(x86_64=145, aarch64=120, touches=NOTHING, shows="scheduling")
def sched_getscheduler(pid: Self) -> Policy: ...
@syscall(x86_64=142, aarch64=118, touches=PROCESS)
def sched_setparam(pid: Self, param: In[SchedParam]) -> Zero: ...
@syscall(x86_64=143, aarch64=121, touches=NOTHING)
def sched_getparam(pid: Self, param: Out[SchedParam]) -> Zero: ...
@syscall(x86_64=314, aarch64=274, since="3.14", touches=PROCESS)
def sched_setattr(pid: Self, attr: InOut[SchedAttr], flags: Zeros) -> Zero: ...
@syscall(x86_64=315, aarch64=275, since="3.14", touches=FILES, shows="scheduling")
def sched_getattr(pid: Self, attr: Out[SchedAttr], size: Annotated[int, Number(48, 48, 48, 56, 47, 0, 4097)], flags: Zeros) -> Zero: ...
@syscall(x86_64=146, aarch64=125, touches=NOTHING)
def sched_get_priority_max(policy: Policy) -> Int: ...
@syscall(x86_64=147, aarch64=126, touches=NOTHING)
def sched_get_priority_min(policy: Policy) -> Int: ...
@syscall(x86_64=148, aarch64=127, touches=NOTHING)
def sched_rr_get_interval(pid: Self, interval: Annotated[Interval | Timespec | Buffer | int | None, Memory(out=True, reads=False)]) -> Zero: ...
@syscall(x86_64=203, aarch64=122, touches=PROCESS)
def sched_setaffinity(pid: Self, size: Annotated[int, Number(8, 8, 8, 1, 0, 128, -1)], mask: InMask) -> Zero: ...
@syscall(x86_64=204, aarch64=123, never="tells how many processors there are")
def sched_getaffinity(pid: Self, size: Annotated[int, Number(128, 128, 128, 8, 4, 0, -1)], mask: OutMask) -> Varying: ...
@syscall(x86_64=140, aarch64=141, touches=NOTHING, shows="scheduling")
def getpriority(which: Which, who: Self) -> Int: ...
@syscall(x86_64=141, aarch64=140, touches=PROCESS)
def setpriority(which: Which, who: Self, nice: Nice) -> Zero: ...
@syscall(x86_64=252, aarch64=31, since="2.6.13", touches=PROCESS)
def ioprio_get(which: IoWhich, who: Self) -> Int: ...
@syscall(x86_64=251, aarch64=30, since="2.6.13", touches=PROCESS)
def ioprio_set(which: IoWhich, who: Self, value: IoPriority) -> Zero: ...
@syscall(x86_64=309, aarch64=168, since="2.6.19", never="tells how many processors there are")
def getcpu(cpu: OutCpu, node: OutCpu, unused: Int) -> Zero: ...
@syscall(number=471, since="7.0", touches=PROCESS)
def rseq_slice_yield() -> Int: ...
