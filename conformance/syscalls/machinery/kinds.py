"""Kinds of values: what an argument, a result or a struct member means.

A kind says how a value is compared between kernels (`normal`), how it is shown in a trace (`show`) and in C (`to_c`),
and what programs try where nothing else is said (`usual`). It travels in an annotation, so that a stub reads like its
man page, and a rule is written once, for the kind. How programs as text have it is `spell`, and `words` are what may
be read there beside numbers and constants.

Values are *seen* in the form that a record keeps: an `int`, text for bytes (latin-1, so that every byte survives
JSON), a dict for a struct, `None` for NULL.
"""

from __future__ import annotations

import re
import signal
import stat
from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from types import MappingProxyType
from typing import ClassVar, Protocol, Self, TypeAlias

from conformance.model import Json
from conformance.syscalls.machinery.buffers import POISON, Struct
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    NUMBERS,
    PATHS,
    Choice,
    Choices,
    LengthOf,
    Use,
    often,
    rarely,
    seldom,
)
from conformance.syscalls.machinery.places import PLACES, number_spelled, place_spelled
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, DATA, PAGE

Seen: TypeAlias = Json

AT_FDCWD = -100
PIDFD_SELF_THREAD, PIDFD_SELF_THREAD_GROUP, PIDFD_SELF, PIDFD_SELF_PROCESS = -10000, -10001, -10000, -10001
FD_PIDFS_ROOT, FD_NSFS_ROOT, FD_FAILFS_ROOT, FD_INVALID = -10002, -10003, -10004, -10009
_PID = re.compile("[0-9]{1,10}")
MASK = "*"
"""What stands for a value that cannot be compared."""


_NAMED = (signal.SIGALRM, signal.SIGHUP, signal.SIGPIPE, signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGURG)
SIGNALS = (*map(int, _NAMED), 34, 64, 0, 65, -1)
"""Ones that mean something of their own, real-time ones, and numbers that are none."""
BITS = tuple(1 << at for at in range(32))
SMALL, BEHIND = 256, 8
"""Options and operations below the first are mostly counted through; how many of those that may follow are tried."""
_NO_WORDS: Mapping[str, int] = MappingProxyType({})
_NO_LAYOUTS: Mapping[int, type[Struct]] = MappingProxyType({})
_NO_FDS: Mapping[str, int] = MappingProxyType(
    {
        "AT_FDCWD": AT_FDCWD,
        "PIDFD_SELF": PIDFD_SELF,
        "PIDFD_SELF_PROCESS": PIDFD_SELF_PROCESS,
        "PIDFD_SELF_THREAD": PIDFD_SELF_THREAD,
        "PIDFD_SELF_THREAD_GROUP": PIDFD_SELF_THREAD_GROUP,
        "FD_PIDFS_ROOT": FD_PIDFS_ROOT,
        "FD_NSFS_ROOT": FD_NSFS_ROOT,
        "FD_FAILFS_ROOT": FD_FAILFS_ROOT,
        "FD_INVALID": FD_INVALID,
    }
)
"""What stands for an fd without being one (linux/fcntl.h)."""
_MODES: Mapping[str, int] = MappingProxyType(
    {name: each for name, each in vars(stat).items() if name.startswith("S_I") and isinstance(each, int)}
)
_SIGNALS: Mapping[str, int] = MappingProxyType({name: int(each) for name, each in signal.Signals.__members__.items()})


UNWRITTEN = frozenset(
    int.from_bytes(bytes([POISON] * width), "little", signed=signed) for width in (4, 8) for signed in (False, True)
)
"""What a number is in memory that was made ready for a call, which has not written there."""


class Names:
    """Alpha-renaming: the first fd that appears is `fd#1`, wherever it comes from; equal values get equal names."""

    def __init__(self) -> None:
        self._seen: dict[str, dict[int, int]] = {}
        self._files: dict[int, int] = {}
        self._listed: set[int] = set()

    def name(self, family: str, value: int) -> str:
        """The name of `value` among the values of `family`, in order of appearance."""
        family_names = self._seen.setdefault(family, {})
        return f"{family}#{family_names.setdefault(value, len(family_names) + 1)}"

    def share(self, one: int, other: int) -> None:
        """Say that two fds are one open file."""
        self._files[one] = self._file(other)

    def list_directory(self, fd: int) -> None:
        """Say that the entries of a directory were read by an fd: its position is the file system's choice since."""
        self._listed.add(self._file(fd))

    def is_listed(self, fd: int) -> bool:
        """Whether that has been said of an fd, or of one that is the same open file."""
        return self._file(fd) in self._listed

    def _file(self, fd: int) -> int:
        return self._files.get(fd, fd)

    def known(self, family: str, value: int) -> str | None:
        """The name of `value`, if it has appeared among the values of `family`."""
        number = self._seen.get(family, {}).get(value)
        return None if number is None else f"{family}#{number}"


