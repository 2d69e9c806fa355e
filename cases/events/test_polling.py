"""Polling: what poll(2), ppoll(2) and select(2) say of each kind of descriptor."""

from __future__ import annotations

import signal
from collections.abc import Callable
from errno import EBADF, EINTR, EINVAL

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.polling.epoll import epoll_create1
from conformance.syscalls.polling.eventfd import eventfd2
from conformance.syscalls.polling.inotify import IN_NONBLOCK, inotify_init1
from conformance.syscalls.polling.poll import (
    POLLERR,
    POLLHUP,
    POLLIN,
    POLLNVAL,
    POLLOUT,
    Pollfd,
    poll,
    ppoll,
    pselect6,
    select,
)
from conformance.syscalls.polling.timerfd import timerfd_create
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import SIG_BLOCK, kill, rt_sigprocmask, sigset
from conformance.syscalls.time.clocks import CLOCK_MONOTONIC, Timespec


def readable_pipe() -> int:
    """The reading end of a pipe that holds a byte and has no writer any more."""
    reader, writer = new_pipe()
    write(writer, b"x", 1)
    close(writer)
    return reader


def pipe_without_writer() -> int:
    """The reading end alone."""
    reader, writer = new_pipe()
    close(writer)
    return reader


def pipe_without_reader() -> int:
    """The writing end alone."""
    reader, writer = new_pipe()
    close(reader)
    return writer


def file() -> int:
    """An empty file."""
    return openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)


KINDS: dict[str, tuple[Callable[[], int], int]] = {
    "file": (file, POLLIN | POLLOUT),
    "pipe": (lambda: new_pipe()[0], 0),
    "pipe-to-write": (lambda: new_pipe()[1], POLLOUT),
    "pipe-with-data-and-no-writer": (readable_pipe, POLLIN | POLLHUP),
    "pipe-without-writer": (pipe_without_writer, POLLHUP),
    "pipe-without-reader": (pipe_without_reader, POLLOUT | POLLERR),
    "eventfd": (lambda: eventfd2(1, 0), POLLIN | POLLOUT),
    "timerfd": (lambda: timerfd_create(CLOCK_MONOTONIC, 0), 0),
    "epoll": (lambda: epoll_create1(0), 0),
    "inotify": (lambda: inotify_init1(IN_NONBLOCK), 0),
    "none": (lambda: 999, POLLNVAL),
    "negative": (lambda: -1, 0),
}


@pytest.mark.parametrize("kind", list(KINDS))
def test_bits_of_a_descriptor(kind: str) -> None:
    """Hang-up and error are told unasked; a negative descriptor is passed over."""
    make, expected = KINDS[kind]
    state = Pollfd(fd=make(), events=POLLIN | POLLOUT)
    assert poll(state, 1, 0) == bool(expected)
    assert state.revents == expected


def test_sets_of_select_keep_what_is_ready() -> None:
    """POLLHUP is readable and POLLERR writable to select(2); a descriptor that is not open is EBADF."""
    empty, ended, unread = new_pipe()[0], pipe_without_writer(), pipe_without_reader()
    wanted = sum(1 << fd for fd in (empty, ended, unread)).to_bytes(128, "little")
    readers, writers = Buffer(wanted), Buffer((1 << unread).to_bytes(128, "little"))
    assert select(64, readers, writers, None, bytes(16)) == 3
    assert int.from_bytes(bytes(readers), "little") == 1 << ended | 1 << unread
    assert int.from_bytes(bytes(writers), "little") == 1 << unread
    close(empty)
    select.fails_with(EBADF, 64, Buffer(wanted), None, None, bytes(16))
    select.fails_with(EINVAL, -1, None, None, None, bytes(16))


@pytest.mark.parametrize("how", ["ppoll", "pselect6"])
def test_mask_of_a_wait_lets_a_blocked_signal_in(how: str) -> None:
    signal.signal(signal.SIGUSR1, lambda number, frame: None)
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGUSR1), None, 8)
    kill(getpid(), signal.SIGUSR1)
    mask, patience = Buffer(sigset()), Timespec(tv_sec=10)
    if how == "ppoll":
        assert ppoll(None, 0, Timespec(), None, 8) == 0
        ppoll.fails_with(EINTR, None, 0, patience, mask, 8)
    else:
        assert pselect6(0, None, None, None, Timespec(), None) == 0
        pair = Buffer(mask.address.to_bytes(8, "little") + (8).to_bytes(8, "little"))
        pselect6.fails_with(EINTR, 0, None, None, None, patience, pair)
