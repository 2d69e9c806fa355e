"""semget(2), semop(2), semctl(2): System V semaphores."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.ipc.sysv import (
    IN_PERM,
    IPC_COMMANDS,
    IPC_INFO,
    IPC_NOWAIT,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    GetFlags,
    IpcPerm,
    Key,
    Nothing,
    OutMasked,
)
from conformance.syscalls.machinery.aliases import (
    In,
    InBytes,
    InOut,
    Int,
    Out,
    OutBuffer,
    SomePid,
    Time64,
    Varying,
    Zero,
)
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    KERNEL_ADDRESS,
    ROOMS,
    Blob,
    Choices,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.touches import IPC
from conformance.syscalls.time.clocks import AtOnce

SEM_UNDO = 0x1000

GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL = 11, 12, 13, 14, 15, 16, 17
SEM_STAT, SEM_INFO, SEM_STAT_ANY = 18, 19, 20

NOW, UNDO = IPC_NOWAIT, IPC_NOWAIT | SEM_UNDO
"""Flags of operations that do not wait."""


def sembufs(*triples: tuple[int, int, int]) -> Blob:
    """An array of `struct sembuf`: number, operation, flags; further ones, should they be asked for, do not wait."""
    more = ((2, 0, IPC_NOWAIT),) * (3 - len(triples))
    return Blob(b"".join(struct.pack("=HhH", *each) for each in (*triples, *more)))


def sem_values(*values: int) -> Blob:
    """An array of `unsigned short`."""
    return Blob(struct.pack(f"={len(values)}H", *values))


SemId = Annotated[int, Renamed("ipc:sem")]
SemNumber = Annotated[int, Choices(3, rarely(1, 0, 4, 32001, -1))]
SemIndex = Annotated[int, Choices(0, seldom(1, 2, 3, -1))]
InSemOperations = Annotated[
    InBytes,
    Choices(
        *(sembufs((0, 1, NOW)), sembufs((0, 2, NOW)), sembufs((0, -1, NOW)), sembufs((0, 0, NOW))),
        *(sembufs((1, 1, UNDO)), sembufs((1, -1, UNDO))),
        *(sembufs((0, 1, NOW), (1, 1, NOW)), sembufs((0, 1, NOW), (0, -1, NOW)), sembufs((0, 0, NOW), (0, 1, NOW))),
        sembufs((0, -1, NOW), (1, 1, UNDO), (0, 1, NOW)),
        seldom(sembufs((3, 1, NOW)), sembufs((0, 32767, NOW)), sembufs((0, -32768, UNDO)), sembufs((65535, 0, NOW))),
        seldom(0, KERNEL_ADDRESS),
    ),
]
"""What semop(2) is to do: nothing of it waits."""
SemOperationCount = Annotated[int, Choices(1, rarely(2, 3, 0, 501, -1))]
Command = Annotated[int, Flags(named(globals(), "GET", "SET", "SEM_STAT", "SEM_INFO") | IPC_COMMANDS, bits=False)]
OtherCommand = Annotated[Command, Choices(99, 4, -1)]


class SemidDs(Struct):
    """`struct semid64_ds` of x86-64."""

    former = IN_PERM

    perm: IpcPerm
    otime: Time64
    unused2: U64
    ctime: Time64
    unused3: U64
    nsems: U64
    unused4: U64
    unused5: U64


Semun = Annotated[InOut[SemidDs], ROOMS]
"""`union semun`, for whatever command."""
SemValue = Annotated[int, Choices(1, 0, 2, 32767, 32768, -1)]
SemValues = Annotated[
    InBytes,
    Choices(
        sem_values(1, 2, 3), sem_values(0, 0, 0), sem_values(5, 32767, 0), sem_values(32768, 1, 1), KERNEL_ADDRESS, 0
    ),
]
OutSemValues = Annotated[OutBuffer, Choices(room(6), rarely(room(2, edge=True), KERNEL_ADDRESS))]
OutSemid = Annotated[Out[SemidDs], Choices(often(room(104)), room(104, edge=True), 0, KERNEL_ADDRESS)]


@syscall(x86_64=64, aarch64=190, touches=IPC)
def semget(key: Key, count: SemNumber, flags: GetFlags) -> SemId: ...
@syscall(x86_64=65, aarch64=193, touches=IPC)
def semop(id: SemId, operations: InSemOperations, count: SemOperationCount) -> Zero: ...
@syscall(x86_64=220, aarch64=192, touches=IPC)
def semtimedop(id: SemId, operations: InSemOperations, count: SemOperationCount, timeout: AtOnce) -> Zero: ...
@syscall(x86_64=66, aarch64=191, touches=IPC)
def semctl(id: SemId, index: SemIndex, command: OtherCommand, arg: Semun = 0) -> Int: ...
@operation(semctl, command=(GETVAL, GETNCNT, GETZCNT, IPC_RMID), after=("semctl_setall", "semtimedop"))
def semctl_get(id: SemId, index: SemIndex, command: Command, arg: Nothing = 0) -> Int: ...
@operation(semctl, command=GETPID, after=("semop", "semctl_getall"))
def semctl_getpid(id: SemId, index: SemIndex, command: Command, arg: Nothing = 0) -> SomePid: ...
@operation(semctl, command=SETVAL)
def semctl_setval(id: SemId, index: SemIndex, command: Command, arg: SemValue = 0) -> Zero: ...
@operation(semctl, command=GETALL, shows="ipc:sem")
def semctl_getall(id: SemId, index: SemIndex, command: Command, arg: OutSemValues = 0) -> Zero: ...
@operation(semctl, command=SETALL)
def semctl_setall(id: SemId, index: SemIndex, command: Command, arg: SemValues = 0) -> Zero: ...
@operation(semctl, command=IPC_STAT)
def semctl_stat(id: SemId, index: SemIndex, command: Command, arg: OutSemid = 0) -> Zero: ...
@operation(semctl, command=IPC_SET)
def semctl_set(id: SemId, index: SemIndex, command: Command, arg: In[SemidDs] = 0) -> Zero: ...
@operation(semctl, command=(IPC_INFO, SEM_INFO))
def semctl_info(id: SemId, index: SemIndex, command: Command, arg: OutMasked = 0) -> Varying: ...
