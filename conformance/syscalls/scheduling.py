"""Scheduling: policies, priorities, affinity, I/O priorities."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I32, U32, U64, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import Timespec
from conformance.syscalls.kinds import Any_, Bits, Flags, In, InBytes, Int, Out, OutInt, Pid, Size, Varying, Zero, named

SCHED_OTHER, SCHED_FIFO, SCHED_RR, SCHED_BATCH, SCHED_IDLE, SCHED_DEADLINE = 0, 1, 2, 3, 5, 6
SCHED_RESET_ON_FORK = 0x40000000
PRIO_PROCESS, PRIO_PGRP, PRIO_USER = 0, 1, 2

_POLICIES = named(globals(), "SCHED_")
Policy = Annotated[int, Flags(_POLICIES | {f"{name}|SCHED_RESET_ON_FORK": value | SCHED_RESET_ON_FORK for name, value in _POLICIES.items() if value < SCHED_RESET_ON_FORK}, bits=False)]


class SchedParam(Struct):
    """`struct sched_param`."""

    priority: I32


class SchedAttr(Struct):
    """`struct sched_attr`, first version (48 bytes)."""

    size_: U32
    policy: U32
    flags: U64
    nice: I32
    priority: U32
    runtime: U64
    deadline: U64
    period: U64


@syscall
def sched_yield() -> Zero: ...
@syscall
def sched_setscheduler(pid: Pid, policy: Policy, param: In[SchedParam]) -> Zero: ...
@syscall
def sched_getscheduler(pid: Pid) -> Policy: ...
@syscall
def sched_setparam(pid: Pid, param: In[SchedParam]) -> Zero: ...
@syscall
def sched_getparam(pid: Pid, param: Out[SchedParam]) -> Zero: ...
@syscall
def sched_setattr(pid: Pid, attr: Any_, flags: Bits) -> Zero: ...
@syscall
def sched_getattr(pid: Pid, attr: Out[SchedAttr], size: Size, flags: Bits) -> Zero: ...
@syscall
def sched_get_priority_max(policy: Policy) -> Int: ...
@syscall
def sched_get_priority_min(policy: Policy) -> Int: ...
@syscall
def sched_rr_get_interval(pid: Pid, interval: Out[Timespec]) -> Zero: ...
@syscall
def sched_setaffinity(pid: Pid, size: Size, mask: InBytes) -> Zero: ...
@syscall
def sched_getaffinity(pid: Pid, size: Size, mask: OutInt) -> Varying: ...
@syscall
def getpriority(which: Int, who: Pid) -> Int: ...
@syscall
def setpriority(which: Int, who: Pid, nice: Int) -> Zero: ...
@syscall
def ioprio_get(which: Int, who: Pid) -> Int: ...
@syscall
def ioprio_set(which: Int, who: Pid, value: Int) -> Zero: ...
@syscall
def getcpu(cpu: OutInt, node: OutInt, unused: Int) -> Zero: ...
