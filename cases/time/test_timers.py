"""Timers: of POSIX with their signals and overruns, and the interval timers that a process has three of."""

from __future__ import annotations

import signal
from errno import EAGAIN, EINVAL

from conformance.syscalls import untraced
from conformance.syscalls.help.child import in_child
from conformance.syscalls.signals import (
    SI_KERNEL,
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
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_REALTIME,
    TIMER_ABSTIME,
    Timespec,
    Timeval,
)
from conformance.syscalls.time.timers import (
    ITIMER_REAL,
    ITIMER_VIRTUAL,
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

MILLISECOND, SECOND = 10**6, 10**9
GENEROUS = Timespec(tv_sec=10)


def new_timer(notify: int = SIGEV_SIGNAL, clock: int = CLOCK_MONOTONIC) -> int:
    """timer_create(2) with SIGUSR1 and the value 55; its id."""
    timer = TimerId()
    timer_create(clock, Sigevent(value=55, signo=signal.SIGUSR1, notify=notify), timer)
    return timer.id


def once(seconds: int, nanoseconds: int = 0) -> Itimerspec:
    """A time without an interval."""
    return Itimerspec(it_value=Timespec(tv_sec=seconds, tv_nsec=nanoseconds))


def left(timer: int) -> int:
    """timer_gettime(2), in nanoseconds; not traced, since it differs from run to run."""
    current = Itimerspec()
    with untraced():
        timer_gettime(timer, current)
    return int(current.it_value.tv_sec * SECOND + current.it_value.tv_nsec)


def test_timer_sends_its_signal_with_its_value() -> None:
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGUSR1), None, SIGSET_SIZE)
    timer = new_timer()
    timer_settime(timer, 0, once(0, MILLISECOND), None)
    info = Siginfo()
    assert rt_sigtimedwait(sigset(signal.SIGUSR1), info, GENEROUS, SIGSET_SIZE) == signal.SIGUSR1
    assert (info.si_code, info.si_value) == (SI_TIMER, 55)
    assert left(timer) == 0
    timer_settime(timer, TIMER_ABSTIME, once(0, 1), None)  # long past: at once
    assert rt_sigtimedwait(sigset(signal.SIGUSR1), info, GENEROUS, SIGSET_SIZE) == signal.SIGUSR1


def test_expirations_of_a_pending_signal_are_counted_as_overruns() -> None:
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGUSR1, signal.SIGUSR2), None, SIGSET_SIZE)
    timer, info = new_timer(), Siginfo()
    interval = Timespec(tv_nsec=MILLISECOND)
    timer_settime(timer, 0, Itimerspec(it_interval=interval, it_value=interval), None)
    rt_sigtimedwait.fails_with(EAGAIN, sigset(signal.SIGUSR2), None, Timespec(tv_nsec=20 * MILLISECOND), SIGSET_SIZE)
    with untraced():
        rt_sigtimedwait(sigset(signal.SIGUSR1), info, GENEROUS, SIGSET_SIZE)
        overruns = timer_getoverrun(timer)
        timer_delete(timer)
    assert overruns >= 15
    assert info.si_uid == overruns  # si_overrun lies where si_uid does


def test_timer_must_be_of_a_clock_and_of_a_kind() -> None:
    timer = TimerId(id=-7)
    timer_create.fails_with(EINVAL, 99, None, timer)
    timer_create.fails_with(EINVAL, CLOCK_REALTIME, Sigevent(signo=65, notify=SIGEV_SIGNAL), timer)
    timer_create.fails_with(EINVAL, CLOCK_REALTIME, Sigevent(signo=signal.SIGUSR1, notify=7), timer)
    assert timer.id == -7
    silent = new_timer(SIGEV_NONE, CLOCK_PROCESS_CPUTIME_ID)
    timer_settime(silent, 0, once(100), None)
    assert 0 < left(silent) <= 100 * SECOND


def test_timer_can_be_read_changed_and_stopped() -> None:
    timer, old = new_timer(), Itimerspec()
    timer_settime(timer, 0, once(100), None)
    assert 0 < left(timer) <= 100 * SECOND
    with untraced():
        timer_settime(timer, 0, once(1000), old)
    assert 0 < old.it_value.tv_sec * SECOND + old.it_value.tv_nsec <= 100 * SECOND
    assert left(timer) > 100 * SECOND
    timer_settime.fails_with(EINVAL, timer, 0, once(1, SECOND), None)
    assert left(timer) > 100 * SECOND
    timer_settime(timer, 0, once(0), None)
    assert left(timer) == 0
    assert in_child(lambda: timer_gettime.fails_with(EINVAL, timer, Itimerspec())) == 0
    timer_delete(timer)
    for call in (timer_delete, timer_getoverrun):
        call.fails_with(EINVAL, timer)


def test_interval_timer_of_real_time_is_the_alarm() -> None:
    """alarm(2) and ITIMER_REAL are one timer; its remainder is rounded, and never to zero while it runs."""
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGALRM), None, SIGSET_SIZE)
    assert alarm(100) == 0
    old = Itimerval()
    with untraced():
        setitimer(ITIMER_REAL, Itimerval(it_value=Timeval(tv_usec=100_000)), old)
    assert 0 < old.it_value.tv_sec * 10**6 + old.it_value.tv_usec <= 100 * 10**6
    assert alarm(0) == 1
    getitimer(ITIMER_REAL, old)
    assert (old.it_value.tv_sec, old.it_value.tv_usec) == (0, 0)
    setitimer(ITIMER_REAL, Itimerval(it_value=Timeval(tv_usec=1000)), None)
    info = Siginfo()
    assert rt_sigtimedwait(sigset(signal.SIGALRM), info, GENEROUS, SIGSET_SIZE) == signal.SIGALRM
    assert info.si_code == SI_KERNEL
    setitimer.fails_with(EINVAL, ITIMER_REAL, Itimerval(it_value=Timeval(tv_usec=10**6)), None)
    setitimer.fails_with(EINVAL, ITIMER_VIRTUAL, Itimerval(it_interval=Timeval(tv_usec=-1)), None)
    setitimer.fails_with(EINVAL, 3, Itimerval(), None)
