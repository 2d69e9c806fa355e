"""Attaching: PTRACE_TRACEME, ATTACH and SEIZE, INTERRUPT and LISTEN, and detaching again."""

from __future__ import annotations

import signal
from errno import EINVAL, EIO, EPERM, ESRCH

import pytest

from cases.ptrace._tracee import (
    ANNOUNCE,
    WAIT_FOREVER,
    exited,
    launch,
    resume,
    seize,
    set_options,
    start,
    stopped,
    wait,
)
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.code import exit_code
from conformance.syscalls.help.paths import fields
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.prctl import PR_SET_PTRACER, prctl
from conformance.syscalls.processes.waiting import WALL, WNOHANG, wait4
from conformance.syscalls.ptrace import (
    PTRACE_ATTACH,
    PTRACE_CONT,
    PTRACE_DETACH,
    PTRACE_EVENT_STOP,
    PTRACE_GETREGS,
    PTRACE_GETSIGINFO,
    PTRACE_INTERRUPT,
    PTRACE_LISTEN,
    PTRACE_O_EXITKILL,
    PTRACE_O_TRACEEXIT,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_PEEKUSER,
    PTRACE_SEIZE,
    PTRACE_SETOPTIONS,
    PTRACE_TRACEME,
    UserRegs,
    Word,
    ptrace,
)
from conformance.syscalls.signals import Siginfo, kill

pytestmark = pytest.mark.needs("x86_64")

ANY_TRACER = 2**64 - 1
"""PR_SET_PTRACER_ANY."""
UNKNOWN_OPTION = 1 << 30


def allow_any_tracer() -> None:
    """For kernels with Yama at scope 1, where a process that is no ancestor needs leave; EINVAL without Yama."""
    with untraced():
        prctl.result_of(PR_SET_PTRACER, ANY_TRACER)


def test_traced_child_stops_with_sigtrap_after_execve() -> None:
    pid = start(exit_code(3))
    assert resume(pid) == exited(3)


def test_traceme_twice_is_eperm() -> None:
    def child() -> None:
        ptrace(PTRACE_TRACEME, 0)
        ptrace.fails_with(EPERM, PTRACE_TRACEME, 0)

    assert in_child(child) == 0


def test_attach_stops_the_tracee_with_sigstop() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    ptrace(PTRACE_ATTACH, pid)
    assert wait(pid) == stopped(signal.SIGSTOP)


def test_status_of_the_tracee_names_its_tracer() -> None:
    pid = start(exit_code(0))
    assert int(fields(b"/proc/%d/status" % pid)[b"TracerPid"]) == getpid()


def test_seize_does_not_stop_the_tracee() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    assert wait4(pid, Buffer(4), WALL | WNOHANG, None) == 0


def test_interrupt_stops_a_seized_tracee_with_an_event() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    ptrace(PTRACE_INTERRUPT, pid)
    assert wait(pid) == stopped(signal.SIGTRAP, PTRACE_EVENT_STOP)


def test_interrupt_needs_a_seized_tracee() -> None:
    pid = start(exit_code(0))
    ptrace.fails_with(EIO, PTRACE_INTERRUPT, pid)


def test_seized_tracee_reports_its_group_stop_as_an_event() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    kill(pid, signal.SIGSTOP)
    assert wait(pid) == stopped(signal.SIGSTOP)
    assert resume(pid, signal.SIGSTOP) == stopped(signal.SIGSTOP, PTRACE_EVENT_STOP)


def test_listening_tracee_tells_when_its_group_stop_ends() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    kill(pid, signal.SIGSTOP)
    assert wait(pid) == stopped(signal.SIGSTOP)
    assert resume(pid, signal.SIGSTOP) == stopped(signal.SIGSTOP, PTRACE_EVENT_STOP)
    ptrace(PTRACE_LISTEN, pid)
    assert wait4(pid, Buffer(4), WALL | WNOHANG, None) == 0
    kill(pid, signal.SIGCONT)
    assert wait(pid) == stopped(signal.SIGTRAP, PTRACE_EVENT_STOP)
    assert resume(pid) == stopped(signal.SIGCONT)


