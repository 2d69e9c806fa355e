"""Interruption: which calls a handler ends with EINTR, and which go on with SA_RESTART (signal(7))."""

from __future__ import annotations

import signal
from errno import EINTR

import pytest

from cases.signals._handlers import Cell, handle, minus, ticking
from conformance.syscalls import Buffer
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.code import call, if_zero, increment, load
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.polling.poll import ppoll
from conformance.syscalls.signals import (
    SA_RESTART,
    SIGSET_SIZE,
    pause,
    rt_sigsuspend,
    rt_sigtimedwait,
    sigset,
)
from conformance.syscalls.time.clocks import Timespec

pytestmark = pytest.mark.needs("x86_64")

FUTEX_WAIT = 0
LONG = Timespec(tv_sec=15)


@pytest.mark.parametrize("flags", [0, SA_RESTART], ids=["interrupted", "restarted"])
def test_slow_read_is_interrupted_unless_the_handler_restarts_it(flags: int) -> None:
    """The handler's third run writes the byte that the reader waits for."""
    ticks, byte, data = Cell(), Buffer(b"x"), Buffer(8)
    reader, writer = new_pipe()
    third = load(ticks.address) + minus(3) + if_zero(call(write, writer, byte.address, 1))
    handle(signal.SIGALRM, increment(ticks.address) + third, flags)
    with ticking():
        if flags:
            assert read(reader, data, 8) == 1
            assert ticks.value >= 3
        else:
            read.fails_with(EINTR, reader, data, 8)
            assert ticks.value


@pytest.mark.parametrize("what", ["pause", "rt_sigsuspend", "rt_sigtimedwait", "ppoll"])
def test_wait_for_an_event_is_interrupted_even_with_restart(what: str) -> None:
    """`man 7 signal`: "never restarted after being interrupted by a signal handler, regardless of SA_RESTART"."""
    ticks = Cell()
    handle(signal.SIGALRM, increment(ticks.address), SA_RESTART)
    with ticking():
        match what:
            case "pause":
                pause.fails_with(EINTR)
            case "rt_sigsuspend":
                rt_sigsuspend.fails_with(EINTR, sigset(signal.SIGUSR1), SIGSET_SIZE)
            case "rt_sigtimedwait":
                rt_sigtimedwait.fails_with(EINTR, sigset(signal.SIGUSR1), None, LONG, SIGSET_SIZE)
            case "ppoll":
                ppoll.fails_with(EINTR, None, 0, None, None, 0)
    assert ticks.value
