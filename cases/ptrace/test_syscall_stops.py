"""System call stops: entry and exit of each call, and what PTRACE_GET_SYSCALL_INFO says of them."""

from __future__ import annotations

import signal
from errno import EBADF, EINVAL, EIO, ENOSYS

import pytest

from cases.ptrace._tracee import (
    SYSCALL_STOP,
    event_message,
    exited,
    registers,
    resume,
    set_options,
    start,
    stopped,
    to_syscall,
)
from conformance.syscalls import missing
from conformance.syscalls.files.attributes import umask
from conformance.syscalls.files.opening import close
from conformance.syscalls.help.code import ENTRY, EXIT_WITH_ERRNO, EXIT_WITH_RESULT, call, exit_code
from conformance.syscalls.processes.creating import exit_group
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import getppid
from conformance.syscalls.processes.prctl import PR_SET_NO_NEW_PRIVS, prctl
from conformance.syscalls.ptrace import (
    AUDIT_ARCH_X86_64,
    PTRACE_EVENT_SECCOMP,
    PTRACE_GET_SYSCALL_INFO,
    PTRACE_GETSIGINFO,
    PTRACE_O_TRACESECCOMP,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_SYSCALL,
    PTRACE_SYSCALL_INFO_ENTRY,
    PTRACE_SYSCALL_INFO_EXIT,
    PTRACE_SYSCALL_INFO_NONE,
    PTRACE_SYSCALL_INFO_SECCOMP,
    SyscallExitInfo,
    SyscallInfo,
    ptrace,
)
from conformance.syscalls.security.seccomp import SECCOMP_RET_TRACE, SECCOMP_SET_MODE_FILTER, deny, seccomp
from conformance.syscalls.signals import Siginfo

pytestmark = pytest.mark.needs("x86_64")

ABSENT_FD = 999
MOV, SYSCALL = 5, 2
"""Lengths of the instructions that load a call's number and make it."""


def trace_getppid() -> None:
    """A filter that stops getppid(2) for the tracer, with the message 77."""
    filter = deny(getppid.number, SECCOMP_RET_TRACE | 77)  # a name, or its instructions are gone before the call
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    seccomp(SECCOMP_SET_MODE_FILTER, 0, filter.program)


def syscall_info(pid: int) -> SyscallInfo:
    """PTRACE_GET_SYSCALL_INFO at a stop of unknown kind, at an entry or for a seccomp event."""
    info = SyscallInfo()
    need_syscall_info(ptrace.result_of(PTRACE_GET_SYSCALL_INFO, pid, SyscallInfo.size(), info))
    return info


def syscall_exit_info(pid: int) -> SyscallExitInfo:
    """PTRACE_GET_SYSCALL_INFO at an exit."""
    info = SyscallExitInfo()
    need_syscall_info(ptrace.result_of(PTRACE_GET_SYSCALL_INFO, pid, SyscallExitInfo.size(), info))
    return info


def need_syscall_info(outcome: tuple[int, int]) -> None:
    """A kernel before 5.3 knows the request no more than any other number, and says EIO, or EINVAL in an emulation."""
    if outcome[1] in (EINVAL, EIO):
        missing("PTRACE_GET_SYSCALL_INFO")
    assert outcome[1] == 0


def test_every_call_stops_at_entry_and_at_exit() -> None:
    """The SIGTRAP that follows execve(2) is a signal of the new program: no exit from execve comes after it."""
    pid = start(call(umask, 0o70) + call(close, ABSENT_FD) + exit_code(4))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    seen = []
    while (status := to_syscall(pid)) == stopped(SYSCALL_STOP):
        regs = registers(pid)
        seen.append((regs.orig_rax, regs.rax if regs.rax < 1 << 63 else regs.rax - (1 << 64)))
    assert status == exited(4)
    assert seen == [
        (umask.number, -ENOSYS),
        (umask.number, 0o022),
        (close.number, -ENOSYS),
        (close.number, -EBADF),
        (exit_group.number, -ENOSYS),
    ]


def test_without_sysgood_a_stop_looks_like_a_trap() -> None:
    pid = start(call(umask, 0o70) + exit_code(0))
    assert to_syscall(pid) == stopped(signal.SIGTRAP)
    assert registers(pid).orig_rax == umask.number
    assert to_syscall(pid) == stopped(signal.SIGTRAP)
    assert registers(pid).rax == 0o022


