"""mq_overview(7): POSIX message queues. Names are without a slash here, as the C library takes it off."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.files.opening import O_CLOEXEC, O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY
from conformance.syscalls.machinery.aliases import Count, In, InBytes, Mode, Out, OutBytes, Path, Size, Zero
from conformance.syscalls.machinery.buffers import I64, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import IPC
from conformance.syscalls.time.clocks import AtOnce

Queue = Annotated[int, FileDescriptor("mq")]
QueueName = Annotated[
    Path,
    Choices(
        b"q0",
        rarely(b"q1", b"", b"a/b", b"/q0", b".", b"n" * 256, b"absent", Blob(b"q0\0", edge=True), *BAD_POINTERS),
    ),
]
QueueFlags = Annotated[
    int,
    Flags(named(globals(), "O_")),
    Choices(
        O_CREAT | O_RDWR | O_NONBLOCK,
        rarely(
            *(O_CREAT | O_EXCL | O_RDWR | O_NONBLOCK, O_CREAT | O_WRONLY | O_NONBLOCK, O_CREAT | O_RDONLY | O_NONBLOCK),
            *(O_RDWR | O_NONBLOCK, O_RDONLY | O_NONBLOCK | O_CLOEXEC, O_RDWR, 3 | O_NONBLOCK, -1),
        ),
    ),
]


class MqAttr(Struct):
    """`struct mq_attr`."""

    flags: Annotated[I64, Choices(O_NONBLOCK, 0, 1, -1)]
    maxmsg: Annotated[I64, Choices(4, 1, 10, 0, 11, -1, 65537)]
    msgsize: Annotated[I64, Choices(64, 1, 8192, 8193, 0, -1)]
    curmsgs: I64
    reserved0: U64
    reserved1: U64
    reserved2: U64
    reserved3: U64


def sigevent(value: int, signal: int, notify: int) -> Blob:
    """A `struct sigevent`."""
    return Blob(struct.pack("=Qii48x", value, signal, notify))


SMALL = Blob(bytes(MqAttr(flags=O_NONBLOCK, maxmsg=4, msgsize=64)))
InMqAttr = Annotated[In[MqAttr], Choices(often(SMALL), rarely(0), ...)]
"""The attributes of a queue; hardly ever NULL: ten queues as large as that are all that a user may have."""
OutMqAttr = Annotated[Out[MqAttr], Choices(often(room(64)), 0, KERNEL_ADDRESS)]
Priority = Annotated[int, Choices(0, seldom(1, 2, 32767, 32768, -1))]
OutPriority = Annotated[Out[Struct], Choices(room(4), rarely(0, KERNEL_ADDRESS))]
OutMessage = Annotated[OutBytes, Choices(often(room(64)), seldom(room(8192), room(1)), rarely(*BAD_POINTERS))]
InSigevent = Annotated[
    InBytes,
    Choices(
        seldom(sigevent(0, 17, 0), sigevent(0, 10, 0), sigevent(7, 0, 1), sigevent(77, 12, 0), sigevent(0, 64, 1)),
        seldom(sigevent(0, 65, 1), sigevent(0, 10, 2), sigevent(0, 0, 3)),
        *(0, seldom(*BAD_POINTERS[1:])),
    ),
]
"""How to be told of a message in an empty queue, or NULL, not to be any more."""


@syscall(x86_64=240, aarch64=180, touches=IPC)
def mq_open(name: QueueName, flags: QueueFlags, mode: Mode, attributes: InMqAttr) -> Queue: ...
@syscall(x86_64=241, aarch64=181, touches=IPC)
def mq_unlink(name: QueueName) -> Zero: ...
@syscall(x86_64=242, aarch64=182, touches=IPC)
def mq_timedsend(fd: Queue, message: InBytes, size: Size, priority: Priority, timeout: AtOnce) -> Zero: ...
@syscall(x86_64=243, aarch64=183, touches=IPC, after=("mq_timedsend",))
def mq_timedreceive(fd: Queue, message: OutMessage, size: Size, priority: OutPriority, timeout: AtOnce) -> Count: ...
@syscall(x86_64=244, aarch64=184, touches=IPC)
def mq_notify(fd: Queue, event: InSigevent) -> Zero: ...
@syscall(x86_64=245, aarch64=185, touches=IPC, shows="ipc", after=("mq_notify", "mq_timedsend"))
def mq_getsetattr(fd: Queue, new: InMqAttr, old: OutMqAttr) -> Zero: ...
