"""Registers: read and written whole, as register sets and word by word, with debug registers and breakpoints."""

from __future__ import annotations

import signal
import struct
from errno import EINVAL, EIO, ENODEV, ENOSPC, ENOSYS

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
    to_syscall,
    user_word,
)
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.attributes import umask
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.help.code import DATA, ENTRY, EXIT_WITH_RESULT, INT3, NOP, call, exit_code, set_word
from conformance.syscalls.processes.creating import exit_group
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.ptrace import (
    DEBUG_REGISTERS,
    NT_PRSTATUS,
    NT_X86_XSTATE,
    PTRACE_GETFPREGS,
    PTRACE_GETREGSET,
    PTRACE_GETSIGINFO,
    PTRACE_O_TRACESYSGOOD,
    PTRACE_PEEKUSER,
    PTRACE_POKEUSER,
    PTRACE_SETFPREGS,
    PTRACE_SETREGS,
    PTRACE_SETREGSET,
    UserFpRegs,
    UserRegs,
    VaryingIovec,
    Word,
    ptrace,
)
from conformance.syscalls.signals import TRAP_HWBKPT, SiginfoFault

pytestmark = pytest.mark.needs("x86_64")

UNKNOWN_SET = 0x7777
FS_BASE = 8 * 21
"""Its offset in `struct user`."""
NONE = 2**64 - 1
"""A call's number, -1, that skips the call."""
IO_PRIVILEGE = 0x3000
KERNEL_ADDRESS = 0xFFFF888000000000
MOV_RDI_XMM0 = b"\x66\x48\x0f\x7e\xc7"
MOV_XMM0_RAX = b"\x66\x48\x0f\x6e\xc0"
MOV_EAX_EXIT_GROUP = b"\xb8\xe7\x00\x00\x00"
SYSCALL = b"\x0f\x05"
PATTERN = 0x1122334455667788
ON_EXECUTION = 1
"""Debug register 7: breakpoint 0, for this process, when the instruction is executed."""
ON_WRITE_OF_8_BYTES = 1 | 0b1001 << 16


def set_breakpoint(pid: int, address: int, control: int) -> None:
    """Debug registers 0 and 7; a processor without them is no fault of the kernel."""
    ptrace(PTRACE_POKEUSER, pid, DEBUG_REGISTERS, address)
    _, error = ptrace.result_of(PTRACE_POKEUSER, pid, DEBUG_REGISTERS + 8 * 7, control)
    if error in (EIO, ENODEV, ENOSPC, ENOSYS):
        missing("hardware breakpoints")
    assert error == 0


def test_written_registers_change_where_it_goes_on() -> None:
    skipped = exit_code(1)
    pid = start(INT3 + skipped + MOV_EAX_EXIT_GROUP + SYSCALL)
    assert resume(pid) == stopped(signal.SIGTRAP)
    regs = registers(pid)
    assert regs.rip == ENTRY + 1
    regs.rip += len(skipped)
    regs.rdi = 42
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert resume(pid) == exited(42)


def test_general_register_set_holds_the_same_registers() -> None:
    pid = start(set_word(DATA, PATTERN) + INT3 + exit_code(0))
    assert resume(pid) == stopped(signal.SIGTRAP)
    room = Buffer(UserRegs.size() + 64)
    vector = Iovec(iov_base=room.address, iov_len=len(room))
    ptrace.or_missing("PTRACE_GETREGSET", (EINVAL, EIO), PTRACE_GETREGSET, pid, NT_PRSTATUS, vector)
    assert vector.iov_len == UserRegs.size()
    assert UserRegs.parse(bytes(room)).rax == PATTERN
    assert room.take(UserRegs.size()) == bytes(registers(pid))


def test_register_set_is_cut_to_the_room_for_it() -> None:
    pid = start(INT3)
    assert resume(pid) == stopped(signal.SIGTRAP)
    before, room = registers(pid), Buffer(UserRegs.size())
    vector = Iovec(iov_base=room.address, iov_len=16)
    ptrace.or_missing("PTRACE_GETREGSET", (EINVAL, EIO), PTRACE_GETREGSET, pid, NT_PRSTATUS, vector)
    assert vector.iov_len == 16
    assert bytes(room) == bytes(16) + b"\xaa" * (UserRegs.size() - 16)
    words = Buffer(struct.pack("<2Q", 0x1515, 0x1414))
    ptrace(PTRACE_SETREGSET, pid, NT_PRSTATUS, Iovec(iov_base=words.address, iov_len=8))
    after = registers(pid)
    assert (after.r15, after.r14, after.rip) == (0x1515, before.r14, before.rip)
    for kind, length in ((NT_PRSTATUS, 12), (UNKNOWN_SET, 16)):
        ptrace.fails_with(EINVAL, PTRACE_GETREGSET, pid, kind, Iovec(iov_base=room.address, iov_len=length))


