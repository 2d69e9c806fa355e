"""Values as they are written, before it is known what they are of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from conformance.programs.notation.tokens import Token


@dataclass(frozen=True, slots=True)
class Term:
    """A number, or a name and how much more."""

    at: Token
    number: int
    """What is added where there is a name."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Numeral:
    """Numbers and names with `|` between them."""

    at: Token
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What an earlier call made: `r0`, `r0.fds[1]`, `r0.status.st_ino`, `r0.buf[@3:2]`."""

    at: Token
    path: tuple[Token, ...] = ()
    """The argument, and members below it."""
    element: int = -1
    """Which one of those in a row; -1: none is said."""
    offset: int = -1
    """Where in the memory, in bytes; -1: none is said."""
    width: int = 4


@dataclass(frozen=True, slots=True)
class SizeOfMemory:
    """`size`: how large the memory before it is."""

    at: Token


@dataclass(frozen=True, slots=True)
class Put:
    """`put(5)`: a number that is put into memory by itself, as a result is."""

    at: Token
    value: Numeral


@dataclass(frozen=True, slots=True)
class Text:
    """Bytes."""

    at: Token
    data: bytes
    open: bool = False
    """Whether no zero byte follows: `"f0"...`."""


@dataclass(frozen=True, slots=True)
class Items:
    """Values one after the other: `[1, 2]`, `u64["one", size]`."""

    at: Token
    width: int
    """Of each, in bytes; 0: none is said."""
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Members:
    """A struct: `{size=48, policy=SCHED_BATCH}`."""

    at: Token
    items: tuple[tuple[Token, Value], ...]


@dataclass(frozen=True, slots=True)
class Patch:
    """One of `@{8:4=r0}`: what is put into memory, at which offset, how wide."""

    at: Token
    offset: int
    width: int
    value: Value


@dataclass(frozen=True, slots=True)
class Block:
    """Memory."""

    at: Token
    pieces: tuple[Text | Items | Members, ...]
    patches: tuple[Patch, ...] = ()
    edge: bool = False


@dataclass(frozen=True, slots=True)
class Room:
    """Memory for a call to fill."""

    at: Token
    size: int
    """In bytes; -1: as much as the call's own struct takes."""
    patches: tuple[Patch, ...] = ()
    edge: bool = False


Value: TypeAlias = "Numeral | Result | SizeOfMemory | Put | Block | Room"
"""Pieces of memory stand in blocks, also alone."""
