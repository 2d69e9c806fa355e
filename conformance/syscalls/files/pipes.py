"""pipe(2), pipe(7): pipes, and how much they hold."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.descriptors import F_GETPIPE_SZ, F_SETPIPE_SZ, FcntlCommand, fcntl
from conformance.syscalls.files.opening import O_BITS, O_CLOEXEC, O_DIRECT, O_NONBLOCK, O_RDWR
from conformance.syscalls.machinery.aliases import AlwaysZero, Count, OutFds, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, rarely
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.memory import FdPair
from conformance.syscalls.machinery.touches import NOTHING

PipeFlags = Annotated[
    int,
    Flags(O_BITS),
    Choices(
        *(O_NONBLOCK, O_NONBLOCK | O_CLOEXEC, O_NONBLOCK | O_DIRECT),
        rarely(0, O_CLOEXEC, O_RDWR, 1 << 30, -1),
    ),
]
"""Mostly not to block: nobody else reads what a program writes."""
PipeFd = Annotated[int, FileDescriptor("pipe")]
PipeOut = Annotated[int, FileDescriptor("pipe:r")]
PipeIn = Annotated[int, FileDescriptor("pipe:w")]
Pipe = Annotated[OutFds, FdPair("pipe:r", "pipe:w")]
BlockingPipe = Annotated[OutFds, FdPair("pipe:r:blocking", "pipe:w:blocking")]
PipeSize = Annotated[int, Choices(4096, 8192, 65536, 1 << 20, 4097, 1, 0, -1, 1 << 31)]


@syscall(x86_64=293, aarch64=59, since="2.6.27", touches=NOTHING)
def pipe2(fds: Pipe, flags: PipeFlags) -> Zero: ...
@syscall(x86_64=22, touches=NOTHING)
def pipe(fds: BlockingPipe) -> Zero: ...
@operation(fcntl, command=F_SETPIPE_SZ, touches=NOTHING)
def fcntl_setpipe_sz(fd: PipeFd, command: FcntlCommand, arg: PipeSize = 0) -> Count: ...
@operation(fcntl, command=F_GETPIPE_SZ, touches=NOTHING)
def fcntl_getpipe_sz(fd: PipeFd, command: FcntlCommand, arg: AlwaysZero = 0) -> Count: ...
