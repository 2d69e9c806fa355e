"""System V and POSIX inter-process communication."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I64, U16, U32, U64, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import OpenFlags, Timespec
from conformance.syscalls.kinds import (
    Address,
    Bits,
    Count,
    Fd,
    In,
    InBytes,
    InOut,
    Int,
    Mode,
    Out,
    OutBytes,
    OutInt,
    Path,
    Pid32,
    Renamed,
    Size,
    Time64,
    Varying16,
    Zero,
)
from conformance.syscalls.signals import OneOf

IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0, 0o1000, 0o2000, 0o4000
IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO = 0, 1, 2, 3
SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC = 0o10000, 0o20000, 0o40000, 0o100000
GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_UNDO = 11, 12, 13, 14, 15, 16, 17, 0x1000
MSG_NOERROR, MSG_EXCEPT, MSG_COPY = 0o10000, 0o20000, 0o40000


IpcId = Annotated[int, Renamed("ipc")]
"""An id of System V IPC: the first of a namespace is 0 on Linux, but that is the kernel's choice."""


class ShmidDs(Struct):
    """`struct shmid64_ds` of x86-64, the members of its `ipc64_perm` first."""

    key: U32
    uid: U32
    gid: U32
    cuid: U32
    cgid: U32
    mode: U32
    seq: Varying16
    pad1: U16
    pad0: U32
    unused0: U64
    unused1: U64
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
    """`struct semid64_ds` of x86-64, the members of its `ipc64_perm` first."""

    key: U32
    uid: U32
    gid: U32
    cuid: U32
    cgid: U32
    mode: U32
    seq: Varying16
    pad1: U16
    pad0: U32
    unused0: U64
    unused1: U64
    otime: Time64
    unused2: U64
    ctime: Time64
    unused3: U64
    nsems: U64
    unused4: U64
    unused5: U64


class MsqidDs(Struct):
    """`struct msqid64_ds` of x86-64, the members of its `ipc64_perm` first."""

    key: U32
    uid: U32
    gid: U32
    cuid: U32
    cgid: U32
    mode: U32
    seq: Varying16
    pad1: U16
    pad0: U32
    unused0: U64
    unused1: U64
    stime: Time64
    rtime: Time64
    ctime: Time64
    cbytes: U64
    qnum: U64
    qbytes: U64
    lspid: Pid32
    lrpid: Pid32
    unused2: U64
    unused3: U64


class MqAttr(Struct):
    """`struct mq_attr`."""

    flags: I64
    maxmsg: I64
    msgsize: I64
    curmsgs: I64
    reserved0: U64
    reserved1: U64
    reserved2: U64
    reserved3: U64


SemctlArgument = Annotated[object, OneOf(SemidDs)]  # `union semun`


@syscall
def shmget(key: Int, size: Size, flags: Mode) -> IpcId: ...
@syscall
def shmat(id: IpcId, address: Address, flags: Bits) -> Address: ...
@syscall
def shmdt(address: Address) -> Zero: ...
@syscall
def shmctl(id: IpcId, command: Int, buf: InOut[ShmidDs]) -> Int: ...
@syscall
def semget(key: Int, count: Int, flags: Mode) -> IpcId: ...
@syscall
def semop(id: IpcId, operations: InBytes, count: Size) -> Zero: ...
@syscall
def semtimedop(id: IpcId, operations: InBytes, count: Size, timeout: In[Timespec]) -> Zero: ...
@syscall
def semctl(id: IpcId, index: Int, command: Int, arg: SemctlArgument = 0) -> Int: ...
@syscall
def msgget(key: Int, flags: Mode) -> IpcId: ...
@syscall
def msgsnd(id: IpcId, message: InBytes, size: Size, flags: Bits) -> Zero: ...
@syscall
def msgrcv(id: IpcId, message: OutInt, size: Size, type: Int, flags: Bits) -> Count: ...
@syscall
def msgctl(id: IpcId, command: Int, buf: InOut[MsqidDs]) -> Int: ...
@syscall
def mq_open(name: Path, flags: OpenFlags, mode: Mode, attributes: In[MqAttr]) -> Fd: ...
@syscall
def mq_unlink(name: Path) -> Zero: ...
@syscall
def mq_timedsend(fd: Fd, message: InBytes, size: Size, priority: Int, timeout: In[Timespec]) -> Zero: ...
@syscall
def mq_timedreceive(fd: Fd, message: OutBytes, size: Size, priority: OutInt, timeout: In[Timespec]) -> Count: ...
@syscall
def mq_notify(fd: Fd, event: InBytes) -> Zero: ...
@syscall
def mq_getsetattr(fd: Fd, new: In[MqAttr], old: Out[MqAttr]) -> Zero: ...
