"""Waiting for children: what a status tells, and whom wait4(2) and waitid(2) wait for."""

from __future__ import annotations

import signal
from errno import ECHILD, EINVAL

from conformance.syscalls import Buffer
from conformance.syscalls.help.child import fork_child, start_child
from conformance.syscalls.processes.creating import clone
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import setpgid
from conformance.syscalls.processes.waiting import (
    P_ALL,
    P_PGID,
    P_PID,
    WALL,
    WCLONE,
    WCONTINUED,
    WEXITED,
    WNOHANG,
    WNOWAIT,
    WUNTRACED,
    wait4,
    waitid,
)
from conformance.syscalls.signals import CLD_EXITED, CLD_KILLED, SiginfoChild, kill, pause

UNKNOWN_OPTION = 0x10
CONTINUED = 0xFFFF


def status_of(pid: int, options: int = 0) -> int:
    """wait4(2); the status."""
    status = Buffer(4)
    assert wait4(pid, status, options, None) == pid
    return status.int_at(0)


def test_status_tells_how_a_child_stopped_went_on_and_ended() -> None:
    pid = fork_child(pause)
    kill(pid, signal.SIGSTOP)
    assert status_of(pid, WUNTRACED) == signal.SIGSTOP << 8 | 0x7F
    kill(pid, signal.SIGCONT)
    assert status_of(pid, WCONTINUED) == CONTINUED
    kill(pid, signal.SIGTERM)
    assert status_of(pid) == signal.SIGTERM
    assert status_of(fork_child(lambda: 7)) == 7 << 8


def test_child_can_be_looked_at_before_it_is_reaped() -> None:
    pid = fork_child(lambda: 7)
    for options in (WEXITED | WNOWAIT, WEXITED | WNOWAIT, WEXITED):
        info = SiginfoChild()
        waitid(P_PID, pid, info, options, None)
        assert (info.si_signo, info.si_code, info.si_status) == (signal.SIGCHLD, CLD_EXITED, 7)
        assert (info.si_pid, info.si_uid) == (pid, getuid())
    waitid.fails_with(ECHILD, P_PID, pid, SiginfoChild(), WEXITED, None)
    waitid.fails_with(EINVAL, P_ALL, 0, SiginfoChild(), 0, None)
    waitid.fails_with(EINVAL, P_ALL, 0, SiginfoChild(), WEXITED | UNKNOWN_OPTION, None)
    waitid.fails_with(EINVAL, 9, 0, SiginfoChild(), WEXITED, None)
    wait4.fails_with(EINVAL, -1, None, UNKNOWN_OPTION, None)


def test_process_group_chooses_among_children() -> None:
    pid = fork_child(pause)
    setpgid(pid, pid)
    wait4.fails_with(ECHILD, 0, None, WNOHANG, None)
    assert wait4(-pid, None, WNOHANG, None) == 0
    info = SiginfoChild(si_pid=1)
    waitid(P_PGID, pid, info, WEXITED | WNOHANG, None)
    assert (info.si_signo, info.si_pid) == (0, 0)
    kill(-pid, signal.SIGKILL)
    waitid(P_PGID, pid, info, WEXITED, None)
    assert (info.si_pid, info.si_code, info.si_status) == (pid, CLD_KILLED, signal.SIGKILL)


def test_child_without_a_signal_for_its_end_is_for_those_who_ask() -> None:
    """A "clone child": wait4(2) sees it with __WCLONE or __WALL only."""
    pid = start_child(lambda: clone(0, 0, None, None, 0), lambda: 7)
    wait4.fails_with(ECHILD, pid, None, WNOHANG, None)
    assert status_of(pid, WCLONE) == 7 << 8
    pid = start_child(lambda: clone(0, 0, None, None, 0), lambda: 8)
    assert status_of(pid, WALL) == 8 << 8
