"""Flags and operations: those that the descriptions have, and those that a call shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from conformance.coverage.facts import Flag
from conformance.model import Json
from conformance.syscalls.machinery.call import Operation, Pseudo, Syscall
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.table import grammar, operations, stubs


@cache
def _places(description: Syscall[Any]) -> tuple[tuple[int, str, str, Flags], ...]:
    """Where a call takes flags: the argument's place and name, the member where it is a struct (else ""), the kind."""
    found = []
    for at, parameter in enumerate(description.parameters):
        if isinstance(parameter.kind, Flags):
            found.append((at, parameter.name, "", parameter.kind))
        if parameter.struct is not None and parameter.kind.reads:
            for member, notes in parameter.struct.members.items():
                found += [(at, f"{parameter.name}.{member}", member, note) for note in notes if isinstance(note, Flags)]
    return tuple(found)


def _named(kind: Flags, value: int) -> set[str]:
    """The names that a value has: of bits each, but for those that a wider name holds (`O_SYNC` has `O_DSYNC`)."""
    return {name for name in kind.show(value).split("|") if name in kind.names}


def flags_of(description: Syscall[Any]) -> Iterator[Flag]:
    """The flags that a description has. Of several names of one value it is the one that traces show."""
    for _, argument, _, kind in _places(description):
        yield from (Flag(description.name, argument, name) for name in _names(kind))


@cache
def _names(kind: Flags) -> frozenset[str]:
    """Those of its values, but for that of no bits: many calls take the same kind."""
    values = {value for value in kind.names.values() if value or not kind.bits}
    return frozenset(name for value in values for name in _named(kind, value))


@cache
def all_flags() -> frozenset[Flag]:
    """Those of every call, but for what only generated programs have."""
    return frozenset(flag for each in grammar().values() if not isinstance(each, Pseudo) for flag in flags_of(each))


@cache
def all_operations() -> frozenset[str]:
    """The label of every operation."""
    return frozenset(each.__name__ for several in operations().values() for each in several)


def meant_by(call: str, args: Sequence[object]) -> list[Syscall[Any]]:
    """The descriptions that fit a call as it was made: its own, and those of operations."""
    own = stubs().get(call)
    meant: list[Syscall[Any]] = [each for each in operations().get(call, ()) if each.matches(args)]
    return meant if own is None else [own, *meant]


def shown(call: str, args: Sequence[Json]) -> tuple[set[Flag], set[str]]:
    """The flags and the operations of a call, as it was made."""
    flags: set[Flag] = set()
    meant = meant_by(call, args)
    for each in meant:
        for at, argument, member, kind in _places(each):
            value = args[at] if at < len(args) else None
            seen = value.get(member) if member and isinstance(value, dict) else None if member else value
            if isinstance(seen, int):
                flags |= {Flag(call, argument, name) for name in _named(kind, seen)}
    return flags, {each.__name__ for each in meant if isinstance(each, Operation)}
