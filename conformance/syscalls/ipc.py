"""System V and POSIX inter-process communication."""

from __future__ import annotations

import ctypes
import struct
from typing import Annotated

from conformance.syscalls.files import (
    O_CLOEXEC,
    O_CREAT,
    O_EXCL,
    O_NONBLOCK,
    O_RDONLY,
    O_RDWR,
    O_WRONLY,
)
from conformance.syscalls.machinery.buffers import I64, U16, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    ARENA,
    BAD_POINTERS,
    DATA,
    KERNEL_ADDRESS,
    PAGE,
    Blob,
    Choice,
    room,
    text,
)
from conformance.syscalls.machinery.kinds import (
    AddressKind,
    ChosenMemory,
    Count,
    CountedMemory,
    FileDescriptor,
    Flags,
    In,
    InBytes,
    Int,
    MaskedMemory,
    Memory,
    Mode,
    Number,
    Octal,
    OneOf,
    PathKind,
    Pid32,
    Renamed,
    Size,
    SomePid,
    Time64,
    Varying,
    Varying16,
    Zero,
)
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import IPC, MEMORY
from conformance.syscalls.time.clocks import AtOnce

IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0, 0o1000, 0o2000, 0o4000
IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO = 0, 1, 2, 3
SHM_LOCK, SHM_UNLOCK, SHM_STAT, SHM_INFO, SHM_STAT_ANY = 11, 12, 13, 14, 15
MSG_STAT, MSG_INFO, MSG_STAT_ANY, SEM_STAT, SEM_INFO, SEM_STAT_ANY = 11, 12, 13, 18, 19, 20
SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC = 0o10000, 0o20000, 0o40000, 0o100000
GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_UNDO = 11, 12, 13, 14, 15, 16, 17, 0x1000
MSG_NOERROR, MSG_EXCEPT, MSG_COPY = 0o10000, 0o20000, 0o40000


IpcId = Annotated[int, Renamed("ipc")]
"""An id of System V IPC: the first of a namespace is 0 on Linux, but that is the kernel's choice."""
SemId = Annotated[int, Renamed("ipc:sem")]
ShmId = Annotated[int, Renamed("ipc:shm")]
MsgId = Annotated[int, Renamed("ipc:msg")]
UserId = Annotated[int, Layout(ctypes.c_uint32), Number(0, 0, 1000, 65534, -1)]
ModeBits = Annotated[int, Layout(ctypes.c_uint32), Octal()]


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


class ShmidDs(Struct):
    """`struct shmid64_ds` of x86-64."""

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


class SemidDs(Struct):
    """`struct semid64_ds` of x86-64."""

    perm: IpcPerm
    otime: Time64
    unused2: U64
    ctime: Time64
    unused3: U64
    nsems: U64
    unused4: U64
    unused5: U64


class MsqidDs(Struct):
    """`struct msqid64_ds` of x86-64."""

    perm: IpcPerm
    stime: Time64
    rtime: Time64
    ctime: Time64
    cbytes: U64
    qnum: U64
    qbytes: Annotated[int, Layout(ctypes.c_uint64), Number(16384, 100, 0, 8, 1 << 20)]
    lspid: Pid32
    lrpid: Pid32
    unused2: U64
    unused3: U64


class MqAttr(Struct):
    """`struct mq_attr`."""

    flags: Annotated[int, Layout(ctypes.c_int64), Number(O_NONBLOCK, O_NONBLOCK, 0, 1, -1)]
    maxmsg: Annotated[int, Layout(ctypes.c_int64), Number(4, 4, 1, 10, 0, 11, -1, 65537)]
    msgsize: Annotated[int, Layout(ctypes.c_int64), Number(64, 64, 1, 8192, 8193, 0, -1)]
    curmsgs: I64
    reserved0: U64
    reserved1: U64
    reserved2: U64
    reserved3: U64


SemctlArgument = Annotated[object, Memory(out=True), OneOf(SemidDs)]  # `union semun`


