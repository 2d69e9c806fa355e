"""shmget(2), shmat(2), shmctl(2): System V shared memory."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.ipc.sysv import (
    IN_PERM,
    IPC_COMMANDS,
    IPC_CREAT,
    IPC_EXCL,
    IPC_INFO,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MODES,
    IpcId,
    IpcIndex,
    IpcPerm,
    Key,
    Nothing,
    OutMasked,
)
from conformance.syscalls.machinery.aliases import Address, In, InOut, Int, Out, Pid32, Time64, Varying, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Choices, often, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import IPC, MEMORY
from conformance.syscalls.machinery.world import ARENA, DATA, PAGE

SHM_HUGETLB, SHM_NORESERVE = 0o4000, 0o10000
SHM_HUGE_64KB, SHM_HUGE_512KB, SHM_HUGE_1MB, SHM_HUGE_2MB = 0x40000000, 0x4C000000, 0x50000000, 0x54000000
SHM_HUGE_8MB, SHM_HUGE_16MB, SHM_HUGE_32MB, SHM_HUGE_256MB = 0x5C000000, 0x60000000, 0x64000000, 0x70000000
SHM_HUGE_512MB, SHM_HUGE_1GB, SHM_HUGE_2GB, SHM_HUGE_16GB = 0x74000000, 0x78000000, 0x7C000000, 0x88000000

SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC = 0o10000, 0o20000, 0o40000, 0o100000

SHM_LOCK, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY = 11, 12, 13, 14, 15

ShmId = Annotated[int, Renamed("ipc:shm")]
ShmSize = Annotated[int, Choices(4096, seldom(1, 8192, 12288, 0, -1, 1 << 40))]
SHM_R, SHM_W = 0o400, 0o200
ShmFlags = Annotated[
    int,
    Flags(MODES | named(globals(), "SHM_H", "SHM_NORESERVE") | {"SHM_R": SHM_R, "SHM_W": SHM_W}),
    Choices(
        0o600 | IPC_CREAT,
        seldom(
            *(0o644 | IPC_CREAT, 0o600 | IPC_CREAT | IPC_EXCL, 0, 0o600, IPC_CREAT),
            *(0o600 | IPC_CREAT | SHM_HUGETLB, 0o600 | IPC_CREAT | SHM_NORESERVE, -1),
        ),
    ),
]
AttachFlags = Annotated[
    int,
    Flags(named(globals(), "SHM_RDONLY", "SHM_RND", "SHM_REMAP", "SHM_EXEC")),
    Choices(0, SHM_RND, SHM_RDONLY, ...),
]
ShmAddress = Annotated[
    Address,
    Choices(often(ARENA), seldom(*(ARENA + at * PAGE for at in (1, 4, 8)), ARENA + PAGE + 1, DATA, KERNEL_ADDRESS)),
]
AttachAddress = Annotated[ShmAddress, Tame.IN_ARENA_OR_ANYWHERE]
Command = Annotated[
    int, Flags(named(globals(), "SHM_LOCK", "SHM_UNLOCK", "SHM_STAT", "SHM_INFO") | IPC_COMMANDS, bits=False)
]
OtherCommand = Annotated[Command, Choices(99, 4, -1, 0x100)]


class ShmidDs(Struct):
    """`struct shmid64_ds` of x86-64."""

    former = IN_PERM

    perm: IpcPerm
    segsz: U64
    atime: Time64
    dtime: Time64
    ctime: Time64
    cpid: Pid32
    lpid: Pid32
    nattch: U64
    unused2: U64
    unused3: U64


OutShmid = Annotated[Out[ShmidDs], Choices(often(room(112)), room(112, edge=True), 0, KERNEL_ADDRESS)]


@syscall(x86_64=29, aarch64=194, touches=IPC)
def shmget(key: Key, size: ShmSize, flags: ShmFlags) -> ShmId: ...
@syscall(x86_64=30, aarch64=196, touches=IPC | MEMORY)
def shmat(id: ShmId, address: AttachAddress, flags: AttachFlags) -> Address: ...
@syscall(x86_64=67, aarch64=197, touches=IPC | MEMORY, after=("shmat", "shmctl_stat"))
def shmdt(address: ShmAddress) -> Zero: ...
@syscall(x86_64=31, aarch64=195, touches=IPC)
def shmctl(id: ShmId, command: OtherCommand, buf: InOut[ShmidDs]) -> Int: ...
@operation(shmctl, command=IPC_STAT, shows="ipc:shm")
def shmctl_stat(id: ShmId, command: Command, buf: OutShmid) -> Zero: ...
@operation(shmctl, command=IPC_SET)
def shmctl_set(id: ShmId, command: Command, buf: In[ShmidDs]) -> Zero: ...
@operation(shmctl, command=(IPC_RMID, SHM_LOCK, SHM_UNLOCK))
def shmctl_do(id: ShmId, command: Command, buf: Nothing) -> Zero: ...
@operation(shmctl, command=(IPC_INFO, SHM_INFO))
def shmctl_info(id: ShmId, command: Command, buf: OutMasked) -> Varying: ...
@operation(shmctl, command=(SHM_STAT, SHM_STAT_ANY))
def shmctl_stat_of(id: IpcIndex, command: Command, buf: OutShmid) -> IpcId: ...