def test_listen_outside_a_group_stop_is_eio() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    kill(pid, signal.SIGUSR1)
    assert wait(pid) == stopped(signal.SIGUSR1)
    ptrace.fails_with(EIO, PTRACE_LISTEN, pid)


def test_attached_tracee_in_a_group_stop_has_no_siginfo() -> None:
    """How a tracer that attached tells a group stop from the delivery of SIGSTOP (ptrace(2), "Group-stop")."""
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    ptrace(PTRACE_ATTACH, pid)
    assert wait(pid) == stopped(signal.SIGSTOP)
    ptrace(PTRACE_GETSIGINFO, pid, 0, Siginfo())
    assert resume(pid, signal.SIGSTOP) == stopped(signal.SIGSTOP)
    ptrace.fails_with(EINVAL, PTRACE_GETSIGINFO, pid, 0, Siginfo())


def test_request_to_an_untraced_child_is_esrch() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    ptrace.fails_with(ESRCH, PTRACE_GETREGS, pid, 0, UserRegs())


def test_request_to_a_running_tracee_is_esrch() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    seize(pid)
    ptrace.fails_with(ESRCH, PTRACE_PEEKUSER, pid, 0, Word())


def test_attach_to_an_absent_process_is_esrch() -> None:
    pid = fork_child(lambda: 0)
    assert exit_status(pid) == 0
    ptrace.fails_with(ESRCH, PTRACE_ATTACH, pid)


def test_process_cannot_attach_to_itself() -> None:
    ptrace.fails_with(EPERM, PTRACE_ATTACH, getpid())


def test_second_tracer_is_refused() -> None:
    pid = start(exit_code(0), before=allow_any_tracer)
    assert in_child(lambda: ptrace.fails_with(EPERM, PTRACE_ATTACH, pid)) == 0
    assert resume(pid) == exited(0)


def test_request_of_a_stranger_is_esrch() -> None:
    pid = start(exit_code(0))
    assert in_child(lambda: ptrace.fails_with(ESRCH, PTRACE_CONT, pid)) == 0
    assert resume(pid) == exited(0)


def test_unknown_option_is_einval() -> None:
    pid = start(exit_code(0))
    ptrace.fails_with(EINVAL, PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | UNKNOWN_OPTION)


def test_unknown_option_makes_seize_fail_with_eio() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    error = ptrace.result_of(PTRACE_SEIZE, pid, 0, UNKNOWN_OPTION)[1]
    seize(pid, PTRACE_O_TRACEEXIT)
    assert error == EIO


def test_unknown_request_is_eio() -> None:
    pid = start(exit_code(0))
    ptrace.fails_with(EIO, 0x7777, pid, 0, 0)


def test_detached_process_runs_on_untraced() -> None:
    pid = start(exit_code(9))
    ptrace(PTRACE_DETACH, pid, 0, 0)
    assert wait(pid) == exited(9)


def test_detach_can_deliver_a_signal() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    ptrace(PTRACE_ATTACH, pid)
    assert wait(pid) == stopped(signal.SIGSTOP)
    ptrace(PTRACE_DETACH, pid, 0, signal.SIGUSR1)
    assert wait(pid) == signal.SIGUSR1


def test_detached_process_can_be_attached_again() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    for _ in range(2):
        ptrace(PTRACE_ATTACH, pid)
        assert wait(pid) == stopped(signal.SIGSTOP)
        ptrace(PTRACE_DETACH, pid, 0, 0)


def test_exitkill_ends_the_tracee_when_its_tracer_exits() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER, before=allow_any_tracer)
    assert in_child(lambda: seize(pid, PTRACE_O_EXITKILL)) == 0
    assert wait(pid) == signal.SIGKILL


def test_tracee_lives_on_when_its_tracer_exits() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER, before=allow_any_tracer)
    assert in_child(lambda: seize(pid)) == 0
    assert int(fields(b"/proc/%d/status" % pid)[b"TracerPid"]) == 0
    kill(pid, signal.SIGTERM)
    assert wait(pid) == signal.SIGTERM


def test_tracer_is_told_of_a_death_by_sigkill() -> None:
    pid = start(WAIT_FOREVER)
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    kill(pid, signal.SIGKILL)
    assert wait(pid) == signal.SIGKILL
    ptrace.fails_with(ESRCH, PTRACE_CONT, pid)
