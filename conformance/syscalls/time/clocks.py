"""clock_gettime(2), nanosleep(2), time(7): telling the time, setting clocks, sleeping."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InBytes, Int, Out, Time64, Varying, Zero
from conformance.syscalls.machinery.buffers import I64, Buffer, Struct
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
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID, CLOCK_MONOTONIC_RAW = range(5)
CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, CLOCK_BOOTTIME_ALARM = range(5, 10)
CLOCK_TAI = 11
CPUCLOCK_SELF = -6
"""The CPU time of process 0, which is the caller itself: `(~pid << 3) | 2`."""

TIMER_ABSTIME = 1

TIME_OK, TIME_ERROR = 0, 5
ADJ_OFFSET, ADJ_FREQUENCY, ADJ_TICK = 1, 2, 0x4000

CLOCKS = named(globals(), "CLOCK_")


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
Timex = Annotated[Buffer | bytes | int | None, Pointer(out=True), Masked()]
"""`struct timex`, which tells the state of a clock: differs from run to run."""


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
def time(now: Seconds) -> Varying: ...
