"""io_submit(2): asynchronous I/O of the kernel's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import Address64, Count, In, InBytes, Out, Zero
from conformance.syscalls.machinery.buffers import I16, I32, I64, U16, U32, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    Blob,
    Choices,
    Use,
    often,
    rarely,
    room,
    seldom,
    struct_blobs,
)
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Later, Renamed, Resource, named
from conformance.syscalls.machinery.touches import MEMORY, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.polling.poll import POLLIN, WaitMaskPointer
from conformance.syscalls.time.clocks import AtOnce

IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC = 0, 1, 2, 3
IOCB_CMD_POLL, IOCB_CMD_PREADV, IOCB_CMD_PWRITEV = 5, 7, 8

IOCB_CMD_NOOP = 6

IOCB_FLAG_RESFD, IOCB_FLAG_IOPRIO = 1, 2

AioId = Annotated[int, Renamed("aio", keep=(0,))]


class AioContext(Struct):
    """`aio_context_t`: an address."""

    context: Annotated[U64, Renamed("aio", keep=(0,))]


class Iocb(Struct):
    """`struct iocb`."""

    data: Annotated[U64, Choices(0x1234, 1)]
    key: Annotated[U32, Choices(0)]
    rw_flags: Annotated[U32, Choices(0, 2, 8, 1 << 30)]
    opcode: Annotated[
        U16,
        Flags(named(globals(), "IOCB_CMD_"), bits=False),
        Choices(IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC, IOCB_CMD_POLL, 6, 99),
    ]
    priority: Annotated[I16, Choices(0)]
    fd: Annotated[I32, FileDescriptor("file"), Choices(Use("fd:file"), Use("fd:event"), Use("fd:pipe:r"), ...)]
    buf: Annotated[Address64, Choices(room(16), room(64), POLLIN, 0, UNMAPPED)]
    nbytes: Annotated[U64, Choices(16, 5, 0, -1)]
    offset: Annotated[I64, Choices(0, 5, 26, -1)]
    reserved: U64
    flags: Annotated[U32, Flags(named(globals(), "IOCB_FLAG_")), Choices(0, IOCB_FLAG_RESFD, 4)]
    resfd: Annotated[I32, FileDescriptor("event"), Choices(0, ...)]


class IoEvent(Struct):
    """`struct io_event`."""

    data: U64
    obj: Address64
    res: I64
    res2: I64


def _requests() -> Iterator[Blob]:
    """The addresses of one or two `struct iocb`."""
    ones = list(struct_blobs(Iocb))
    for one in ones:
        yield Blob(bytes(8), ((0, 8, one),))
    for one, other in zip(ones[::2], ones[1::2], strict=False):
        yield Blob(bytes(16), ((0, 8, one), (8, 8, other)))


AioSize = Annotated[int, Choices(1, 8, 128, 0, -1)]
NewAio = Annotated[Out[AioContext], Choices(often(Blob(bytes(8))), Blob(b"\1" + bytes(7)), UNMAPPED, 0)]
"""What lies there must be 0 before."""

Iocbs = Annotated[
    InBytes,
    Later(),
    Choices(_requests, Blob(bytes(8)), Blob(UNMAPPED.to_bytes(8, "little")), Blob(b""), UNMAPPED, 0),
]
AioCount = Annotated[int, Choices(often(1), 2, 0, -1)]
Submitted = Annotated[Count, Resource("submitted")]

AioMinimum = Annotated[int, Choices(often(0, Use("submitted")), 2, -1)]
AioMaximum = Annotated[int, Choices(often(1), 2, seldom(0, -1))]
IoEvents = Annotated[Out[IoEvent], Choices(often(room(32), room(64)), room(32, edge=True), rarely(*BAD_POINTERS))]


@syscall(x86_64=206, aarch64=0, touches=PROCESS | MEMORY)
def io_setup(count: AioSize, context: NewAio) -> Zero: ...
@syscall(x86_64=207, aarch64=1, never="waits for a grace period of the kernel, longer than a call may take")
def io_destroy(context: AioId) -> Zero: ...
@syscall(x86_64=209, aarch64=2, touches=PROCESS)
def io_submit(context: AioId, count: AioCount, iocbs: Iocbs) -> Submitted: ...
@syscall(x86_64=208, aarch64=4, touches=PROCESS)
def io_getevents(
    context: AioId, minimum: AioMinimum, maximum: AioMaximum, events: IoEvents, timeout: AtOnce
) -> Count: ...
@syscall(x86_64=333, aarch64=292, since="4.18", touches=PROCESS)
def io_pgetevents(
    context: AioId,
    minimum: AioMinimum,
    maximum: AioMaximum,
    events: IoEvents,
    timeout: AtOnce,
    mask: WaitMaskPointer,
) -> Count: ...
@syscall(x86_64=210, aarch64=3, touches=PROCESS)
def io_cancel(context: AioId, iocb: In[Iocb], result: Out[IoEvent]) -> Zero: ...
