"""timer_create(2), setitimer(2): timers that send a signal, and what sets timers of any sort."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.machinery.aliases import In, Int, Out, Pid32, Zero
from conformance.syscalls.machinery.buffers import I32, U64, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, Use, joined, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Kind, Names, Renamed, Seen, named
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.touches import NOTHING, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.time.clocks import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    CLOCKS,
    TIMER_ABSTIME,
    Clock,
    Timespec,
    Timeval,
    time_of,
)

ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF = 0, 1, 2

SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD_ID = 0, 1, 4


class Itimerspec(Struct):
    """`struct itimerspec`."""

    it_interval: Timespec
    it_value: Timespec


_IN_A_ROW = {
    "interval_sec": "it_interval.tv_sec",
    "interval_usec": "it_interval.tv_usec",
    "value_sec": "it_value.tv_sec",
    "value_usec": "it_value.tv_usec",
}
"""How records of old have a `struct itimerval`."""


class Itimerval(Struct):
    """`struct itimerval`."""

    it_interval: Timeval
    it_value: Timeval

    former = _IN_A_ROW


class Sigevent(Struct):
    """`struct sigevent`: what happens when a timer expires."""

    value: Annotated[U64, Choices(0x55, 0)]
    signo: Annotated[I32, Choices(17, 10, 23, 34, 0, 65)]
    notify: Annotated[I32, Choices(SIGEV_NONE, SIGEV_SIGNAL, SIGEV_THREAD_ID, 2, 9)]
    thread: Annotated[Pid32, Choices(0, Use("pid"), Use("pid:thread"))]
    pad: Annotated[ctypes.Array[ctypes.c_ubyte], Layout(ctypes.c_ubyte * 44)]


class TimerId(Struct):
    """Where timer_create(2) stores the id."""

    id: Annotated[I32, Renamed("timer")]


def setting(value: Blob, interval: Blob | None = None) -> Blob:
    """A `struct itimerspec`, or a `struct itimerval`, as something to try."""
    return joined(interval or time_of(0), value)


class TimeLeft(Kind):
    """What a timer says: its interval, which is compared, and what was left, of which only whether there was any is."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, str) and len(seen) == 32:
            data = seen.encode("latin-1", "replace")
            numbers = [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, 32, 8)]
        elif isinstance(seen, dict):
            members = [list(each.values()) if isinstance(each, dict) else [each] for each in seen.values()]
            numbers = [each for member in members for each in member if isinstance(each, int)]
        else:
            return super().normal(seen, names)
        return [*numbers[:2], "left" if any(numbers[2:]) else 0]


FAR, NOW, OFF = setting(time_of(1000)), setting(time_of(0, 1)), setting(time_of(0))

TimerSetting = Annotated[
    In[Itimerspec],
    Choices(
        *(FAR, NOW),
        rarely(OFF, setting(time_of(1 << 40))),
        rarely(*(setting(value, interval=time_of(1000)) for value in (time_of(1000), time_of(0, 1)))),
        rarely(setting(time_of(1000, 500_000), interval=time_of(7, 2))),
        rarely(setting(time_of(0, 10**9)), setting(time_of(1), interval=time_of(0, 10**9))),
        rarely(setting(time_of(-1)), setting(time_of(0, -1)), UNMAPPED, 0),
    ),
]
"""Timers that expire at once, or in an hour: the time between would be a matter of luck."""
OutTimeLeft = Annotated[
    object,  # no struct is named: it would lend its kinds to all
    Pointer(out=True, reads=False),
    TimeLeft(),
    Choices(often(room(32)), room(32, edge=True), rarely(*BAD_POINTERS)),
]
"""A `struct itimerspec` or `struct itimerval` that a call fills."""

Which = Annotated[int, Flags(named(globals(), "ITIMER_"), bits=False)]
IntervalSetting = Annotated[
    In[Itimerval],
    Choices(often(FAR, OFF), setting(time_of(0, 1_000_000)), setting(time_of(-1, -1), time_of(-1, -1)), UNMAPPED, 0),
]
"""Far off, or none: an interval timer that expires ends the program, mostly."""
SoonSetting = Annotated[In[Itimerval], Choices(often(FAR, OFF), NOW)]

TimerNumber = Annotated[int, Renamed("timer")]
"""A timer's id: the first of a process is 0 on Linux, but that is the kernel's choice."""
TimerClock = Annotated[Clock, Choices(CLOCK_MONOTONIC, CLOCK_REALTIME, *CLOCKS.values(), seldom(12, -1))]
TimerFlags = Annotated[
    int, Flags({"TIMER_ABSTIME": TIMER_ABSTIME}), Choices(often(0), seldom(TIMER_ABSTIME, 1 << 30, -1))
]
NewTimer = Annotated[Out[TimerId], Choices(often(room(4)), seldom(room(4, edge=True)), rarely(*BAD_POINTERS))]


@syscall(x86_64=36, aarch64=102, touches=NOTHING, shows="time")
def getitimer(which: Which, current: OutTimeLeft) -> Zero: ...
@syscall(x86_64=38, aarch64=103, touches=PROCESS)
def setitimer(which: Which, new: IntervalSetting, old: OutTimeLeft) -> Zero: ...
@operation(setitimer, which=ITIMER_REAL)
def setitimer_real(which: Which, new: SoonSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=222, aarch64=107, touches=PROCESS)
def timer_create(clock: TimerClock, event: In[Sigevent], id: NewTimer) -> Zero: ...
@syscall(x86_64=223, aarch64=110, touches=PROCESS)
def timer_settime(id: TimerNumber, flags: TimerFlags, new: TimerSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=224, aarch64=108, touches=PROCESS, shows="time")
def timer_gettime(id: TimerNumber, current: OutTimeLeft) -> Zero: ...
@syscall(x86_64=225, aarch64=109, touches=PROCESS)
def timer_getoverrun(id: TimerNumber) -> Int: ...
@syscall(x86_64=226, aarch64=111, touches=PROCESS)
def timer_delete(id: TimerNumber) -> Zero: ...
