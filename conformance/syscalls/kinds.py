"""Kinds of values: what an argument, a result or a struct member means.

A kind says how a value is compared between kernels (`normal`) and how it is shown in a trace (`show`). It travels in
an annotation, so that a stub reads like its man page and a normalisation rule is written once, for the kind.

Values are *seen* in the form that a record keeps: an `int`, text for bytes (latin-1, so that every byte survives
JSON), a dict for a struct, `None` for NULL.
"""

from __future__ import annotations

import ctypes
import re
import signal
from collections.abc import Mapping
from typing import Annotated, TypeAlias, TypeVar

from conformance.model import Json
from conformance.syscalls.buffers import Buffer, Layout, Struct

Seen: TypeAlias = Json
Pointer: TypeAlias = "bytes | Buffer | Struct | int | None"

_PID = re.compile("[0-9]{1,10}")
MASK = "*"
"""What stands for a value that cannot be compared."""


class Names:
    """Alpha-renaming: the first fd that appears is `fd#1`, wherever it comes from; equal values get equal names."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, int]] = {}

    def name(self, family: str, value: int) -> str:
        """The name of `value` among the values of `family`, in order of appearance."""
        family_names = self._seen.setdefault(family, {})
        return f"{family}#{family_names.setdefault(value, len(family_names) + 1)}"


class Kind:
    """A plain value: compared exactly, shown as it is."""

    out = False
    """Whether the kernel writes the memory that the argument points to."""

    reads = True
    """Whether the kernel reads that memory."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        """The form in which two kernels' values are compared."""
        return seen

    def show(self, seen: Seen) -> str:
        """The value as C source would write it, as near as can be."""
        if seen is None:
            return "NULL"
        if isinstance(seen, str):
            return "b" + repr(seen) if seen.isascii() else repr(seen.encode("latin-1", "replace"))
        if isinstance(seen, dict):
            return "{" + ", ".join(f"{key}={self.show(value)}" for key, value in seen.items()) + "}"
        if isinstance(seen, list):
            return "[" + ", ".join(map(self.show, seen)) + "]"
        return str(seen)


class Hex(Kind):
    """A number that reads best in hexadecimal."""

    def show(self, seen: Seen) -> str:
        return hex(seen) if isinstance(seen, int) and not -4096 < seen < 10 else super().show(seen)


class Octal(Kind):
    """File modes."""

    def show(self, seen: Seen) -> str:
        return f"0{seen:o}" if isinstance(seen, int) and seen > 0 else super().show(seen)


class Renamed(Kind):
    """A number that is the kernel's choice; only whether two are the same one is compared."""

    def __init__(self, family: str, keep: tuple[int, ...] = ()) -> None:
        self.family = family
        self.keep = keep

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, int) or seen in self.keep:
            return seen
        return names.name(self.family, seen)


class FileDescriptor(Renamed):
    """An fd: renamed, but for the standard streams, negative numbers and AT_FDCWD."""

    def __init__(self) -> None:
        super().__init__("fd")

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, int) and (seen < 3 or seen > 1 << 20):
            return seen
        return super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        return "AT_FDCWD" if seen == -100 else super().show(seen)


class Masked(Kind):
    """A value that differs from run to run (a time, a counter): only its presence is compared."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return None if seen is None else MASK


class AddressKind(Kind):
    """An address: NULL or not."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen in (0, None) else "addr"

    def show(self, seen: Seen) -> str:
        if isinstance(seen, int):
            return hex(seen) if seen else "NULL"
        return super().show(seen)


class Flags(Kind):
    """Bits, or one of several values, with names. `names` maps a name to its value; a mask of zero bits is `0`."""

    def __init__(self, names: Mapping[str, int], *, bits: bool = True) -> None:
        self.names = names
        self.bits = bits

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, int):
            return super().show(seen)
        if not self.bits:
            return next((name for name, value in self.names.items() if value == seen), str(seen))
        found, rest = [], seen
        for name, value in sorted(self.names.items(), key=lambda item: -item[1]):
            if value and rest & value == value:
                found.append(name)
                rest &= ~value
        if rest or not found:
            found.append(hex(rest) if rest else "0")
        return "|".join(found)


class SignalNumber(Kind):
    """A signal's number."""

    def show(self, seen: Seen) -> str:
        try:
            return signal.Signals(seen).name if isinstance(seen, int) else super().show(seen)
        except ValueError:
            return str(seen)


