"""Events: execve, fork, vfork, clone and exit stop the tracee when PTRACE_SETOPTIONS asks for it."""

from __future__ import annotations

import signal

import pytest

from cases.ptrace._tracee import (
    ANNOUNCE,
    RIP,
    event_message,
    event_pid,
    exited,
    launch,
    registers,
    resume,
    seize,
    set_options,
    start,
    stopped,
    user_word,
    wait,
)
from conformance.syscalls import Buffer
from conformance.syscalls.help.code import DATA, ENTRY, call, exit_code, if_zero, raise_signal
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.creating import CLONE_UNTRACED, clone, exit, fork, vfork
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.sharing import CLONE_FILES, CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from conformance.syscalls.processes.waiting import WALL, WUNTRACED, wait4
from conformance.syscalls.ptrace import (
    PTRACE_CONT,
    PTRACE_EVENT_CLONE,
    PTRACE_EVENT_EXEC,
    PTRACE_EVENT_EXIT,
    PTRACE_EVENT_FORK,
    PTRACE_EVENT_STOP,
    PTRACE_EVENT_VFORK,
    PTRACE_EVENT_VFORK_DONE,
    PTRACE_GETSIGINFO,
    PTRACE_O_TRACECLONE,
    PTRACE_O_TRACEEXEC,
    PTRACE_O_TRACEEXIT,
    PTRACE_O_TRACEFORK,
    PTRACE_O_TRACEVFORK,
    PTRACE_O_TRACEVFORKDONE,
    ptrace,
)
from conformance.syscalls.signals import Siginfo, pause

pytestmark = pytest.mark.needs("x86_64")

SECOND = b"second"
EXECUTE_SECOND = call(execve, DATA, 0, 0)
NEW_THREAD = call(clone, CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD, 0, 0, 0, 0)
"""A thread on the same stack, which none of these programs uses."""
FORK_AND_EXIT = call(fork) + if_zero(exit_code(5)) + exit_code(6)


def event(number: int) -> int:
    """The wait status of an event's stop."""
    return stopped(signal.SIGTRAP, number)


def test_execve_is_an_event_instead_of_a_signal() -> None:
    new_program(SECOND, exit_code(3))
    pid = start(EXECUTE_SECOND, SECOND)
    set_options(pid, PTRACE_O_TRACEEXEC)
    assert resume(pid) == event(PTRACE_EVENT_EXEC)
    info = Siginfo()
    ptrace(PTRACE_GETSIGINFO, pid, 0, info)
    assert info.si_code == signal.SIGTRAP | PTRACE_EVENT_EXEC << 8
    assert (event_pid(pid), user_word(pid, RIP)) == (pid, ENTRY)
    assert resume(pid) == exited(3)


def test_thread_that_executes_takes_the_place_of_its_leader() -> None:
    """It has the leader's id from then on; the message of the event is the one that it had before."""
    new_program(SECOND, exit_code(4))
    pid = start(NEW_THREAD + if_zero(EXECUTE_SECOND) + call(pause), SECOND)
    set_options(pid, PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)
    assert resume(pid) == event(PTRACE_EVENT_CLONE)
    thread = event_pid(pid)
    assert wait(thread) == stopped(signal.SIGSTOP)
    ptrace(PTRACE_CONT, pid, 0, 0)
    ptrace(PTRACE_CONT, thread, 0, 0)
    assert wait(pid) == event(PTRACE_EVENT_EXEC)
    assert event_pid(pid) == thread
    assert resume(pid) == exited(4)


def test_child_of_a_fork_is_traced_from_its_first_instruction_with_the_same_options() -> None:
    pid = start(FORK_AND_EXIT)
    set_options(pid, PTRACE_O_TRACEFORK | PTRACE_O_TRACEEXIT)
    assert resume(pid) == event(PTRACE_EVENT_FORK)
    child = event_pid(pid)
    assert wait(child) == stopped(signal.SIGSTOP)
    assert registers(child).rax == 0
    assert resume(child) == event(PTRACE_EVENT_EXIT)
    assert event_message(child) == exited(5)
    assert resume(child) == exited(5)
    assert resume(pid) == stopped(signal.SIGCHLD)


def test_child_of_a_seized_tracee_is_seized() -> None:
    """It stops with PTRACE_EVENT_STOP, where that of an attached tracee stops with SIGSTOP."""
    pid = launch(ANNOUNCE + raise_signal(signal.SIGSTOP) + FORK_AND_EXIT)
    status = Buffer(4)
    wait4(pid, status, WUNTRACED, None)
    assert status.int_at(0) == stopped(signal.SIGSTOP)
    seize(pid, PTRACE_O_TRACEFORK)
    assert wait(pid) == stopped(signal.SIGSTOP, PTRACE_EVENT_STOP)
    assert resume(pid) == event(PTRACE_EVENT_FORK)
    child = event_pid(pid)
    assert wait(child) == event(PTRACE_EVENT_STOP)
    assert resume(child) == exited(5)


def test_vfork_is_an_event_and_so_is_its_end() -> None:
    pid = start(call(vfork) + if_zero(exit_code(5)) + exit_code(6))
    set_options(pid, PTRACE_O_TRACEVFORK | PTRACE_O_TRACEVFORKDONE)
    assert resume(pid) == event(PTRACE_EVENT_VFORK)
    child = event_pid(pid)
    assert wait(child) == stopped(signal.SIGSTOP)
    ptrace(PTRACE_CONT, pid, 0, 0)
    assert resume(child) == exited(5)
    assert wait(pid) == event(PTRACE_EVENT_VFORK_DONE)
    assert event_pid(pid) == child


def test_new_thread_is_traced_and_exits_on_its_own() -> None:
    pid = start(NEW_THREAD + if_zero(call(exit, 7)) + exit_code(6))
    set_options(pid, PTRACE_O_TRACECLONE)
    assert resume(pid) == event(PTRACE_EVENT_CLONE)
    thread = event_pid(pid)
    assert wait(thread) == stopped(signal.SIGSTOP)
    assert resume(thread) == exited(7)
    assert resume(pid) == exited(6)


def test_untraced_clone_is_no_event() -> None:
    """CLONE_UNTRACED; a child without a signal for its end, so that none can come in between."""
    code = call(clone, CLONE_UNTRACED, 0, 0, 0, 0) + if_zero(exit_code(5)) + call(wait4, -1, 0, WALL, 0)
    pid = start(code + exit_code(6))
    set_options(pid, PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE)
    assert resume(pid) == exited(6)


def test_exit_is_an_event_with_the_status_as_its_message() -> None:
    pid = start(exit_code(7))
    set_options(pid, PTRACE_O_TRACEEXIT)
    assert resume(pid) == event(PTRACE_EVENT_EXIT)
    assert event_message(pid) == exited(7)
    assert registers(pid).rdi == 7
    assert resume(pid) == exited(7)
    pid = start(raise_signal(signal.SIGTERM))
    set_options(pid, PTRACE_O_TRACEEXIT)
    assert resume(pid) == stopped(signal.SIGTERM)
    assert resume(pid, signal.SIGTERM) == event(PTRACE_EVENT_EXIT)
    assert event_message(pid) == signal.SIGTERM
