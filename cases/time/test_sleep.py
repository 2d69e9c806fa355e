"""Sleeping: for a time, until a time, and what is left when a signal comes."""

from __future__ import annotations

import signal
from errno import EFAULT, EINTR, EINVAL, EOPNOTSUPP

import pytest

from conformance.syscalls import untraced
from conformance.syscalls.help.code import RESTORER, RET, place
from conformance.syscalls.signals import SA_RESTART, SA_RESTORER, SIGSET_SIZE, Sigaction, rt_sigaction
from conformance.syscalls.time.clocks import (
    CLOCK_MONOTONIC,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_REALTIME,
    CLOCK_THREAD_CPUTIME_ID,
    TIMER_ABSTIME,
    Now,
    Timespec,
    Timeval,
    clock_gettime,
    clock_nanosleep,
    nanosleep,
)
from conformance.syscalls.time.timers import ITIMER_REAL, Itimerval, setitimer

MILLISECOND = 10**6
SECOND = 10**9


def now(clock: int = CLOCK_MONOTONIC) -> int:
    """clock_gettime(2), in nanoseconds; not traced, since sleeping is what is looked at."""
    time = Now()
    with untraced():
        clock_gettime(clock, time)
    return time.tv_sec * SECOND + time.tv_nsec


def test_time_that_is_none_is_einval() -> None:
    for request in (Timespec(tv_nsec=SECOND), Timespec(tv_nsec=-1), Timespec(tv_sec=-1)):
        nanosleep.fails_with(EINVAL, request, None)
        clock_nanosleep.fails_with(EINVAL, CLOCK_MONOTONIC, 0, request, None)
    nanosleep.fails_with(EFAULT, 1, None)
    clock_nanosleep.fails_with(EINVAL, 99, 0, Timespec(tv_nsec=1), None)
    clock_nanosleep.fails_with((EINVAL, EOPNOTSUPP), CLOCK_THREAD_CPUTIME_ID, 0, Timespec(tv_nsec=1), None)


@pytest.mark.parametrize("clock", [CLOCK_REALTIME, CLOCK_MONOTONIC], ids=["realtime", "monotonic"])
def test_sleep_takes_at_least_its_time(clock: int) -> None:
    before = now(clock)
    clock_nanosleep(clock, 0, Timespec(tv_nsec=2 * MILLISECOND), None)
    assert now(clock) - before >= 2 * MILLISECOND
    until = now(clock) + 2 * MILLISECOND
    with untraced():  # the time is another on every run
        clock_nanosleep(clock, TIMER_ABSTIME, Timespec(tv_sec=until // SECOND, tv_nsec=until % SECOND), None)
    assert now(clock) >= until
    for past in (clock, CLOCK_PROCESS_CPUTIME_ID):
        clock_nanosleep(past, TIMER_ABSTIME, Timespec(tv_nsec=1), None)


@pytest.mark.needs("x86_64")
def test_sleep_that_a_handler_interrupts_tells_what_is_left() -> None:
    """Even with SA_RESTART; an absolute sleep has no remainder (clock_nanosleep(2))."""
    handler = place(RET + RESTORER)
    act = Sigaction(handler=handler, flags=SA_RESTORER | SA_RESTART, restorer=handler + len(RET))
    rt_sigaction(signal.SIGALRM, act, None, SIGSET_SIZE)
    left, untouched, until = Now(), Now(tv_sec=-7), now() // SECOND + 100
    setitimer(ITIMER_REAL, Itimerval(Timeval(tv_usec=10_000), Timeval(tv_usec=10_000)), None)
    nanosleep.fails_with(EINTR, Timespec(tv_sec=100), left)
    with untraced():
        clock_nanosleep.fails_with(EINTR, CLOCK_MONOTONIC, TIMER_ABSTIME, Timespec(tv_sec=until), untouched)
    setitimer(ITIMER_REAL, Itimerval(), None)
    assert 0 < left.tv_sec * SECOND + left.tv_nsec < 100 * SECOND
    assert untouched.tv_sec == -7
