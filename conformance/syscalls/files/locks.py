"""flock(2), F_GETLK of fcntl(2): locks on files and on parts of them, and leases."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.descriptors import (
    F_GETLEASE,
    F_GETLK,
    F_OFD_GETLK,
    F_OFD_SETLK,
    F_OFD_SETLKW,
    F_SETLEASE,
    F_SETLK,
    F_SETLKW,
    SOMEBODY,
    FcntlCommand,
    fcntl,
)
from conformance.syscalls.files.opening import FileOnly
from conformance.syscalls.files.reading import SEEK_CUR, SEEK_END, SEEK_SET
from conformance.syscalls.machinery.aliases import AlwaysZero, In, InOut, Zero
from conformance.syscalls.machinery.buffers import I16, I32, I64, U32, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING

LOCK_SH, LOCK_EX, LOCK_NB, LOCK_UN = 1, 2, 4, 8

F_RDLCK, F_WRLCK, F_UNLCK = 0, 1, 2
F_EXLCK, F_SHLCK, LOCK_MAND, LOCK_READ, LOCK_WRITE, LOCK_RW = 4, 8, 0x20, 0x40, 0x80, 192

Lockable = Annotated[int, FileDescriptor(), Choices(Use("fd:file"), rarely(Use("fd:dir"), -1))]
"""Not an fd without a file, such as epoll's: those share one inode, and so their locks, with the whole machine."""
LockOperation = Annotated[
    int,
    Flags(named(globals(), "LOCK_")),
    Choices(
        *(LOCK_EX | LOCK_NB, LOCK_SH | LOCK_NB),
        seldom(LOCK_UN),
        rarely(LOCK_EX, LOCK_SH, LOCK_NB, 0, 32, LOCK_SH | LOCK_EX | LOCK_NB),
    ),
]
"""Mostly not to block: the one who holds a lock is the program itself."""

_TYPES = named(globals(), "F_RDLCK", "F_WRLCK", "F_UNLCK", "F_EXLCK", "F_SHLCK")
LockType = Annotated[int, Flags(_TYPES, bits=False)]
Lease = Annotated[int, Flags(_TYPES, bits=False), Choices(F_WRLCK, F_RDLCK, F_UNLCK, rarely(3, -1))]


class Flock(Struct):
    """`struct flock`."""

    l_type: Annotated[I16, Flags(_TYPES, bits=False), Choices(F_WRLCK, F_RDLCK, F_UNLCK, 3)]
    l_whence: Annotated[
        I16,
        Flags({"SEEK_SET": SEEK_SET, "SEEK_CUR": SEEK_CUR, "SEEK_END": SEEK_END}, bits=False),
        Choices(SEEK_SET, SEEK_CUR, SEEK_END, 3),
    ]
    pad: U32
    l_start: Annotated[I64, Choices(0, 1, 5, 26, -1)]
    l_len: Annotated[I64, Choices(0, 1, 5, -1)]
    l_pid: Annotated[I32, SOMEBODY, Choices(0, 1)]
    pad1: U32


@syscall(x86_64=73, aarch64=32, touches=NOTHING)
def flock(fd: Lockable, operation: LockOperation) -> Zero: ...
@operation(fcntl, command=F_GETLK, touches=NOTHING)
def fcntl_getlk(fd: Lockable, command: FcntlCommand, arg: InOut[Flock] = 0) -> Zero: ...
@operation(fcntl, command=Choices(often(F_SETLK), seldom(F_SETLKW)))
def fcntl_setlk(fd: Lockable, command: FcntlCommand, arg: In[Flock] = 0) -> Zero: ...
@operation(fcntl, command=F_OFD_GETLK, touches=NOTHING)
def fcntl_getlk_ofd(fd: Lockable, command: FcntlCommand, arg: InOut[Flock] = 0) -> Zero: ...
@operation(fcntl, command=Choices(often(F_OFD_SETLK), seldom(F_OFD_SETLKW)))
def fcntl_setlk_ofd(fd: Lockable, command: FcntlCommand, arg: In[Flock] = 0) -> Zero: ...
@operation(fcntl, command=F_SETLEASE)
def fcntl_setlease(fd: FileOnly, command: FcntlCommand, arg: Lease = 0) -> Zero: ...
@operation(fcntl, command=F_GETLEASE, touches=NOTHING)
def fcntl_getlease(fd: FileOnly, command: FcntlCommand, arg: AlwaysZero = 0) -> LockType: ...
