"""timerfd_create(2): timers behind fds."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.machinery.aliases import InBytes, Int, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Blob, Choices, often, rarely
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.time.clocks import CLOCK_BOOTTIME, CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_REALTIME_ALARM
from conformance.syscalls.time.timers import OutTimeLeft, TimerSetting

TFD_NONBLOCK, TFD_CLOEXEC = 0o4000, 0o2000000

TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2

TFD_IOC_SET_TICKS = 0x40085400

TimerfdClock = Annotated[
    int,
    Flags(named(globals(), "CLOCK_"), bits=False),
    Choices(CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME, CLOCK_REALTIME_ALARM, rarely(9, -1)),
]
TimerfdFlags = Annotated[
    int,
    Flags(named(globals(), "TFD_NONBLOCK", "TFD_CLOEXEC")),
    Choices(often(TFD_NONBLOCK, TFD_NONBLOCK | TFD_CLOEXEC), 0, TFD_CLOEXEC, 1, -1),
]
TimerFd = Annotated[int, FileDescriptor("timer")]
SetTimeFlags = Annotated[int, Flags(named(globals(), "TFD_TIMER_")), Choices(0, TFD_TIMER_ABSTIME, ...)]
Ticks = Annotated[InBytes, Choices(*(Blob(ticks.to_bytes(8, "little")) for ticks in (1, 5, 0)), UNMAPPED)]


@syscall(x86_64=283, aarch64=85, since="2.6.25", touches=NOTHING)
def timerfd_create(clock: TimerfdClock, flags: TimerfdFlags) -> TimerFd: ...
@syscall(x86_64=286, aarch64=86, since="2.6.25", touches=NOTHING)
def timerfd_settime(fd: TimerFd, flags: SetTimeFlags, new: TimerSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=287, aarch64=87, since="2.6.25", touches=NOTHING, shows="fd:timer")
def timerfd_gettime(fd: TimerFd, current: OutTimeLeft) -> Zero: ...
@operation(ioctl, request=TFD_IOC_SET_TICKS, touches=NOTHING)
def ioctl_tfd_set_ticks(fd: TimerFd, request: Int, arg: Ticks = 0) -> Zero: ...
