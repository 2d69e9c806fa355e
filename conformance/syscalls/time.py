"""Clocks, sleeping and timers."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files import Timespec
from conformance.syscalls.machinery.buffers import I64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import UNMAPPED, Blob, Choice, Use, room
from conformance.syscalls.machinery.kinds import (
    ChosenMemory,
    Flags,
    In,
    InBytes,
    Int,
    MaskedMemory,
    Memory,
    Number,
    Out,
    Renamed,
    Time64,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.polling import FAR, NOW, OFF, OutTimeLeft, TimerSetting
from conformance.syscalls.signals import AtOnce

CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW = range(5)
CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM = range(5, 10)
CLOCK_TAI = 11
TIMER_ABSTIME = 1
SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID = 0, 1, 4
TIME_OK, TIME_ERROR = 0, 5
ADJ_OFFSET, ADJ_FREQUENCY, ADJ_TICK = 1, 2, 0x4000
ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2

_CLOCKS = named(globals(), "CLOCK_")
CPUCLOCK_SELF = -6
"""The CPU time of process 0, which is the caller itself: `(~pid << 3) | 2`."""
Clock = Annotated[int, Flags(_CLOCKS, bits=False)]
SleepClock = Annotated[int, Flags(_CLOCKS, bits=False, plain=(CLOCK_MONOTONIC, CLOCK_MONOTONIC, CLOCK_REALTIME, CPUCLOCK_SELF))]
TimerClock = Annotated[int, Flags(_CLOCKS, bits=False, plain=(CLOCK_MONOTONIC, *(CLOCK_MONOTONIC, CLOCK_REALTIME) * 6))]
SleepFlags = Annotated[int, Flags({"TIMER_ABSTIME": TIMER_ABSTIME}, plain=(0, TIMER_ABSTIME))]
Which = Annotated[int, Flags(named(globals(), "ITIMER_"), bits=False)]
TimerFlags = Annotated[int, Flags({"TIMER_ABSTIME": TIMER_ABSTIME}, plain=(0, 0))]
TimerNumber = Annotated[int, Renamed("timer")]
"""A timer's id: the first of a process is 0 on Linux, but that is the kernel's choice."""


class Now(Struct):
    """`struct timespec` that the kernel fills with a time: differs from run to run."""

    tv_sec: Time64
    tv_nsec: Time64


Pad44 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 44), Number(0)]


class TimerThread(Renamed):
    """The thread that a timer's signal goes to."""

    def __init__(self) -> None:
        super().__init__("pid", keep=(0, -1, 1))

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, Use("pid"), Use("pid:thread"))


class Sigevent(Struct):
    """`struct sigevent`: what happens when a timer expires."""

    value: Annotated[int, Layout(ctypes.c_uint64), Number(0x55, 0)]
    signo: Annotated[int, Layout(ctypes.c_int32), Number(17, 10, 23, 34, 0, 65)]
    notify: Annotated[int, Layout(ctypes.c_int32), Number(SIGEV_NONE, SIGEV_SIGNAL, SIGEV_SIGNAL, SIGEV_THREAD_ID, 2, 9)]
    thread: Annotated[int, Layout(ctypes.c_int32), TimerThread()]
    pad: Pad44


class TimerId(Struct):
    """Where timer_create(2) stores the id."""

    id: Annotated[int, Layout(ctypes.c_int32), Renamed("timer")]


Timex = Annotated[Buffer | bytes | int | None, MaskedMemory(out=True)]
"""`struct timex`, which tells the state of a clock: differs from run to run."""


class Itimerval(Struct):
    """`struct itimerval`, its four members in a row."""

    interval_sec: I64
    interval_usec: I64
    value_sec: I64
    value_usec: I64


Zone = Annotated[Buffer | Struct | int | None, ChosenMemory(0, 0, 0, room(8), room(8), UNMAPPED, out=True, reads=False)]
OptionalNow = Annotated[Now | Buffer | int | None, ChosenMemory(room(16), room(16), room(16), 0, UNMAPPED, out=True, reads=False)]
TimeOut = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(8), room(8), room(8), room(8, edge=True)))]
_LATER = Blob(bytes(16) + (1000).to_bytes(8, "little") + bytes(8))
IntervalSetting = Annotated[Itimerval | bytes | Buffer | int | None, ChosenMemory(FAR, FAR, FAR, OFF, OFF, _LATER, Blob(bytes(24) + (1_000_000).to_bytes(8, "little")), Blob(b"\xff" * 32), UNMAPPED, 0)]
"""Far off, or none: an interval timer that expires ends the program, mostly."""
SoonSetting = Annotated[Itimerval | bytes | Buffer | int | None, ChosenMemory(*(FAR, OFF) * 7, NOW)]
Event = Annotated[Sigevent | bytes | Buffer | int | None, Memory()]
TimerOut = Annotated[TimerId | Buffer | int | None, Memory(out=True, reads=False, choices=(*(room(4),) * 10, room(4, edge=True)))]


@syscall(x86_64=228, aarch64=113, touches=NOTHING)
def clock_gettime(clock: Clock, now: Out[Now]) -> Zero: ...
@syscall(x86_64=227, aarch64=112, never="sets the machine's clock")
def clock_settime(clock: Clock, time: In[Timespec]) -> Zero: ...
@syscall(x86_64=229, aarch64=114, touches=NOTHING)
def clock_getres(clock: Clock, resolution: Out[Now]) -> Zero: ...
@syscall(x86_64=230, aarch64=115, touches=NOTHING)
def clock_nanosleep(clock: SleepClock, flags: SleepFlags, request: AtOnce, remain: OptionalNow) -> Zero: ...
@syscall(x86_64=305, aarch64=266, since="2.6.39", never="sets the machine's clock")
def clock_adjtime(clock: Clock, buf: Timex) -> Int: ...
@syscall(x86_64=159, aarch64=171, never="sets the machine's clock")
def adjtimex(buf: Timex) -> Int: ...
@syscall(x86_64=35, aarch64=101, touches=NOTHING)
def nanosleep(request: AtOnce, remain: OptionalNow) -> Zero: ...
@syscall(x86_64=96, aarch64=169, touches=NOTHING)
def gettimeofday(now: OptionalNow, zone: Zone) -> Zero: ...
@syscall(x86_64=164, aarch64=170, never="sets the machine's clock")
def settimeofday(now: InBytes, zone: InBytes) -> Zero: ...
@syscall(x86_64=201, touches=NOTHING)
def time(now: TimeOut) -> Varying: ...
@syscall(x86_64=36, aarch64=102, touches=PROCESS, shows="time")
def getitimer(which: Which, current: OutTimeLeft) -> Zero: ...
@syscall(x86_64=38, aarch64=103, touches=PROCESS)
def setitimer(which: Which, new: IntervalSetting, old: OutTimeLeft) -> Zero: ...
@operation(setitimer, which=ITIMER_REAL)
def setitimer_real(which: Which, new: SoonSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=222, aarch64=107, touches=PROCESS)
def timer_create(clock: TimerClock, event: Event, id: TimerOut) -> Zero: ...
@syscall(x86_64=223, aarch64=110, touches=PROCESS)
def timer_settime(id: TimerNumber, flags: TimerFlags, new: TimerSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=224, aarch64=108, touches=PROCESS, shows="time")
def timer_gettime(id: TimerNumber, current: OutTimeLeft) -> Zero: ...
@syscall(x86_64=225, aarch64=109, touches=PROCESS)
def timer_getoverrun(id: TimerNumber) -> Int: ...
@syscall(x86_64=226, aarch64=111, touches=PROCESS)
def timer_delete(id: TimerNumber) -> Zero: ...
