"""x32: programs of 64-bit processors with pointers of 32 bits (Documentation of the System V ABI, x32 psABI)."""

from __future__ import annotations

import struct
from errno import ENOEXEC

import pytest

from conformance.syscalls import missing
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import BASE
from conformance.syscalls.help.programs import new_executable
from conformance.syscalls.processes.creating import exit_group
from conformance.syscalls.processes.executing import Strings, execve

pytestmark = pytest.mark.needs("x86_64")

X32 = 0x40000000
"""__X32_SYSCALL_BIT of asm/unistd.h."""
HEADER, SEGMENT = 52, 32
"""Sizes of the structs of elf.h for 32 bits, which x32 programs have, with the machine of 64 bits."""
STATUS = 7


def program(code: bytes) -> bytes:
    """A static executable of x32 whose one segment begins with `code` behind its headers."""
    ahead, size = HEADER + SEGMENT, HEADER + SEGMENT + len(code)
    header = b"\x7fELF\x01\x01\x01" + bytes(9)
    header += struct.pack("<HHIIIIIHHHHHH", 2, 62, 1, BASE + ahead, HEADER, 0, 0, HEADER, SEGMENT, 1, 0, 0, 0)
    return header + struct.pack("<8I", 1, 0, BASE, BASE, size, size, 7, 4096) + code


def test_program_is_executed_and_its_calls_have_a_bit_of_their_own() -> None:
    """Where the kernel has no x32, or has it switched off, it is no executable (`CONFIG_X86_X32_ABI`)."""
    number = exit_group.facts.numbers["x86_64"] | X32
    leave = b"\xbf" + struct.pack("<I", STATUS) + b"\xb8" + struct.pack("<I", number) + b"\x0f\x05"
    path = new_executable(b"x32", program(leave))

    def run() -> int:
        return execve.result_of(path, Strings(path).array, None)[1]

    status = in_child(run)
    if status == ENOEXEC:
        missing("x32 programs")
    assert status == STATUS
