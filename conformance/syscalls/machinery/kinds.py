"""Kinds of values: what an argument, a result or a struct member means.

A kind says how a value is compared between kernels (`normal`), how it is shown in a trace (`show`) and in C (`to_c`),
and what generated programs put there (`choices`). It travels in an annotation, so that a stub reads like its man page,
and a rule is written once, for the kind.

Values are *seen* in the form that a record keeps: an `int`, text for bytes (latin-1, so that every byte survives
JSON), a dict for a struct, `None` for NULL.
"""

from __future__ import annotations

import ctypes
import re
import signal
from collections.abc import Iterator, Mapping
from copy import copy
from itertools import combinations
from typing import Annotated, Protocol, TypeAlias, TypeVar

from conformance.model import Json
from conformance.syscalls.machinery.buffers import Buffer, Layout, Struct
from conformance.syscalls.machinery.choices import (
    ARENA,
    BAD_POINTERS,
    DATA,
    LENGTHS,
    PAGE,
    PATHS,
    PLAIN_NUMBERS,
    ROOMS,
    TEXTS,
    Choice,
    Choices,
    LengthOf,
    Use,
    often,
    room,
    seldom,
    struct_blobs,
)
from conformance.syscalls.machinery.world import ARENA_PAGES

Seen: TypeAlias = Json
Pointer: TypeAlias = "bytes | Buffer | Struct | int | None"

_PID = re.compile("[0-9]{1,10}")
MASK = "*"
"""What stands for a value that cannot be compared."""


_NAMED = (signal.SIGALRM, signal.SIGHUP, signal.SIGPIPE, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGURG)
SIGNALS = (*map(int, _NAMED), 34, 64, 0, 65, -1)
"""Ones that mean something of their own, real-time ones, and numbers that are none."""


class Names:
    """Alpha-renaming: the first fd that appears is `fd#1`, wherever it comes from; equal values get equal names."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, int]] = {}

    def name(self, family: str, value: int) -> str:
        """The name of `value` among the values of `family`, in order of appearance."""
        family_names = self._seen.setdefault(family, {})
        return f"{family}#{family_names.setdefault(value, len(family_names) + 1)}"

    def known(self, family: str, value: int) -> str | None:
        """The name of `value`, if it has appeared among the values of `family`."""
        number = self._seen.get(family, {}).get(value)
        return None if number is None else f"{family}#{number}"


class Pairs(Protocol):
    """Values that stand for each other on two kernels, by family."""

    def are_one(self, family: str, one: int, other: int) -> bool:
        """Whether neither has stood for something else."""


class Resource:
    """Stands in an annotation: what a successful call gives is one of a family that others use (`map:file`), whatever
    kind of value it is."""

    def __init__(self, family: str) -> None:
        self.family = family


class Kind:
    """A plain value: compared exactly, shown as it is."""

    out = False
    """Whether the kernel writes the memory that the argument points to."""

    reads = True
    """Whether the kernel reads that memory."""

    family: str | None = None
    """The family of resources that the value belongs to: made where it is a result, used where it is an argument.
    `fd:socket` is an `fd` too."""

    named: tuple[str, ...] = ()
    """The families to which `normal` gives names."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        """What a generated program may put here, the plainest that works first; what is repeated is likelier.

        `struct` is what a pointer points to, where it is known.
        """
        return PLAIN_NUMBERS

    def made_one_of(self, family: str) -> Kind:
        """The same kind of value, as a resource."""
        found = copy(self)
        found.family = family
        return found

    def memory(self, struct: type[Struct] | None) -> tuple[Choice, ...]:
        """What is worth trying for a pointer to such values; nothing: what is for any memory."""
        return ()

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]] | None:
        """What of memory that holds such values is a resource: offset, width in bytes, family; None: any memory's."""
        return None

    def plainer(self, value: int, plain: Choice) -> list[int]:
        """Numbers that say less than one that was tried, the plainest first. `plain` is the kind's plainest choice."""
        found = [plain] if isinstance(plain, int) else []
        return [*found, 0] if value > 1 and not isinstance(plain, int) else found

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        """Whether two unequal numbers, each from another kernel, are sure to mean the same."""
        return False

    def rest(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        """What `...` stands for in `Choices`: whatever else may be tried."""
        return self.choices(struct)

    def to_c(self, value: int) -> str:
        """A constant as C source: the number, as names may be newer than the headers, and what it means."""
        number = hex(value & (1 << 64) - 1) + "UL" if value >> 31 not in (0, -1) else str(value)
        shown = self.show(value)
        return number if shown in (number, str(value)) else f"{number} /* {shown} */"

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

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0o644, 0o644, 0o755, 0o755, 0o600, 0, 0o7777, 0o1777, 0o444, 0o4755, 0o2755, -1)

    def show(self, seen: Seen) -> str:
        return f"0{seen:o}" if isinstance(seen, int) and seen > 0 else super().show(seen)


