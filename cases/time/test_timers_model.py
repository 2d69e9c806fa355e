"""Timers, against a model: POSIX timers, timerfd and ITIMER_REAL tell what is left, what was set, what was missed."""

from __future__ import annotations

import signal
from collections.abc import Callable
from dataclasses import replace
from errno import EAGAIN, EINVAL

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cases.time._timers_model import SECOND, Between, Timer, armed, expired
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.polling.timerfd import (
    TFD_NONBLOCK,
    TFD_TIMER_ABSTIME,
    timerfd_create,
    timerfd_gettime,
    timerfd_settime,
)
from conformance.syscalls.signals import (
    SI_TIMER,
    SIG_BLOCK,
    SIGSET_SIZE,
    Siginfo,
    alarm,
    rt_sigprocmask,
    rt_sigtimedwait,
    sigset,
)
from conformance.syscalls.time.clocks import (
    CLOCK_MONOTONIC,
    CLOCK_REALTIME,
    TIMER_ABSTIME,
    Now,
    Timespec,
    Timeval,
    clock_gettime,
)
from conformance.syscalls.time.timers import (
    ITIMER_REAL,
    SIGEV_NONE,
    SIGEV_SIGNAL,
    Itimerspec,
    Itimerval,
    Sigevent,
    TimerId,
    getitimer,
    setitimer,
    timer_create,
    timer_delete,
    timer_getoverrun,
    timer_gettime,
    timer_settime,
)

MICROSECOND = 1000
LONG = 10**6 * SECOND
"""An interval during which nothing expires again."""
GENEROUS = Timespec(tv_sec=10)
NOW = Timespec()
FAR = st.integers(10**4, 10**8).map(lambda seconds: seconds * SECOND + 7)
INTERVALS = st.sampled_from([0, 3600 * SECOND, LONG + 5])
NUMBER = signal.SIGUSR1


def time_of(clock: int) -> int:
    """What a clock says, in nanoseconds."""
    now = Now()
    clock_gettime(clock, now)
    return int(now.tv_sec * SECOND + now.tv_nsec)


