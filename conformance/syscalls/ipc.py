"""System V and POSIX inter-process communication."""

from __future__ import annotations

from conformance.syscalls.call import syscall
from conformance.syscalls.files import OpenFlags, Timespec
from conformance.syscalls.kinds import (
    Address,
    Any_,
    Bits,
    Count,
    Fd,
    Id,
    In,
    InBytes,
    Int,
    Mode,
    OutBytes,
    OutInt,
    Path,
    Size,
    Zero,
)

IPC_PRIVATE, IPC_CREAT, IPC_EXCL, IPC_NOWAIT = 0, 0o1000, 0o2000, 0o4000
IPC_RMID, IPC_SET, IPC_STAT, IPC_INFO = 0, 1, 2, 3
SHM_RDONLY, SHM_RND, SHM_REMAP, SHM_EXEC = 0o10000, 0o20000, 0o40000, 0o100000
GETPID, GETVAL, GETALL, GETNCNT, GETZCNT, SETVAL, SETALL, SEM_UNDO = 11, 12, 13, 14, 15, 16, 17, 0x1000
MSG_NOERROR, MSG_EXCEPT, MSG_COPY = 0o10000, 0o20000, 0o40000


@syscall
def shmget(key: Int, size: Size, flags: Mode) -> Id: ...
@syscall
def shmat(id: Id, address: Address, flags: Bits) -> Address: ...
@syscall
def shmdt(address: Address) -> Zero: ...
@syscall
def shmctl(id: Id, command: Int, buf: Any_) -> Int: ...
@syscall
def semget(key: Int, count: Int, flags: Mode) -> Id: ...
@syscall
def semop(id: Id, operations: InBytes, count: Size) -> Zero: ...
@syscall
def semtimedop(id: Id, operations: InBytes, count: Size, timeout: In[Timespec]) -> Zero: ...
@syscall
def semctl(id: Id, index: Int, command: Int, arg: Any_ = 0) -> Int: ...
@syscall
def msgget(key: Int, flags: Mode) -> Id: ...
@syscall
def msgsnd(id: Id, message: InBytes, size: Size, flags: Bits) -> Zero: ...
@syscall
def msgrcv(id: Id, message: OutInt, size: Size, type: Int, flags: Bits) -> Count: ...
@syscall
def msgctl(id: Id, command: Int, buf: Any_) -> Int: ...
@syscall
def mq_open(name: Path, flags: OpenFlags, mode: Mode, attributes: InBytes) -> Fd: ...
@syscall
def mq_unlink(name: Path) -> Zero: ...
@syscall
def mq_timedsend(fd: Fd, message: InBytes, size: Size, priority: Int, timeout: In[Timespec]) -> Zero: ...
@syscall
def mq_timedreceive(fd: Fd, message: OutBytes, size: Size, priority: OutInt, timeout: In[Timespec]) -> Count: ...
@syscall
def mq_notify(fd: Fd, event: InBytes) -> Zero: ...
@syscall
def mq_getsetattr(fd: Fd, new: InBytes, old: OutInt) -> Zero: ...