class Pairs(Protocol):
    """Values that stand for each other on two kernels, by family."""

    def are_one(self, family: str, one: int, other: int) -> bool:
        """Whether neither has stood for something else."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One of the things that lie one after the other in memory of a kind that says so (`Kind.pieces`)."""

    at: int
    size: int
    """In bytes, to where the next one begins."""
    struct: type[Struct] | None = None
    """What it is; None: bytes of which nothing is known."""
    depth: int = -1
    """The head of a record: 0 of an outermost one, 1 of one within that. -1: it belongs to the record that began."""
    filler: bool = False
    """Whether nobody promises what is in it: padding, and what is left of something that was cut off."""


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

    worth: ClassVar[Choices] = NUMBERS
    """What is worth trying where nothing else is said."""

    terminated: ClassVar[bool] = False
    """Whether text in such memory ends with a zero byte, which programs as text leave out."""

    @property
    def words(self) -> Mapping[str, int]:
        """Names that values have in programs as text, beside those of constants."""
        return _NO_WORDS

    @property
    def layout(self) -> type[Struct] | None:
        """The struct of which such memory holds any number, where the annotation names none."""
        return None

    @property
    def layouts(self) -> Mapping[int, type[Struct]]:
        """The structs that such memory may hold, by what their first member says."""
        return _NO_LAYOUTS

    @property
    def content(self) -> Kind | None:
        """What is known of the memory that such a value is the address of."""
        return None

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        """The structs that may be among the `pieces` of such memory; none: it is not made of pieces."""
        return ()

    def pieces(self, data: bytes) -> Iterator[Piece]:
        """What such memory is made of, where it is one thing after the other, from its beginning on.

        Each is told before anything is read that lies in it or behind it, so that half of a text can be read; the last
        ones may lie behind the end of the data.
        """
        return iter(())

    def spell(self, value: int) -> str:
        """A number as programs write it: a number, names that `words` or constants have, several with `|`."""
        return number_spelled(value)

    @property
    def strays(self) -> tuple[int, ...]:
        """Numbers that are tried, too, though hardly ever, beside those that are worth trying."""
        return ()

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        """What a generated program may put here, the plainest that works first; what is repeated is likelier.

        `struct` is what a pointer points to, where it is known.
        """
        return self.worth.named

    def made_one_of(self, family: str) -> Self:
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
        return self.usual(struct)

    def to_c(self, value: int) -> str:
        """A constant as C source: the number, as names may be newer than the headers, and what it means."""
        number = hex(value & (1 << 64) - 1) + "UL" if value >> 31 not in (0, -1) else str(value)
        shown = self.show(value)
        return number if shown in (number, str(value)) else f"{number} /* {shown} */"

    def normal(self, seen: Seen, names: Names) -> Seen:
        """The form in which two kernels' values are compared."""
        return seen

    def normal_result(self, seen: Seen, args: Sequence[Seen], names: Names) -> Seen:
        """The same of what a call has returned that was given these arguments."""
        return self.normal(seen, names)

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

    def spell(self, value: int) -> str:
        return self.show(value)

    def show(self, seen: Seen) -> str:
        return hex(seen) if isinstance(seen, int) and not -4096 < seen < 10 else super().show(seen)


class Octal(Kind):
    """File modes."""

    @property
    def words(self) -> Mapping[str, int]:
        return _MODES

    @property
    def strays(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(_MODES.values()))

    worth = Choices(0o644, 0o755, seldom(0o600, 0, 0o7777, 0o1777, 0o444, 0o4755, 0o2755, -1))

    def spell(self, value: int) -> str:
        return self.show(value) if 0 < value < 1 << 16 else super().spell(value)

    def show(self, seen: Seen) -> str:
        return f"0{seen:o}" if isinstance(seen, int) and seen > 0 else super().show(seen)


