"""execve(2): running another program; personality(2): how a process is run."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import Bits, Dir, InBytes, Path, Zero
from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, often, text
from conformance.syscalls.machinery.kinds import Flags, Masked, named
from conformance.syscalls.machinery.touches import PROCESS

AT_EXECVE_CHECK = 0x10000

PER_LINUX32, PER_QUERY = 8, 0xFFFFFFFF
PER_LINUX, PER_BSD, PER_RISCOS, PER_OSF4, UNAME26, FDPIC_FUNCPTRS = 0, 6, 12, 15, 0x20000, 0x80000
PER_LINUX_FDPIC, ADDR_COMPAT_LAYOUT, PER_LINUX_32BIT, SHORT_INODE = 0x80000, 0x200000, 0x800000, 0x1000000
WHOLE_SECONDS, PER_ISCR4, PER_SUNOS, PER_IRIX32, PER_IRIXN32 = 0x2000000, 0x4000005, 0x4000006, 0x4000009, 0x400000A
PER_IRIX64, PER_SOLARIS, PER_SVR4, PER_UW7, PER_SVR3 = 0x400000B, 0x400000D, 0x4100001, 0x410000E, 0x5000002
PER_WYSEV386, PER_XENIX, PER_OSR5, PER_SCOSVR3, ADDR_LIMIT_3GB = 0x5000004, 0x5000007, 0x6000003, 0x7000003, 0x8000000
PER_LINUX32_3GB = 0x8000008

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
PERSONAS = named(globals(), "PER_L", "PER_B", "PER_I", "PER_O", "PER_R", "PER_S", "PER_U", "PER_W", "PER_X") | named(
    globals(), "ADDR_", "MMAP_", "READ_", "STICKY_", "FDPIC_", "SHORT_", "UNAME26", "WHOLE_"
)
Persona = Annotated[
    int,
    Flags(PERSONAS),
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