class Number(Kind):
    """A plain value of which it is known which ones are worth trying."""

    def __init__(self, *choices: Choice) -> None:
        self._choices = choices

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices


class Length(Kind):
    """The size of the memory before it, in units of `unit` bytes."""

    def __init__(self, unit: int = 1) -> None:
        self.unit = unit

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        exact = LengthOf(self.unit)
        return (*(exact,) * 30, LengthOf(self.unit, -1), LengthOf(self.unit, 1), 0, 1, -1, 0x7FFFFFFF, 1 << 40)


class Renamed(Kind):
    """A number that is the kernel's choice; only whether two are the same one is compared."""

    def __init__(self, family: str, keep: tuple[int, ...] = (), *, resource: bool = True) -> None:
        """`keep` are numbers that mean something of their own. No `resource`: nothing for a program to go on with, such
        as a parent, or a process that is gone."""
        self.of: str = family
        self.family = family if resource else None
        self.named = (family.partition(":")[0],)
        self.keep = keep

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.family is None:
            return PLAIN_NUMBERS
        return (*(Use(self.family),) * 8, Use(self.family, 1), Use(self.family, 2), -1, 0, 0x7FFFFFFE)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, int) or seen in self.keep:
            return seen
        return names.name(self.named[0], seen)

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        plain = type(self).normal is Renamed.normal
        return plain and one not in self.keep and other not in self.keep and pairs.are_one(self.named[0], one, other)


class Numbered(Kind):
    """A number that is compared as one of a family, and is no resource for a program to go on with: of a parent, of a
    process that is gone."""

    def __init__(self, of: str, keep: tuple[int, ...] = ()) -> None:
        self.named = (of,)
        self.keep = keep

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if not isinstance(seen, int) or seen in self.keep else names.name(self.named[0], seen)

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        plain = type(self).normal is Numbered.normal
        return plain and one not in self.keep and other not in self.keep and pairs.are_one(self.named[0], one, other)


class Done(Kind):
    """That a call has succeeded, where others need that it has: its result is 0, which they take for no flags."""

    def __init__(self, family: str) -> None:
        self.family = family


class FileDescriptor(Renamed):
    """An fd: renamed, but for the standard streams, negative numbers and AT_FDCWD.

    `of` says what it must refer to, as in `socket` or `socket:tcp`; `choices` are tried besides such fds.
    """

    def __init__(self, of: str = "", *choices: Choice) -> None:
        super().__init__(f"fd:{of}" if of else "fd")
        self._choices = choices

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        own = (*(Use(self.of),) * 20, *(Use(self.of, 1),) * 3, Use(self.of, 2))
        return (*self._choices, *own, Use("fd"), -1, 63, -100)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, int) and (seen < 3 or seen > 1 << 20):
            return seen
        return super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        return "AT_FDCWD" if seen == -100 else super().show(seen)


class ChosenFd(FileDescriptor):
    """An fd of which it is known what is worth trying: the kinds that a call tells apart."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices


class Clocked(Kind):
    """A time, in seconds: what a program set itself is compared exactly, the present is only "now"."""

    EARLIEST = 1_500_000_000
    """Seconds since the epoch (2017). Clocks show later times, programs set earlier ones."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (1, 0, 2, 1_000_000, -1, 1 << 40)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return "now" if isinstance(seen, int) and self.EARLIEST < seen < 1 << 34 else seen

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return self.EARLIEST < one < 1 << 34 and self.EARLIEST < other < 1 << 34