def timespec(nanoseconds: int) -> Timespec:
    """That time as a struct."""
    return Timespec(tv_sec=nanoseconds // SECOND, tv_nsec=nanoseconds % SECOND)


def timeval(nanoseconds: int) -> Timeval:
    """That time as a struct that has no more than microseconds."""
    return Timeval(tv_sec=nanoseconds // SECOND, tv_usec=nanoseconds % SECOND // MICROSECOND)


def nanoseconds(time: Timespec | Timeval) -> int:
    """What a struct says."""
    fraction = time.tv_nsec if isinstance(time, Timespec) else time.tv_usec * MICROSECOND
    return int(time.tv_sec * SECOND + fraction)


class Descriptor:
    """timerfd_create(2)."""

    def __init__(self, clock: int) -> None:
        self.clock = clock
        self.id = timerfd_create(clock, TFD_NONBLOCK)
        self.set: Callable[[int, int, Itimerspec, Itimerspec], tuple[int, int]] = timerfd_settime.result_of
        self.get = timerfd_gettime

    def expire(self, timer: Timer) -> Timer:
        """Wait until the timer has expired, as it is bound to; what is then to be read is in the model."""
        assert ready(self.id) == POLLIN, "it has not expired"
        return timer

    def ask(self, timer: Timer) -> Timer:
        """read(2): how often it has expired, once."""
        count = Buffer(8)
        answer = read.result_of(self.id, count, 8)
        if timer.expirations == Between(0, 0):
            assert answer == (-1, EAGAIN)
        else:
            assert answer == (8, 0)
            assert count.int_at(0, 8) in timer.expirations
        return replace(timer, expirations=Between(0, 0))

    def look(self, timer: Timer) -> None:
        """poll(2)."""
        assert ready(self.id, seconds=0) == (POLLIN if timer.expirations.least else 0)

    def end(self) -> None:
        close(self.id)


class PosixTimer:
    """timer_create(2), with a signal or without one."""

    def __init__(self, clock: int, notify: int) -> None:
        self.clock, self.notify = clock, notify
        timer = TimerId()
        timer_create(clock, Sigevent(value=55, signo=NUMBER, notify=notify), timer)
        self.id = timer.id
        self.set: Callable[[int, int, Itimerspec, Itimerspec], tuple[int, int]] = timer_settime.result_of
        self.get = timer_gettime

    def expire(self, timer: Timer) -> Timer:
        """Take the signal, which tells how many expirations there were beyond the first."""
        if self.notify == SIGEV_SIGNAL:
            info = Siginfo()
            assert rt_sigtimedwait(sigset(NUMBER), info, GENEROUS, SIGSET_SIZE) == NUMBER
            assert (info.si_code, info.si_value) == (SI_TIMER, 55)
            overruns = info.si_uid  # si_overrun lies where si_uid does
            assert overruns in timer.expirations + -1
            assert timer_getoverrun(self.id) == overruns
        return replace(timer, expirations=Between(0, 0))

    def ask(self, timer: Timer) -> Timer:
        """There is nothing to ask."""
        return timer

    def look(self, timer: Timer) -> None:
        """No other signal came."""
        assert rt_sigtimedwait.result_of(sigset(NUMBER), None, NOW, SIGSET_SIZE) == (-1, EAGAIN)

    def end(self) -> None:
        timer_delete(self.id)
        timer_gettime.fails_with(EINVAL, self.id, Itimerspec())


SILENT = "timer without a signal"
WAYS: dict[str, Callable[[], Descriptor | PosixTimer]] = {
    "timerfd, real time": lambda: Descriptor(CLOCK_REALTIME),
    "timerfd, monotonic": lambda: Descriptor(CLOCK_MONOTONIC),
    "timer with a signal": lambda: PosixTimer(CLOCK_REALTIME, SIGEV_SIGNAL),
    SILENT: lambda: PosixTimer(CLOCK_REALTIME, SIGEV_NONE),
}
WHICH = st.sampled_from(sorted(WAYS))


class Timers(RuleBasedStateMachine):
    """A timer of each kind."""

    def __init__(self) -> None:
        super().__init__()
        self.timers = {name: make() for name, make in WAYS.items()}
        self.state = dict.fromkeys(WAYS, Timer())

    def teardown(self) -> None:
        for timer in self.timers.values():
            timer.end()

    def set(self, which: str, flags: int, value: int, interval: int) -> Between:
        """Set a timer and judge the setting that the call returns; when that was."""
        timer, old = self.timers[which], Itimerspec()
        new = Itimerspec(it_value=timespec(value), it_interval=timespec(interval))
        before = time_of(timer.clock)
        assert timer.set(timer.id, flags, new, old) == (0, 0)
        now = Between(before, time_of(timer.clock))
        self.judge(which, old, now, "the setting before")
        return now

    def judge(self, which: str, told: Itimerspec, now: Between, what: str) -> None:
        """Compare a setting with the model."""
        state, remainder = self.state[which], nanoseconds(told.it_value)
        assert nanoseconds(told.it_interval) == state.interval, f"the interval of {what} ({which})"
        if state.due is None and which == SILENT:
            return  # Linux goes on telling what was left when it was disarmed (common_timer_get(), 6.18 at least)
        allowed = state.remainder(now)
        assert remainder in allowed, f"what is left of {what} ({which})"

    @rule(which=WHICH, value=FAR, interval=INTERVALS, absolute=st.booleans())
    def arm(self, which: str, value: int, interval: int, absolute: bool) -> None:
        if absolute:
            due = time_of(self.timers[which].clock) + value
            self.set(which, TIMER_ABSTIME, due, interval)
            self.state[which] = armed(Between(due, due), interval)
        else:
            self.state[which] = armed(self.set(which, 0, value, interval) + value, interval)

    @rule(which=WHICH, missed=st.integers(0, 9), periodic=st.booleans())
    def arm_in_the_past(self, which: str, missed: int, periodic: bool) -> None:
        """It expires at once, and as often as it would have since then; then it goes on."""
        interval = LONG if periodic else 0
        first = max(time_of(self.timers[which].clock) - missed * LONG - LONG // 2, 1)
        now = self.set(which, TFD_TIMER_ABSTIME, first, interval)
        self.state[which] = self.timers[which].expire(expired(first, interval, now))

    @rule(which=WHICH)
    def disarm(self, which: str) -> None:
        self.set(which, 0, 0, 0)
        self.state[which] = Timer()

    @rule(which=WHICH, nanoseconds=st.sampled_from([-1, SECOND]), of_interval=st.booleans())
    def set_wrongly(self, which: str, nanoseconds: int, of_interval: bool) -> None:
        """EINVAL, and nothing changes."""
        new = Itimerspec(it_value=Timespec(tv_sec=1), it_interval=Timespec(tv_sec=1))
        (new.it_interval if of_interval else new.it_value).tv_nsec = nanoseconds
        assert self.timers[which].set(self.timers[which].id, 0, new, Itimerspec()) == (-1, EINVAL)

    @rule(which=WHICH)
    def ask(self, which: str) -> None:
        self.state[which] = self.timers[which].ask(self.state[which])

    @rule(which=WHICH)
    def make_anew(self, which: str) -> None:
        self.timers[which].end()
        self.timers[which] = WAYS[which]()
        self.state[which] = Timer()

    @rule(which=WHICH)
    def get(self, which: str) -> None:
        timer, current = self.timers[which], Itimerspec()
        before = time_of(timer.clock)
        timer.get(timer.id, current)
        self.judge(which, current, Between(before, time_of(timer.clock)), "the setting")

    @invariant()
    def tell_their_state(self) -> None:
        for which, timer in self.timers.items():
            timer.look(self.state[which])


def test_timers_tell_what_the_model_says() -> None:
    with untraced():
        rt_sigprocmask(SIG_BLOCK, sigset(NUMBER), None, SIGSET_SIZE)
        run_state_machine_as_test(Timers)


class IntervalTimer(RuleBasedStateMachine):
    """ITIMER_REAL, which alarm(2) sets too, in whole seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Timer()

    def teardown(self) -> None:
        setitimer(ITIMER_REAL, Itimerval(), None)

    def judge(self, told: Itimerval, before: int) -> None:
        """Compare a setting with the model."""
        state, now = self.state, Between(before, time_of(CLOCK_MONOTONIC))
        assert nanoseconds(told.it_interval) == state.interval
        assert nanoseconds(told.it_value) in state.remainder(now)

    @rule(value=st.one_of(st.just(0), FAR), interval=st.sampled_from([0, LONG + 2 * MICROSECOND]))
    def set(self, value: int, interval: int) -> None:
        value, old, interval = value // MICROSECOND * MICROSECOND, Itimerval(), interval if value else 0
        new = Itimerval(it_value=timeval(value), it_interval=timeval(interval))
        before = time_of(CLOCK_MONOTONIC)
        setitimer(ITIMER_REAL, new, old)
        self.judge(old, before)
        self.state = armed(Between(before, time_of(CLOCK_MONOTONIC)) + value, interval) if value else Timer()

    @rule(seconds=st.one_of(st.just(0), st.integers(10**4, 10**8)))
    def alarm(self, seconds: int) -> None:
        """It returns the seconds that were left, rounded."""
        before = time_of(CLOCK_MONOTONIC)
        left = alarm(seconds)
        now = Between(before, time_of(CLOCK_MONOTONIC))
        allowed = self.state.remainder(now)
        assert left in Between(allowed.least // SECOND, -(-allowed.most // SECOND))
        self.state = armed(now + seconds * SECOND, 0) if seconds else Timer()

    @invariant()
    def tells_its_state(self) -> None:
        current, before = Itimerval(), time_of(CLOCK_MONOTONIC)
        getitimer(ITIMER_REAL, current)
        self.judge(current, before)


def test_interval_timer_tells_what_the_model_says() -> None:
    with untraced():
        run_state_machine_as_test(IntervalTimer)
