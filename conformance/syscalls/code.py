"""Tiny x86-64 programs made of system calls: tracees and executables that do nothing that was not asked for.

A Python child makes calls of its own (memory, signals) at moments that nobody chose; these make just the calls that
are listed, and start in microseconds where an interpreter takes half a second in an emulated guest.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable

from conformance.syscalls.buffers import write_memory
from conformance.syscalls.call import untraced
from conformance.syscalls.memory import MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.numbers import X86_64

_LOAD = [b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8", b"\x49\xb9"]  # movabs rdi rsi rdx r10 r8 r9
SYSCALL = b"\x0f\x05"
INT3 = b"\xcc"
NOP = b"\x90"
RET = b"\xc3"
LOOP_FOREVER = b"\xeb\xfe"


def call(name: str, *args: int) -> bytes:
    """Machine code for one system call with constant arguments; its result is left in rax."""
    loads = b"".join(load + struct.pack("<q", value) for load, value in zip(_LOAD, args, strict=False))
    return loads + b"\xb8" + struct.pack("<i", X86_64[name]) + SYSCALL


def exit_code(status: int) -> bytes:
    """Machine code that ends the process."""
    return call("exit_group", status)


BASE = 0x400000
"""Where `elf` puts a program."""
ENTRY = BASE + 120
"""Address of its first instruction: behind the ELF header and one program header."""


def elf(code: bytes) -> bytes:
    """A static executable whose one segment, readable, writable and executable, begins with `code` at `ENTRY`."""
    size = 120 + len(code)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, ENTRY, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, BASE, BASE, size, size, 4096)
    return header + segment + code


def function(code: bytes) -> Callable[[], int]:
    """`code` as a function without arguments in this process's memory; it must end with `RET`. Result: rax.

    Nothing unmaps it: the case's process is short-lived.
    """
    with untraced():
        address = mmap(0, len(code), PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    write_memory(address, code)
    return ctypes.CFUNCTYPE(ctypes.c_long)(address)
