"""Epoll: which descriptors can be watched, how often they are told, how long a wait takes (epoll(7))."""

from __future__ import annotations

import struct
from errno import EBADF, EEXIST, EINVAL, ELOOP, ENOENT, EPERM
from itertools import pairwise

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.polling.epoll import (
    EPOLL_CTL_ADD,
    EPOLL_CTL_DEL,
    EPOLL_CTL_MOD,
    EPOLLET,
    EPOLLEXCLUSIVE,
    EPOLLIN,
    EPOLLONESHOT,
    EpollEvent,
    epoll_create1,
    epoll_ctl,
    epoll_pwait2,
    epoll_wait,
)
from conformance.syscalls.polling.eventfd import eventfd2
from conformance.syscalls.signals import sigset
from conformance.syscalls.time.clocks import Timespec

ONE = struct.pack("=Q", 1)


def watch(epoll: int, fd: int, events: int = EPOLLIN) -> None:
    """Add `fd`; its number is the event's data as well."""
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, EpollEvent(events=events, data=7))


def ready(epoll: int) -> int:
    """How many events there are, at this moment."""
    return epoll_wait(epoll, EpollEvent(), 1, 0)


def test_descriptor_is_watched_once_if_at_all() -> None:
    """A file is always ready, so that there is nothing to wait for: EPERM."""
    epoll, fd, event = epoll_create1(0), eventfd2(0, 0), EpollEvent(events=EPOLLIN)
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    epoll_ctl.fails_with(EPERM, epoll, EPOLL_CTL_ADD, file, event)
    epoll_ctl.fails_with(EBADF, epoll, EPOLL_CTL_ADD, 999, event)
    epoll_ctl.fails_with(EINVAL, epoll, EPOLL_CTL_ADD, epoll, event)
    epoll_ctl.fails_with(ENOENT, epoll, EPOLL_CTL_MOD, fd, event)
    watch(epoll, fd)
    epoll_ctl.fails_with(EEXIST, epoll, EPOLL_CTL_ADD, fd, event)
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, None)
    epoll_ctl.fails_with(ENOENT, epoll, EPOLL_CTL_DEL, fd, None)


@pytest.mark.parametrize(
    ("how", "told"),
    [(0, [1, 1, 1, 1]), (EPOLLET, [1, 0, 1, 1]), (EPOLLONESHOT, [1, 0, 0, 1])],
    ids=["level", "edge", "oneshot"],
)
def test_way_of_watching_decides_how_often_an_event_is_told(how: int, told: list[int]) -> None:
    """Asked twice after one write, once after a second write, and once when the watch was renewed."""
    epoll, fd = epoll_create1(0), eventfd2(0, 0)
    watch(epoll, fd, EPOLLIN | how)
    write(fd, ONE, 8)
    found = [ready(epoll), ready(epoll)]
    write(fd, ONE, 8)
    found.append(ready(epoll))
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, EpollEvent(events=EPOLLIN | how))
    assert [*found, ready(epoll)] == told


def test_exclusive_watch_is_for_adding_only() -> None:
    """EPOLLEXCLUSIVE (Linux 4.5), epoll_ctl(2)."""
    epoll, inner, fd = epoll_create1(0), epoll_create1(0), eventfd2(0, 0)
    watch(epoll, fd, EPOLLIN | EPOLLEXCLUSIVE)
    epoll_ctl.fails_with(EINVAL, epoll, EPOLL_CTL_MOD, fd, EpollEvent(events=EPOLLIN))
    exclusive = EpollEvent(events=EPOLLIN | EPOLLEXCLUSIVE)
    epoll_ctl.fails_with(EINVAL, epoll, EPOLL_CTL_ADD, inner, exclusive)
    exclusive.events |= EPOLLONESHOT
    epoll_ctl.fails_with(EINVAL, epoll, EPOLL_CTL_ADD, eventfd2(0, 0), exclusive)


def test_loop_and_chain_too_long_are_eloop() -> None:
    """epoll_ctl(2): a nesting depth of more than five."""
    first, second = epoll_create1(0), epoll_create1(0)
    watch(first, second)
    epoll_ctl.fails_with(ELOOP, second, EPOLL_CTL_ADD, first, EpollEvent(events=EPOLLIN))
    chain = [epoll_create1(0) for _ in range(6)]
    for outer, inner in pairwise(chain[1:]):
        watch(outer, inner)
    epoll_ctl.fails_with(ELOOP, chain[0], EPOLL_CTL_ADD, chain[1], EpollEvent(events=EPOLLIN))


def test_wait_can_be_told_in_nanoseconds() -> None:
    """epoll_pwait2 (Linux 5.11)."""
    epoll, fd = epoll_create1(0), eventfd2(0, 0)
    watch(epoll, fd)
    assert epoll_pwait2(epoll, EpollEvent(), 1, Timespec(tv_nsec=1000), None, 8) == 0
    epoll_pwait2.fails_with(EINVAL, epoll, EpollEvent(), 1, Timespec(tv_nsec=1_000_000_000), None, 8)
    write(fd, ONE, 8)
    assert epoll_pwait2(epoll, EpollEvent(), 1, None, Buffer(sigset()), 8) == 1