Key = Annotated[int, Number(IPC_PRIVATE, IPC_PRIVATE, 77, 77, 77, 78, -1)]
_MODES = {"IPC_CREAT": IPC_CREAT, "IPC_EXCL": IPC_EXCL}
GetFlags = Annotated[int, Flags(_MODES, only=(0o600 | IPC_CREAT, 0o600 | IPC_CREAT, 0o644 | IPC_CREAT, 0o666 | IPC_CREAT, 0o600 | IPC_CREAT | IPC_EXCL, 0o600 | IPC_CREAT | IPC_EXCL, 0, 0o600, 0o777, IPC_CREAT, -1))]
ShmFlags = Annotated[int, Flags(_MODES, only=(0o600 | IPC_CREAT, 0o600 | IPC_CREAT, 0o644 | IPC_CREAT, 0o600 | IPC_CREAT | IPC_EXCL, 0, 0o600, IPC_CREAT, 0o600 | IPC_CREAT | 0o4000, 0o600 | IPC_CREAT | 0o10000, -1))]
AttachFlags = Annotated[int, Flags({"SHM_RDONLY": SHM_RDONLY, "SHM_RND": SHM_RND, "SHM_REMAP": SHM_REMAP, "SHM_EXEC": SHM_EXEC}, plain=(0, SHM_RND, SHM_RDONLY))]
ShmAddress = Annotated[int, AddressKind(*(ARENA,) * 12, ARENA + 4 * PAGE, ARENA + 8 * PAGE, ARENA + PAGE, ARENA + PAGE + 1, DATA, KERNEL_ADDRESS)]
AttachAddress = Annotated[ShmAddress, Tame.IN_ARENA_OR_ANYWHERE]
OutShmid = Annotated[ShmidDs | Buffer | int | None, ChosenMemory(*(room(112),) * 6, room(112, edge=True), 0, KERNEL_ADDRESS, out=True, reads=False)]
OutMsqid = Annotated[MsqidDs | Buffer | int | None, ChosenMemory(*(room(120),) * 6, room(120, edge=True), 0, KERNEL_ADDRESS, out=True, reads=False)]
OutMasked = Annotated[Struct | Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(128),))]
"""Limits and counters of the whole machine or namespace (`struct shminfo`, `struct shm_info` …)."""
Nothing = Annotated[Struct | bytes | Buffer | int | None, ChosenMemory(0, 0, 0, 1)]


@syscall(x86_64=29, aarch64=194, touches=IPC)
def shmget(key: Key, size: Annotated[int, Number(4096, 4096, 1, 8192, 12288, 0, -1, 1 << 40)], flags: ShmFlags) -> ShmId: ...
@syscall(x86_64=30, aarch64=196, touches=IPC | MEMORY)
def shmat(id: ShmId, address: AttachAddress, flags: AttachFlags) -> Annotated[int, AddressKind()]: ...
@syscall(x86_64=67, aarch64=197, touches=IPC | MEMORY)
def shmdt(address: ShmAddress) -> Zero: ...
@syscall(x86_64=31, aarch64=195, touches=IPC)
def shmctl(id: ShmId, command: Annotated[int, Number(99, 4, -1, 0x100)], buf: Annotated[ShmidDs | bytes | Buffer | int | None, Memory(out=True)]) -> Int: ...
@operation(shmctl, command=IPC_STAT, shows="ipc:shm")
def shmctl_stat(id: ShmId, command: Int, buf: OutShmid) -> Zero: ...
@operation(shmctl, command=IPC_SET)
def shmctl_set(id: ShmId, command: Int, buf: In[ShmidDs]) -> Zero: ...
@operation(shmctl, command=(IPC_RMID, SHM_LOCK, SHM_UNLOCK))
def shmctl_do(id: ShmId, command: Int, buf: Nothing) -> Zero: ...
@operation(shmctl, command=(IPC_INFO, SHM_INFO))
def shmctl_info(id: ShmId, command: Int, buf: OutMasked) -> Varying: ...
@operation(shmctl, command=(SHM_STAT, SHM_STAT_ANY))
def shmctl_stat_of(id: Annotated[int, Number(0, 0, 1, 2, -1)], command: Int, buf: OutShmid) -> IpcId: ...


