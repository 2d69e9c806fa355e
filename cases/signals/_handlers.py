"""Handlers of machine code, which run at once where one of Python's waits for the interpreter."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from contextlib import contextmanager

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.help.code import RESTORER, RET, place
from conformance.syscalls.signals import SA_RESTORER, SIGSET_SIZE, Sigaction, rt_sigaction
from conformance.syscalls.time.clocks import Timeval
from conformance.syscalls.time.timers import ITIMER_REAL, Itimerval, setitimer


class Cell:
    """Eight bytes, zero at first, that a handler counts in."""

    def __init__(self) -> None:
        self._memory = Buffer(bytes(8))
        self.address = self._memory.address

    @property
    def value(self) -> int:
        """What is in it, as a signed number."""
        return self._memory.int_at(0, 8, signed=True)


def minus(number: int) -> bytes:
    """Machine code that subtracts a small number from rax."""
    return b"\x48\x83\xe8" + bytes([number])


def add_result(address: int) -> bytes:
    """Machine code that adds rax to the eight bytes at an address."""
    return b"\x48\xba" + struct.pack("<Q", address) + b"\x48\x01\x02"


def action(body: bytes, flags: int = 0, mask: bytes = bytes(SIGSET_SIZE)) -> Sigaction:
    """What makes `body` a handler."""
    address = place(body + RET + RESTORER)
    restorer = address + len(body + RET)
    return Sigaction(handler=address, flags=flags | SA_RESTORER, restorer=restorer, mask=int.from_bytes(mask, "little"))


def handle(signum: int, body: bytes, flags: int = 0, mask: bytes = bytes(SIGSET_SIZE)) -> None:
    """Make `body` the handler of a signal."""
    rt_sigaction(signum, action(body, flags, mask), None, SIGSET_SIZE)


@contextmanager
def ticking() -> Iterator[None]:
    """SIGALRM every 10 ms, so that one comes while a call is waiting, however slow the machine is."""
    with untraced():
        setitimer(ITIMER_REAL, Itimerval(Timeval(tv_usec=10_000), Timeval(tv_usec=10_000)), None)
    try:
        yield
    finally:
        with untraced():
            setitimer(ITIMER_REAL, Itimerval(), None)
