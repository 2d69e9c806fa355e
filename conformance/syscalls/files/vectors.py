"""readv(2), preadv2(2): reading and writing by vectors (`struct iovec`)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.files.reading import Readable, Stream, Writable
from conformance.syscalls.machinery.aliases import Count, InBytes, Offset
from conformance.syscalls.machinery.buffers import U64, Buffer, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choice, Choices, LengthOf, Weighed, rarely, room
from conformance.syscalls.machinery.kinds import Flags, Kind, Length, Names, Seen, named
from conformance.syscalls.machinery.memory import AddressOf
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED

RWF_HIPRI, RWF_DSYNC, RWF_SYNC, RWF_NOWAIT, RWF_APPEND, RWF_NOAPPEND = 1, 2, 4, 8, 16, 32
RWF_ATOMIC, RWF_DONTCACHE, RWF_NOSIGNAL = 0x40, 0x80, 0x100


class Iovec(Struct):
    """`struct iovec`."""

    iov_base: Annotated[U64, AddressOf(Stream())]
    iov_len: U64


class Vector(Buffer):
    """An array of `struct iovec`, one for each part. It keeps the parts alive."""

    __slots__ = ("parts",)

    def __init__(self, *parts: Buffer) -> None:
        super().__init__(b"".join(bytes(Iovec(iov_base=part.address, iov_len=len(part))) for part in parts))
        self.parts = parts


class IovecArray(Kind):
    """An array of `struct iovec`: lengths are compared, addresses are not."""

    @property
    def layout(self) -> type[Struct]:
        return Iovec

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return seen
        data = seen.encode("latin-1", "replace")
        return [int.from_bytes(data[at + 8 : at + 16], "little") for at in range(0, len(data), 16)]


def iovecs(*parts: Choice) -> Blob:
    """An array of `struct iovec`, one for each part; the kernel's own length for each of them."""
    members: list[tuple[int, int, Choice]] = []
    for at, part in enumerate(parts):
        members += [(16 * at, 8, part), (16 * at + 8, 8, LengthOf())]
    return Blob(bytes(16 * len(parts)), tuple(members))


def _one(base: int, length: int) -> Blob:
    return Blob(bytes(Iovec(iov_base=base, iov_len=length)))


_NO_IOVECS = rarely(_one(UNMAPPED, 8), _one(0, 1 << 63), iovecs())
READ_IOVECS: tuple[Choice | Weighed, ...] = (
    *(iovecs(room(16)), iovecs(room(8), room(16))),
    rarely(iovecs(room(4), room(0), room(4)), iovecs(room(8), UNMAPPED), iovecs(room(16, edge=True))),
    _NO_IOVECS,
)
WRITE_IOVECS: tuple[Choice | Weighed, ...] = (
    *(iovecs(Blob(b"hello")), iovecs(Blob(b"hello"), Blob(b"world!!!"))),
    rarely(iovecs(Blob(b"a"), Blob(b""), Blob(b"bc")), iovecs(Blob(b"\1" + bytes(7))), iovecs(Blob(b"x" * 4096))),
    _NO_IOVECS,
)
ReadVectors = Annotated[InBytes, IovecArray(), Choices(*READ_IOVECS, rarely(*BAD_POINTERS))]
WriteVectors = Annotated[InBytes, IovecArray(), Choices(*WRITE_IOVECS, rarely(*BAD_POINTERS))]
IovecCount = Annotated[int, Length(16)]

High = Annotated[int, Choices(0, rarely(1, -1))]
"""The high half of a position, which a machine of 64 bits has no use for."""
RwFlags = Annotated[int, Flags(named(globals(), "RWF_"))]


@syscall(x86_64=19, aarch64=65, touches=NOTHING)
def readv(fd: Readable, iov: ReadVectors, iovcnt: IovecCount) -> Count: ...
@syscall(x86_64=20, aarch64=66, touches=NOTHING)
def writev(fd: Writable, iov: WriteVectors, iovcnt: IovecCount) -> Count: ...
@syscall(x86_64=295, aarch64=69, since="2.6.30", touches=NOTHING)
def preadv(fd: File, iov: ReadVectors, iovcnt: IovecCount, low: Offset, high: High) -> Count: ...
@syscall(x86_64=296, aarch64=70, since="2.6.30", touches=NOTHING)
def pwritev(fd: File, iov: WriteVectors, iovcnt: IovecCount, low: Offset, high: High) -> Count: ...
@syscall(x86_64=327, aarch64=286, since="4.6", touches=NOTHING)
def preadv2(fd: File, iov: ReadVectors, iovcnt: IovecCount, low: Offset, high: High, flags: RwFlags) -> Count: ...
@syscall(x86_64=328, aarch64=287, since="4.6", touches=NOTHING)
def pwritev2(fd: File, iov: WriteVectors, iovcnt: IovecCount, low: Offset, high: High, flags: RwFlags) -> Count: ...
