"""Masks of waits: which signals come while a call waits, and that the mask is put back (sigsuspend(2), ppoll(2))."""

from __future__ import annotations

import signal
import struct
from errno import EFAULT, EINTR, EINVAL

import pytest

from cases.signals._handlers import Cell, handle
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.code import call, increment
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import until
from conformance.syscalls.polling.epoll import (
    EPOLL_CTL_ADD,
    EPOLLIN,
    EpollEvent,
    epoll_create1,
    epoll_ctl,
    epoll_pwait,
    epoll_pwait2,
)
from conformance.syscalls.polling.poll import POLLIN, Pollfd, ppoll, pselect6
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import (
    SIG_BLOCK,
    SIG_SETMASK,
    SIGSET_SIZE,
    kill,
    rt_sigpending,
    rt_sigprocmask,
    rt_sigsuspend,
    sigset,
)
from conformance.syscalls.time.clocks import Timespec, Timeval
from conformance.syscalls.time.timers import ITIMER_REAL, Itimerval, setitimer

pytestmark = pytest.mark.needs("x86_64")

USR1, USR2, URG, ALRM = signal.SIGUSR1, signal.SIGUSR2, signal.SIGURG, signal.SIGALRM
POLLS = ("ppoll", "pselect6", "epoll_pwait", "epoll_pwait2")
WAITS = ("rt_sigsuspend", *POLLS)
LONG, SHORT = 15_000, 200
"""Milliseconds."""


def wait(name: str, fd: int, mask: Buffer | int, milliseconds: int, size: int = SIGSET_SIZE) -> tuple[int, int]:
    """Wait with another mask until `fd` can be read; result and errno. rt_sigsuspend(2) waits for signals alone."""
    time = Timespec(tv_sec=milliseconds // 1000, tv_nsec=milliseconds % 1000 * 1_000_000)
    if name == "rt_sigsuspend":
        return rt_sigsuspend.result_of(mask, size)
    if name == "ppoll":
        return ppoll.result_of(Pollfd(fd=fd, events=POLLIN), 1, time, mask, size)
    if name == "pselect6":
        wanted, pointer = Buffer((1 << fd).to_bytes(16, "little")), struct.pack("=QQ", address_of(mask), size)
        return pselect6.result_of(fd + 1, wanted, None, None, time, pointer)
    epoll = epoll_create1(0)
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, EpollEvent(events=EPOLLIN))
    if name == "epoll_pwait":
        return epoll_pwait.result_of(epoll, Buffer(12), 1, milliseconds, mask, size)
    return epoll_pwait2.result_of(epoll, Buffer(12), 1, time, mask, size)


def address_of(mask: Buffer | int) -> int:
    """Where it lies."""
    return mask if isinstance(mask, int) else mask.address


def mask_now() -> bytes:
    """What is blocked."""
    found = Buffer(SIGSET_SIZE)
    rt_sigprocmask(SIG_BLOCK, None, found, SIGSET_SIZE)
    return bytes(found)


def pending_now() -> bytes:
    """What was sent and is blocked."""
    found = Buffer(SIGSET_SIZE)
    rt_sigpending(found, SIGSET_SIZE)
    return bytes(found)


def counting(*signals: int) -> list[Cell]:
    """Handlers that count, of signals that are blocked and pending."""
    counts = [Cell() for _ in signals]
    rt_sigprocmask(SIG_SETMASK, sigset(*signals), None, SIGSET_SIZE)
    for signum, count in zip(signals, counts, strict=True):
        handle(signum, increment(count.address))
        kill(getpid(), signum)
    return counts


@pytest.mark.parametrize("name", WAITS)
def test_mask_is_put_back_when_a_signal_has_ended_the_wait(name: str) -> None:
    """sigsuspend(2): the signal that comes next is blocked again (FEX-Emu/FEX#1357)."""
    reader, _ = new_pipe()
    (runs,) = counting(USR1)
    assert wait(name, reader, Buffer(sigset()), LONG) == (-1, EINTR)
    assert runs.value == 1
    assert mask_now() == sigset(USR1)
    kill(getpid(), USR1)
    assert (runs.value, pending_now()) == (1, sigset(USR1))


