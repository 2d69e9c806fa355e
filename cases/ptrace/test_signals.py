"""Signals of a tracee: stopped before delivery, withheld, replaced, rewritten; its queue and its mask."""

from __future__ import annotations

import signal
from errno import EINVAL, EIO

import pytest

from cases.ptrace._tracee import exited, memory_of, resume, start, stopped
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.reading import pread64
from conformance.syscalls.help.code import DATA, ENTRY, RESTORER, RET, call, exit_code, raise_signal, save_siginfo
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.ptrace import (
    PTRACE_GETSIGINFO,
    PTRACE_GETSIGMASK,
    PTRACE_PEEKSIGINFO,
    PTRACE_SETSIGINFO,
    PTRACE_SETSIGMASK,
    PeekSiginfoArgs,
    Word,
    ptrace,
)
from conformance.syscalls.signals import (
    SA_RESTORER,
    SA_SIGINFO,
    SI_QUEUE,
    SI_USER,
    SIG_BLOCK,
    SIGRTMIN,
    SIGSET_SIZE,
    Sigaction,
    Siginfo,
    kill,
    pause,
    rt_sigaction,
    rt_sigprocmask,
    rt_sigqueueinfo,
    sigset,
)

pytestmark = pytest.mark.needs("x86_64")

REALTIME = SIGRTMIN + 5
SAVED = DATA + 64
"""Where the handler of `start_with_handler` keeps its siginfo_t."""


def block_realtime() -> None:
    """For a tracee that begins with REALTIME blocked."""
    rt_sigprocmask(SIG_BLOCK, sigset(REALTIME), None, SIGSET_SIZE)


def start_with_handler() -> int:
    """A tracee that has sent itself SIGUSR1, and will save its siginfo_t, then stop again; the pid."""
    setup = call(rt_sigaction, signal.SIGUSR1, DATA, 0, SIGSET_SIZE)
    setup += call(rt_sigaction, signal.SIGUSR2, DATA, 0, SIGSET_SIZE)
    setup += raise_signal(signal.SIGUSR1) + raise_signal(signal.SIGTRAP) + exit_code(0)
    handler, restorer = ENTRY + len(setup), ENTRY + len(setup + save_siginfo(SAVED) + RET)
    action = Sigaction(handler=handler, flags=SA_RESTORER | SA_SIGINFO, restorer=restorer)
    pid = start(setup + save_siginfo(SAVED) + RET + RESTORER, bytes(action))
    assert resume(pid) == stopped(signal.SIGUSR1)
    return pid


def handled(pid: int, signum: int) -> Siginfo:
    """What the handler of a tracee was told, when it is resumed with `signum`."""
    assert resume(pid, signum) == stopped(signal.SIGTRAP)
    saved = Buffer(128)
    with untraced():  # the sender's pid is in it
        assert pread64(memory_of(pid), saved, 128, SAVED) == 128
    return Siginfo.parse(bytes(saved))


def test_signal_that_the_tracer_withholds_has_no_effect() -> None:
    """SIGURG, which does nothing by itself, stops the tracee like any other (ptrace(2), "Signal-delivery-stop")."""
    pid = start(raise_signal(signal.SIGTERM) + raise_signal(signal.SIGURG) + exit_code(4))
    assert resume(pid) == stopped(signal.SIGTERM)
    assert resume(pid) == stopped(signal.SIGURG)
    assert resume(pid, signal.SIGURG) == exited(4)


def test_siginfo_of_a_stop_tells_the_sender() -> None:
    pid = start(call(pause))
    kill(pid, signal.SIGUSR1)
    assert resume(pid) == stopped(signal.SIGUSR1)
    info = Siginfo()
    ptrace(PTRACE_GETSIGINFO, pid, 0, info)
    assert (info.si_signo, info.si_code) == (signal.SIGUSR1, SI_USER)
    assert (info.si_pid, info.si_uid) == (getpid(), getuid())


def test_rewritten_siginfo_reaches_the_handler() -> None:
    pid = start_with_handler()
    ptrace(PTRACE_SETSIGINFO, pid, 0, Siginfo(si_signo=signal.SIGUSR1, si_code=SI_QUEUE, si_uid=55, si_value=66))
    info = handled(pid, signal.SIGUSR1)
    assert (info.si_signo, info.si_code, info.si_uid, info.si_value) == (signal.SIGUSR1, SI_QUEUE, 55, 66)


def test_signal_that_replaces_another_comes_from_the_tracer() -> None:
    """A number other than the one in the siginfo makes it SI_USER (ptrace(2), "Signal injection and suppression")."""
    pid = start_with_handler()
    info = handled(pid, signal.SIGUSR2)
    assert (info.si_signo, info.si_code, info.si_pid) == (signal.SIGUSR2, SI_USER, getpid())


def test_queued_signals_can_be_looked_at_in_place() -> None:
    pid = start(exit_code(0), before=block_realtime)
    for value in (11, 22):
        rt_sigqueueinfo(pid, REALTIME, Siginfo(si_signo=REALTIME, si_code=SI_QUEUE, si_value=value))
    shared = 1
    for at, value in enumerate((11, 22)):
        info = Siginfo()
        count, error = ptrace.result_of(PTRACE_PEEKSIGINFO, pid, PeekSiginfoArgs(off=at, flags=shared, nr=1), info)
        if error == EIO:
            missing("PTRACE_PEEKSIGINFO")
        assert count == 1
        assert (info.si_signo, info.si_code, info.si_value) == (REALTIME, SI_QUEUE, value)
    assert ptrace(PTRACE_PEEKSIGINFO, pid, PeekSiginfoArgs(off=2, flags=shared, nr=1), Siginfo()) == 0
    assert ptrace(PTRACE_PEEKSIGINFO, pid, PeekSiginfoArgs(off=0, flags=0, nr=1), Siginfo()) == 0
    ptrace.fails_with(EINVAL, PTRACE_PEEKSIGINFO, pid, PeekSiginfoArgs(off=0, flags=2, nr=1), Siginfo())


def test_mask_can_be_read_and_written() -> None:
    """Since Linux 3.11; SIGKILL and SIGSTOP stay out of it."""
    pid = start(exit_code(4), before=block_realtime)
    mask = Word()
    ptrace(PTRACE_GETSIGMASK, pid, SIGSET_SIZE, mask)
    assert bytes(mask) == sigset(REALTIME)
    ptrace.fails_with(EINVAL, PTRACE_GETSIGMASK, pid, 4, Word())
    ptrace(PTRACE_SETSIGMASK, pid, SIGSET_SIZE, Word(word=2**64 - 1))
    ptrace(PTRACE_GETSIGMASK, pid, SIGSET_SIZE, mask)
    assert bytes(mask) == sigset(*(number for number in range(1, 65) if number not in (signal.SIGKILL, signal.SIGSTOP)))
    kill(pid, signal.SIGTERM)
    assert resume(pid) == exited(4)
