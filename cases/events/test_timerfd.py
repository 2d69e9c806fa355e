"""Timer descriptors: timerfd_create(2) makes timers that can be read and waited for."""

from __future__ import annotations

from errno import EAGAIN

import pytest

from conformance.syscalls import Buffer, untraced
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
from conformance.syscalls.time.clocks import CLOCK_MONOTONIC, Timespec
from conformance.syscalls.time.timers import Itimerspec

HOUR = 3600


def timer(*, seconds: int = 0, nanoseconds: int = 0, flags: int = 0) -> int:
    """A timer of the monotonic clock that runs."""
    fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)
    timerfd_settime(fd, flags, Itimerspec(Timespec(), Timespec(seconds, nanoseconds)), None)
    return fd


@pytest.mark.parametrize("flags", [0, TFD_TIMER_ABSTIME], ids=["relative", "absolute"])
def test_expiration_is_counted_until_it_is_read(flags: int) -> None:
    """In a nanosecond, or a nanosecond after the clock's start."""
    fd = timer(nanoseconds=1, flags=flags)
    assert ready(fd) == POLLIN
    count = Buffer(8)
    assert read(fd, count, 8) == 8
    assert count.int_at(0, 8) == 1
    read.fails_with(EAGAIN, fd, Buffer(8), 8)


def test_running_timer_tells_what_is_left_and_a_stopped_one_nothing() -> None:
    fd, left = timer(seconds=HOUR), Itimerspec()
    with untraced():
        timerfd_gettime(fd, left)
    assert 0 < left.it_value.tv_sec <= HOUR
    with untraced():
        timerfd_settime(fd, 0, Itimerspec(), left)
    assert 0 < left.it_value.tv_sec <= HOUR
    timerfd_gettime(fd, left)
    assert (left.it_value.tv_sec, left.it_value.tv_nsec) == (0, 0)
