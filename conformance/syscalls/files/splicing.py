"""sendfile(2), splice(2), copy_file_range(2): moving bytes from one fd to another."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.files.pipes import PipeIn, PipeOut
from conformance.syscalls.files.vectors import IovecCount, WriteVectors
from conformance.syscalls.machinery.aliases import AlwaysZero, Count, InOut
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Blob, Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

SPLICE_F_MOVE, SPLICE_F_NONBLOCK, SPLICE_F_MORE, SPLICE_F_GIFT = 1, 2, 4, 8

SpliceFlags = Annotated[
    int, Flags(named(globals(), "SPLICE_F_")), Choices(SPLICE_F_NONBLOCK, SPLICE_F_NONBLOCK | SPLICE_F_MOVE, ...)
]
SpliceIn = Annotated[
    int,
    FileDescriptor("file"),
    Choices(
        Use("fd:file"), Use("fd:pipe:r"), seldom(Use("fd:socket:unix"), Use("fd:dir"), Use("fd:proc"), Use("fd"), -1)
    ),
]
SpliceOut = Annotated[
    int,
    FileDescriptor("pipe:w"),
    Choices(
        *(Use("fd:pipe:w"), Use("fd:file")),
        seldom(Use("fd:mem"), Use("fd:socket:unix"), Use("fd:event"), Use("fd"), -1),
    ),
]
OtherPipe = Annotated[
    int,
    FileDescriptor("pipe:w"),
    Choices(often(Use("fd:pipe:w:blocking")), Use("fd:pipe:w"), Use("fd"), -1),
]
"""Not the pipe that is read from: that would be refused."""


def _offset(value: int) -> Blob:
    return Blob(value.to_bytes(8, "little", signed=True))


OffsetPointer = Annotated[
    InOut[Struct],
    Choices(often(0), rarely(*map(_offset, (0, 5, 26, 100, -1, (1 << 63) - 1)), UNMAPPED)),
]
"""`loff_t *`: where to begin, and then where it ended; NULL is the file's own position."""
Amount = Annotated[int, Choices(5, 26, seldom(13, 64, 4096, 65536, 1 << 20, 0, 1, -1, 0x7FFFFFFF))]
"""Bytes to move where no memory says how many."""


@syscall(x86_64=40, aarch64=71, touches=NOTHING)
def sendfile(out: SpliceOut, source: SpliceIn, offset: OffsetPointer, count: Amount) -> Count: ...
@syscall(x86_64=275, aarch64=76, since="2.6.17", touches=NOTHING)
def splice(
    source: SpliceIn, off_in: OffsetPointer, out: SpliceOut, off_out: OffsetPointer, length: Amount, flags: SpliceFlags
) -> Count: ...
@syscall(x86_64=276, aarch64=77, since="2.6.17", touches=NOTHING)
def tee(source: PipeOut, out: OtherPipe, length: Amount, flags: SpliceFlags) -> Count: ...
@syscall(x86_64=278, aarch64=75, since="2.6.17", touches=NOTHING)
def vmsplice(fd: PipeIn, iov: WriteVectors, count: IovecCount, flags: SpliceFlags) -> Count: ...
@syscall(x86_64=326, aarch64=285, since="4.5", touches=NOTHING)
def copy_file_range(
    source: File, off_in: OffsetPointer, out: File, off_out: OffsetPointer, length: Amount, flags: AlwaysZero
) -> Count: ...