class Length(Kind):
    """The size of the memory before it, in units of `unit` bytes."""

    def __init__(self, unit: int = 1) -> None:
        self.unit = unit

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        near = LengthOf(self.unit, -1), LengthOf(self.unit, 1)
        return Choices(often(LengthOf(self.unit)), rarely(*near, 0, 1, -1, 0x7FFFFFFF, 1 << 40)).named


class Renamed(Kind):
    """A number that is the kernel's choice; only whether two are the same one is compared."""

    def __init__(self, family: str, keep: tuple[int, ...] = (), *, resource: bool = True) -> None:
        """`keep` are numbers that mean something of their own. No `resource`: nothing for a program to go on with, such
        as a parent, or a process that is gone."""
        self.of: str = family
        self.family = family if resource else None
        self.named = (family.partition(":")[0],)
        self.keep = keep

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.family is None:
            return super().usual(struct)
        return Choices(often(Use(self.family)), Use(self.family, 1), Use(self.family, 2), -1, 0, 0x7FFFFFFE).named

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, int) or seen in self.keep or seen in UNWRITTEN:
            return seen
        return names.name(self.named[0], seen)

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        plain = type(self).normal is Renamed.normal and UNWRITTEN.isdisjoint((one, other))
        return plain and one not in self.keep and other not in self.keep and pairs.are_one(self.named[0], one, other)


class FileDescriptor(Renamed):
    """An fd: renamed, but for the standard streams, negative numbers and AT_FDCWD.

    `of` says what it must refer to, as in `socket` or `socket:tcp`.
    """

    def __init__(self, of: str = "") -> None:
        super().__init__(f"fd:{of}" if of else "fd")

    @property
    def words(self) -> Mapping[str, int]:
        return _NO_FDS

    @property
    def strays(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(_NO_FDS.values()))

    def spell(self, value: int) -> str:
        return "AT_FDCWD" if value == AT_FDCWD else super().spell(value)

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        others = rarely(Use(self.of, 2), Use("fd"), -1, 63, AT_FDCWD)
        return Choices(often(Use(self.of)), Use(self.of, 1), others).named

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, int) and (seen < 3 or seen > 1 << 20):
            return seen
        return super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        return "AT_FDCWD" if seen == AT_FDCWD else super().show(seen)


class SameFile(FileDescriptor):
    """A new fd for the open file of the first argument."""

    def normal_result(self, seen: Seen, args: Sequence[Seen], names: Names) -> Seen:
        if isinstance(seen, int) and args and isinstance(args[0], int):
            names.share(seen, args[0])
        return self.normal(seen, names)


class Clocked(Kind):
    """A time, in seconds: what a program set itself is compared exactly, the present is only "now"."""

    EARLIEST = 1_500_000_000
    """Seconds since the epoch (2017). Clocks show later times, programs set earlier ones."""

    worth = Choices(1, 0, 2, 1_000_000, -1, 1 << 40)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return "now" if isinstance(seen, int) and self.EARLIEST < seen < 1 << 34 else seen

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return self.EARLIEST < one < 1 << 34 and self.EARLIEST < other < 1 << 34


class Fraction(Kind):
    """The nanoseconds (or microseconds) of a time: those that a program sets are small and few."""

    SET = (0, 1, 2, 500_000, 999_999, 1_000_000, 999_999_999, 1_000_000_000)

    worth = Choices(*SET, -1)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen in self.SET or not isinstance(seen, int) else MASK

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return one not in self.SET and other not in self.SET


def is_unwritten(seen: Seen) -> bool:
    """Whether a value is what memory holds that was made ready for a call, which has not written there."""
    if isinstance(seen, str):
        return not seen.strip(chr(POISON))
    return isinstance(seen, int) and seen in UNWRITTEN


class Masked(Kind):
    """A value that differs from run to run (a time, a counter): only its presence is compared."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if seen is None or is_unwritten(seen) else MASK

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return True


class Later(Masked):
    """What it points to may be written after the call has returned, whenever: a program does not look at it."""


class OfCode(Kind):
    """What the code around a call leaves in a register: the same wherever the same code runs, and only there."""


class ZeroOrNot(Kind):
    """A number of which only is compared whether it is zero: how much there is, the number of a device or a mount."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return MASK if isinstance(seen, int) and seen else seen

    def alike(self, one: int, other: int, pairs: Pairs) -> bool:
        return bool(one) and bool(other)