@pytest.mark.parametrize("name", WAITS)
def test_all_signals_that_a_wait_lets_in_come_before_it_ends_and_no_other(name: str) -> None:
    """The mask is put back when the handlers have returned, not when the first is entered."""
    reader, _ = new_pipe()
    one, two, urgent = counting(USR1, USR2, URG)
    assert wait(name, reader, Buffer(sigset(URG)), LONG) == (-1, EINTR)
    assert (one.value, two.value, urgent.value) == (1, 1, 0)
    assert (mask_now(), pending_now()) == (sigset(USR1, USR2, URG), sigset(URG))


@pytest.mark.parametrize("name", WAITS)
def test_handler_runs_with_the_mask_of_the_wait(name: str) -> None:
    """And with its own signal and mask besides (signal(7), "Execution of signal handlers")."""
    reader, _ = new_pipe()
    seen = Cell()
    rt_sigprocmask(SIG_SETMASK, sigset(USR1), None, SIGSET_SIZE)
    look = call(rt_sigprocmask, SIG_BLOCK, 0, seen.address, SIGSET_SIZE)
    handle(USR1, look, mask=sigset(USR2))
    kill(getpid(), USR1)
    assert wait(name, reader, Buffer(sigset(URG)), LONG) == (-1, EINTR)
    assert seen.value.to_bytes(8, "little") == sigset(URG, USR1, USR2)
    assert mask_now() == sigset(USR1)


@pytest.mark.parametrize("name", POLLS)
def test_wait_that_needs_no_waiting_lets_nothing_in(name: str) -> None:
    """The mask is put back when the result is known, and the signal stays pending (`restore_saved_sigmask_unless`)."""
    reader, writer = new_pipe()
    (runs,) = counting(USR1)
    write(writer, b"x", 1)
    assert wait(name, reader, Buffer(sigset()), LONG) == (1, 0)
    assert (runs.value, mask_now(), pending_now()) == (0, sigset(USR1), sigset(USR1))


@pytest.mark.parametrize("name", POLLS)
def test_signal_that_the_mask_of_a_wait_blocks_does_not_end_it(name: str) -> None:
    """It comes afterwards."""
    reader, _ = new_pipe()
    runs = Cell()
    handle(ALRM, increment(runs.address))
    with untraced():  # twenty milliseconds from now
        setitimer(ITIMER_REAL, Itimerval(it_value=Timeval(tv_usec=20_000)), None)
    assert wait(name, reader, Buffer(sigset(ALRM)), SHORT) == (0, 0)
    until(lambda: runs.value == 1)
    assert mask_now() == sigset()


@pytest.mark.parametrize(("mask", "size", "error"), [(None, 4, EINVAL), (8, 8, EFAULT)], ids=["size", "address"])
@pytest.mark.parametrize("name", WAITS)
def test_mask_that_cannot_be_is_refused_and_changes_nothing(name: str, mask: int | None, size: int, error: int) -> None:
    """EINVAL for a wrong size, EFAULT for a wrong address."""
    reader, writer = new_pipe()
    write(writer, b"x", 1)
    (runs,) = counting(USR1)
    assert wait(name, reader, Buffer(sigset()) if mask is None else mask, LONG, size) == (-1, error)
    assert (runs.value, mask_now(), pending_now()) == (0, sigset(USR1), sigset(USR1))


@pytest.mark.parametrize("name", POLLS)
def test_wait_without_a_mask_changes_nothing(name: str) -> None:
    """A null pointer, whatever size is told (ppoll(2))."""
    reader, writer = new_pipe()
    write(writer, b"x", 1)
    (runs,) = counting(USR1)
    assert wait(name, reader, 0, LONG) == (1, 0)
    assert (runs.value, mask_now(), pending_now()) == (0, sigset(USR1), sigset(USR1))
