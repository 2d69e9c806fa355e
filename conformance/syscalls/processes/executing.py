"""execve(2): running another program; personality(2): how a process is run."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import Bits, Dir, InBytes, Path, Zero
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, often, text
from conformance.syscalls.machinery.kinds import Flags, Masked
from conformance.syscalls.machinery.touches import PROCESS

AT_EXECVE_CHECK = 0x10000

PER_LINUX32, PER_QUERY = 8, 0xFFFFFFFF
ADDR_NO_RANDOMIZE, MMAP_PAGE_ZERO, READ_IMPLIES_EXEC = 0x40000, 0x100000, 0x400000
ADDR_LIMIT_32BIT, STICKY_TIMEOUTS = 0x800000, 0x4000000

ExecveatFlags = Annotated[
    int,
    Flags({"AT_EMPTY_PATH": 0x1000, "AT_SYMLINK_NOFOLLOW": 0x100, "AT_EXECVE_CHECK": AT_EXECVE_CHECK}),
]
StringArray = Annotated[
    InBytes,
    Masked(),
    Choices(
        often(Blob(bytes(24), ((0, 8, text(b"one")), (8, 8, text(b"two=2"))))),
        Blob(bytes(8)),
        0,
        Blob(bytes(16), ((0, 8, KERNEL_ADDRESS),)),
        KERNEL_ADDRESS,
    ),
]
"""`char *const argv[]`: two strings, none, and what cannot be read."""
Persona = Annotated[
    int,
    Choices(
        *(PER_QUERY, 0, ADDR_NO_RANDOMIZE, PER_LINUX32, READ_IMPLIES_EXEC, STICKY_TIMEOUTS, MMAP_PAGE_ZERO),
        *(ADDR_LIMIT_32BIT | PER_LINUX32, 3, -1),
    ),
]


class Pointers(Buffer):
    """An array of addresses of memory, which it keeps alive, with the pointer NULL at its end."""

    __slots__ = ("memory",)

    def __init__(self, memory: tuple[Buffer, ...]) -> None:
        super().__init__(struct.pack(f"={len(memory) + 1}Q", *(each.address for each in memory), 0))
        self.memory = memory


class Strings:
    """An array of strings as execve(2) takes it; `array` is what a call is given."""

    def __init__(self, *strings: bytes) -> None:
        self.array = Pointers(tuple(Buffer(each + b"\0") for each in strings))


@syscall(x86_64=59, aarch64=221, touches=PROCESS)
def execve(path: Path, argv: StringArray, envp: StringArray) -> Zero: ...
@syscall(x86_64=322, aarch64=281, since="3.19", touches=PROCESS)
def execveat(dirfd: Dir, path: Path, argv: StringArray, envp: StringArray, flags: ExecveatFlags) -> Zero: ...
@syscall(x86_64=135, aarch64=92, touches=PROCESS)
def personality(persona: Persona) -> Bits: ...