class Fraction(Kind):
    """The nanoseconds (or microseconds) of a time: those that a program sets are small and few."""

    SET = (0, 1, 2, 500_000, 999_999, 1_000_000, 999_999_999, 1_000_000_000)

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*self.SET, -1)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen in self.SET or not isinstance(seen, int) else MASK

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return one not in self.SET and other not in self.SET


class Masked(Kind):
    """A value that differs from run to run (a time, a counter): only its presence is compared."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return None if seen is None else MASK

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return True


class AddressKind(Kind):
    """An address: NULL or not. One that a program made up is compared exactly."""

    def __init__(self, *choices: Choice) -> None:
        self._choices = choices or (ARENA, ARENA, ARENA + PAGE, ARENA + 2 * PAGE, ARENA + 1, DATA, *BAD_POINTERS)

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, int) and DATA <= seen < ARENA + ARENA_PAGES * PAGE:
            return seen
        return seen if seen in (0, None) else "addr"

    def show(self, seen: Seen) -> str:
        if isinstance(seen, int):
            return hex(seen) if seen else "NULL"
        return super().show(seen)


class Flags(Kind):
    """Bits, or one of several values, with names. `names` maps a name to its value; a mask of zero bits is `0`.

    `plain` are combinations that are worth trying most, the first of them for want of a better idea.
    """

    def __init__(
        self, names: Mapping[str, int], *, bits: bool = True, plain: tuple[int, ...] = (), only: tuple[int, ...] = ()
    ) -> None:
        self.names = names
        self.bits = bits
        self.plain = plain
        self.only = only
        """All that is tried, where it is given: for flags of which some block, or belong to another operation."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.only:
            return self.only
        tried = self.rest(struct)
        if not self.bits:
            return (*(self.plain or tried[:1]), *tried)
        plain = self.plain or (0,)
        return (*plain * max(1, max(len(tried), 16) // len(plain)), *tried)

    def rest(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        values = tuple(dict.fromkeys(self.names.values()))
        if not self.bits:
            return (*values * 3, max(values, default=0) + 1, -1)
        pairs = tuple(a | b for a, b in combinations(values, 2))
        unknown = 1 << 62 if any(value >> 32 for value in values) else 1 << 30
        many = (0, *values) * max(1, len(pairs) // (len(values) + 1))
        return (*many, *pairs, unknown, -1)

    def plainer(self, value: int, plain: Choice) -> list[int]:
        found = super().plainer(value, plain)
        if self.bits and value > 0 and value & (value - 1):
            found += [value & ~(1 << bit) for bit in range(value.bit_length()) if value >> bit & 1]
        return found

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

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*(signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGTERM) * 2, *SIGNALS)

    def show(self, seen: Seen) -> str:
        try:
            return signal.Signals(seen).name if isinstance(seen, int) else super().show(seen)
        except ValueError:
            return str(seen)


class PathKind(Kind):
    """A path. The pids in `/proc/PID` are the kernel's choice."""

    named = ("pid",)

    def __init__(self, *choices: Choice) -> None:
        self._choices = choices or PATHS

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return "addr" if isinstance(seen, int) and seen else seen
        parts = seen.split("/")
        if parts[:2] == ["", "proc"] and len(parts) > 2 and _PID.fullmatch(parts[2]):
            parts[2] = names.name("pid", int(parts[2]))
        return "/".join(parts)


class Memory(Kind):
    """A pointer to memory: bytes, a struct, or an address that a case made up."""

    counted = False
    """Whether the kernel fills it up to the call's result, in bytes."""
    holds: Kind | None = None
    """What is known of its content beside the struct that it may be; None: it is compared as it is."""

    def __init__(
        self, *, out: bool = False, reads: bool = True, counted: bool = False, choices: tuple[Choice, ...] = ()
    ) -> None:
        self.out = out
        self.reads = reads
        if counted:
            self.counted = True
        self._choices = choices

    def holding(self, content: Kind) -> Memory:
        """Such memory, with what is known of its content."""
        found = copy(self)
        found.holds = content
        found.named = content.named
        return found

    @property
    def masked(self) -> bool:
        """Whether its content is different on every run."""
        return isinstance(self.holds, Masked)

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.holds and (found := self.holds.memory(struct)):
            return found
        if self._choices:
            good: tuple[Choice, ...] = self._choices
        elif struct is not None and struct.members:
            size = struct.size()
            good = tuple(struct_blobs(struct)) if self.reads else (room(size),) * 4 + (room(size, edge=True),)
        else:
            good = ROOMS if self.out else TEXTS
        good *= max(1, 40 // max(1, len(good)))
        return (*good, *BAD_POINTERS * (len(good) // 40 or 1))

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        """What of the memory that a successful call has written is a resource: offset, width in bytes, family."""
        if self.holds and (found := self.holds.resources(struct)) is not None:
            yield from found
            return
        if self.reads:  # what a program says there is its own
            return
        for name, notes in struct.members.items() if struct else ():
            family = next((note.family for note in notes if isinstance(note, Kind)), None)
            if family and family != "pid":  # a pid in a struct is one that the program knows, or is nobody's any more
                field = getattr(struct, name)
                yield field.offset, field.size, family

    def normal(self, seen: Seen, names: Names) -> Seen:
        if self.holds and not isinstance(seen, int) and seen is not None:
            return self.holds.normal(seen, names)
        return "addr" if isinstance(seen, int) and seen else seen

    def show(self, seen: Seen) -> str:
        if self.holds and not isinstance(seen, int) and seen is not None:
            return self.holds.show(seen)
        return hex(seen) if isinstance(seen, int) and seen else super().show(seen)


class MemoryOr(Memory):
    """Memory, or a number of some kind: what calls take that do many things (`ptrace`, `keyctl`)."""

    def __init__(self, number: Kind, *, out: bool = False, reads: bool = True) -> None:
        super().__init__(out=out, reads=reads)
        self.number = number

    def normal(self, seen: Seen, names: Names) -> Seen:
        return self.number.normal(seen, names) if isinstance(seen, int) else super().normal(seen, names)


class OneOf(Kind):
    """What memory holds: one of several structs, whichever another argument asks for; their members tell them apart.

    The pointer's own annotation names no struct, which would lend its members' kinds to all of them. `other` is what
    memory means that is none of them.
    """

    def __init__(self, *structs: type[Struct], other: Kind | None = None) -> None:
        self.other = other or Kind()
        self.named = self.other.named
        self._kinds = {
            frozenset(struct.members): {
                name: note for name, notes in struct.members.items() for note in notes if isinstance(note, Kind)
            }
            for struct in structs
        }

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, dict):
            return self.other.normal(seen, names)
        kinds = self._kinds.get(frozenset(seen), {})
        return {name: kinds[name].normal(value, names) if name in kinds else value for name, value in seen.items()}

    def show(self, seen: Seen) -> str:
        return self.other.show(seen)


class Number32(Kind):
    """Memory that holds a number of four or eight bytes."""

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, str) or len(seen) not in (4, 8):
            return super().show(seen)
        return f"[{int.from_bytes(seen.encode('latin-1', 'replace'), 'little', signed=True)}]"


class NumberMemory(Memory):
    """A pointer to a number of four or eight bytes."""

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, str) or len(seen) not in (4, 8):
            return super().show(seen)
        return f"[{int.from_bytes(seen.encode('latin-1', 'replace'), 'little', signed=True)}]"


class ChosenMemory(Memory):
    """Memory of which it is known what is worth trying: nothing is added, NULL least of all."""

    def __init__(self, *choices: Choice, out: bool = False, reads: bool = True) -> None:
        super().__init__(out=out, reads=reads, choices=choices)

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return self._choices


class MaskedMemory(Memory):
    """Memory whose content is different on every run (random bytes, a listing of counters)."""

    masked = True

    def normal(self, seen: Seen, names: Names) -> Seen:
        return MASK if isinstance(seen, str | dict) else super().normal(seen, names)


class CountedMemory(Memory):
    """Memory that the kernel fills up to the call's result, in bytes."""

    counted = True

    def __init__(self, *choices: Choice) -> None:
        super().__init__(out=True, reads=False, choices=choices)


class FdPair(Memory):
    """Two C ints that the kernel fills with new fds, of what `families` say."""

    named = ("fd",)

    def __init__(self, *families: str) -> None:
        super().__init__(out=True, reads=False, choices=(*(room(8),) * 12, room(8, edge=True)))
        self.families = families or ("", "")

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        for at, of in enumerate(self.families):
            yield at * 4, 4, f"fd:{of}" if of else "fd"

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 8:
            return super().normal(seen, names)
        return [names.name("fd", each) for each in self._numbers(seen)]

    def show(self, seen: Seen) -> str:
        return str(self._numbers(seen)) if isinstance(seen, str) and len(seen) == 8 else super().show(seen)

    def _numbers(self, seen: str) -> list[int]:
        data = seen[:8].encode("latin-1", "replace")
        return [int.from_bytes(data[at : at + 4], "little", signed=True) for at in (0, 4)]


S = TypeVar("S")

# Scalars
Int = Annotated[int, Kind()]
Size = Annotated[int, Length()]
Offset = Annotated[int, Number(0, 0, 0, 1, 5, 13, 26, 27, 100, 4095, 4096, 4097, 1 << 20, -1, 1 << 40, (1 << 63) - 1, -(1 << 63))]
Bits = Annotated[int, Hex()]
NoFlags = Annotated[int, Choices(often(0), seldom(1))]
"""Flags of which the kernel knows none: anything but 0 is refused."""
Unused = Annotated[int, Choices(often(0), seldom(1))]
"""An argument that nobody looks at, or that must be 0."""
AlwaysZero = Annotated[int, Choices(0)]
"""What a call takes no notice of: nothing else is tried."""
Mode = Annotated[int, Octal()]
Fd = Annotated[int, FileDescriptor()]
Dir = Annotated[int, FileDescriptor("dir", *(-100,) * 24)]
Pid = Annotated[int, Renamed("pid", keep=(0, -1, 1))]
SomePid = Annotated[int, Numbered("pid", keep=(0, -1, 1))]
Uid = Annotated[int, Number(0, 0, 1000, 65534, 1, -1, 0x7FFFFFFF)]
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
"""Memory that the kernel fills up to the call's result."""
OutBuffer = Annotated[Buffer | int | None, Memory(out=True, reads=False)]
OutRandom = Annotated[Buffer | int | None, MaskedMemory(out=True, reads=False)]
OutFds = Annotated[Buffer | int | None, FdPair()]
OutInt = Annotated[Buffer | Struct | int | None, NumberMemory(out=True, reads=False)]
SizePointer = Annotated[bytes | Buffer | int | None, NumberMemory(out=True, choices=LENGTHS)]
"""Where a call reads how much room there is, and writes how much it needed (`socklen_t *`)."""
Any_ = Annotated[bytes | Buffer | Struct | int | None, Memory(out=True)]
"""Whatever an operation of a multiplexed call (`ioctl`, `prctl`, `fcntl` …) takes: a number or memory."""

# Struct members that are the kernel's choice
Ino64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("ino")]
Dev64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("dev", keep=(0,))]
Fd32 = Annotated[int, Layout(ctypes.c_int32), FileDescriptor()]
Pid32 = Annotated[int, Layout(ctypes.c_int32), Renamed("pid", keep=(0, -1, 1))]
Id32 = Annotated[int, Layout(ctypes.c_int32), Renamed("id", keep=(0, -1))]
Seconds64 = Annotated[int, Layout(ctypes.c_int64), Clocked()]
Fraction32 = Annotated[int, Layout(ctypes.c_uint32), Fraction()]
Fraction64 = Annotated[int, Layout(ctypes.c_int64), Fraction()]
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
