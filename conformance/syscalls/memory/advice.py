"""madvise(2): what a process says about its memory."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import MEMORY, PROCESS
from conformance.syscalls.memory.mapping import Changed, MapLength

MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED = range(5)

MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK = 8, 9, 10, 11
MADV_MERGEABLE, MADV_UNMERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP, MADV_DODUMP = range(12, 18)
MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT = 18, 19, 20, 21
MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_DONTNEED_LOCKED, MADV_COLLAPSE = range(22, 26)
MADV_GUARD_INSTALL, MADV_GUARD_REMOVE = 102, 103

Advice = Annotated[
    int,
    Flags(named(globals(), "MADV_"), bits=False),
    Instead({100: MADV_NORMAL, 101: MADV_NORMAL}),
]
"""Never MADV_HWPOISON and MADV_SOFT_OFFLINE: they take memory away from the machine (madvise(2))."""


@syscall(x86_64=28, aarch64=233, touches=PROCESS | MEMORY)
def madvise(addr: Changed, length: MapLength, advice: Advice) -> Zero: ...