# Semaphores


def operations(*triples: tuple[int, int, int]) -> Blob:
    """An array of `struct sembuf`: number, operation, flags; further ones, should they be asked for, do not wait."""
    more = ((2, 0, IPC_NOWAIT),) * (3 - len(triples))
    return Blob(b"".join(struct.pack("=HhH", *each) for each in (*triples, *more)))


class SemOperations(Memory):
    """What semop(2) is to do: nothing of it waits."""

    def choices(self, struct_: type[Struct] | None = None) -> tuple[Choice, ...]:
        now, undo = IPC_NOWAIT, IPC_NOWAIT | SEM_UNDO
        good = (
            operations((0, 1, now)),
            operations((0, 2, now)),
            operations((0, -1, now)),
            operations((0, 0, now)),
            operations((1, 1, undo)),
            operations((1, -1, undo)),
            operations((0, 1, now), (1, 1, now)),
            operations((0, 1, now), (0, -1, now)),
            operations((0, -1, now), (1, 1, undo), (0, 1, now)),
            operations((0, 0, now), (0, 1, now)),
        )
        bad = (operations((3, 1, now)), operations((0, 32767, now)), operations((0, -32768, undo)), operations((65535, 0, now)))
        return (*good * 2, *bad, 0, KERNEL_ADDRESS)


InSemOperations = Annotated[bytes | Buffer | int | None, SemOperations()]
SemCount = Annotated[int, Number(1, 1, 1, 1, 1, 2, 3, 0, 501, -1)]
SemIndex = Annotated[int, Number(0, 0, 1, 2, 3, -1)]
SemValue = Annotated[bytes | Buffer | Struct | int | None, Number(1, 0, 2, 32767, 32768, -1)]
SemValues = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(struct.pack("=3H", *each)) for each in ((1, 2, 3), (0, 0, 0), (5, 32767, 0), (32768, 1, 1))), KERNEL_ADDRESS, 0)]
OutSemValues = Annotated[Buffer | int | None, ChosenMemory(*(room(6),) * 4, room(2, edge=True), KERNEL_ADDRESS, out=True, reads=False)]
OutSemid = Annotated[SemidDs | Buffer | int | None, ChosenMemory(*(room(104),) * 6, room(104, edge=True), 0, KERNEL_ADDRESS, out=True, reads=False)]


@syscall(x86_64=64, aarch64=190, touches=IPC)
def semget(key: Key, count: Annotated[int, Number(3, 3, 3, 1, 0, 4, 32001, -1)], flags: GetFlags) -> SemId: ...
@syscall(x86_64=65, aarch64=193, touches=IPC)
def semop(id: SemId, operations: InSemOperations, count: SemCount) -> Zero: ...
@syscall(x86_64=220, aarch64=192, touches=IPC)
def semtimedop(id: SemId, operations: InSemOperations, count: SemCount, timeout: AtOnce) -> Zero: ...
@syscall(x86_64=66, aarch64=191, touches=IPC)
def semctl(id: SemId, index: SemIndex, command: Annotated[int, Number(99, 4, -1)], arg: SemctlArgument = 0) -> Int: ...
@operation(semctl, command=(GETVAL, GETNCNT, GETZCNT, IPC_RMID))
def semctl_get(id: SemId, index: SemIndex, command: Int, arg: Nothing = 0) -> Int: ...
@operation(semctl, command=GETPID)
def semctl_getpid(id: SemId, index: SemIndex, command: Int, arg: Nothing = 0) -> SomePid: ...
@operation(semctl, command=SETVAL)
def semctl_setval(id: SemId, index: SemIndex, command: Int, arg: SemValue = 0) -> Zero: ...
@operation(semctl, command=GETALL, shows="ipc:sem")
def semctl_getall(id: SemId, index: SemIndex, command: Int, arg: OutSemValues = 0) -> Zero: ...
@operation(semctl, command=SETALL)
def semctl_setall(id: SemId, index: SemIndex, command: Int, arg: SemValues = 0) -> Zero: ...
@operation(semctl, command=IPC_STAT)
def semctl_stat(id: SemId, index: SemIndex, command: Int, arg: OutSemid = 0) -> Zero: ...
@operation(semctl, command=IPC_SET)
def semctl_set(id: SemId, index: SemIndex, command: Int, arg: In[SemidDs] = 0) -> Zero: ...
@operation(semctl, command=(IPC_INFO, SEM_INFO))
def semctl_info(id: SemId, index: SemIndex, command: Int, arg: OutMasked = 0) -> Varying: ...