class AddressKind(Kind):
    """An address: NULL or not. One that a program made up is compared exactly."""

    worth = Choices(ARENA, seldom(ARENA + PAGE, ARENA + 2 * PAGE, ARENA + 1, DATA, *BAD_POINTERS))

    @property
    def words(self) -> Mapping[str, int]:
        return PLACES

    def spell(self, value: int) -> str:
        return place_spelled(value)

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

    What is not worth trying by itself is tried all the same, hardly ever: names that no choice has, and what has no
    name yet and may mean something to a kernel that is newer, or to one that is no Linux: single bits, and numbers
    among the small ones, or next to larger ones.
    """

    def __init__(self, names: Mapping[str, int], *, bits: bool = True) -> None:
        self.names = names
        self.bits = bits

    @cached_property
    def _by_value(self) -> Mapping[int, str]:
        return {value: name for name, value in [*self.names.items()][::-1]}

    @cached_property
    def _largest_first(self) -> tuple[tuple[int, str], ...]:
        return tuple(sorted(((value, name) for name, value in self.names.items()), key=lambda item: -item[0]))

    @property
    def strays(self) -> tuple[int, ...]:
        named = dict.fromkeys(self.names.values())
        return tuple(dict.fromkeys((*named, *(BITS if self.bits else _beside(set(named))))))

    @property
    def words(self) -> Mapping[str, int]:
        return self.names

    def spell(self, value: int) -> str:
        if self.bits and value < 0:  # rather no bits but a number that is none of them
            return number_spelled(value)
        shown = self.show(value)
        if shown in (str(value), hex(value)):
            zero = next((name for name, each in self.names.items() if not each), "") if not value else ""
            return zero or number_spelled(value)
        names, rest = shown.split("|"), []
        while self.bits and names and names[-1][:1].isdigit():
            rest.append(names.pop())
        return "|".join([*(reversed(names) if self.bits else names), *rest])

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        rest = self.rest(struct)
        return rest if not self.bits else (*(0,) * max(len(rest), 16), *rest)

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
            return self._by_value.get(seen) or str(seen)
        found, rest = [], seen
        for value, name in self._largest_first:
            if value and rest & value == value:
                found.append(name)
                rest &= ~value
        if rest or not found:
            found.append(hex(rest) if rest else "0")
        return "|".join(found)


def _beside(named: set[int]) -> Iterator[int]:
    """Numbers from 0 to a few behind the largest small one, and those that follow upon larger ones."""
    yield from range(max((each for each in named if each < SMALL), default=0) + BEHIND)
    yield from sorted({each + 1 for each in named if each >= SMALL})


class SignalNumber(Kind):
    """A signal's number."""

    worth = Choices(signal.SIGUSR1, signal.SIGUSR2, signal.SIGCHLD, signal.SIGTERM, seldom(*SIGNALS))

    @property
    def strays(self) -> tuple[int, ...]:
        return tuple(range(1, 66))

    @property
    def words(self) -> Mapping[str, int]:
        return _SIGNALS

    def spell(self, value: int) -> str:
        return self.show(value)

    def show(self, seen: Seen) -> str:
        try:
            return signal.Signals(seen).name if isinstance(seen, int) else super().show(seen)
        except ValueError:
            return str(seen)


class PathKind(Kind):
    """A path. The pids in `/proc/PID` are the kernel's choice."""

    named = ("pid",)

    worth = PATHS

    terminated = True

    @property
    def words(self) -> Mapping[str, int]:
        return PLACES

    def spell(self, value: int) -> str:
        return place_spelled(value)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return "addr" if isinstance(seen, int) and seen else seen
        parts = seen.split("/")
        if parts[:2] == ["", "proc"] and len(parts) > 2 and _PID.fullmatch(parts[2]):
            parts[2] = names.name("pid", int(parts[2]))
        return "/".join(parts)


def named(namespace: Mapping[str, object], *prefixes: str) -> dict[str, int]:
    """The integer constants of a module whose names begin with one of `prefixes`: what `Flags` shows."""
    return {name: value for name, value in namespace.items() if name.startswith(prefixes) and isinstance(value, int)}
