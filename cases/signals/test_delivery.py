"""Waiting signals: the mask, the queue of realtime signals and its order, and what rt_sigtimedwait(2) tells."""

from __future__ import annotations

import signal
from errno import EAGAIN, ECHILD, EINVAL

import pytest

from cases.signals._handlers import Cell, handle
from conformance.syscalls import Buffer
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.code import increment
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.limits import RLIMIT_SIGPENDING, Rlimit, setrlimit
from conformance.syscalls.processes.waiting import wait4
from conformance.syscalls.signals import (
    CLD_CONTINUED,
    CLD_EXITED,
    CLD_KILLED,
    CLD_STOPPED,
    SA_NOCLDSTOP,
    SI_QUEUE,
    SI_USER,
    SIG_BLOCK,
    SIG_IGN,
    SIG_SETMASK,
    SIG_UNBLOCK,
    SIGRTMIN,
    SIGSET_SIZE,
    Sigaction,
    Siginfo,
    SiginfoChild,
    kill,
    pause,
    rt_sigaction,
    rt_sigpending,
    rt_sigprocmask,
    rt_sigqueueinfo,
    rt_sigtimedwait,
    sigset,
)
from conformance.syscalls.time.clocks import Timespec

LATER, SOONER = SIGRTMIN + 9, SIGRTMIN + 8
"""Realtime signals: the lower number goes first (signal(7))."""
AT_ONCE, SOON = Timespec(), Timespec(tv_sec=10)


def block(*signals: int) -> None:
    """Add to the mask."""
    rt_sigprocmask(SIG_BLOCK, sigset(*signals), None, SIGSET_SIZE)


def valued(signum: int, value: int) -> Siginfo:
    """`siginfo_t` of a signal with a value."""
    return Siginfo(si_signo=signum, si_code=SI_QUEUE, si_value=value)


def next_child_signal() -> SiginfoChild:
    """SIGCHLD, within some seconds."""
    info = SiginfoChild()
    assert rt_sigtimedwait(sigset(signal.SIGCHLD), info, SOON, SIGSET_SIZE) == signal.SIGCHLD
    return info


@pytest.mark.needs("x86_64")
def test_blocked_signal_is_pending_once_until_it_is_let_in() -> None:
    runs, pending = Cell(), Buffer(SIGSET_SIZE)
    handle(signal.SIGUSR1, increment(runs.address))
    block(signal.SIGUSR1)
    for _ in range(2):
        kill(getpid(), signal.SIGUSR1)
    rt_sigpending(pending, SIGSET_SIZE)
    assert (bytes(pending), runs.value) == (sigset(signal.SIGUSR1), 0)
    rt_sigprocmask(SIG_UNBLOCK, sigset(signal.SIGUSR1), None, SIGSET_SIZE)
    rt_sigpending(pending, SIGSET_SIZE)
    assert (bytes(pending), runs.value) == (bytes(SIGSET_SIZE), 1)
    rt_sigprocmask.fails_with(EINVAL, 3, sigset(), None, SIGSET_SIZE)
    rt_sigprocmask.fails_with(EINVAL, SIG_BLOCK, sigset(), None, 4)
    rt_sigprocmask(SIG_SETMASK, b"\xff" * SIGSET_SIZE, None, SIGSET_SIZE)
    rt_sigprocmask(SIG_BLOCK, None, pending, SIGSET_SIZE)
    assert pending.int_at(0, 8) == 2**64 - 1 - (1 << signal.SIGKILL - 1) - (1 << signal.SIGSTOP - 1)


def test_realtime_signals_queue_in_order_of_number_then_of_sending() -> None:
    block(SOONER, LATER)
    for signum, value in ((LATER, 1), (SOONER, 2), (LATER, 3), (SOONER, 4)):
        rt_sigqueueinfo(getpid(), signum, valued(signum, value))
    taken = []
    for _ in range(4):
        info = Siginfo()
        signum = rt_sigtimedwait(sigset(SOONER, LATER), info, AT_ONCE, SIGSET_SIZE)
        assert (info.si_signo, info.si_code) == (signum, SI_QUEUE)
        taken.append((signum, info.si_value))
    assert taken == [(SOONER, 2), (SOONER, 4), (LATER, 1), (LATER, 3)]
    rt_sigtimedwait.fails_with(EAGAIN, sigset(SOONER, LATER), Siginfo(), AT_ONCE, SIGSET_SIZE)
    rt_sigtimedwait.fails_with(EINVAL, sigset(SOONER), Siginfo(), Timespec(tv_nsec=10**9), SIGSET_SIZE)


def test_queue_has_a_limit_for_realtime_signals_only() -> None:
    """RLIMIT_SIGPENDING; kill(2) of a standard signal passes, and tells its sender all the same."""
    block(LATER, signal.SIGUSR1)
    setrlimit(RLIMIT_SIGPENDING, Rlimit(cur=0, max=0))
    rt_sigqueueinfo.fails_with(EAGAIN, getpid(), LATER, valued(LATER, 1))
    kill(getpid(), signal.SIGUSR1)
    info = Siginfo()
    assert rt_sigtimedwait(sigset(signal.SIGUSR1), info, AT_ONCE, SIGSET_SIZE) == signal.SIGUSR1
    assert info.si_code == SI_USER


def test_signal_of_a_child_tells_what_became_of_it() -> None:
    block(signal.SIGCHLD)
    pid = fork_child(pause)
    for signum, code, status in (
        (signal.SIGSTOP, CLD_STOPPED, signal.SIGSTOP),
        (signal.SIGCONT, CLD_CONTINUED, signal.SIGCONT),
        (signal.SIGTERM, CLD_KILLED, signal.SIGTERM),
    ):
        kill(pid, signum)
        info = next_child_signal()
        assert (info.si_pid, info.si_code, info.si_status) == (pid, code, status)
    other = fork_child(lambda: 7)
    info = next_child_signal()
    assert (info.si_pid, info.si_code, info.si_status) == (other, CLD_EXITED, 7)


def test_parent_need_not_hear_of_stops_nor_wait() -> None:
    """SA_NOCLDSTOP; with SIGCHLD ignored, a child is gone when it ends: wait4(2) says ECHILD once there is none."""
    block(signal.SIGCHLD)
    rt_sigaction(signal.SIGCHLD, Sigaction(flags=SA_NOCLDSTOP), None, SIGSET_SIZE)
    pid = fork_child(pause)
    kill(pid, signal.SIGSTOP)
    kill(pid, signal.SIGKILL)
    info = next_child_signal()
    assert (info.si_pid, info.si_code) == (pid, CLD_KILLED)
    wait4(pid, None, 0, None)
    rt_sigaction(signal.SIGCHLD, Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
    fork_child(lambda: 0)
    wait4.fails_with(ECHILD, -1, None, 0, None)
