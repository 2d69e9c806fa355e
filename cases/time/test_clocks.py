"""Clocks: which there are, how they relate, and who may set them."""

from __future__ import annotations

import signal
import struct
from errno import EFAULT, EINVAL, EPERM

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import kill, pause
from conformance.syscalls.time.clocks import (
    ADJ_TICK,
    CLOCK_BOOTTIME,
    CLOCK_MONOTONIC,
    CLOCK_MONOTONIC_COARSE,
    CLOCK_MONOTONIC_RAW,
    CLOCK_PROCESS_CPUTIME_ID,
    CLOCK_REALTIME,
    CLOCK_REALTIME_COARSE,
    CLOCK_TAI,
    CLOCK_THREAD_CPUTIME_ID,
    TIME_ERROR,
    TIME_OK,
    Now,
    Timespec,
    adjtimex,
    clock_getres,
    clock_gettime,
    clock_settime,
    settimeofday,
)

CLOCKS = {
    CLOCK_REALTIME: "CLOCK_REALTIME",
    CLOCK_MONOTONIC: "CLOCK_MONOTONIC",
    CLOCK_MONOTONIC_RAW: "CLOCK_MONOTONIC_RAW",
    CLOCK_REALTIME_COARSE: "CLOCK_REALTIME_COARSE",
    CLOCK_MONOTONIC_COARSE: "CLOCK_MONOTONIC_COARSE",
    CLOCK_BOOTTIME: "CLOCK_BOOTTIME",
    CLOCK_TAI: "CLOCK_TAI",
    CLOCK_PROCESS_CPUTIME_ID: "CLOCK_PROCESS_CPUTIME_ID",
    CLOCK_THREAD_CPUTIME_ID: "CLOCK_THREAD_CPUTIME_ID",
}
UNKNOWN_CLOCK = 99
SECOND = 10**9
TIMEX_SIZE = 208
USER = 65533


def now(clock: int) -> int:
    """clock_gettime(2), in nanoseconds."""
    time = Now()
    clock_gettime(clock, time)
    assert 0 <= time.tv_nsec < SECOND
    return time.tv_sec * SECOND + time.tv_nsec


def resolution(clock: int) -> int:
    """clock_getres(2), in nanoseconds."""
    time = Now()
    clock_getres(clock, time)
    return time.tv_sec * SECOND + time.tv_nsec


def cpu_clock_of(pid: int) -> int:
    """What clock_getcpuclockid(3) makes of a pid: its complement, and 2 for time as the scheduler counts it."""
    return ~pid << 3 | 2


def test_every_clock_runs_and_tells_its_resolution() -> None:
    for clock, name in CLOCKS.items():
        clock_getres.or_missing(name, EINVAL, clock, None)
        clock_gettime.or_missing(name, EINVAL, clock, Now())
        first = now(clock)
        assert 0 < first <= now(clock)
        assert 0 < resolution(clock) <= SECOND // 100
    assert resolution(CLOCK_MONOTONIC) == resolution(CLOCK_REALTIME) <= resolution(CLOCK_MONOTONIC_COARSE)
    clock_getres(CLOCK_REALTIME, None)
    assert now(CLOCK_MONOTONIC) <= now(CLOCK_BOOTTIME)
    assert now(CLOCK_MONOTONIC_COARSE) <= now(CLOCK_MONOTONIC)
    assert now(CLOCK_THREAD_CPUTIME_ID) <= now(CLOCK_PROCESS_CPUTIME_ID)
    assert now(CLOCK_REALTIME) <= now(CLOCK_TAI)
    for call in (clock_gettime, clock_getres):
        call.fails_with(EINVAL, UNKNOWN_CLOCK, Now())
    clock_gettime.fails_with(EFAULT, CLOCK_REALTIME, 1)


def test_process_has_a_clock_of_the_time_that_it_used() -> None:
    before = now(CLOCK_PROCESS_CPUTIME_ID)
    assert before <= now(cpu_clock_of(getpid())) <= now(CLOCK_PROCESS_CPUTIME_ID)
    pid = fork_child(pause)
    with untraced():  # the number holds a pid
        assert now(cpu_clock_of(pid)) < before + 10 * SECOND
        clock_settime.fails_with(EPERM, cpu_clock_of(pid), Timespec())
        kill(pid, signal.SIGKILL)
        exit_status(pid)
        clock_gettime.fails_with(EINVAL, cpu_clock_of(pid), Now())


@pytest.mark.needs("root")
def test_user_sets_no_clock_but_may_read_how_it_is_adjusted() -> None:
    """And nobody sets CLOCK_MONOTONIC, or a time that is none."""
    clock_settime.fails_with(EINVAL, CLOCK_MONOTONIC, Timespec(tv_sec=1))
    clock_settime.fails_with(EINVAL, CLOCK_REALTIME, Timespec(tv_nsec=SECOND))
    settimeofday.fails_with(EINVAL, struct.pack("=2q", 0, 10**6), None)

    def user() -> None:
        setresuid(USER, USER, USER)
        clock_settime.fails_with(EPERM, CLOCK_REALTIME, Timespec(tv_sec=1))
        settimeofday.fails_with(EPERM, struct.pack("=2q", 0, 0), None)
        with untraced():  # how it is adjusted is the machine's affair
            state, error = adjtimex.result_of(Buffer(bytes(TIMEX_SIZE)))
        assert error == 0
        assert TIME_OK <= state <= TIME_ERROR
        with untraced():
            refused = adjtimex.result_of(Buffer(struct.pack("=I", ADJ_TICK).ljust(TIMEX_SIZE, b"\0")))
        assert refused == (-1, EPERM)

    assert in_child(user) == 0


@pytest.mark.needs("root", "disposable")
def test_clock_that_is_set_goes_on_from_there() -> None:
    """CLOCK_MONOTONIC is not set along with it."""
    with untraced():
        monotonic, real = now(CLOCK_MONOTONIC), now(CLOCK_REALTIME)
        if clock_settime.result_of(CLOCK_REALTIME, Timespec(tv_sec=real // SECOND + 3600))[1] == EPERM:
            missing("CAP_SYS_TIME")
        try:
            later, elapsed = now(CLOCK_REALTIME), now(CLOCK_MONOTONIC) - monotonic
        finally:
            clock_settime(CLOCK_REALTIME, Timespec(tv_sec=real // SECOND, tv_nsec=real % SECOND))
    assert 0 <= elapsed < 60 * SECOND
    assert 3599 * SECOND <= later - real <= 3660 * SECOND
