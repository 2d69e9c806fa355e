"""Which of the kernel's constants the descriptions offer as a choice, and why the others are not offered."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, reduce
from operator import or_
from typing import NamedTuple

from conformance.coverage.documents import lines, shipped
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.choices import Choice, member_choices
from conformance.syscalls.machinery.kinds import Flags, Kind
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import grammar


class Constant(NamedTuple):
    """A number that has a name in the kernel's headers."""

    header: str
    name: str
    value: int


class Excuse(NamedTuple):
    """Why the constants of a header whose whole names match a regular expression are not offered."""

    header: str
    names: str
    reason: str

    def holds_for(self, constant: Constant) -> bool:
        """Whether it is said of a constant."""
        return self.header == constant.header and re.fullmatch(self.names, constant.name) is not None


@cache
def constants() -> tuple[Constant, ...]:
    """Every constant of the headers, by header and name."""
    return tuple(Constant(header, name, int(value)) for header, name, value in lines(shipped("constants.tsv")))


@cache
def excuses() -> tuple[Excuse, ...]:
    """The reasons that there are."""
    return tuple(Excuse(*each) for each in lines(shipped("unoffered.tsv")))


@cache
def offered() -> frozenset[tuple[str, int]]:
    """Every constant, name and value, that is a choice of an argument or of a struct's member in what programs make."""
    found: set[tuple[str, int]] = set()
    structs: set[type[Struct]] = set()
    for description in (each for each in grammar().values() if not each.facts.never):
        for parameter in description.parameters:
            found |= _named(parameter.kind, (*parameter.choices, *parameter.strays))
            if parameter.struct is not None and parameter.kind.reads:
                structs.add(parameter.struct)
            if isinstance(parameter.kind, Pointer):
                structs |= {each for each in (parameter.kind.layout, *parameter.kind.layouts.values()) if each}
    seen: set[type[Struct]] = set()
    while structs:
        struct = structs.pop()
        if struct not in seen:
            seen.add(struct)
            found |= _of_members(struct)
            structs |= set(_inside(struct))
    return frozenset(found)


def _of_members(struct: type[Struct]) -> set[tuple[str, int]]:
    found: set[tuple[str, int]] = set()
    for member, notes in struct.members.items():
        for kind in notes:
            if isinstance(kind, Kind):
                found |= _named(kind, (*member_choices(struct, member), *kind.strays))
    return found


def _inside(struct: type[Struct]) -> Iterator[type[Struct]]:
    """The structs that are members of another one, or that its members point to."""
    for notes in struct.members.values():
        for note in notes:
            if isinstance(note, type) and issubclass(note, Struct):
                yield note
            elif isinstance(note, Kind):
                yield from (each for each in (note.layout, *note.layouts.values()) if each)


def _named(kind: Kind, choices: tuple[Choice, ...]) -> set[tuple[str, int]]:
    """The names of a kind's numbers that are among choices: alone, or bits together with others that have names."""
    numbers = {each for each in choices if isinstance(each, int)}
    bits = reduce(or_, (each for each in numbers if _is_named(kind, each)), 0)
    return {(name, value) for name, value in kind.words.items() if value in numbers or (value and value & ~bits == 0)}


def _is_named(kind: Kind, value: int) -> bool:
    """Whether a number is made of bits that have names."""
    return isinstance(kind, Flags) and kind.bits and value > 0 and not value & ~reduce(or_, kind.names.values(), 0)


def unoffered() -> Iterator[tuple[Constant, tuple[Excuse, ...]]]:
    """The constants that no description offers, each with the reasons that are given."""
    for each in constants():
        if (each.name, each.value) not in offered():
            yield each, tuple(excuse for excuse in excuses() if excuse.holds_for(each))
