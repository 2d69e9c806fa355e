"""Making a call by its number, whatever it is: in a process of its own, by machine code, within a deadline.

An interpreter's fork takes a hundred times as long as a vfork(2) of a program that has no stack, and there are 1,536 to
be made. The calls are not such that anything of the memory is changed that is shared.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from conformance.syscalls.files.reading import write
from conformance.syscalls.help.code import DATA, SYSCALL, call
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_FIXED, MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.processes.creating import exit_group, vfork
from conformance.syscalls.processes.waiting import wait4
from conformance.syscalls.time.timers import setitimer

HARMLESS = (-1,) * 6
"""Arguments that do nothing: no descriptor, no memory, no pid, no known flag, operation or size."""
LONG, SHORT = 5.0, 0.05
"""Seconds that a call may take, and one that is known to wait."""
ENTRY_BYTES, RESULT_BYTES = 64, 24
RESULTS = 0x10000000
"""Where the program keeps what came of the calls: memory that its children share."""
TABLE = DATA + 64
"""Where the numbers and arguments lie, behind the two times."""
WALL = 0x40000000
"""Of wait4(2): whatever signal a child sends when it ends."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way into the kernel: machine code that takes its arguments from r12 + 8 … and makes the call of r12."""

    code: bytes
    bits: int
    """How wide a result is."""


BY_SYSCALL = Way(
    bytes.fromhex("49 8b 04 24")  # mov rax, [r12]
    + bytes.fromhex("49 8b 7c 24 08  49 8b 74 24 10  49 8b 54 24 18")  # rdi, rsi, rdx
    + bytes.fromhex("4d 8b 54 24 20  4d 8b 44 24 28  4d 8b 4c 24 30")  # r10, r8, r9
    + SYSCALL,
    64,
)
BY_INT80 = Way(
    bytes.fromhex("49 8b 04 24")
    + bytes.fromhex("49 8b 5c 24 08  49 8b 4c 24 10  49 8b 54 24 18")  # rbx, rcx, rdx
    + bytes.fromhex("49 8b 74 24 20  49 8b 7c 24 28  49 8b 6c 24 30")  # rsi, rdi, rbp
    + bytes.fromhex("cd 80"),
    32,
)
_PUT_RESULT = bytes.fromhex("49 89 45 00  49 c7 45 08 01 00 00 00")  # mov [r13], rax; mov qword [r13+8], 1
_SET_TIMER = bytes.fromhex("31 ff  49 8b 74 24 38  31 d2")  # edi = ITIMER_REAL, rsi = [r12+56], edx = NULL
_WAIT = bytes.fromhex("48 89 c7  49 8d 75 10  ba") + struct.pack("<I", WALL) + bytes.fromhex("45 31 d2")
_NEXT = bytes.fromhex("49 83 c4 40  49 83 c5 18  4d 39 fc  0f 82")  # r12 += 64; r13 += 24; cmp r12, r15; jb


def probe(how: Way, numbers: Sequence[int], arguments: Mapping[int, Sequence[int]], waiting: set[int]) -> list[str]:
    """What came of each call: `succeeds`, an errno, a signal that ended the process, `ends the process`, `waits`.

    `arguments` are those of numbers that want others than `HARMLESS`; `waiting` are the numbers of calls that are
    known to wait.
    """
    rows = b"".join(
        struct.pack("<7qq", number, *(*arguments.get(number, ()), *HARMLESS)[:6], DATA + 32 * (number in waiting))
        for number in numbers
    )
    path = new_program(b"probe", _program(how.code, len(numbers)), _time(LONG) + _time(SHORT) + rows)
    done = subprocess.run([b"./" + path], stdout=subprocess.PIPE, check=True)
    found = list(struct.iter_unpack("<qqq", done.stdout))
    assert len(found) == len(numbers)
    return [_said(result, returned, status, how.bits) for result, returned, status in found]


def _time(seconds: float) -> bytes:
    """A struct itimerval that ends once."""
    return struct.pack("<4q", 0, 0, int(seconds), round(seconds % 1 * 1_000_000))


def _program(enter: bytes, count: int) -> bytes:
    """A child for each row of the table, one after the other; the results go to standard output."""
    size = count * RESULT_BYTES
    child = _by_number(setitimer.facts.numbers, _SET_TIMER) + enter + _PUT_RESULT + call(exit_group, 0)
    begin = bytes.fromhex("49 bc") + struct.pack("<Q", TABLE) + bytes.fromhex("49 bd") + struct.pack("<Q", RESULTS)
    begin += bytes.fromhex("49 bf") + struct.pack("<Q", TABLE + count * ENTRY_BYTES)
    loop = call(vfork) + bytes.fromhex("48 85 c0  0f 85") + struct.pack("<i", len(child)) + child
    loop += _by_number(wait4.facts.numbers, _WAIT) + _NEXT
    loop += struct.pack("<i", -len(loop) - 4)
    memory = call(mmap, RESULTS, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    return memory + begin + loop + call(write, 1, RESULTS, size) + call(exit_group, 0)


def _by_number(numbers: Mapping[str, int], prepare: bytes) -> bytes:
    """Machine code that prepares registers and makes a call; rax comes last."""
    return prepare + b"\xb8" + struct.pack("<i", numbers["x86_64"]) + SYSCALL


def _said(result: int, returned: int, status: int, bits: int) -> str:
    if returned:
        if bits == 32:
            result = struct.unpack("<i", struct.pack("<q", result)[:4])[0]
        return errno.errorcode.get(-result, f"errno {-result}") if -4096 < result < 0 else "succeeds"
    status &= 0xFFFFFFFF
    assert status, "there was no process to make the call: what exit(-1) leaves is not 0"
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "waits" if number == signal.SIGALRM else signal.Signals(number).name
    return "ends the process"