class PathKind(Kind):
    """A path. The pids in `/proc/PID` are the kernel's choice."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return "addr" if isinstance(seen, int) and seen else seen
        parts = seen.split("/")
        if parts[:2] == ["", "proc"] and len(parts) > 2 and _PID.fullmatch(parts[2]):
            parts[2] = names.name("pid", int(parts[2]))
        return "/".join(parts)


class Memory(Kind):
    """A pointer to memory: bytes, a struct, or an address that a case made up."""

    def __init__(self, *, out: bool = False, reads: bool = True) -> None:
        self.out = out
        self.reads = reads

    def normal(self, seen: Seen, names: Names) -> Seen:
        return "addr" if isinstance(seen, int) and seen else seen

    def show(self, seen: Seen) -> str:
        return hex(seen) if isinstance(seen, int) and seen else super().show(seen)


class MaskedMemory(Memory):
    """Memory whose content is different on every run (random bytes, a listing of counters)."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return MASK if isinstance(seen, str | dict) else super().normal(seen, names)


class CountedMemory(Memory):
    """Memory that the kernel fills up to the call's result, in bytes."""

    def __init__(self) -> None:
        super().__init__(out=True, reads=False)


class FdPair(Memory):
    """Two C ints that the kernel fills with new fds."""

    def __init__(self) -> None:
        super().__init__(out=True, reads=False)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 8:
            return super().normal(seen, names)
        data = seen[:8].encode("latin-1", "replace")
        return [names.name("fd", int.from_bytes(data[at : at + 4], "little", signed=True)) for at in (0, 4)]


S = TypeVar("S")

# Scalars
Int = Annotated[int, Kind()]
Size = Annotated[int, Kind()]
Offset = Annotated[int, Kind()]
Bits = Annotated[int, Hex()]
Mode = Annotated[int, Octal()]
Fd = Annotated[int, FileDescriptor()]
Dir = Annotated[int, FileDescriptor()]
Pid = Annotated[int, Renamed("pid", keep=(0, -1, 1))]
Uid = Annotated[int, Kind()]
Id = Annotated[int, Renamed("id", keep=(0, -1))]
Signal = Annotated[int, SignalNumber()]
Address = Annotated[int, AddressKind()]
Time = Annotated[int, Masked()]
Varying = Annotated[int, Masked()]

# Results
Zero = Annotated[int, Kind()]
Count = Annotated[int, Kind()]

# Pointers
Path = Annotated[bytes | Buffer | int | None, PathKind()]
In = Annotated[S | bytes | Buffer | int | None, Memory()]
Out = Annotated[S | Buffer | int | None, Memory(out=True, reads=False)]
InOut = Annotated[S | bytes | Buffer | int | None, Memory(out=True)]
InBytes = Annotated[bytes | Buffer | int | None, Memory()]
OutBytes = Annotated[Buffer | int | None, CountedMemory()]
OutRandom = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False)]
OutFds = Annotated[Buffer | int | None, FdPair()]
OutInt = Annotated[Buffer | Struct | int | None, Memory(out=True, reads=False)]
Any_ = Annotated[bytes | Buffer | Struct | int | None, Memory(out=True)]
"""Whatever an operation of a multiplexed call (`ioctl`, `prctl`, `fcntl` …) takes: a number or memory."""

# Struct members that are the kernel's choice
Ino64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("ino")]
Dev64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("dev", keep=(0,))]
Fd32 = Annotated[int, Layout(ctypes.c_int32), FileDescriptor()]
Pid32 = Annotated[int, Layout(ctypes.c_int32), Renamed("pid", keep=(0, -1, 1))]
Id32 = Annotated[int, Layout(ctypes.c_int32), Renamed("id", keep=(0, -1))]
Time32 = Annotated[int, Layout(ctypes.c_uint32), Masked()]
Time64 = Annotated[int, Layout(ctypes.c_int64), Masked()]
Varying16 = Annotated[int, Layout(ctypes.c_uint16), Masked()]
Varying32 = Annotated[int, Layout(ctypes.c_uint32), Masked()]
Varying64 = Annotated[int, Layout(ctypes.c_uint64), Masked()]
Address64 = Annotated[int, Layout(ctypes.c_uint64), AddressKind()]


def named(namespace: Mapping[str, object], *prefixes: str) -> dict[str, int]:
    """The integer constants of a module whose names begin with one of `prefixes`: what `Flags` shows."""
    return {
        name: value for name, value in namespace.items() if name.startswith(prefixes) and isinstance(value, int)
    }
