"""Timers, against a model: POSIX timers, timerfd and ITIMER_REAL tell what is left, what was set, what was missed."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from errno import EAGAIN, EINVAL
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule

from cases._models import polled
from cases.time._timers_model import SECOND, Between, Timer, armed, expired
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.program import Ref
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.reading import read
from conformance.syscalls.machinery.call import Syscall
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
GENEROUS = 10
"""Seconds that somebody waits for what has to come at once."""
NOW = Timespec()
FAR = st.integers(10**4, 10**8).map(lambda seconds: seconds * SECOND + 7)
INTERVALS = st.sampled_from([0, 3600 * SECOND, LONG + 5])
NUMBER = signal.SIGUSR1
VALUE = 55
"""What a timer's signal brings along."""


def timespec(nanoseconds: int) -> Timespec:
    """That time as a struct."""
    return Timespec(tv_sec=nanoseconds // SECOND, tv_nsec=nanoseconds % SECOND)


def timeval(nanoseconds: int) -> Timeval:
    """That time as a struct that has no more than microseconds."""
    return Timeval(tv_sec=nanoseconds // SECOND, tv_usec=nanoseconds % SECOND // MICROSECOND)


def nanoseconds(time: Timespec | Timeval | Now) -> int:
    """What a struct says."""
    fraction = time.tv_usec * MICROSECOND if isinstance(time, Timeval) else time.tv_nsec
    return int(time.tv_sec * SECOND + fraction)


def time_of(script: Script, clock: int) -> Now:
    """Ask a clock; where its answer will be."""
    now = Now()
    script.does(clock_gettime, clock, now)
    return now


@dataclass(frozen=True)
class During:
    """The time that a call took, by the clock that was asked before and after it."""

    before: Now
    after: Now

    @property
    def span(self) -> Between:
        """It, once the calls were made."""
        return Between(nanoseconds(self.before), nanoseconds(self.after))


Change = Callable[[Timer], Timer]
"""What a judge that knows a timer's state says of the next."""


class Descriptor:
    """timerfd_create(2)."""

    set: Syscall[Any] = timerfd_settime
    get: Syscall[Any] = timerfd_gettime

    def __init__(self, script: Script, clock: int) -> None:
        self.script, self.clock = script, clock
        self.id = script.opens(timerfd_create, clock, TFD_NONBLOCK)

    def expire(self) -> Change:
        """Wait until the timer has expired, as it is bound to; what is then to be read is in the model."""
        state = polled(self.script, self.id, seconds=GENEROUS)

        def judge(timer: Timer) -> Timer:
            assert state.revents == POLLIN, "it has not expired"
            return timer

        return judge

    def ask(self) -> Change:
        """read(2): how often it has expired, once."""
        count = Buffer(8)
        answer = self.script.call(read, self.id, count, 8)

        def judge(timer: Timer) -> Timer:
            if timer.expirations == Between(0, 0):
                assert answer.said == (-1, EAGAIN)
            else:
                assert answer.said == (8, 0)
                assert count.int_at(0, 8) in timer.expirations
            return replace(timer, expirations=Between(0, 0))

        return judge

    def look(self) -> Change:
        """poll(2)."""
        state = polled(self.script, self.id)

        def judge(timer: Timer) -> Timer:
            assert state.revents == (POLLIN if timer.expirations.least else 0)
            return timer

        return judge

    def end(self) -> None:
        self.script.closes(self.id)


class PosixTimer:
    """timer_create(2), with a signal or without one."""

    set: Syscall[Any] = timer_settime
    get: Syscall[Any] = timer_gettime

    def __init__(self, script: Script, clock: int, notify: int) -> None:
        self.script, self.clock, self.notify = script, clock, notify
        made = script.says(0, timer_create, clock, Sigevent(value=VALUE, signo=NUMBER, notify=notify), TimerId())
        self.id = Ref(made.at, 2, 0, 4)

    def expire(self) -> Change:
        """Take the signal, which tells how many expirations there were beyond the first."""
        if self.notify != SIGEV_SIGNAL:
            return lambda timer: replace(timer, expirations=Between(0, 0))
        info = Siginfo()
        taken = self.script.call(rt_sigtimedwait, sigset(NUMBER), info, Timespec(tv_sec=GENEROUS), SIGSET_SIZE)
        overrun = self.script.call(timer_getoverrun, self.id)  # type: ignore[arg-type] # see `Script.call`

        def judge(timer: Timer) -> Timer:
            assert taken.said == (NUMBER, 0), "no signal tells that it has expired"
            assert (info.si_code, info.si_value) == (SI_TIMER, VALUE)
            overruns = info.si_uid  # si_overrun lies where si_uid does
            assert overruns in timer.expirations + -1
            assert overrun.said == (overruns, 0)
            return replace(timer, expirations=Between(0, 0))

        return judge

    def ask(self) -> Change:
        """There is nothing to ask."""
        return lambda timer: timer

    def look(self) -> Change:
        """No other signal came."""
        self.script.says(-EAGAIN, rt_sigtimedwait, sigset(NUMBER), None, NOW, SIGSET_SIZE)
        return lambda timer: timer

    def end(self) -> None:
        self.script.says(0, timer_delete, self.id)  # type: ignore[arg-type] # see `Script.call`
        self.script.says(-EINVAL, timer_gettime, self.id, Itimerspec())  # type: ignore[arg-type] # see `Script.call`


SILENT = "timer without a signal"
WAYS: dict[str, Callable[[Script], Descriptor | PosixTimer]] = {
    "timerfd, real time": lambda script: Descriptor(script, CLOCK_REALTIME),
    "timerfd, monotonic": lambda script: Descriptor(script, CLOCK_MONOTONIC),
    "timer with a signal": lambda script: PosixTimer(script, CLOCK_REALTIME, SIGEV_SIGNAL),
    SILENT: lambda script: PosixTimer(script, CLOCK_REALTIME, SIGEV_NONE),
}
WHICH = st.sampled_from(sorted(WAYS))

CALLS = st.one_of(
    st.tuples(st.just("arm"), WHICH, FAR, INTERVALS, st.booleans()),
    st.tuples(st.just("arm_in_the_past"), WHICH, st.integers(0, 9), st.booleans()),
    st.tuples(st.just("disarm"), WHICH),
    st.tuples(st.just("set_wrongly"), WHICH, st.sampled_from([-1, SECOND]), st.booleans()),
    st.tuples(st.just("ask"), WHICH),
    st.tuples(st.just("make_anew"), WHICH),
    st.tuples(st.just("get"), WHICH),
)
"""What may be done, with what."""


class Timers(ScriptMachine):
    """A timer of each kind."""

    def __init__(self, clocks: Mapping[int, int]) -> None:
        """`clocks`: what each clock has said a short while ago."""
        super().__init__()
        self.clocks = clocks
        self.does(rt_sigprocmask, SIG_BLOCK, sigset(NUMBER), None, SIGSET_SIZE)
        self.timers = {name: make(self.script) for name, make in WAYS.items()}
        self.state = dict.fromkeys(WAYS, Timer())

    def teardown(self) -> None:
        for timer in self.timers.values():
            timer.end()
        super().teardown()

    def becomes(self, which: str, change: Change) -> None:
        """Once the calls so far have answered, have the timer's state judged and changed."""

        def become() -> None:
            self.state[which] = change(self.state[which])

        self.then(become)

    def set(self, which: str, flags: int, value: int, interval: int) -> During:
        """Set a timer and judge the setting that the call returns; when that was."""
        timer, old = self.timers[which], Itimerspec()
        new = Itimerspec(it_value=timespec(value), it_interval=timespec(interval))
        before = time_of(self.script, timer.clock)
        self.says(0, timer.set, timer.id, flags, new, old)
        when = During(before, time_of(self.script, timer.clock))
        self.then(self.judge, which, old, when, "the setting before")
        return when

    def judge(self, which: str, told: Itimerspec, when: During, what: str) -> None:
        """Compare a setting with the model."""
        state, remainder = self.state[which], nanoseconds(told.it_value)
        assert nanoseconds(told.it_interval) == state.interval, f"the interval of {what} ({which})"
        if state.due is None and which == SILENT:
            return  # Linux goes on telling what was left when it was disarmed (common_timer_get(), 6.18 at least)
        allowed = state.remainder(when.span)
        assert remainder in allowed, f"what is left of {what} ({which})"

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def arm(self, which: str, value: int, interval: int, absolute: bool) -> None:
        if absolute:
            due = self.clocks[self.timers[which].clock] + value
            self.set(which, TIMER_ABSTIME, due, interval)
            self.becomes(which, lambda _: armed(Between(due, due), interval))
        else:
            when = self.set(which, 0, value, interval)
            self.becomes(which, lambda _: armed(when.span + value, interval))

    def arm_in_the_past(self, which: str, missed: int, periodic: bool) -> None:
        """It expires at once, and as often as it would have since then; then it goes on."""
        interval = LONG if periodic else 0
        first = max(self.clocks[self.timers[which].clock] - missed * LONG - LONG // 2, 1)
        when = self.set(which, TFD_TIMER_ABSTIME, first, interval)
        self.becomes(which, lambda _: expired(first, interval, when.span))
        self.becomes(which, self.timers[which].expire())

    def disarm(self, which: str) -> None:
        self.set(which, 0, 0, 0)
        self.becomes(which, lambda _: Timer())

    def set_wrongly(self, which: str, nanoseconds: int, of_interval: bool) -> None:
        """EINVAL, and nothing changes."""
        timer = self.timers[which]
        new = Itimerspec(it_value=Timespec(tv_sec=1), it_interval=Timespec(tv_sec=1))
        (new.it_interval if of_interval else new.it_value).tv_nsec = nanoseconds
        self.says(-EINVAL, timer.set, timer.id, 0, new, Itimerspec())

    def ask(self, which: str) -> None:
        self.becomes(which, self.timers[which].ask())

    def make_anew(self, which: str) -> None:
        self.timers[which].end()
        self.timers[which] = WAYS[which](self.script)
        self.becomes(which, lambda _: Timer())

    def get(self, which: str) -> None:
        timer, current = self.timers[which], Itimerspec()
        before = time_of(self.script, timer.clock)
        self.says(0, timer.get, timer.id, current)
        self.then(self.judge, which, current, During(before, time_of(self.script, timer.clock)), "the setting")

    @invariant()
    def tell_their_state(self) -> None:
        for which, timer in self.timers.items():
            self.becomes(which, timer.look())


def test_timers_tell_what_the_model_says(kernel: Kernel) -> None:
    probe = Script()
    clocks = {clock: time_of(probe, clock) for clock in (CLOCK_REALTIME, CLOCK_MONOTONIC)}
    kernel.does(probe)
    kernel.keeps(Timers, {clock: nanoseconds(now) for clock, now in clocks.items()})


class IntervalTimer(ScriptMachine):
    """ITIMER_REAL, which alarm(2) sets too, in whole seconds."""

    def __init__(self) -> None:
        super().__init__()
        self.state = Timer()

    def judge(self, told: Itimerval, when: During) -> None:
        """Compare a setting with the model."""
        assert nanoseconds(told.it_interval) == self.state.interval
        assert nanoseconds(told.it_value) in self.state.remainder(when.span)

    def becomes(self, value: int, interval: int, when: During) -> None:
        """It was set to expire after so long."""
        self.state = armed(when.span + value, interval) if value else Timer()

    @rule(value=st.one_of(st.just(0), FAR), interval=st.sampled_from([0, LONG + 2 * MICROSECOND]))
    def set(self, value: int, interval: int) -> None:
        value, old, interval = value // MICROSECOND * MICROSECOND, Itimerval(), interval if value else 0
        new = Itimerval(it_value=timeval(value), it_interval=timeval(interval))
        before = time_of(self.script, CLOCK_MONOTONIC)
        self.says(0, setitimer, ITIMER_REAL, new, old)
        when = During(before, time_of(self.script, CLOCK_MONOTONIC))
        self.then(self.judge, old, when)
        self.then(self.becomes, value, interval, when)

    @rule(seconds=st.one_of(st.just(0), st.integers(10**4, 10**8)))
    def alarm(self, seconds: int) -> None:
        """It returns the seconds that were left, rounded."""
        before = time_of(self.script, CLOCK_MONOTONIC)
        left = self.does(alarm, seconds)
        when = During(before, time_of(self.script, CLOCK_MONOTONIC))
        self.then(self.told_seconds, left, when)
        self.then(self.becomes, seconds * SECOND, 0, when)

    def told_seconds(self, left: Reply, when: During) -> None:
        """Judge them."""
        allowed = self.state.remainder(when.span)
        assert left.result in Between(allowed.least // SECOND, -(-allowed.most // SECOND))

    @invariant()
    def tells_its_state(self) -> None:
        current, before = Itimerval(), time_of(self.script, CLOCK_MONOTONIC)
        self.says(0, getitimer, ITIMER_REAL, current)
        self.then(self.judge, current, During(before, time_of(self.script, CLOCK_MONOTONIC)))


def test_interval_timer_tells_what_the_model_says(kernel: Kernel) -> None:
    kernel.keeps(IntervalTimer)
