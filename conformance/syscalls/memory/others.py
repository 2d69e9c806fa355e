"""Memory of other processes: process_vm_readv(2), process_madvise(2), process_mrelease(2)."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.vectors import READ_IOVECS, WRITE_IOVECS, Iovec, iovecs
from conformance.syscalls.machinery.aliases import Address64, AlwaysZero, Count, Pid, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Blob, Choice, Choices, Use, often, rarely, room
from conformance.syscalls.machinery.kinds import FileDescriptor, Length
from conformance.syscalls.machinery.memory import OneOf, Pointer
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import DATA, EDGES, PAGE, READ_ONLY, UNMAPPED
from conformance.syscalls.memory.advice import Advice


class TwoIovecs(Struct):
    """An array of two `struct iovec`."""

    base0: Address64
    length0: U64
    base1: Address64
    length1: U64


def _vector(address: int, length: int) -> Choice:
    """One `struct iovec`."""
    return Blob(address.to_bytes(8, "little") + length.to_bytes(8, "little"))


_NOWHERE = (_vector(UNMAPPED, 8), _vector(0, 1 << 63), Blob(b""))
_A_MAPPING = Blob(bytes(8) + PAGE.to_bytes(8, "little"), ((0, 8, Use("map")),))
_VECTORS = OneOf(Iovec, TwoIovecs)

Vectors = Annotated[object, Pointer(), _VECTORS, Choices(*WRITE_IOVECS)]
RoomVectors = Annotated[object, Pointer(), _VECTORS, Choices(*READ_IOVECS)]
RemoteVectors = Annotated[
    object,
    Pointer(),
    _VECTORS,
    Choices(often(_vector(DATA, 16)), _vector(DATA + EDGES[0], 8192), _vector(READ_ONLY, 16), *_NOWHERE),
]
"""What lies at the same address in a child."""
AdvisedVectors = Annotated[object, Pointer(), _VECTORS, Choices(_A_MAPPING, iovecs(room(16)), rarely(*_NOWHERE))]
VectorCount = Annotated[int, Length(16)]

PidFd = Annotated[int, FileDescriptor("pid")]


@syscall(x86_64=310, aarch64=270, since="3.2", touches=PROCESS)
def process_vm_readv(
    pid: Pid, local: RoomVectors, nlocal: VectorCount, remote: RemoteVectors, nremote: VectorCount, flags: AlwaysZero
) -> Count: ...
@syscall(x86_64=311, aarch64=271, since="3.2", touches=PROCESS)
def process_vm_writev(
    pid: Pid, local: Vectors, nlocal: VectorCount, remote: RemoteVectors, nremote: VectorCount, flags: AlwaysZero
) -> Count: ...
@syscall(number=440, since="5.10", touches=PROCESS)
def process_madvise(
    pidfd: PidFd, iov: AdvisedVectors, count: VectorCount, advice: Advice, flags: AlwaysZero
) -> Count: ...
@syscall(number=448, since="5.15", touches=PROCESS)
def process_mrelease(pidfd: PidFd, flags: AlwaysZero) -> Zero: ...
