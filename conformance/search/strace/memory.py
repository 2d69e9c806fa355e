"""What a log shows of memory, as the memory of a program's call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from conformance.programs.notation.fields import Field, fields, known_struct
from conformance.programs.notation.tokens import WORD, Token
from conformance.programs.notation.tree import Block, Items, Members, Numeral, Text, Value
from conformance.search.strace.left import Unsaid
from conformance.search.strace.values import Said, SaidRow, SaidStruct, SaidText, number_in, numeral
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.kinds import AddressKind, Kind
from conformance.syscalls.machinery.table import constants
from conformance.syscalls.machinery.world import HANDLER, PAGE, RESTORER

MOST_ROOM = 4096
"""Bytes of memory of an argument; calls that have more are said with so much."""
FAMILY = "sa_family"
"""What strace calls the first member of every socket's address."""
LOOPBACK_NET = 127
LOOPBACKS6 = (bytes(16), bytes(15) + b"\1")

HANDLERS = {"sa_handler": HANDLER, "sa_sigaction": HANDLER, "sa_restorer": RESTORER}
"""What a program has of functions."""

Translated = Callable[[str, Said], "Value | None"]
"""What stands for the member of a name, where that is something else than the log says: an fd, a socket's path."""


def text(at: Token, data: bytes) -> Block:
    """Bytes."""
    return Block(at, (Text(at, data),))


def filled(value: SaidText, length: int) -> bytes:
    """A text with zero bytes in the place of what the log does not have, up to its length. Raises Unsaid."""
    if not value.cut:
        return value.data[:MOST_ROOM]
    if length < len(value.data):
        raise Unsaid("the log has a text only in part: `strace -s 4096` has more")
    return value.data.ljust(min(length, MOST_ROOM), b"\0")[:MOST_ROOM]


def row(value: SaidRow, width: int = 0) -> Block:
    """Numbers one after the other. Raises Unsaid."""
    _complete(value)
    items = tuple(each for each in value.items if isinstance(each, Numeral))
    if len(items) < len(value.items):
        raise Unsaid("its memory has more than numbers in it")
    return Block(value.at, (Items(value.at, width, items),))


def memory(value: Said, kind: Kind, struct: type[Struct] | None, translated: Translated) -> Value:
    """Memory, or a number that stands in it. Raises Unsaid."""
    if isinstance(value, Numeral):
        return value
    if isinstance(value, SaidText):
        return text(value.at, filled(value, 0))
    _complete(value)
    if isinstance(value, SaidRow):
        items = tuple(memory(each, kind, struct, translated) for each in value.items)
        return Block(value.at, (Items(value.at, 0, items),))
    if struct is None:
        struct = _of_family(value, kind)
    known = fields(struct) if struct is not None and struct.members else {}
    return Block(value.at, (Members(value.at, tuple(_members(value, known, translated))),))


def _of_family(value: SaidStruct, kind: Kind) -> type[Struct] | None:
    """The struct of a socket's address."""
    family = next((each for name, each in value.items if name.said == FAMILY), None)
    if not isinstance(family, Numeral):
        return None
    return kind.layouts.get(constants().get(family.terms[0].name, -1))


def _complete(value: SaidRow | SaidStruct) -> None:
    if value.cut:
        raise Unsaid("the log has its memory only in part: `strace -v` has all")


def _members(value: SaidStruct, known: Mapping[str, Field], translated: Translated) -> Iterator[tuple[Token, Value]]:
    lengths = {name.said: number_in(each) for name, each in value.items}
    for token, each in value.items:
        name = next(iter(known), "") if token.said == FAMILY else token.said
        name = name if name in known else name.partition("_")[2]
        of = known.get(name)
        if of is None:
            raise Unsaid(f"nothing is known of the member {token}")
        yield (
            Token(WORD, name, token.at, token.line, token.column, False),
            _member(token.said, each, of, lengths, translated),
        )


def _member(name: str, value: Said, of: Field, lengths: Mapping[str, int], translated: Translated) -> Value:
    if (found := translated("fd" if (of.kind.family or "").partition(":")[0] == "fd" else name, value)) is not None:
        return found
    if name in HANDLERS and number_in(value) > 1:
        return numeral(value.at, HANDLERS[name])
    _may_be_said(name, value, of)
    if name == "iov_base" and isinstance(value, SaidText):
        return text(value.at, filled(value, lengths.get("iov_len", 0)))
    if isinstance(value, SaidStruct) and of.inner is None and value.items:
        value = value.items[0][1]  # a union: strace tells all of its members
    if isinstance(value, SaidRow) and "mask" in name and len(value.items) < 2:
        return value.items[0] if value.items and isinstance(value.items[0], Numeral) else numeral(value.at, 0)
    if of.is_array and isinstance(value, SaidText):
        return text(value.at, value.data)
    return memory(value, of.kind, of.inner or known_struct(None, of.kind), translated)


def _may_be_said(name: str, value: Said, of: Field) -> None:
    """Raise Unsaid for a member that leads out of what a program has."""
    number = number_in(value)
    if isinstance(of.kind, AddressKind) and number >= PAGE:
        raise Unsaid(f"what {name} points to is not said")
    far = name == "sin_addr" and number > 0 and number >> 24 != LOOPBACK_NET
    if far or (name == "sin6_addr" and isinstance(value, SaidText) and value.data not in LOOPBACKS6):
        raise Unsaid("its address is none of this machine's")
