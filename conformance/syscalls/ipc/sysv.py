"""sysvipc(7): what shared memory, semaphores and message queues of System V have in common."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, Out, Varying16
from conformance.syscalls.machinery.buffers import U16, U32, U64, Struct
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Masked, Octal, Renamed, named

IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0, 0o1000, 0o2000, 0o4000
IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO = 0, 1, 2, 3

IPC_COMMANDS = named(globals(), "IPC_RMID", "IPC_SET", "IPC_STAT", "IPC_INFO")
MODES = named(globals(), "IPC_CREAT", "IPC_EXCL")

Key = Annotated[int, Choices(IPC_PRIVATE, 77, seldom(78, -1))]
GetFlags = Annotated[
    int,
    Flags(MODES),
    Choices(
        *(0o600 | IPC_CREAT, 0o600 | IPC_CREAT | IPC_EXCL),
        seldom(0o644 | IPC_CREAT, 0o666 | IPC_CREAT, 0, 0o600, 0o777, IPC_CREAT, -1),
    ),
]
IpcId = Annotated[int, Renamed("ipc")]
"""An id of System V IPC: the first of a namespace is 0 on Linux, but that is the kernel's choice."""
IpcIndex = Annotated[int, Choices(0, seldom(1, 2, -1))]
"""Of an entry in the kernel's table, whatever its id."""
UserId = Annotated[U32, Choices(0, 1000, 65534, -1)]
ModeBits = Annotated[U32, Octal()]
OutMasked = Annotated[Out[Struct], Masked(), Choices(often(room(128)), rarely(*BAD_POINTERS))]
"""Limits and counters of the whole machine or namespace (`struct shminfo`, `struct shm_info` …)."""
Nothing = Annotated[In[Struct], Choices(0, rarely(1))]
"""What an operation takes that needs no more."""


class IpcPerm(Struct):
    """`struct ipc64_perm` of x86-64."""

    key: U32
    uid: UserId
    gid: UserId
    cuid: UserId
    cgid: UserId
    mode: ModeBits
    seq: Varying16
    pad1: U16
    pad0: U32
    unused0: U64
    unused1: U64


IN_PERM = {name: f"perm.{name}" for name in IpcPerm.members}
"""Where the members of a `struct ipc64_perm` are that stood in the struct around it in records of old."""