def test_siginfo_of_a_stop_holds_its_signal_as_code() -> None:
    """`si_code` is SIGTRAP or SIGTRAP|0x80: how strace told stops apart before PTRACE_O_TRACESYSGOOD (ptrace(2))."""
    pid = start(exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    info = Siginfo()
    ptrace(PTRACE_GETSIGINFO, pid, 0, info)
    assert (info.si_signo, info.si_code) == (signal.SIGTRAP, SYSCALL_STOP)


def test_arguments_are_in_the_registers_of_the_convention() -> None:
    pid = start(call(close, 11, 12, 13, 14, 15, 16) + exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    regs = registers(pid)
    assert [regs.rdi, regs.rsi, regs.rdx, regs.r10, regs.r8, regs.r9] == [11, 12, 13, 14, 15, 16]


def test_info_at_entry_has_number_and_arguments() -> None:
    pid = start(call(close, ABSENT_FD, 12, 13, 14, 15, 16) + exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    info = syscall_info(pid)
    assert (info.op, info.arch) == (PTRACE_SYSCALL_INFO_ENTRY, AUDIT_ARCH_X86_64)
    assert (info.nr, list(info.args)) == (close.number, [ABSENT_FD, 12, 13, 14, 15, 16])


def test_info_has_the_address_behind_the_instruction() -> None:
    pid = start(call(getuid) + exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    info, regs = syscall_info(pid), registers(pid)
    assert info.instruction_pointer == ENTRY + MOV + SYSCALL
    assert info.stack_pointer == regs.rsp


def test_info_at_exit_has_the_result() -> None:
    pid = start(call(umask, 0o70) + exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    for _ in range(2):
        assert to_syscall(pid) == stopped(SYSCALL_STOP)
    info = syscall_exit_info(pid)
    assert (info.op, info.rval, info.is_error) == (PTRACE_SYSCALL_INFO_EXIT, 0o022, 0)


def test_info_at_exit_marks_a_failure() -> None:
    pid = start(call(close, ABSENT_FD) + exit_code(0))
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    for _ in range(2):
        assert to_syscall(pid) == stopped(SYSCALL_STOP)
    info = syscall_exit_info(pid)
    assert (info.op, info.rval, info.is_error) == (PTRACE_SYSCALL_INFO_EXIT, -EBADF, 1)


def test_info_outside_a_system_call_stop_is_none() -> None:
    pid = start(exit_code(0))
    assert syscall_info(pid).op == PTRACE_SYSCALL_INFO_NONE


def test_info_is_cut_to_the_size_that_was_asked_for() -> None:
    pid = start(exit_code(0))
    info = SyscallInfo(nr=5)
    outcome = ptrace.result_of(PTRACE_GET_SYSCALL_INFO, pid, 8, info)
    need_syscall_info(outcome)
    assert outcome[0] >= 24
    assert (info.arch, info.instruction_pointer, info.nr) == (AUDIT_ARCH_X86_64, 0, 5)


def test_call_that_a_filter_traces_stops_with_a_seccomp_event() -> None:
    pid = start(call(getppid) + exit_code(6), before=trace_getppid)
    set_options(pid, PTRACE_O_TRACESECCOMP)
    assert resume(pid) == stopped(signal.SIGTRAP, PTRACE_EVENT_SECCOMP)
    assert event_message(pid) == 77
    assert registers(pid).orig_rax == getppid.number
    assert resume(pid) == exited(6)


def test_info_at_a_seccomp_event_has_the_filters_data() -> None:
    pid = start(call(getppid, 21) + exit_code(0), before=trace_getppid)
    set_options(pid, PTRACE_O_TRACESECCOMP)
    assert resume(pid) == stopped(signal.SIGTRAP, PTRACE_EVENT_SECCOMP)
    info = syscall_info(pid)
    assert (info.op, info.nr, info.args[0], info.ret_data) == (PTRACE_SYSCALL_INFO_SECCOMP, getppid.number, 21, 77)


def test_call_that_a_filter_traces_is_enosys_without_the_option() -> None:
    pid = start(call(getppid) + EXIT_WITH_ERRNO, before=trace_getppid)
    assert resume(pid) == exited(ENOSYS)


def test_seccomp_event_comes_after_the_entry_stop() -> None:
    """Since Linux 4.8 (ptrace(2), PTRACE_EVENT_SECCOMP): the entry stop first, then the filter's."""
    pid = start(call(getppid) + exit_code(0), before=trace_getppid)
    set_options(pid, PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    assert registers(pid).orig_rax == getppid.number
    assert to_syscall(pid) == stopped(signal.SIGTRAP, PTRACE_EVENT_SECCOMP)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    assert syscall_exit_info(pid).op == PTRACE_SYSCALL_INFO_EXIT


def test_unknown_call_stops_like_any_other() -> None:
    pid = start(b"\xb8\xff\x7f\x00\x00\x0f\x05" + EXIT_WITH_ERRNO)  # mov eax, 0x7fff; syscall
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    for _ in range(2):
        assert to_syscall(pid) == stopped(SYSCALL_STOP)
    assert registers(pid).orig_rax == 0x7FFF
    assert resume(pid) == exited(ENOSYS)


def test_result_of_an_untouched_call_reaches_the_tracee() -> None:
    pid = start(call(umask, 0o70) + EXIT_WITH_RESULT)
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    for _ in range(2):
        assert to_syscall(pid) == stopped(SYSCALL_STOP)
    assert resume(pid) == exited(0o022)


def test_bad_signal_to_resume_with_is_eio() -> None:
    pid = start(exit_code(0))
    ptrace.fails_with(EIO, PTRACE_SYSCALL, pid, 0, 65)