# Message queues


def message(kind: int, content: bytes) -> Blob:
    """A `struct msgbuf`."""
    return Blob(struct.pack("=q", kind) + content)


InMessage = Annotated[bytes | Buffer | int | None, ChosenMemory(*(message(*each) for each in (*((1, b"hello"),) * 8, *((2, b"second"),) * 3, (3, b""), (1, b"x" * 100), (0, b"none"), (-1, b"none"))), Blob(b"\1"), 0, KERNEL_ADDRESS)]
OutMessage = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(72),) * 8, room(12), room(72, edge=True), KERNEL_ADDRESS, 0, out=True, reads=False)]
MessageType = Annotated[int, Number(0, 0, 0, 0, 0, 0, 1, 1, 2, 3, -2, -3, -1, 99, -(1 << 63))]
ReceiveFlags = Annotated[int, Flags({"IPC_NOWAIT": IPC_NOWAIT, "MSG_NOERROR": MSG_NOERROR, "MSG_EXCEPT": MSG_EXCEPT, "MSG_COPY": MSG_COPY}, only=tuple(IPC_NOWAIT | more for more in (0, 0, 0, MSG_NOERROR, MSG_NOERROR, MSG_EXCEPT, MSG_COPY, MSG_COPY | MSG_EXCEPT, 1)))]


@syscall(x86_64=68, aarch64=186, touches=IPC)
def msgget(key: Key, flags: GetFlags) -> MsgId: ...
@syscall(x86_64=69, aarch64=189, touches=IPC)
def msgsnd(id: MsgId, message: InMessage, size: Annotated[int, Number(5, 5, 5, 5, 5, 1, 0, 6, 100, 8193, -1)], flags: Annotated[int, Number(IPC_NOWAIT, IPC_NOWAIT, IPC_NOWAIT | MSG_NOERROR, IPC_NOWAIT | 1)]) -> Zero: ...
@syscall(x86_64=70, aarch64=188, touches=IPC, shows="ipc:msg")
def msgrcv(id: MsgId, message: OutMessage, size: Annotated[int, Number(*(64,) * 8, 3, 0, -1)], type: MessageType, flags: ReceiveFlags) -> Count: ...
@syscall(x86_64=71, aarch64=187, touches=IPC)
def msgctl(id: MsgId, command: Annotated[int, Number(99, 4, -1)], buf: Annotated[MsqidDs | bytes | Buffer | int | None, Memory(out=True)]) -> Int: ...
@operation(msgctl, command=IPC_STAT, shows="ipc:msg")
def msgctl_stat(id: MsgId, command: Int, buf: OutMsqid) -> Zero: ...
@operation(msgctl, command=IPC_SET)
def msgctl_set(id: MsgId, command: Int, buf: In[MsqidDs]) -> Zero: ...
@operation(msgctl, command=IPC_RMID)
def msgctl_rmid(id: MsgId, command: Int, buf: Nothing) -> Zero: ...
@operation(msgctl, command=(IPC_INFO, MSG_INFO))
def msgctl_info(id: MsgId, command: Int, buf: OutMasked) -> Varying: ...
@operation(msgctl, command=(MSG_STAT, MSG_STAT_ANY))
def msgctl_stat_of(id: Annotated[int, Number(0, 0, 1, 2, -1)], command: Int, buf: OutMsqid) -> IpcId: ...


