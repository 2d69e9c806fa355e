"""The words of signatures and structs: kinds that many calls share, under the names that man pages have for them."""

from __future__ import annotations

from typing import Annotated, TypeVar

from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Buffer, Struct
from conformance.syscalls.machinery.choices import LENGTHS, Choices, often, rarely, seldom
from conformance.syscalls.machinery.kinds import (
    AT_FDCWD,
    AddressKind,
    Clocked,
    FileDescriptor,
    Fraction,
    Hex,
    Kind,
    Length,
    Masked,
    Octal,
    PathKind,
    Renamed,
    SignalNumber,
    ZeroOrNot,
)
from conformance.syscalls.machinery.memory import FdPair, NumberAt, Pointer

S = TypeVar("S")

# Scalars
Int = Annotated[int, Kind()]
Size = Annotated[int, Length()]
Offset = Annotated[
    int,
    Choices(0, rarely(1, 5, 13, 26, 27, 100, 4095, 4096, 4097, 1 << 20, -1, 1 << 40, (1 << 63) - 1, -(1 << 63))),
]
Bits = Annotated[int, Hex()]
NoFlags = Annotated[int, Choices(often(0), seldom(1))]
"""Flags of which the kernel knows none: anything but 0 is refused."""
Unused = Annotated[int, Choices(often(0), seldom(1))]
"""An argument that nobody looks at, or that must be 0."""
AlwaysZero = Annotated[int, Choices(0)]
"""What a call takes no notice of: nothing else is tried."""
Mode = Annotated[int, Octal()]
Fd = Annotated[int, FileDescriptor()]
Dir = Annotated[int, FileDescriptor("dir"), Choices(AT_FDCWD, ...)]
Pid = Annotated[int, Renamed("pid", keep=(0, -1, 1))]
SomePid = Annotated[int, Renamed("pid", keep=(0, -1, 1), resource=False)]
"""One that a program cannot go on with: of a parent, of a process that is gone."""
Uid = Annotated[int, Choices(0, seldom(1000, 65534, 1, -1, 0x7FFFFFFF))]
Id = Annotated[int, Renamed("id", keep=(0, -1))]
Signal = Annotated[int, SignalNumber()]
Address = Annotated[int, AddressKind()]
Varying = Annotated[int, Masked()]

# Results
Zero = Annotated[int, Kind()]
Count = Annotated[int, Kind()]

# Pointers
Path = Annotated[bytes | Buffer | int | None, PathKind()]
In = Annotated[S | bytes | Buffer | int | None, Pointer()]
Out = Annotated[S | Buffer | int | None, Pointer(out=True, reads=False)]
InOut = Annotated[S | bytes | Buffer | int | None, Pointer(out=True)]
InBytes = Annotated[bytes | Buffer | int | None, Pointer()]
OutBytes = Annotated[Buffer | int | None, Pointer(out=True, reads=False, counted=True)]
"""Memory that the kernel fills up to the call's result."""
OutBuffer = Annotated[Buffer | int | None, Pointer(out=True, reads=False)]
OutRandom = Annotated[OutBuffer, Masked()]
OutFds = Annotated[OutBuffer, FdPair()]
OutInt = Annotated[Buffer | Struct | int | None, Pointer(out=True, reads=False), NumberAt()]
SizePointer = Annotated[
    bytes | Buffer | int | None,
    Pointer(out=True),
    NumberAt(),
    LENGTHS,
]
"""Where a call reads how much room there is, and writes how much it needed (`socklen_t *`)."""
Anything = Annotated[bytes | Buffer | Struct | int | None, Pointer(out=True)]
"""Whatever an operation of a multiplexed call (`ioctl`, `prctl`, `fcntl` …) takes: a number or memory."""

# Struct members that are the kernel's choice
Ino64 = Annotated[U64, Renamed("ino")]
Dev64 = Annotated[U64, Renamed("dev", keep=(0,))]
Fd32 = Annotated[I32, FileDescriptor()]
Pid32 = Annotated[I32, Renamed("pid", keep=(0, -1, 1))]
Seconds64 = Annotated[I64, Clocked()]
Fraction32 = Annotated[U32, Fraction()]
Fraction64 = Annotated[I64, Fraction()]
Time64 = Annotated[I64, Masked()]
Varying16 = Annotated[U16, Masked()]
Varying32 = Annotated[U32, Masked()]
Varying64 = Annotated[U64, Masked()]
Some32 = Annotated[U32, ZeroOrNot()]
Some64 = Annotated[U64, ZeroOrNot()]
Address64 = Annotated[U64, AddressKind()]
