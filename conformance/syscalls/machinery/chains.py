"""Memory that is records one after the other, each with a head that tells its length: control messages, netlink."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from itertools import takewhile
from typing import Annotated, Any

from conformance.model import Json
from conformance.syscalls.machinery.buffers import POISON, Layout, Struct
from conformance.syscalls.machinery.call import see
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Kind, Names, Piece, Seen

THERE = "there"
"""What stands for a record as a whole."""


class Chain(Kind):
    """Records in a row. A record is compared under its title, member by member, and so is their order.

    A child says what its `pieces` are, and what a head is called.
    """

    def __init__(self, *structs: type[Struct]) -> None:
        """Of these structs."""
        kinds = (of_member(struct, name)[0] for struct in structs for name in struct.members)
        self._structs = structs
        self.named = tuple(dict.fromkeys(family for kind in kinds for family in kind.named))

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        return self._structs

    def title(self, head: Struct) -> str:
        """What a record is called, by its head."""
        raise NotImplementedError

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return super().normal(seen, names)
        found: dict[str, Json] = {}
        within: list[str] = []
        order: list[Json] = []
        for piece, content in self._parts(seen):
            if piece.struct is None:
                if content and not piece.filler:
                    _add(found, ".".join([*within, "data"]), content.decode("latin-1"))
                continue
            struct = piece.struct.told_by(content)
            if piece.depth >= 0:
                within[piece.depth :] = [self.title(piece.struct.parse(content))]
                order.append(".".join(within))
                within[-1] = _add(found, ".".join(within), THERE).rpartition(".")[2]
            for name, value in normal_members(content, struct, names).items():
                _add(found, ".".join([*within, name]), value)
        return {**found, "order": order}

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, str):
            return super().show(seen)
        told = []
        for piece, content in self._parts(seen):
            if piece.struct is None:
                told += [] if piece.filler or not content else [super().show(content.decode("latin-1"))]
            else:
                told.append(_shown(content, piece.struct.told_by(content)))
        return f"[{', '.join(told)}]"

    def _parts(self, seen: str) -> Iterator[tuple[Piece, bytes]]:
        """The pieces that there are, and what is in each. Of what is known only up to the last byte that was written,
        the rest is poison."""
        data = seen.encode("latin-1", "replace")
        for piece in takewhile(lambda each: each.at < len(data), self.pieces(data)):
            content = data[piece.at : piece.at + piece.size]
            size = piece.struct.size() if piece.struct else len(content)
            yield piece, content.ljust(size, bytes([POISON]))


def _add(found: dict[str, Json], name: str, value: Json) -> str:
    """A value under a name; where there is one of it already, it is the second, and so on. The name that it has."""
    several = 2
    free = name
    while free in found:
        free, several = f"{name}#{several}", several + 1
    found[free] = value
    return free


def normal_members(content: bytes, struct: type[Struct], names: Names) -> dict[str, Json]:
    """The members of a struct that lies in memory, each in its normal form, by name."""
    return {
        name: of_member(struct, name)[0].normal(value, names)
        for name, value in members_of(content, struct).items()
        if not name.startswith("pad")
    }


def members_of(content: bytes, struct: type[Struct]) -> dict[str, Json]:
    """The members of a struct that lies in memory."""
    seen = see(struct.parse(content))
    assert isinstance(seen, dict)
    return {name.removesuffix("_"): value for name, value in seen.items()}


def _shown(content: bytes, struct: type[Struct]) -> str:
    """A struct that lies in memory as C source would write it; what is zero is left out, but for a sole member."""
    members = members_of(content, struct)
    told = {name: value for name, value in members.items() if value != 0 or len(members) == 1}
    return "{" + ", ".join(f"{name}={of_member(struct, name)[0].show(value)}" for name, value in told.items()) + "}"


def struct_behind(kind: Kind, data: bytes) -> type[Struct] | None:
    """The struct that stands behind what is there already, in memory of a kind that is made of pieces."""
    for piece in kind.pieces(data):
        if piece.at >= len(data):
            return piece.struct if piece.at == len(data) else None
    return None


class ChainText(Kind):
    """Text of a fixed size in a record."""

    def show(self, seen: Seen) -> str:
        return super().show(seen.rstrip("\0") if isinstance(seen, str) else seen)


@cache
def text_of(size: int) -> type[Struct]:
    """A struct that is nothing but text of so many bytes, `text`: what a record holds that is a name."""
    layout = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * size), ChainText()]
    made: Any = type(Struct)
    found: type[Struct] = made(f"Text{size}", (Struct,), {"__annotations__": {"text": layout}, "__module__": __name__})
    return found
