"""mlock(2): keeping memory from being swapped out."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import MEMORY, PROCESS
from conformance.syscalls.memory.mapping import MapLength, Mapped

MLOCK_ONFAULT = 1

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4

Lock2Flags = Annotated[int, Flags(named(globals(), "MLOCK_"))]
LockAllFlags = Annotated[
    int,
    Flags(named(globals(), "MCL_")),
    Choices(MCL_CURRENT | MCL_ONFAULT, MCL_FUTURE | MCL_ONFAULT, ...),
]


@syscall(x86_64=149, aarch64=228, touches=PROCESS)
def mlock(addr: Mapped, length: MapLength) -> Zero: ...
@syscall(x86_64=325, aarch64=284, since="4.4", touches=PROCESS)
def mlock2(addr: Mapped, length: MapLength, flags: Lock2Flags) -> Zero: ...
@syscall(x86_64=150, aarch64=229, touches=PROCESS)
def munlock(addr: Mapped, length: MapLength) -> Zero: ...
@syscall(x86_64=151, aarch64=230, touches=PROCESS | MEMORY)
def mlockall(flags: LockAllFlags) -> Zero: ...
@syscall(x86_64=152, aarch64=231, touches=PROCESS)
def munlockall() -> Zero: ...
