"""What may stand for an argument of a generated call, before it is known which resources are alive and where memory is.

A choice is a number, or one of the classes here. Choices are free of context: whatever list of calls they stand in,
`conformance.programs.program` can bind them, so that a program stays valid when calls are added, removed or swapped.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import gcd
from types import EllipsisType
from typing import Any, Literal, Protocol, TypeAlias, runtime_checkable

from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

KERNEL_ADDRESS = 0xFFFF800000000000

BAD_POINTERS = (0, UNMAPPED, READ_ONLY, KERNEL_ADDRESS, 1)


@dataclass(frozen=True, slots=True)
class Use:
    """A resource of a family: the one made `which` calls of its kind ago; where there is none, one is made first."""

    family: str
    which: int = 0


@dataclass(frozen=True, slots=True)
class LengthOf:
    """The size of the memory argument (or struct member) before it, in units of `unit` bytes, and `delta` more."""

    unit: int = 1
    delta: int = 0


@dataclass(frozen=True, slots=True)
class Blob:
    """Memory in the data area; the argument is its address."""

    data: bytes
    parts: tuple[tuple[int, int, Choice], ...] = ()
    """Offset, width in bytes, and choice of what in it is no constant: resources, addresses of further memory."""
    room: bool = False
    """Whether it is there for the kernel to write: it is poisoned, and what was written is part of the outcome."""
    edge: bool = False
    """Whether it ends where its page ends, with nothing mapped behind."""


Choice: TypeAlias = "int | Use | LengthOf | Blob"


def room(size: int, *, edge: bool = False) -> Blob:
    """Memory for the kernel to fill."""
    return Blob(bytes(size), room=True, edge=edge)


def text(content: bytes) -> Blob:
    """A C string."""
    return Blob(content + b"\0")


OFTEN, EVENLY, SELDOM, RARELY = 24, 4, 2, 1
"""How likely a choice is, relative to the others beside it."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """Choices that are likelier, or less likely, than those that stand by themselves."""

    values: tuple[Choice, ...]
    times: int


Written: TypeAlias = "Choice | bytes"
"""A choice as descriptions write it: bytes are a C string."""


def _read(values: Iterable[Written]) -> tuple[Choice, ...]:
    return tuple(text(each) if isinstance(each, bytes) else each for each in values)


def often(*values: Written) -> Weighed:
    """Six times as likely, each, as a choice of which nothing is said."""
    return Weighed(_read(values), OFTEN)


def seldom(*values: Written) -> Weighed:
    """Half as likely."""
    return Weighed(_read(values), SELDOM)


def rarely(*values: Written) -> Weighed:
    """A quarter as likely."""
    return Weighed(_read(values), RARELY)


def _weighed(value: Written | Weighed | Callable[[], Iterable[Choice]]) -> Weighed:
    if isinstance(value, Weighed):
        return value
    return Weighed(tuple(value()) if callable(value) else _read([value]), EVENLY)


class Choices:
    """Stands in an annotation: what is worth trying there, the plainest that works first.

        Backlog = Annotated[int, Choices(often(5), 0, 1, 128, rarely(-1))]
        Watched = Annotated[Path, Choices(often(b".", b"f0"), b"absent", rarely(UNMAPPED))]
        Requests = Annotated[InBytes, Choices(_some_requests, UNMAPPED)]

    A function stands for the values that it gives; it is called when somebody wants them, which is never in a guest.
    `...` at the end stands for whatever else the kind of value tries; it and what stands before it get a half each.
    """

    def __init__(self, *values: Written | Weighed | Callable[[], Iterable[Choice]] | EllipsisType) -> None:
        self._values = tuple(each for each in values if each is not ...)
        self._rest_too = values[-1:] == (...,)

    @cached_property
    def named(self) -> tuple[Choice, ...]:
        """What is written, as often as it is likely."""
        weighed = [_weighed(each) for each in self._values]
        unit = gcd(*(each.times for each in weighed))
        return tuple(value for each in weighed for value in each.values * (each.times // unit))

    def among(self, rest: Callable[[], tuple[Choice, ...]]) -> tuple[Choice, ...]:
        """All of them, as often as they are likely; `rest` says what `...` stands for."""
        if not self._rest_too:
            return self.named
        others = rest()
        return (*self.named * max(1, len(others) // len(self.named)), *others * max(1, len(self.named) // len(others)))


NUMBERS = Choices(0, 1, seldom(2, 3, 4, 8, 16, 100, 4096, -1, 0x7FFFFFFF, 0x80000000, 1 << 62, -(1 << 63)))
"""Boundary values, zero first."""
ROOMS = Choices(
    often(room(64)),
    *(room(16), room(8), room(4), room(1), room(4096), room(64, edge=True), Blob(b"", room=True)),
    rarely(*BAD_POINTERS),
)
"""Memory for the kernel to fill."""
TEXTS = Choices(
    often(Blob(b"hello")),
    *(Blob(bytes(8)), Blob(b"\1" + bytes(7)), Blob(bytes(16)), Blob(bytes(64)), Blob(b"\xff" * 8)),
    *(Blob(b"0123456789" * 100), Blob(b"x" * 4096), Blob(b"edge", edge=True), Blob(b"")),
    rarely(*BAD_POINTERS),
)
"""Memory for the kernel to read."""
LENGTHS = Choices(
    often(Blob(bytes(4), ((0, 4, LengthOf()),))),
    *(Blob(size.to_bytes(4, "little")) for size in (0, 1, 3, 4096, 0xFFFFFFFF)),
    rarely(*BAD_POINTERS),
)
"""A pointer to the size of the memory before it."""
PATHS = Choices(
    often(b"f0"),
    *(b"d0", b"d0/f1", b"l0", b"f1"),
    rarely(b"f2", b"d1", b"l1", b"d0/f2", b"d1/f1", b"d0/../f0", b".", b"..", b"/", b"f0/", b"d0/", b"f0/x"),
    rarely(b"absent/x", b"", b"n" * 255, b"n" * 256, b"d0/" * 1400, Blob(b"f0\0", edge=True), Blob(b"f0", edge=True)),
    rarely(*BAD_POINTERS),
)
"""Files of the tree that a program starts in (`f0`, `d0/f1`, the link `l0`), new ones, and names that cannot be."""


@runtime_checkable
class Chooser(Protocol):
    """What knows the values that are worth trying: a kind."""

    def usual(self) -> tuple[Choice, ...]: ...
    def rest(self) -> tuple[Choice, ...]: ...
    @property
    def strays(self) -> tuple[int, ...]: ...


STRAY = 24
"""How many others there are at least for each struct with a number that is hardly ever to be tried."""


def with_strays(others: tuple[Blob, ...], strays: Iterable[Blob]) -> tuple[Blob, ...]:
    """Structs, and beside them, once each, those that are hardly ever to be tried."""
    beside = tuple(each for each in strays if each not in others)
    return (*others * -(-len(beside) * STRAY // len(others)), *beside) if beside else others


def joined(one: Blob, other: Blob) -> Blob:
    """Two blobs as one."""
    at = len(one.data)
    moved = ((at + offset, width, part) for offset, width, part in other.parts)
    return Blob(one.data + other.data, (*one.parts, *moved), room=one.room)


COMBINATIONS = 24
"""How many structs with several unusual members are among a struct's choices."""
MIXED = 0.4
"""The share of members that are unusual in them."""


