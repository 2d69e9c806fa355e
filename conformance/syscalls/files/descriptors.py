"""dup(2), fcntl(2): copies of file descriptors, their flags, and who is told of what happens to them.

Locks and leases, pipes and seals, which fcntl(2) is about as well, have pages of their own.
"""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import (
    O_APPEND,
    O_BITS,
    O_CLOEXEC,
    O_DIRECT,
    O_FLAGS,
    O_NOATIME,
    O_NONBLOCK,
    DirFd,
    File,
)
from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Anything,
    Fd,
    In,
    Int,
    Out,
    Pid,
    Signal,
    SomePid,
    Zero,
)
from conformance.syscalls.machinery.buffers import I32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Renamed, SameFile, named
from conformance.syscalls.machinery.touches import HIDDEN, NOTHING, PROCESS

F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GETLK, F_SETLK, F_SETLKW, F_SETOWN, F_GETOWN = range(10)
F_SETSIG, F_GETSIG, F_SETOWN_EX, F_GETOWN_EX, F_GETOWNER_UIDS = 10, 11, 15, 16, 17
F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW = 36, 37, 38
F_SETLEASE, F_GETLEASE, F_NOTIFY, F_DUPFD_QUERY, F_CREATED_QUERY, F_DUPFD_CLOEXEC = 1024, 1025, 1026, 1027, 1028, 1030
F_SETPIPE_SZ, F_GETPIPE_SZ, F_ADD_SEALS, F_GET_SEALS = 1031, 1032, 1033, 1034
F_GET_RW_HINT, F_SET_RW_HINT, F_GET_FILE_RW_HINT, F_SET_FILE_RW_HINT = 1035, 1036, 1037, 1038
F_GETDELEG, F_SETDELEG = 1039, 1040
F_CANCELLK = 1029

_COMMANDS = named(globals(), "F_")
_NO_COMMAND = max(_COMMANDS.values()) + 1

FD_CLOEXEC = 1

F_OWNER_TID, F_OWNER_PID, F_OWNER_PGRP = 0, 1, 2

DN_ACCESS, DN_MODIFY, DN_CREATE, DN_DELETE, DN_RENAME, DN_ATTRIB, DN_MULTISHOT = 1, 2, 4, 8, 0x10, 0x20, 0x80000000

Copy = Annotated[int, SameFile()]
NewNumber = Annotated[
    int,
    FileDescriptor(),
    Choices(often(20, 30), Use("fd"), seldom(63, 0, 64, -1, Use("fd", 1))),
]
"""Where a duplicate is wanted."""
LowestFd = Annotated[int, Choices(0, seldom(10, 20, 63, 64, -1, 0x7FFFFFFF))]
DupFlags = Annotated[int, Flags(O_BITS), Choices(0, O_CLOEXEC, seldom(O_NONBLOCK, 1, -1))]

FcntlCommand = Annotated[
    int, Flags(_COMMANDS, bits=False), Choices(F_GETFD, *_COMMANDS.values(), rarely(_NO_COMMAND, -1))
]
FdFlags = Annotated[int, Flags({"FD_CLOEXEC": FD_CLOEXEC}), Choices(FD_CLOEXEC, 0, ...)]
StatusFlags = Annotated[
    int,
    Flags(O_FLAGS),
    Choices(O_NONBLOCK, O_NONBLOCK | O_APPEND, O_NONBLOCK | O_DIRECT, O_NOATIME | O_NONBLOCK, ...),
]
DirectoryEvents = Annotated[
    int, Flags(named(globals(), "DN_")), Choices(DN_CREATE, DN_CREATE | DN_DELETE | DN_MULTISHOT, 0, ...)
]

SOMEBODY = Renamed("pid", keep=(0, -1, 1), resource=False)
"""Who holds a lock, or is told of a descriptor's events. Nobody is 0: no resource, for 0 means oneself elsewhere."""
Owner32 = Annotated[I32, SOMEBODY, Choices(Use("pid"), 0, -1)]
LongOut = Annotated[Out[Struct], Choices(often(room(8)), seldom(room(8, edge=True)), rarely(*BAD_POINTERS))]
"""Room for a number of 64 bits, or two of 32."""


RWH_WRITE_LIFE_NOT_SET, RWH_WRITE_LIFE_NONE, RWH_WRITE_LIFE_SHORT = 0, 1, 2
RWH_WRITE_LIFE_MEDIUM, RWH_WRITE_LIFE_LONG, RWH_WRITE_LIFE_EXTREME = 3, 4, 5


