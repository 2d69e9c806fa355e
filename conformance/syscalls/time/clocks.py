"""clock_gettime(2), nanosleep(2), time(7): telling the time, setting clocks, sleeping.

Programs have no CAP_SYS_TIME, and what they set is no time, or changes nothing: no clock is touched.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import (
    In,
    InBytes,
    InOut,
    Out,
    Time64,
    Varying,
    Varying32,
    Varying64,
    Zero,
)
from conformance.syscalls.machinery.buffers import I32, I64, U32, Layout, Struct
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
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW = range(5)
CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM = range(5, 10)
CLOCK_SGI_CYCLE, CLOCK_TAI = 10, 11
CLOCK_AUX, CLOCK_AUX_LAST = 16, 23
CPUCLOCK_SELF = -6
"""The CPU time of process 0, which is the caller itself: `(~pid << 3) | 2`."""

TIMER_ABSTIME = 1

TIME_OK, TIME_ERROR = 0, 5
ADJ_OFFSET, ADJ_FREQUENCY, ADJ_MAXERROR, ADJ_ESTERROR, ADJ_STATUS, ADJ_TIMECONST = 1, 2, 4, 8, 0x10, 0x20
ADJ_TAI, ADJ_SETOFFSET, ADJ_MICRO, ADJ_NANO, ADJ_TICK = 0x80, 0x100, 0x1000, 0x2000, 0x4000
ADJ_OFFSET_SINGLESHOT, ADJ_OFFSET_SS_READ = 0x8001, 0xA001

CLOCKS = named(globals(), "CLOCK_")
_HARMLESS = named(globals(), "ADJ_SETOFFSET", "ADJ_TICK", "ADJ_OFFSET_SS_READ")


class Timespec(Struct):
    """`struct timespec` that a case sets: compared as it is."""

    tv_sec: I64
    tv_nsec: I64


class Now(Struct):
    """`struct timespec` that the kernel fills with a time: differs from run to run."""

    tv_sec: Time64
    tv_nsec: Time64


class Timeval(Struct):
    """`struct timeval`: as `struct timespec`, in microseconds."""

    tv_sec: I64
    tv_usec: I64


def time_of(seconds: int, fraction: int = 0) -> Blob:
    """A `struct timespec`, or a `struct timeval`, as something to try."""
    return Blob(seconds.to_bytes(8, "little", signed=True) + fraction.to_bytes(8, "little", signed=True))


WRONG_TIMES = (time_of(-1, -1), time_of(0, 1_000_000_000), time_of(0, -1), KERNEL_ADDRESS)
"""What no call takes for a `struct timespec`."""
AtOnce = Annotated[In[Timespec], Choices(often(time_of(0)), time_of(0, 1000), seldom(*WRONG_TIMES))]
"""A timeout that has passed or is about to."""

Clock = Annotated[int, Flags(CLOCKS, bits=False)]
SleepClock = Annotated[Clock, Choices(CLOCK_MONOTONIC, *CLOCKS.values(), seldom(CPUCLOCK_SELF, 12, -1))]
SleepFlags = Annotated[int, Flags({"TIMER_ABSTIME": TIMER_ABSTIME}), Choices(often(0, TIMER_ABSTIME), 1 << 30, -1)]
OptionalNow = Annotated[Out[Now], Choices(often(room(16)), 0, UNMAPPED)]
Seconds = Annotated[Out[Struct], Masked(), Choices(often(room(8)), room(8, edge=True), rarely(*BAD_POINTERS))]
Zone = Annotated[Out[Struct], Choices(0, room(8), seldom(UNMAPPED))]
"""`struct timezone`, which nobody has a use for."""


def _adjustments() -> Iterator[Blob]:
    """Those that change nothing where somebody may adjust: none, by no time, by no tick, by what has no meaning."""
    for modes in (0, *_HARMLESS.values(), 0x200, 0x400, 0x800, 1 << 16, 1 << 31):
        yield Blob(modes.to_bytes(4, "little") + bytes(Timex.size() - 4))


class Timex(Struct):
    """The head of `struct timex`: what is to be adjusted, and what is known of the clock."""

    modes: Annotated[U32, Flags(_HARMLESS, bits=False), Choices(0)]
    pad: I32
    offset: Annotated[Varying64, Choices(0)]
    freq: Annotated[Varying64, Choices(0)]
    maxerror: Annotated[Varying64, Choices(0)]
    esterror: Annotated[Varying64, Choices(0)]
    status: Annotated[Varying32, Choices(0)]
    rest: Annotated[ctypes.Array[ctypes.c_ubyte], Layout(ctypes.c_ubyte * 164), Masked()]


InTimex = Annotated[InOut[Timex], Choices(_adjustments, *BAD_POINTERS)]
NewTime = Annotated[In[Timespec], Choices(*WRONG_TIMES, 0)]
NewTimeval = Annotated[InBytes, Choices(time_of(0, 1_000_000), time_of(0, -1), KERNEL_ADDRESS)]
NewZone = Annotated[InBytes, Choices(0, KERNEL_ADDRESS, Blob(b"\xff" * 8))]
"""West of Greenwich by more minutes than there are."""


@syscall(x86_64=228, aarch64=113, touches=NOTHING)
def clock_gettime(clock: Clock, now: Out[Now]) -> Zero: ...
@syscall(x86_64=227, aarch64=112, touches=NOTHING)
def clock_settime(clock: Clock, time: NewTime) -> Zero: ...
@syscall(x86_64=229, aarch64=114, touches=NOTHING)
def clock_getres(clock: Clock, resolution: Out[Now]) -> Zero: ...
@syscall(x86_64=230, aarch64=115, touches=NOTHING)
def clock_nanosleep(clock: SleepClock, flags: SleepFlags, request: AtOnce, remain: OptionalNow) -> Zero: ...
@syscall(x86_64=305, aarch64=266, since="2.6.39", touches=NOTHING)
def clock_adjtime(clock: Clock, buf: InTimex) -> Varying: ...
@syscall(x86_64=159, aarch64=171, touches=NOTHING)
def adjtimex(buf: InTimex) -> Varying: ...
@syscall(x86_64=35, aarch64=101, touches=NOTHING)
def nanosleep(request: AtOnce, remain: OptionalNow) -> Zero: ...
@syscall(x86_64=96, aarch64=169, touches=NOTHING)
def gettimeofday(now: OptionalNow, zone: Zone) -> Zero: ...
@syscall(x86_64=164, aarch64=170, touches=NOTHING)
def settimeofday(now: NewTimeval, zone: NewZone) -> Zero: ...
@syscall(x86_64=201, touches=NOTHING)
def time(now: Seconds) -> Varying: ...
