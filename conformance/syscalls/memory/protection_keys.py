"""pkeys(7): protection keys, which bar a thread from pages."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import AlwaysZero, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, Use, rarely
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.touches import MEMORY, PROCESS
from conformance.syscalls.memory.mapping import Changed, MapLength, Prot

PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE = 1, 2

KeyRights = Annotated[int, Flags(named(globals(), "PKEY_")), Choices(0, PKEY_DISABLE_WRITE, ...)]
Key = Annotated[int, Renamed("pkey", keep=(0, -1))]
KeyOrNone = Annotated[int, Choices(Use("pkey"), 0, -1, rarely(15, 16))]


@syscall(x86_64=330, aarch64=289, since="4.8", touches=PROCESS)
def pkey_alloc(flags: AlwaysZero, rights: KeyRights) -> Key: ...
@syscall(x86_64=331, aarch64=290, since="4.8", touches=PROCESS)
def pkey_free(key: Key) -> Zero: ...
@syscall(x86_64=329, aarch64=288, since="4.8", touches=PROCESS | MEMORY)
def pkey_mprotect(addr: Changed, length: MapLength, prot: Prot, key: KeyOrNone) -> Zero: ...