class WriteHint(Struct):
    """How long what is written is thought to be there."""

    hint: Annotated[U64, Flags(named(globals(), "RWH_"), bits=False)]


class FOwnerEx(Struct):
    """`struct f_owner_ex`."""

    type: Annotated[
        I32, Flags(named(globals(), "F_OWNER_"), bits=False), Choices(F_OWNER_PID, F_OWNER_TID, F_OWNER_PGRP, 3)
    ]
    pid: Owner32


@syscall(x86_64=32, aarch64=23, touches=NOTHING)
def dup(fd: Fd) -> Copy: ...
@syscall(x86_64=33, touches=NOTHING)
def dup2(old: Fd, new: NewNumber) -> Copy: ...
@syscall(x86_64=292, aarch64=24, since="2.6.27", touches=NOTHING)
def dup3(old: Fd, new: NewNumber, flags: DupFlags) -> Copy: ...
@syscall(x86_64=72, aarch64=25, touches=PROCESS)
def fcntl(fd: Fd, command: FcntlCommand, arg: Anything = 0) -> Int: ...
@operation(fcntl, command=(F_DUPFD, F_DUPFD_CLOEXEC), touches=NOTHING)
def fcntl_dupfd(fd: Fd, command: FcntlCommand, arg: LowestFd = 0) -> Copy: ...
@operation(fcntl, command=F_DUPFD_QUERY, touches=NOTHING)
def fcntl_dupfd_query(fd: Fd, command: FcntlCommand, arg: Fd = 0) -> Int: ...
@operation(fcntl, command=F_CREATED_QUERY, touches=NOTHING)
def fcntl_created_query(fd: Fd, command: FcntlCommand, arg: AlwaysZero = 0) -> Int: ...
@operation(fcntl, command=F_GETFD, touches=NOTHING, shows="fd")
def fcntl_getfd(fd: Fd, command: FcntlCommand, arg: AlwaysZero = 0) -> FdFlags: ...
@operation(fcntl, command=F_SETFD, touches=NOTHING)
def fcntl_setfd(fd: Fd, command: FcntlCommand, arg: FdFlags = 0) -> Zero: ...
@operation(fcntl, command=F_GETFL, touches=NOTHING, shows="fd")
def fcntl_getfl(fd: Fd, command: FcntlCommand, arg: AlwaysZero = 0) -> StatusFlags: ...
@operation(fcntl, command=F_SETFL, touches=NOTHING)
def fcntl_setfl(fd: Fd, command: FcntlCommand, arg: StatusFlags = 0) -> Zero: ...
@operation(fcntl, command=F_SETOWN)
def fcntl_setown(fd: Fd, command: FcntlCommand, arg: Pid = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWN, touches=NOTHING)
def fcntl_getown(fd: Fd, command: FcntlCommand, arg: AlwaysZero = 0) -> SomePid: ...
@operation(fcntl, command=F_SETOWN_EX)
def fcntl_setown_ex(fd: Fd, command: FcntlCommand, arg: In[FOwnerEx] = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWN_EX, touches=NOTHING)
def fcntl_getown_ex(fd: Fd, command: FcntlCommand, arg: Out[FOwnerEx] = 0) -> Zero: ...
@operation(fcntl, command=F_GETOWNER_UIDS, touches=NOTHING)
def fcntl_getowner_uids(fd: Fd, command: FcntlCommand, arg: LongOut = 0) -> Zero: ...
@operation(fcntl, command=F_SETSIG)
def fcntl_setsig(fd: Fd, command: FcntlCommand, arg: Signal = 0) -> Zero: ...
@operation(fcntl, command=F_GETSIG, touches=NOTHING)
def fcntl_getsig(fd: Fd, command: FcntlCommand, arg: AlwaysZero = 0) -> Signal: ...
@operation(fcntl, command=F_NOTIFY)
def fcntl_notify(fd: DirFd, command: FcntlCommand, arg: DirectoryEvents = 0) -> Zero: ...
@operation(fcntl, command=(F_GET_RW_HINT, F_GET_FILE_RW_HINT), touches=NOTHING)
def fcntl_get_rw_hint(fd: File, command: FcntlCommand, arg: LongOut = 0) -> Zero: ...
@operation(fcntl, command=(F_SET_RW_HINT, F_SET_FILE_RW_HINT), touches=HIDDEN)
def fcntl_set_rw_hint(fd: File, command: FcntlCommand, arg: In[WriteHint] = 0) -> Zero: ...
