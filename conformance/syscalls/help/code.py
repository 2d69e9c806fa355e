"""Tiny x86-64 programs made of system calls: tracees and executables that do nothing that was not asked for.

A Python child makes calls of its own (memory, signals) at moments that nobody chose; these make just the calls that
are listed, and start in microseconds where an interpreter takes half a second in an emulated guest.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable
from typing import Any

from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.machinery.call import Syscall, untraced
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_EXEC, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.processes.creating import exit_group
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import kill, rt_sigreturn

_LOAD = [b"\x48\xbf", b"\x48\xbe", b"\x48\xba", b"\x49\xba", b"\x49\xb8", b"\x49\xb9"]  # movabs rdi rsi rdx r10 r8 r9
SYSCALL = b"\x0f\x05"
INT3 = b"\xcc"
NOP = b"\x90"
RET = b"\xc3"


def _enter(stub: Syscall[Any]) -> bytes:
    """Machine code that makes a call whose arguments are in their registers."""
    return b"\xb8" + struct.pack("<i", stub.facts.numbers["x86_64"]) + SYSCALL


def call(stub: Syscall[Any], *args: int) -> bytes:
    """Machine code for one system call with constant arguments; its result is left in rax."""
    loads = b"".join(load + struct.pack("<q", value) for load, value in zip(_LOAD, args, strict=False))
    return loads + _enter(stub)


def exit_code(status: int) -> bytes:
    """Machine code that ends the process."""
    return call(exit_group, status)


EXIT_WITH_RESULT = b"\x48\x89\xc7" + _enter(exit_group)
"""Ends the process; the status is rax, the result of the call before."""
EXIT_WITH_ERRNO = b"\xf7\xd8" + EXIT_WITH_RESULT
"""Ends the process; the status is the errno of the call before."""
RESTORER = _enter(rt_sigreturn)
"""What SA_RESTORER must point to: the handler returns to it."""
UNDEFINED = b"\x0f\x0b"
"""The instruction ud2: SIGILL."""


def call_with_result(stub: Syscall[Any], *rest: int) -> bytes:
    """Machine code for a call whose first argument is rax, the result of the call before; `rest` follow it."""
    loads = b"".join(load + struct.pack("<q", value) for load, value in zip(_LOAD[1:], rest, strict=False))
    return b"\x48\x89\xc7" + loads + _enter(stub)


def raise_signal(number: int) -> bytes:
    """Machine code that sends the process a signal: getpid(2), then kill(2)."""
    return call(getpid) + call_with_result(kill, number)


def store_result(address: int) -> bytes:
    """Machine code that writes rax to an address."""
    return b"\x48\xa3" + struct.pack("<Q", address)


def load(address: int) -> bytes:
    """Machine code that reads rax from an address."""
    return b"\x48\xa1" + struct.pack("<Q", address)


def set_word(address: int, value: int) -> bytes:
    """Machine code that writes eight bytes to an address."""
    return b"\x48\xb8" + struct.pack("<q", value) + store_result(address)


def increment(address: int) -> bytes:
    """Machine code that adds one to the eight bytes at an address, at once for every processor."""
    return b"\x48\xb8" + struct.pack("<Q", address) + b"\xf0\x48\xff\x00"


def save_siginfo(address: int) -> bytes:
    """Machine code for a SA_SIGINFO handler: copies the 128 bytes that its second argument points to."""
    return b"\x48\xbf" + struct.pack("<Q", address) + b"\xb9" + struct.pack("<I", 128) + b"\xf3\xa4"


def save_context(address: int, size: int) -> bytes:
    """Machine code for a SA_SIGINFO handler: copies the start of the `ucontext_t` that its third argument points to."""
    return b"\x48\x89\xd6\x48\xbf" + struct.pack("<Q", address) + b"\xb9" + struct.pack("<I", size) + b"\xf3\xa4"


def if_zero(body: bytes) -> bytes:
    """Machine code that runs `body` only when rax is zero: what fork(2) returns in the child."""
    return b"\x48\x85\xc0\x0f\x85" + struct.pack("<i", len(body)) + body


BASE = 0x400000
"""Where `elf` puts a program."""
ENTRY = BASE + 120
"""Address of its first instruction: behind the ELF header and one program header."""
DATA = BASE + 2048
"""Where its data lies."""


def elf(code: bytes, data: bytes = b"") -> bytes:
    """A static executable whose one segment, readable, writable and executable, begins with `code` at `ENTRY`.

    `data` lies at `DATA`; what follows it up to the end of the page is zero, and writable too.
    """
    if len(code) > DATA - ENTRY:
        raise ValueError(f"{len(code)} bytes of code leave no room for data")
    if data:
        code = code.ljust(DATA - ENTRY, b"\0") + data
    size = 120 + len(code)
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, ENTRY, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = struct.pack("<IIQQQQQQ", 1, 7, 0, BASE, BASE, size, size, 4096)
    return header + segment + code


def place(code: bytes) -> int:
    """The address of `code` in this process's memory. Nothing unmaps it: the case's process is short-lived."""
    with untraced():
        address = mmap(0, len(code), PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    write_memory(address, code)
    return address


def function(code: bytes) -> Callable[[], int]:
    """`code` as a function without arguments in this process's memory; it must end with `RET`. Result: rax."""
    return ctypes.CFUNCTYPE(ctypes.c_long)(place(code))
