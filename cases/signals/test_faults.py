"""Faults: which signal an instruction raises, where siginfo says it was, and that a handler can go on elsewhere."""

from __future__ import annotations

import signal
import struct

import pytest

from cases.signals._handlers import handle
from conformance.syscalls import Buffer
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import (
    INT3,
    NOP,
    RET,
    UNDEFINED,
    function,
    load,
    place,
    save_context,
    save_siginfo,
    store_result,
)
from conformance.syscalls.machinery.buffers import memory_at
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, mmap
from conformance.syscalls.signals import (
    FPE_INTDIV,
    ILL_ILLOPN,
    SA_SIGINFO,
    SEGV_ACCERR,
    SEGV_MAPERR,
    SI_KERNEL,
    SIG_BLOCK,
    SIGSET_SIZE,
    SiginfoFault,
    Ucontext,
    rt_sigprocmask,
    sigset,
)

pytestmark = pytest.mark.needs("x86_64")

UNMAPPED = 0x10008
NOT_CANONICAL = 0x8000000000000000
DIVIDE_BY_ZERO = b"\x31\xc9\x31\xd2\x31\xc0\xf7\xf1"
"""xor ecx, ecx; xor edx, edx; xor eax, eax; div ecx"""
DIVISION = 6
"""Offset of the instruction that divides."""
KERNELS = 0xFFFF800000000000
NO_SELECTOR = 0x1230
LOAD_NO_SEGMENT = b"\xb8" + struct.pack("<I", NO_SELECTOR | 3) + b"\x8e\xe8"
"""mov eax, selector; mov gs, eax"""

DIVIDE_ERROR, BREAKPOINT, INVALID_OPCODE, GENERAL_PROTECTION, PAGE_FAULT = 0, 3, 6, 13, 14
"""Vectors of the processor's exceptions."""
PRESENT, WRITE, USER, FETCH = 1, 2, 4, 16
"""Bits of a page fault's error code."""


def go_on_at(address: int) -> bytes:
    """Machine code for a handler: the third argument's instruction pointer becomes `address` (<ucontext.h>)."""
    return b"\x48\xb8" + struct.pack("<Q", address) + b"\x48\x89\x82" + struct.pack("<I", 40 + 8 * 16)


def jump(address: int) -> bytes:
    """Machine code that goes on at an address, by rax."""
    return b"\x48\xb8" + struct.pack("<Q", address) + b"\xff\xe0"


def context_of(signum: int, instruction: bytes) -> tuple[SiginfoFault, Ucontext, int]:
    """Execute an instruction that faults; what the handler was told, the state of the processor that it was given, and
    the address of the instruction."""
    saved, context = Buffer(SiginfoFault.size()), Buffer(bytes(Ucontext.size()))
    address = place(instruction + RET)
    save = save_siginfo(saved.address) + save_context(context.address, len(context))
    handle(signum, save + go_on_at(address + len(instruction)), SA_SIGINFO)
    function(jump(address))()
    return SiginfoFault.parse(bytes(saved)), Ucontext.parse(bytes(context)), address


def fault(signum: int, instruction: bytes) -> tuple[SiginfoFault, int]:
    """Execute an instruction that faults; what the handler was told, and the address of the instruction."""
    info, _, address = context_of(signum, instruction)
    return info, address


def test_address_that_is_unmapped_or_protected_is_told() -> None:
    """Unless the signal is blocked: then it kills in spite of its handler."""
    info, _ = fault(signal.SIGSEGV, load(UNMAPPED))
    assert (info.si_signo, info.si_code, info.si_addr) == (signal.SIGSEGV, SEGV_MAPERR, UNMAPPED)
    page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    info, _ = fault(signal.SIGSEGV, store_result(page + 8))
    assert (info.si_signo, info.si_code, info.si_addr) == (signal.SIGSEGV, SEGV_ACCERR, page + 8)
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGSEGV), None, SIGSET_SIZE)
    assert in_child(function(load(UNMAPPED) + RET)) == -signal.SIGSEGV