# POSIX message queues: names are without a slash here, as the C library takes it off

QueueName = Annotated[bytes | Buffer | int | None, PathKind(*(text(b"q0"),) * 6, text(b"q1"), text(b""), text(b"a/b"), text(b"/q0"), text(b"."), text(b"n" * 256), text(b"absent"), Blob(b"q0\0", edge=True), *BAD_POINTERS)]
Queue = Annotated[int, FileDescriptor("mq")]
QueueFlags = Annotated[
    int,
    Flags(
        {"O_CREAT": O_CREAT, "O_EXCL": O_EXCL, "O_NONBLOCK": O_NONBLOCK, "O_RDWR": O_RDWR, "O_WRONLY": O_WRONLY, "O_CLOEXEC": O_CLOEXEC},
        only=(*(O_CREAT | O_RDWR | O_NONBLOCK,) * 4, O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, O_CREAT | O_WRONLY | O_NONBLOCK, O_CREAT | O_RDONLY | O_NONBLOCK, O_RDWR | O_NONBLOCK, O_RDONLY | O_NONBLOCK | O_CLOEXEC, O_RDWR, 3 | O_NONBLOCK, -1),
    ),
]


class OptionalMqAttr(Memory):
    """The attributes of a queue; hardly ever NULL: ten queues as large as that are all that a user may have."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        ones = super().choices(struct)
        return (ones[0], *ones * 2, *(ones[0],) * 60, 0, 0)


class NotifyMemory(Memory):
    """A `struct sigevent` for a queue, or NULL."""

    def choices(self, struct_: type[Struct] | None = None) -> tuple[Choice, ...]:
        events = ((0, 17, 0), (0, 10, 0), (7, 0, 1), (77, 12, 0), (0, 64, 1), (0, 65, 1), (0, 10, 2), (0, 0, 3))
        return (*(Blob(struct.pack("=Qii48x", *each)) for each in events), 0, 0, 0, *BAD_POINTERS[1:])


InNotify = Annotated[bytes | Buffer | int | None, NotifyMemory()]
Priority = Annotated[int, Number(0, 0, 1, 2, 32767, 32768, -1)]
OutPriority = Annotated[Buffer | Struct | int | None, ChosenMemory(room(4), room(4), room(4), 0, KERNEL_ADDRESS, out=True, reads=False)]


@syscall(x86_64=240, aarch64=180, touches=IPC)
def mq_open(name: QueueName, flags: QueueFlags, mode: Mode, attributes: Annotated[MqAttr | bytes | Buffer | int | None, OptionalMqAttr()]) -> Queue: ...
@syscall(x86_64=241, aarch64=181, touches=IPC)
def mq_unlink(name: QueueName) -> Zero: ...
@syscall(x86_64=242, aarch64=182, touches=IPC)
def mq_timedsend(fd: Queue, message: InBytes, size: Size, priority: Priority, timeout: AtOnce) -> Zero: ...
@syscall(x86_64=243, aarch64=183, touches=IPC)
def mq_timedreceive(fd: Queue, message: Annotated[Buffer | int | None, CountedMemory(*(room(64),) * 10, room(8192), room(1))], size: Size, priority: OutPriority, timeout: AtOnce) -> Count: ...
@syscall(x86_64=244, aarch64=184, touches=IPC)
def mq_notify(fd: Queue, event: InNotify) -> Zero: ...
@syscall(x86_64=245, aarch64=185, touches=IPC, shows="ipc")
def mq_getsetattr(fd: Queue, new: Annotated[MqAttr | bytes | Buffer | int | None, OptionalMqAttr()], old: Annotated[MqAttr | Buffer | int | None, ChosenMemory(*(room(64),) * 6, 0, KERNEL_ADDRESS, out=True, reads=False)]) -> Zero: ...
