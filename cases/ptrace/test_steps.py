"""Stepping: one instruction, one block, to the next call without making it, and breakpoints in the code."""

from __future__ import annotations

import signal
from errno import EIO

import pytest

from cases.ptrace._tracee import (
    RIP,
    SYSCALL_STOP,
    exited,
    registers,
    resume,
    set_options,
    start,
    stopped,
    user_word,
    wait,
)
from conformance.syscalls import missing
from conformance.syscalls.files.attributes import umask
from conformance.syscalls.help.code import (
    DATA,
    ENTRY,
    EXIT_WITH_RESULT,
    INT3,
    NOP,
    RESTORER,
    RET,
    call,
    exit_code,
    raise_signal,
)
from conformance.syscalls.processes.creating import exit_group
from conformance.syscalls.ptrace import (
    PTRACE_GETSIGINFO,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_PEEKTEXT,
    PTRACE_POKETEXT,
    PTRACE_SETREGS,
    PTRACE_SINGLEBLOCK,
    PTRACE_SINGLESTEP,
    PTRACE_SYSEMU,
    Word,
    ptrace,
)
from conformance.syscalls.signals import (
    SA_RESTORER,
    SI_KERNEL,
    SIGSET_SIZE,
    TRAP_TRACE,
    Sigaction,
    SiginfoFault,
    rt_sigaction,
)

pytestmark = pytest.mark.needs("x86_64")

TRAPPED = stopped(signal.SIGTRAP)


def step(pid: int) -> int:
    """One instruction; the address of the next."""
    assert resume(pid, request=PTRACE_SINGLESTEP) == TRAPPED
    return user_word(pid, RIP)


def trap_code(pid: int) -> int:
    """`si_code` of the SIGTRAP in which a tracee stands."""
    info = SiginfoFault()
    ptrace(PTRACE_GETSIGINFO, pid, 0, info)
    assert info.si_signo == signal.SIGTRAP
    return info.si_code


def test_step_stops_after_each_instruction() -> None:
    pid = start(NOP + call(umask, 0o70) + exit_code(0))
    assert step(pid) == ENTRY + 1
    assert trap_code(pid) == TRAP_TRACE
    offsets = [step(pid) - ENTRY for _ in range(3)]
    assert offsets == [11, 16, 18]  # movabs rdi; mov eax; syscall
    assert registers(pid).rax == 0o022


def test_step_with_a_signal_stops_at_the_handler() -> None:
    setup = call(rt_sigaction, signal.SIGUSR1, DATA, 0, SIGSET_SIZE) + raise_signal(signal.SIGUSR1) + exit_code(7)
    handler = ENTRY + len(setup)
    action = Sigaction(handler=handler, flags=SA_RESTORER, restorer=handler + len(RET))
    pid = start(setup + RET + RESTORER, bytes(action))
    assert resume(pid) == stopped(signal.SIGUSR1)
    assert resume(pid, signal.SIGUSR1, PTRACE_SINGLESTEP) == TRAPPED
    assert user_word(pid, RIP) == handler
    assert resume(pid) == exited(7)


def test_breakpoint_in_the_code_stops_behind_it() -> None:
    """The instruction int3: SI_KERNEL, where a step or a hardware breakpoint says TRAP_TRACE or TRAP_HWBKPT."""
    code = call(umask, 0o70)
    pid = start(code + exit_code(8))
    address, word = ENTRY + len(code), Word()
    ptrace(PTRACE_PEEKTEXT, pid, address, word)
    ptrace(PTRACE_POKETEXT, pid, address, word.word & ~0xFF | INT3[0])
    assert resume(pid) == TRAPPED
    regs = registers(pid)
    assert (trap_code(pid), regs.rip) == (SI_KERNEL, address + 1)
    ptrace(PTRACE_POKETEXT, pid, address, word.word)
    regs.rip = address
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert resume(pid) == exited(8)


def test_block_step_stops_at_the_target_of_a_jump() -> None:
    """PTRACE_SINGLEBLOCK takes a processor that traps on branches; another one stops after one instruction."""
    pid = start(NOP + NOP + b"\xeb\x01" + INT3 + NOP + exit_code(0))  # jmp over the int3
    _, error = ptrace.result_of(PTRACE_SINGLEBLOCK, pid)
    if error == EIO:
        missing("PTRACE_SINGLEBLOCK")
    assert error == 0
    assert wait(pid) == TRAPPED
    address = user_word(pid, RIP)
    if address == ENTRY + 1:
        missing("hardware: a processor that traps on branches")
    assert address == ENTRY + 5


def test_emulated_call_is_not_made() -> None:
    """PTRACE_SYSEMU, for user-mode kernels: a stop at the entry alone, and the tracer's result."""
    pid = start(call(exit_group, 1) + EXIT_WITH_RESULT)
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    _, error = ptrace.result_of(PTRACE_SYSEMU, pid)
    if error == EIO:
        missing("PTRACE_SYSEMU")
    assert wait(pid) == stopped(SYSCALL_STOP)
    regs = registers(pid)
    assert regs.orig_rax == exit_group.number
    regs.rax = 51
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert resume(pid) == exited(51)