@pytest.mark.parametrize(
    ("signum", "instruction", "code", "offset"),
    [
        (signal.SIGSEGV, load(NOT_CANONICAL), SI_KERNEL, None),
        (signal.SIGFPE, DIVIDE_BY_ZERO, FPE_INTDIV, DIVISION),
        (signal.SIGILL, NOP + UNDEFINED, ILL_ILLOPN, 1),
        (signal.SIGTRAP, INT3, SI_KERNEL, None),
    ],
    ids=["canonical", "division", "undefined", "breakpoint"],
)
def test_faulting_instruction_has_its_signal_and_code(
    signum: int, instruction: bytes, code: int, offset: int | None
) -> None:
    """`si_addr` is the instruction's where the processor faults on it, and 0 where there is no address."""
    info, address = fault(signum, instruction)
    assert (info.si_signo, info.si_code) == (signum, code)
    assert info.si_addr == (0 if offset is None else address + offset)


@pytest.mark.parametrize("kind", ["read", "write", "read-only", "not-executable", "kernel"])
def test_context_of_a_page_fault_has_its_address_and_what_was_wrong(kind: str) -> None:
    """`trapno` 14, `err` as the processor told it, and `cr2` (`setup_sigcontext`; microsoft/WSL#4473). Whether there
    are pages of the kernel's at an address is not told: they are all present (`sanitize_error_code`)."""
    page = mmap(0, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    assert memory_at(page, 1) == b"\0"  # so that it is present
    instruction, address, error = {
        "read": (load(UNMAPPED), UNMAPPED, USER),
        "write": (store_result(UNMAPPED), UNMAPPED, USER | WRITE),
        "read-only": (store_result(page + 40), page + 40, USER | WRITE | PRESENT),
        "not-executable": (jump(page), page, USER | FETCH | PRESENT),
        "kernel": (load(KERNELS), KERNELS, USER | PRESENT),
    }[kind]
    info, context, _ = context_of(signal.SIGSEGV, instruction)
    found = context.uc_mcontext
    assert (found.trapno, found.err, found.cr2) == (PAGE_FAULT, error, address)
    assert info.si_addr == address


@pytest.mark.parametrize(
    ("signum", "instruction", "trap", "error"),
    [
        (signal.SIGSEGV, load(NOT_CANONICAL), GENERAL_PROTECTION, 0),
        (signal.SIGSEGV, LOAD_NO_SEGMENT, GENERAL_PROTECTION, NO_SELECTOR),
        (signal.SIGFPE, DIVIDE_BY_ZERO, DIVIDE_ERROR, 0),
        (signal.SIGILL, UNDEFINED, INVALID_OPCODE, 0),
        (signal.SIGTRAP, INT3, BREAKPOINT, 0),
    ],
    ids=["canonical", "segment", "division", "undefined", "breakpoint"],
)
def test_context_of_a_fault_has_the_processors_number_for_it(
    signum: int, instruction: bytes, trap: int, error: int
) -> None:
    """Each after a page fault, whose numbers must not remain; the page of an address that is none is not told."""
    context_of(signal.SIGSEGV, store_result(UNMAPPED))
    _, context, _ = context_of(signum, instruction)
    assert (context.uc_mcontext.trapno, context.uc_mcontext.err) == (trap, error)


def test_context_has_the_registers_of_the_instruction_and_what_was_blocked() -> None:
    """The mask, in both places that have it, is the one to which the handler's return leads back."""
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGUSR1), None, SIGSET_SIZE)
    value = 0x0123456789ABCDEF
    load_both = b"\x48\xb8" + struct.pack("<Q", value) + b"\x48\xb9" + struct.pack("<Q", ~value & (1 << 64) - 1)
    _, context, address = context_of(signal.SIGILL, load_both + UNDEFINED)
    found = context.uc_mcontext
    assert (found.rax, found.rcx, found.rip) == (value, ~value & (1 << 64) - 1, address + len(load_both))
    blocked = int.from_bytes(sigset(signal.SIGUSR1), "little")
    assert (found.oldmask, context.uc_sigmask) == (blocked, blocked)
