"""From a program's arguments to values as they are written, by the kind of what they stand for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from conformance.programs.notation.fields import Field, field_at, fields, known_struct
from conformance.programs.notation.layout import Doc, Fill, Group, join
from conformance.programs.notation.meaning import PLAIN, POINTER, last_size
from conformance.programs.notation.texts import is_text, text_doc
from conformance.programs.program import Argument, Memory, ProgramCall, Ref
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.places import number_spelled
from conformance.syscalls.machinery.table import constants

LONGEST_ROW = 16
"""Numbers of a row that are told apart; longer memory is a text, with what is put into it."""

NEAR_ZERO = -4096
"""Numbers in a row are taken for negative ones from here on."""


class _Unspeakable(Exception):
    """Memory has no such form: another one tells it."""


@dataclass(slots=True)
class _Scope:
    """The memory that is being told."""

    memory: Memory
    before: Sequence[Argument]
    told: list[Argument] = field(default_factory=list)
    """What is put into it and was told already, in order."""

    @property
    def seen(self) -> Sequence[Argument]:
        """What stands before the next value."""
        return self.told or self.before

    def part(self, at: int, width: int) -> Argument | None:
        """What is put there, if it is what comes next; None: nothing is put there. Raises _Unspeakable."""
        parts, count = self.memory.parts, len(self.told)
        found = parts[count] if count < len(parts) else None
        if found is None or found[0] >= at + width:
            return None
        if found[:2] != (at, width) or any(self.memory.data[at : at + width]):
            raise _Unspeakable
        if isinstance(found[2], Memory) and width != POINTER:
            raise _Unspeakable
        return found[2]


@dataclass(frozen=True, slots=True)
class Spelling:
    """How the values of a program are written."""

    steps: Sequence[ProgramCall]
    names: Mapping[int, str]
    """What the results of its calls are called."""

    def argument(self, value: Argument, kind: Kind, struct: type[Struct] | None, before: Sequence[Argument]) -> Doc:
        """An argument of a call, or what memory has at a place."""
        if isinstance(value, Ref):
            return self._ref(value)
        if isinstance(value, Memory):
            return self._memory(value, kind, known_struct(struct, kind), before)
        return number_doc(value, kind)

    def _ref(self, ref: Ref) -> str:
        name = self.names[ref.step]
        if ref.argument < 0:
            return name
        parameter = self.steps[ref.step].description.parameters[ref.argument]
        struct = known_struct(parameter.struct, parameter.kind)
        member = field_at(struct, ref.offset, ref.width) if struct is not None else ""
        if member:
            return f"{name}.{parameter.name}.{member}"
        if ref.offset % ref.width:
            return f"{name}.{parameter.name}[@{ref.offset}:{ref.width}]"
        width = "" if ref.width == 4 else f":{ref.width}"
        return f"{name}.{parameter.name}[{ref.offset // ref.width}{width}]"

    # -- memory

    def _memory(self, memory: Memory, kind: Kind, struct: type[Struct] | None, before: Sequence[Argument]) -> Doc:
        if memory.room:
            size = len(memory.data)
            said: Doc = "room" if struct is not None and size == struct.size() else f"room({size})"
            return self._whole(memory, said, _Scope(memory, before))
        struct = struct or _by_first_member(memory.data, kind)
        if struct is not None:
            try:
                scope = _Scope(memory, before)
                return self._whole(memory, self._structs(struct, kind, scope), scope, complete=True)
            except _Unspeakable:
                pass
        if kind.structs and memory.data:
            try:
                scope = _Scope(memory, before)
                return self._whole(memory, self._chain(kind, scope), scope, complete=True)
            except _Unspeakable:
                pass
        for width in () if kind.terminated else _widths(memory):
            try:
                scope = _Scope(memory, before)
                return self._whole(memory, self._row(width, scope), scope, complete=True)
            except _Unspeakable:
                continue
        return self._whole(memory, _text(memory.data, kind), _Scope(memory, before))

    def _whole(self, memory: Memory, said: Doc, scope: _Scope, *, complete: bool = False) -> Doc:
        """Memory with what is put into it and was not told yet. Raises _Unspeakable."""
        rest = memory.parts[len(scope.told) :]
        if rest and complete:
            raise _Unspeakable
        patches: list[Doc] = []
        for part in rest:
            offset, width, value = part
            patches.append(join(f"{offset}:{width}=", self._put(value, PLAIN, scope)))
        edge = ("edge ",) if memory.edge else ()
        whole = join(said, " ", Group("@{", tuple(patches), "}")) if patches else said
        return join(*edge, whole) if edge else whole

    def _put(self, value: Argument, kind: Kind, scope: _Scope) -> Doc:
        """What is put into memory; a number says so, as it might be there from the start."""
        said: Doc
        if not isinstance(value, int):
            said = self.argument(value, kind, None, list(scope.seen))
        else:
            said = "size" if value == last_size(scope.seen) else join("put(", number_doc(value, kind), ")")
        scope.told.append(value)
        return said

    def _row(self, width: int, scope: _Scope, start: int = 0, end: int | None = None) -> Doc:
        data = scope.memory.data
        cells = []
        for at in range(start, len(data) if end is None else end, width):
            part = scope.part(at, width)
            number = int.from_bytes(data[at : at + width], "little")
            negative = number - (1 << 8 * width)
            cells.append(
                self._put(part, PLAIN, scope)
                if part is not None
                else number_spelled(negative if negative >= NEAR_ZERO else number)
            )
        return Group("[" if width == 4 else f"u{8 * width}[", tuple(cells), "]")

    def _chain(self, kind: Kind, scope: _Scope) -> Doc:
        """Memory as the things that lie in it one after the other. Raises _Unspeakable."""
        data, end = scope.memory.data, 0
        items: list[Doc] = []
        for piece in kind.pieces(data):
            if piece.at >= len(data) or (piece.struct is not None and piece.at + piece.struct.size() > len(data)):
                break
            end = min(piece.at + piece.size, len(data))
            if piece.struct is not None:
                items.append(self._struct(piece.struct, piece.at, scope))
            else:
                items += self._bytes(piece.at, end, scope)
        items += self._bytes(end, len(data), scope)
        return Fill(tuple(items), " ") if len(items) > 1 else items[0]

    def _bytes(self, start: int, end: int, scope: _Scope) -> tuple[Doc, ...]:
        """A piece of memory of which nothing is known. Raises _Unspeakable."""
        data = scope.memory.data[start:end]
        parts = scope.memory.parts[len(scope.told) :]
        if not data:
            return ()
        if parts and parts[0][0] < end:
            if len(data) % 4 or len(data) > 4 * LONGEST_ROW:
                raise _Unspeakable
            return (self._row(4, scope, start, end),)
        if len(data) % 4 == 0 and len(data) <= 4 * LONGEST_ROW and _is_numbers(data):
            return (self._row(4, scope, start, end),)
        return text_doc(data)

    def _structs(self, struct: type[Struct], kind: Kind, scope: _Scope) -> Doc:
        """Memory as one struct, or several in a row, and bytes behind them. Raises _Unspeakable."""
        data, size = scope.memory.data, struct.size()
        count, rest = divmod(len(data), size)
        if not count or count > LONGEST_ROW:
            raise _Unspeakable
        said: Doc
        if count == 1 and not kind.layout:
            said = self._struct(struct, 0, scope)
        else:
            said = Group("[", tuple(self._struct(struct, at * size, scope) for at in range(count)), "]")
        return Fill((said, *text_doc(data[-rest:])), " ") if rest else said

    def _struct(self, struct: type[Struct], base: int, scope: _Scope) -> Doc:
        items: list[Doc] = []
        covered, data = 0, scope.memory.data
        for each in fields(struct.told_by(data[base : base + struct.size()])).values():
            at = base + each.offset
            covered += sum(map(bool, data[at : at + each.size]))
            if (said := self._member(each, at, scope)) is not None:
                items.append(join(f"{each.name}=", said))
        if covered != sum(map(bool, data[base : base + struct.size()])):
            raise _Unspeakable  # something lies between members
        return Group("{", tuple(items), "}")

    def _member(self, of: Field, at: int, scope: _Scope) -> Doc | None:
        """A member; None for one that is zero, as it is where nothing is said."""
        data = scope.memory.data[at : at + of.size]
        if of.inner is not None:
            said = self._struct(of.inner, at, scope)
            return said if isinstance(said, Group) and said.items else None
        if of.is_array:
            if scope.memory.parts[len(scope.told) :] and scope.memory.parts[len(scope.told)][0] < at + of.size:
                raise _Unspeakable
            if not any(data):
                return None
            told = data.rstrip(b"\0")
            return _beside(text_doc(told))
        part = scope.part(at, of.size)
        if part is not None:
            return self._put(part, of.kind, scope)
        number = of.number_in(data)
        return number_doc(number, of.kind) if number else None


def _by_first_member(data: bytes, kind: Kind) -> type[Struct] | None:
    """The struct that memory is, of several that begin alike."""
    for each in kind.layouts.values():
        first = next(iter(fields(each).values()))
        found = kind.layouts.get(first.number_in(data[: first.size]))
        return found if found is not None and found.size() == len(data) else None
    return None


def number_doc(value: int, kind: Kind) -> Doc:
    """A number as its kind has it, where that can be read back."""
    said = kind.spell(value)
    if _read(said, kind) != value:
        said = number_spelled(value)
    terms = said.split("|")
    return said if len(terms) == 1 else Fill((*(f"{each}|" for each in terms[:-1]), terms[-1]), "")


def _read(said: str, kind: Kind) -> int | None:
    """What a spelling of a number would be read as."""
    found = 0
    for term in said.split("|"):
        name, _, more = term.partition("+")
        value = kind.words.get(name)
        if value is None and name[:1].isalpha():
            value = constants().get(name)
        try:
            found |= (value if value is not None else _digits(name)) + (int(more, 0) if more else 0)
        except ValueError:
            return None
    return found


def _digits(said: str) -> int:
    return int(said, 8) if said[:1] == "0" and said.isdigit() else int(said, 0)


def _widths(memory: Memory) -> tuple[int, ...]:
    """How wide the numbers are that memory may be a row of, the likeliest first; none: it is text."""
    size = len(memory.data)
    if memory.parts:
        return tuple(width for width in (POINTER, 4) if size % width == 0 and size // width <= LONGEST_ROW)
    if size == POINTER and not is_text(memory.data):
        return (POINTER,)
    return (4,) if size and size % 4 == 0 and size <= 4 * LONGEST_ROW and _is_numbers(memory.data) else ()


def _is_numbers(data: bytes) -> bool:
    return not is_text(data) and (any(data) or len(data) == 4)


def _text(data: bytes, kind: Kind) -> Doc:
    if not kind.terminated:
        return _beside(text_doc(data))
    if data.endswith(b"\0"):
        return _beside(text_doc(data[:-1]))
    return join(_beside(text_doc(data)), "...")


def _beside(pieces: tuple[Doc, ...]) -> Doc:
    return pieces[0] if len(pieces) == 1 else Fill(pieces, " ")
