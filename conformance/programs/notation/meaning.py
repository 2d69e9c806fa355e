"""From values as they are written to a program's arguments, by the kind of what they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.programs.notation.errors import NotationError, meant
from conformance.programs.notation.fields import Field, fields, fits, known_struct
from conformance.programs.notation.tokens import LARGEST, SMALLEST, Token, Tokens
from conformance.programs.notation.tree import (
    Block,
    Items,
    Members,
    Numeral,
    Put,
    Result,
    Room,
    SizeOfMemory,
    Text,
    Value,
)
from conformance.programs.program import MOST_MEMORY, MOST_NESTED, Argument, Memory, ProgramCall, Ref
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.chains import struct_behind
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.table import constants

Part = tuple[int, int, Argument]
PLAIN = Kind()
POINTER = 8
"""Bytes of an address."""


def last_size(before: Sequence[Argument]) -> int | None:
    """What `size` says where something stands before it: the size of the memory in there; None where there is none."""
    last = next((each for each in reversed(before) if isinstance(each, Memory)), None)
    return None if last is None else len(last.data)


@dataclass(slots=True)
class _Reading:
    """The memory that is being put together."""

    before: Sequence[Argument]
    depth: int
    data: bytearray = field(default_factory=bytearray)
    parts: list[Part] = field(default_factory=list)

    @property
    def seen(self) -> Sequence[Argument]:
        """What stands before the next value."""
        return [value for _, _, value in self.parts] or self.before


@dataclass(frozen=True, slots=True)
class Meaning:
    """What the values of one call mean."""

    tokens: Tokens
    steps: Sequence[ProgramCall]
    """The calls before it."""
    results: Mapping[str, int]
    """Which of them made what has a name."""

    def argument(
        self, value: Value, kind: Kind, struct: type[Struct] | None, before: Sequence[Argument], depth: int = 0
    ) -> Argument:
        """What a value means as an argument, or as a number in memory. Raises NotationError."""
        if depth > MOST_NESTED and isinstance(value, Result | Room | Block):
            raise self.refuse(value.at, f"memory points to memory more than {MOST_NESTED} times in a row")
        match value:
            case Numeral():
                return self.number(value, kind)
            case Put():
                return self.number(value.value, kind)
            case Result():
                return self._ref(value)
            case SizeOfMemory():
                found = last_size(before)
                if found is None:
                    raise self.refuse(value.at, "`size` is that of the memory before it, and there is none: a number?")
                return found
            case Room() | Block():
                return self._memory(value, kind, known_struct(struct, kind), _Reading(before, depth))

    def refuse(self, token: Token, message: str) -> NotationError:
        """What is wrong at a token."""
        return self.tokens.refuse(token, message)

    def number(self, value: Numeral, kind: Kind) -> int:
        """The number that names and numbers stand for. Raises NotationError."""
        found = 0
        for term in value.terms:
            found |= self._named(term.at, kind) + term.number if term.name else term.number
        if not SMALLEST <= found <= LARGEST:
            raise self.refuse(value.at, "the number has more than 64 bits")
        return found

    def _named(self, name: Token, kind: Kind) -> int:
        found = kind.words.get(name.said)
        if found is None:
            found = constants().get(name.said)
        if found is None:
            what = "constant" if name.said[0].isupper() else "result of an earlier call, nor a constant,"
            near = meant(name.said, [*kind.words, *constants(), *self.results])
            raise self.refuse(name, f"there is no {what} {name}{near or '; a number can stand for it'}")
        return found

    # -- results

    def _ref(self, value: Result) -> Ref:
        step = self.results.get(value.at.said)
        if step is None:
            near = meant(value.at.said, self.results)
            raise self.refuse(
                value.at, f"no call before this one is `{value.at} = …`{near or ', which names what it makes'}"
            )
        if not value.path:
            return Ref(step)
        description = self.steps[step].description
        names = [each.name for each in description.parameters]
        first, *path = value.path
        if first.said not in names:
            near = meant(first.said, names)
            raise self.refuse(first, f"{description.name} has no argument {first}: it has {', '.join(names)}{near}")
        index = names.index(first.said)
        if index >= len(self.steps[step].args):
            raise self.refuse(first, f"the call that made {value.at} was given no {first}")
        offset, width = 0, value.width
        parameter = description.parameters[index]
        struct = known_struct(parameter.struct, parameter.kind)
        for name in path:
            found = self.member(name, struct)
            offset, width, struct = offset + found.offset, found.size, found.inner
        if value.element >= 0:
            width = value.width
            offset += value.element * width
        elif value.offset >= 0:
            offset, width = offset + value.offset, value.width
        elif not path:
            raise self.refuse(
                first, f"what in {first}? A member `.name`, the first number `[0]`, or `[@8:4]` was expected"
            )
        if width not in (1, 2, 4, 8) or not 0 <= offset < MOST_MEMORY:
            raise self.refuse(value.at, "a result is a number of 1, 2, 4 or 8 bytes: one of its members was expected")
        return Ref(step, index, offset, width)

    def member(self, name: Token, struct: type[Struct] | None) -> Field:
        """A member by its name. Raises NotationError."""
        known = fields(struct) if struct is not None and struct.members else {}
        if name.said in known:
            return known[name.said]
        if not known:
            raise self.refuse(name, "nothing is known of the members of this memory: `[…]` or a text was expected")
        near = meant(name.said, known)
        raise self.refuse(name, f"struct {struct.__name__ if struct else ''} has no member {name}{near}")

    # -- memory

    def _memory(self, value: Room | Block, kind: Kind, struct: type[Struct] | None, scope: _Reading) -> Memory:
        if isinstance(value, Room):
            if value.size < 0 and struct is None:
                raise self.refuse(value.at, "how much room is not known here: a size such as `room(64)` was expected")
            scope.data += bytes(value.size if value.size >= 0 or struct is None else struct.size())
        else:
            if struct is None and kind.layouts and isinstance(value.pieces[0], Members):
                struct = self._by_first_member(value.pieces[0], kind)
            for piece in value.pieces:
                of = struct
                if of is None and kind.structs and isinstance(piece, Members):
                    of = self._next_in(kind, piece, bytes(scope.data))
                self._piece(piece, of, scope)
            last = value.pieces[-1]
            if kind.terminated and isinstance(last, Text) and not last.open:
                scope.data.append(0)
        for patch in value.patches:
            if patch.offset + patch.width > len(scope.data):
                raise self.refuse(patch.at, f"the place is not inside the memory, which has {len(scope.data)} bytes")
            part = self.argument(patch.value, PLAIN, None, scope.seen, scope.depth + 1)
            scope.parts.append((patch.offset, patch.width, part))
        if len(scope.data) > MOST_MEMORY:
            raise self.refuse(value.at, f"a program has at most {MOST_MEMORY} bytes of memory")
        return Memory(bytes(scope.data), tuple(scope.parts), isinstance(value, Room), value.edge)

    def _next_in(self, kind: Kind, piece: Members, data: bytes) -> type[Struct]:
        """The struct that stands behind what is there, of memory in which that tells. Raises NotationError."""
        found = struct_behind(kind, data)
        if found is None:
            where = "by the lengths before it, no struct begins here" if data else "no struct begins here"
            raise self.refuse(piece.at, f"{where}: `[…]` or a text was expected")
        return found

    def _by_first_member(self, piece: Members, kind: Kind) -> type[Struct]:
        """The struct that is meant, of several of which the first member says which one it is."""
        said = {name.said: value for name, value in piece.items}
        able = []
        for number, struct in kind.layouts.items():
            first = next(iter(fields(struct).values()))
            value = said.get(first.name)
            if isinstance(value, Numeral) and self.number(value, first.kind) == number:
                return struct
            able.append(f"{first.name}={first.kind.spell(number)}")
        raise self.refuse(piece.at, f"which struct this is was expected to be said: {', '.join(able)}; or a text")

    def _piece(self, piece: Text | Items | Members, struct: type[Struct] | None, scope: _Reading) -> None:
        start = len(scope.data)
        match piece:
            case Text():
                scope.data += piece.data
            case Members():
                self._struct(piece, struct, start, scope)
            case Items() if not piece.width and struct is not None and (of := _structs_of(piece)) is not None:
                for each in of:
                    self._struct(each, struct, len(scope.data), scope)
            case Items():
                width = piece.width or 4
                scope.data += bytes(width * len(piece.items))
                for at, item in enumerate(piece.items):
                    self._cell(item, PLAIN, start + at * width, width, scope)
        if len(scope.data) > MOST_MEMORY:
            raise self.refuse(piece.at, f"a program has at most {MOST_MEMORY} bytes of memory")

    def _struct(self, piece: Members, struct: type[Struct] | None, start: int, scope: _Reading) -> None:
        if struct is None:
            raise self.refuse(piece.at, "nothing is known of the members of this memory: `[…]` or a text was expected")
        if len(scope.data) < start + struct.size():
            scope.data += bytes(start + struct.size() - len(scope.data))
        done: set[str] = set()
        for name, value in piece.items:
            found = self.member(name, struct)
            if name.said in done:
                raise self.refuse(name, f"the member {name} is there twice")
            done.add(name.said)
            self._member(value, found, name, start + found.offset, scope)

    def _member(self, value: Value, of: Field, name: Token, at: int, scope: _Reading) -> None:
        piece = value.pieces[0] if isinstance(value, Block) and len(value.pieces) == 1 and not value.patches else None
        if of.inner is not None:
            if not isinstance(piece, Members):
                raise self.refuse(name, f"{name} is a struct: `{{member=…}}` was expected")
            self._struct(piece, of.inner, at, scope)
        elif not of.is_array:
            self._cell(value, of.kind, at, of.size, scope, of)
        elif isinstance(value, Block) and (data := _all_text(value)) is not None:
            if len(data) > of.size:
                raise self.refuse(value.at, f"{name} has {of.size} bytes, not {len(data)}")
            scope.data[at : at + len(data)] = data
        elif isinstance(piece, Items) and len(piece.items) * of.width <= of.size and piece.width in (0, of.width):
            for index, item in enumerate(piece.items):
                self._cell(item, of.kind, at + index * of.width, of.width, scope, of)
        else:
            raise self.refuse(name, f"{name} is an array of {of.size // of.width}: a text or `[…]` was expected")

    def _cell(self, value: Value, kind: Kind, at: int, width: int, scope: _Reading, of: Field | None = None) -> None:
        """A number that is there from the start, or something that is put there."""
        if not isinstance(value, Numeral):
            self._part(value, kind, at, width, scope)
            return
        number = self.number(value, kind)
        if not fits(number, width):
            raise self.refuse(value.at, f"{number} does not fit into {width} bytes")
        order = of.order if of is not None else "little"
        scope.data[at : at + width] = (number & (1 << 8 * width) - 1).to_bytes(width, order)

    def _part(self, value: Value, kind: Kind, at: int, width: int, scope: _Reading) -> None:
        if isinstance(value, Block | Room) and width != POINTER:
            raise self.refuse(value.at, f"an address has {POINTER} bytes, and here is room for {width}")
        part = self.argument(value, kind, None, scope.seen, scope.depth + 1)
        scope.parts.append((at, width, part))


def _all_text(block: Block) -> bytes | None:
    """The bytes of memory that is nothing but text."""
    found = [piece.data for piece in block.pieces if isinstance(piece, Text)]
    return b"".join(found) if len(found) == len(block.pieces) and not block.patches else None


def _structs_of(row: Items) -> list[Members] | None:
    """The structs of a row of them; None where it is one of anything else."""
    found: list[Members] = []
    for item in row.items:
        piece = item.pieces[0] if isinstance(item, Block) and len(item.pieces) == 1 and not item.patches else None
        if not isinstance(piece, Members):
            return None
        found.append(piece)
    return found
