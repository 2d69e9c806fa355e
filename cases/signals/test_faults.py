"""Faults: which signal an instruction raises, where siginfo says it was, and that a handler can go on elsewhere."""

from __future__ import annotations

import signal
import struct

import pytest

from cases.signals._handlers import handle
from conformance.syscalls import Buffer
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import INT3, NOP, RET, UNDEFINED, function, load, place, save_siginfo, store_result
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


def go_on_at(address: int) -> bytes:
    """Machine code for a handler: the third argument's instruction pointer becomes `address` (<ucontext.h>)."""
    return b"\x48\xb8" + struct.pack("<Q", address) + b"\x48\x89\x82" + struct.pack("<I", 40 + 8 * 16)


def fault(signum: int, instruction: bytes) -> tuple[SiginfoFault, int]:
    """Execute an instruction that faults; what the handler was told, and the address of the instruction."""
    saved = Buffer(SiginfoFault.size())
    address = place(instruction + RET)
    handle(signum, save_siginfo(saved.address) + go_on_at(address + len(instruction)), SA_SIGINFO)
    function(b"\x48\xb8" + struct.pack("<Q", address) + b"\xff\xe0")()  # movabs rax, address; jmp rax
    return SiginfoFault.parse(bytes(saved)), address


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