def test_floating_point_registers_can_be_read_and_written() -> None:
    pid = start(set_word(DATA, PATTERN) + MOV_XMM0_RAX + INT3 + MOV_RDI_XMM0 + MOV_EAX_EXIT_GROUP + SYSCALL)
    assert resume(pid) == stopped(signal.SIGTRAP)
    regs = UserFpRegs()
    ptrace(PTRACE_GETFPREGS, pid, 0, regs)
    assert bytes(regs.xmm[:16]) == struct.pack("<2Q", PATTERN, 0)
    assert (regs.cwd, regs.mxcsr) == (0x37F, 0x1F80)
    regs.xmm[0] = 43
    ptrace(PTRACE_SETFPREGS, pid, 0, regs)
    assert resume(pid) == exited(43)


def test_extended_state_begins_with_the_floating_point_registers() -> None:
    """NT_X86_XSTATE: the layout of the instruction xsave, with the features that are on in bytes 464 to 471."""
    pid = start(set_word(DATA, PATTERN) + MOV_XMM0_RAX + INT3)
    assert resume(pid) == stopped(signal.SIGTRAP)
    room = Buffer(1 << 14)
    vector = VaryingIovec(base=room.address, length=len(room))
    _, error = ptrace.result_of(PTRACE_GETREGSET, pid, NT_X86_XSTATE, vector)
    if error in (EINVAL, ENODEV):
        missing("extended processor state")
    assert error == 0
    assert 576 <= vector.length < len(room)
    assert UserFpRegs.parse(bytes(room)).xmm[:8] == list(struct.pack("<Q", PATTERN))
    assert room.int_at(464, 8) & 3 == 3


def test_call_can_be_replaced_at_its_entry() -> None:
    pid = start(call(getpid, 0o70) + EXIT_WITH_RESULT)
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    regs = registers(pid)
    regs.orig_rax = umask.number
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert resume(pid) == exited(0o022)


def test_call_can_be_skipped_and_answered_by_the_tracer() -> None:
    pid = start(call(exit_group, 1) + EXIT_WITH_RESULT)
    set_options(pid, PTRACE_O_TRACESYSGOOD)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    regs = registers(pid)
    regs.orig_rax = NONE
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert to_syscall(pid) == stopped(SYSCALL_STOP)
    regs = registers(pid)
    assert regs.rax == 2**64 - ENOSYS
    regs.rax = 77
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert resume(pid) == exited(77)


def test_word_of_the_user_area_is_a_register() -> None:
    pid = start(exit_code(1) + exit_code(2))
    assert user_word(pid, RIP) == ENTRY
    ptrace(PTRACE_POKEUSER, pid, RIP, ENTRY + len(exit_code(1)))
    for offset in (RIP + 1, 1 << 20):
        ptrace.fails_with(EIO, PTRACE_PEEKUSER, pid, offset, Word())
    assert resume(pid) == exited(2)


def test_tracee_gets_no_privilege_from_its_registers() -> None:
    """A selector of the kernel's, or a base in its half, is EIO; flags that are not the program's are ignored."""
    pid = start(INT3)
    assert resume(pid) == stopped(signal.SIGTRAP)
    regs = registers(pid)
    regs.cs = 0x10
    ptrace.fails_with(EIO, PTRACE_SETREGS, pid, 0, regs)
    ptrace.fails_with(EIO, PTRACE_POKEUSER, pid, FS_BASE, KERNEL_ADDRESS)
    regs = registers(pid)
    regs.eflags |= IO_PRIVILEGE
    ptrace(PTRACE_SETREGS, pid, 0, regs)
    assert registers(pid).eflags & IO_PRIVILEGE == 0


def test_hardware_breakpoint_stops_before_the_instruction() -> None:
    pid = start(NOP + NOP + NOP + exit_code(0))
    set_breakpoint(pid, ENTRY + 2, ON_EXECUTION)
    assert resume(pid) == stopped(signal.SIGTRAP)
    assert registers(pid).rip == ENTRY + 2
    info = SiginfoFault()
    ptrace(PTRACE_GETSIGINFO, pid, 0, info)
    assert (info.si_signo, info.si_code) == (signal.SIGTRAP, TRAP_HWBKPT)
    with untraced():  # bits that no breakpoint sets depend on the processor
        assert user_word(pid, DEBUG_REGISTERS + 8 * 6) & 0xF == 1


def test_hardware_watchpoint_stops_after_the_write() -> None:
    pid = start(set_word(DATA + 8, 1) + set_word(DATA, 2) + NOP + exit_code(0))
    set_breakpoint(pid, DATA, ON_WRITE_OF_8_BYTES)
    assert resume(pid) == stopped(signal.SIGTRAP)
    assert registers(pid).rip == ENTRY + 2 * len(set_word(DATA, 2))


def test_hardware_breakpoint_in_the_kernels_half_is_einval() -> None:
    pid = start(exit_code(0))
    set_breakpoint(pid, ENTRY, 0)
    ptrace.fails_with(EINVAL, PTRACE_POKEUSER, pid, DEBUG_REGISTERS, KERNEL_ADDRESS)
