"""Clocks, sleeping and timers."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.buffers import I32, I64, U64, Buffer, Layout, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import Timespec
from conformance.syscalls.kinds import (
    Bits,
    Flags,
    Id,
    Id32,
    In,
    InBytes,
    Int,
    MaskedMemory,
    Out,
    OutInt,
    Pid32,
    Time64,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.polling import Itimerspec

CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW = range(5)
CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM = range(5, 10)
CLOCK_TAI = 11
TIMER_ABSTIME = 1
SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID = 0, 1, 4
TIME_OK, TIME_ERROR = 0, 5
ADJ_OFFSET, ADJ_FREQUENCY, ADJ_TICK = 1, 2, 0x4000
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2

Clock = Annotated[int, Flags(named(globals(), "CLOCK_"), bits=False)]


class Now(Struct):
    """`struct timespec` that the kernel fills with a time: differs from run to run."""

    tv_sec: Time64
    tv_nsec: Time64


Pad44 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 44)]


class Sigevent(Struct):
    """`struct sigevent`: what happens when a timer expires."""

    value: U64
    signo: I32
    notify: I32
    thread: Pid32
    pad: Pad44


class TimerId(Struct):
    """Where timer_create(2) stores the id."""

    id: Id32


Timex = Annotated[Buffer | bytes | int | None, MaskedMemory(out=True)]
"""`struct timex`, which tells the state of a clock: differs from run to run."""


class Itimerval(Struct):
    """`struct itimerval`, its four members in a row."""

    interval_sec: I64
    interval_usec: I64
    value_sec: I64
    value_usec: I64


@syscall
def clock_gettime(clock: Clock, now: Out[Now]) -> Zero: ...
@syscall
def clock_settime(clock: Clock, time: In[Timespec]) -> Zero: ...
@syscall
def clock_getres(clock: Clock, resolution: Out[Now]) -> Zero: ...
@syscall
def clock_nanosleep(clock: Clock, flags: Bits, request: In[Timespec], remain: Out[Now]) -> Zero: ...
@syscall
def clock_adjtime(clock: Clock, buf: Timex) -> Int: ...
@syscall
def adjtimex(buf: Timex) -> Int: ...
@syscall
def nanosleep(request: In[Timespec], remain: Out[Now]) -> Zero: ...
@syscall
def gettimeofday(now: Out[Now], zone: OutInt) -> Zero: ...
@syscall
def settimeofday(now: InBytes, zone: InBytes) -> Zero: ...
@syscall
def time(now: OutInt) -> Varying: ...
@syscall
def getitimer(which: Int, current: Out[Itimerval]) -> Zero: ...
@syscall
def setitimer(which: Int, new: In[Itimerval], old: Out[Itimerval]) -> Zero: ...
@syscall
def timer_create(clock: Clock, event: In[Sigevent], id: Out[TimerId]) -> Zero: ...
@syscall
def timer_settime(id: Id, flags: Bits, new: In[Itimerspec], old: Out[Itimerspec]) -> Zero: ...
@syscall
def timer_gettime(id: Id, current: Out[Itimerspec]) -> Zero: ...
@syscall
def timer_getoverrun(id: Id) -> Int: ...
@syscall
def timer_delete(id: Id) -> Zero: ...
