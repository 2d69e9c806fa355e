"""What Linux does with a call of a program, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Compare(StrEnum):
    """How a number is held against another."""

    EQUAL = "="
    UNEQUAL = "!="
    LEAST = ">="
    MOST = "<="
    MORE = ">"
    LESS = "<"


@dataclass(frozen=True, slots=True)
class Returns:
    """It succeeds, with such a result."""

    compare: Compare
    value: int


@dataclass(frozen=True, slots=True)
class ReturnsResult:
    """It succeeds, and its result is the one of an earlier call, by its place in the program."""

    step: int


@dataclass(frozen=True, slots=True)
class Succeeds:
    """It succeeds, with any result."""


@dataclass(frozen=True, slots=True)
class Fails:
    """It fails, with one of these errnos: several where Linux promises no order of its checks."""

    errnos: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Blocks:
    """It does not return."""


@dataclass(frozen=True, slots=True)
class Killed:
    """It ends the program with a signal."""

    signal: str
    code: str = ""
    """The si_code, such as `SEGV_MAPERR` (sigaction(2)); "" where nothing is said of it."""


@dataclass(frozen=True, slots=True)
class Exits:
    """It ends the program, with such a status."""

    status: int


End: TypeAlias = "Returns | ReturnsResult | Succeeds | Fails | Blocks | Killed | Exits"


@dataclass(frozen=True, slots=True)
class Bound:
    """Of a member of what was written, by its dotted name."""

    member: str
    compare: Compare
    value: int | bytes


@dataclass(frozen=True, slots=True)
class InRow:
    """Of one of the structs in memory that is made of one after the other."""

    members: tuple[Bound, ...]
    later: bool = False
    """Whether others may be before it that are not promised."""


@dataclass(frozen=True, slots=True)
class Written:
    """What an argument's memory holds when the call is over: some members of it, bytes, or structs in a row.

    The argument's name may lead on to memory that it points to: `message.control`.
    """

    argument: str
    """By name; "" where there is only one that it may be."""
    members: tuple[Bound, ...] = ()
    data: bytes | None = None
    """All that was written."""
    groups: tuple[InRow, ...] = ()
    """Of the structs that are there one after the other, from the first one on."""


@dataclass(frozen=True, slots=True)
class Promise:
    """What Linux does with one call."""

    end: End
    written: tuple[Written, ...] = ()
    missing: tuple[str, ...] | None = None
    """Errnos that say that the feature is not there, which breaks no promise; empty: those that always do."""
    condition: str = ""
    """On versions, such as `kernel >= 6.6`: elsewhere nothing is promised."""
    needs: tuple[str, ...] = ()
    """What the program must be run with, such as `root`, for this to be promised."""
