"""The facts that are counted, and a run's coverage of them."""

from __future__ import annotations

import errno as errnos
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

NUMBERS = {name: value for name, value in vars(errnos).items() if name.startswith("E") and isinstance(value, int)}
NUMBERS |= {"EHWPOISON": 133}
"""Every errno that a program can see, by any of its names. Python does not know all of them."""
NAMES = {value: name for name, value in NUMBERS.items()} | {errnos.EAGAIN: "EAGAIN", errnos.EOPNOTSUPP: "EOPNOTSUPP"}


class Pair(NamedTuple):
    """That a call fails with an errno."""

    call: str
    error: int

    @property
    def name(self) -> str:
        """Of the errno: `ENOENT`."""
        return NAMES.get(self.error, str(self.error))


class Flag(NamedTuple):
    """That an argument, or a struct's member, has a value or bits with a name: `open`, `flags`, `O_CREAT`."""

    call: str
    argument: str
    name: str


class Documented(NamedTuple):
    """A line of the table of documented errnos. Two lines may be one pair: EAGAIN and EWOULDBLOCK are one number."""

    call: str
    errno: str
    pages: tuple[str, ...] = ()

    @property
    def pair(self) -> Pair | None:
        """What a trace would show; None where it is no errno that a program can see."""
        return Pair(self.call, NUMBERS[self.errno]) if self.errno in NUMBERS else None


@dataclass(frozen=True)
class Met:
    """The facts that some cases have met."""

    cases: int = 0
    calls: frozenset[str] = frozenset()
    """Those that succeeded."""
    pairs: frozenset[Pair] = frozenset()
    flags: frozenset[Flag] = frozenset()
    """In calls that succeeded: a flag that is only refused is none that is met."""
    operations: frozenset[str] = frozenset()
    """By label, those that succeeded: `fcntl_dupfd`."""

    @classmethod
    def together(cls, several: Iterable[Self]) -> Met:
        """What any of several has met."""
        found = tuple(several)
        return Met(
            sum(each.cases for each in found),
            frozenset().union(*(each.calls for each in found)),
            frozenset().union(*(each.pairs for each in found)),
            frozenset().union(*(each.flags for each in found)),
            frozenset().union(*(each.operations for each in found)),
        )

    @cached_property
    def made(self) -> frozenset[str]:
        """The calls that were made, whatever came of it."""
        return self.calls | {each.call for each in self.pairs}


@dataclass(frozen=True)
class Coverage:
    """What the targets of a run have met, by area of cases, of all that there is to be met."""

    targets: Mapping[str, str]
    """The release that each says it is, by name."""
    machines: frozenset[str]
    """Whose tables count: `x86_64`."""
    table: frozenset[str]
    """The calls that the kernel's table has there."""
    documented: tuple[Documented, ...]
    flags: frozenset[Flag]
    """That the descriptions have."""
    operations: frozenset[str]
    """That the descriptions have, by label."""
    areas: Mapping[str, Met]

    @cached_property
    def met(self) -> Met:
        """What all areas have met."""
        return Met.together(self.areas.values())

    @cached_property
    def pairs(self) -> frozenset[Pair]:
        """The documented ones."""
        return frozenset(pair for each in self.documented if (pair := each.pair))

    def documented_by(self, met: Met) -> tuple[Documented, ...]:
        """The lines of the manual that some cases have met."""
        return tuple(each for each in self.documented if each.pair in met.pairs)

    def undocumented_by(self, met: Met) -> frozenset[Pair]:
        """The pairs that some cases have met and no page has."""
        return met.pairs - self.pairs