def struct_blobs(struct: type[Struct]) -> Iterator[Blob]:
    """Structs of a type: the plain one, each member's values one at a time, and some mixtures, always the same."""
    yield from with_strays(tuple(_named_blobs(struct)), _stray_blobs(struct))


def _stray_blobs(struct: type[Struct]) -> Iterator[Blob]:
    """Plain ones but for a number in them that is hardly ever to be tried."""
    names = list(struct.members)
    plain = [member_choices(struct, name)[0] for name in names]
    for at, name in enumerate(names):
        for note in struct.members[name]:
            for value in note.strays if isinstance(note, Chooser) else ():
                yield compose(struct, names, [*plain[:at], value, *plain[at + 1 :]])


def _named_blobs(struct: type[Struct]) -> Iterator[Blob]:
    names = list(struct.members)
    values = [member_choices(struct, name) for name in names]
    plain = [each[0] for each in values]
    yield from (compose(struct, names, plain),) * (3 + sum(map(len, values)) // 2)
    for at, each in enumerate(values):
        for value in dict.fromkeys(each[1:]):
            yield compose(struct, names, [*plain[:at], value, *plain[at + 1 :]])
    mixer = random.Random(struct.__name__)  # noqa: S311 - reproducible on purpose
    for _ in range(COMBINATIONS):
        yield compose(struct, names, [mixer.choice(each) if mixer.random() < MIXED else each[0] for each in values])


def member_choices(struct: type[Struct], name: str) -> tuple[Choice, ...]:
    """What may stand in a member, by its kind; a member without one is a number, padding is zero."""
    notes = struct.members[name]
    inner = next((note for note in notes if isinstance(note, type) and issubclass(note, Struct)), None)
    if inner is not None:
        return tuple(dict.fromkeys(struct_blobs(inner)))[:40]
    if name.startswith(("pad", "unused", "spare", "reserved")):
        return (0, 0, 0, 0, 1)
    kind = next((note for note in notes if isinstance(note, Chooser)), None)
    said = [note for note in notes if isinstance(note, Choices)]
    if said:
        return tuple(dict.fromkeys(said[-1].among(kind.rest if kind else lambda: NUMBERS.named)))
    return tuple(dict.fromkeys(kind.usual() if kind else NUMBERS.named))


def _is_swapped(ctype: Any) -> bool:
    """Whether a scalar is in the order of the network, which is not this machine's."""
    return getattr(ctype, "__ctype_be__", None) is ctype and getattr(ctype, "__ctype_le__", ctype) is not ctype


def compose(struct: type[Struct], names: list[str], values: list[Choice]) -> Blob:
    """A struct's bytes with such members."""
    data, parts = bytearray(struct.size()), []
    types: dict[str, Any] = {field[0]: field[1] for field in struct._fields_}
    for name, value in zip(names, values, strict=True):
        field: Any = getattr(struct, name)
        notes = struct.members[name]
        if isinstance(value, Blob) and any(isinstance(note, type) for note in notes):  # a struct in the struct
            data[field.offset : field.offset + field.size] = value.data
            parts += [(field.offset + offset, width, part) for offset, width, part in value.parts]
        elif isinstance(value, int) and field.size <= 8:
            order: Literal["big", "little"] = "big" if _is_swapped(types[name]) else "little"
            number = value & (1 << 8 * field.size) - 1
            data[field.offset : field.offset + field.size] = number.to_bytes(field.size, order)
        elif not isinstance(value, int):
            parts.append((field.offset, field.size, value))
    return Blob(bytes(data), tuple(parts))
