"""Pointers to memory, and what memory may hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from typing import Self

from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    ROOMS,
    TEXTS,
    Choice,
    Choices,
    often,
    rarely,
    room,
    seldom,
    struct_blobs,
)
from conformance.syscalls.machinery.kinds import UNWRITTEN, AddressKind, Kind, Masked, Names, Piece, Seen
from conformance.syscalls.machinery.places import PLACES, place_spelled
from conformance.syscalls.machinery.world import DATA, MEMORY_END


class Pointer(Kind):
    """A pointer to memory: bytes, a struct, or an address that a case made up."""

    holds: Kind | None = None
    """What is known of its content beside the struct that it may be; None: it is compared as it is."""

    def __init__(self, *, out: bool = False, reads: bool = True, counted: bool = False) -> None:
        """The kernel writes it (`out`), or `reads` it. `counted`: it fills it up to the call's result, in bytes."""
        self.out = out
        self.reads = reads
        self.counted = counted

    def holding(self, content: Kind) -> Self:
        """Such memory, with what is known of its content."""
        found = copy(self)
        found.holds = content
        found.named = content.named
        return found

    @property
    def words(self) -> Mapping[str, int]:
        return PLACES

    @property
    def layout(self) -> type[Struct] | None:
        return self.holds.layout if self.holds else None

    @property
    def layouts(self) -> Mapping[int, type[Struct]]:
        return self.holds.layouts if self.holds else super().layouts

    @property
    def content(self) -> Kind | None:
        return self.holds

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        return self.holds.structs if self.holds else ()

    def pieces(self, data: bytes) -> Iterator[Piece]:
        return self.holds.pieces(data) if self.holds else iter(())

    def spell(self, value: int) -> str:
        return place_spelled(value)

    @property
    def masked(self) -> bool:
        """Whether its content is different on every run."""
        return isinstance(self.holds, Masked)

    def usual(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.holds and (found := self.holds.memory(struct)):
            return found
        if struct is None or not struct.members:
            return (ROOMS if self.out else TEXTS).named
        if not self.reads:
            return Choices(often(room(struct.size())), room(struct.size(), edge=True), rarely(*BAD_POINTERS)).named
        ones = tuple(struct_blobs(struct))
        ones *= max(1, 40 // len(ones))
        return (*ones, *BAD_POINTERS * max(1, len(ones) // 40))

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        """What of the memory that a successful call has written is a resource: offset, width in bytes, family."""
        if self.holds and (found := self.holds.resources(struct)) is not None:
            yield from found
            return
        if self.reads:  # what a program says there is its own
            return
        for name, notes in struct.members.items() if struct else ():
            family = next((note.family for note in notes if isinstance(note, Kind)), None)
            if family and family != "pid":  # a pid in a struct is one that the program knows, or is nobody's any more
                field = getattr(struct, name)
                yield field.offset, field.size, family

    def normal(self, seen: Seen, names: Names) -> Seen:
        if self.holds and not isinstance(seen, int) and seen is not None:
            return self.holds.normal(seen, names)
        return "addr" if isinstance(seen, int) and seen else seen

    def show(self, seen: Seen) -> str:
        if self.holds and not isinstance(seen, int) and seen is not None:
            return self.holds.show(seen)
        return hex(seen) if isinstance(seen, int) and seen else super().show(seen)


class MemoryOr(Pointer):
    """Memory, or a number of some kind: what calls take that do many things (`ptrace`, `keyctl`)."""

    def __init__(self, number: Kind, *, out: bool = False, reads: bool = True) -> None:
        super().__init__(out=out, reads=reads)
        self.number = number

    @property
    def words(self) -> Mapping[str, int]:
        return {**PLACES, **self.number.words}

    def spell(self, value: int) -> str:
        return place_spelled(value) if DATA <= value < MEMORY_END else self.number.spell(value)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return self.number.normal(seen, names) if isinstance(seen, int) else super().normal(seen, names)


class OneOf(Kind):
    """What memory holds: one of several structs, whichever another argument asks for; their members tell them apart.

    The pointer's own annotation names no struct, which would lend its members' kinds to all of them. `other` is what
    memory means that is none of them.
    """

    def __init__(self, *structs: type[Struct], other: Kind | None = None) -> None:
        self.other = other or Kind()
        self.named = self.other.named
        self._kinds = {
            frozenset(struct.members): {
                name: note for name, notes in struct.members.items() for note in notes if isinstance(note, Kind)
            }
            for struct in structs
        }

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        return self.other.structs

    def pieces(self, data: bytes) -> Iterator[Piece]:
        return self.other.pieces(data)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, dict):
            return self.other.normal(seen, names)
        kinds = self._kinds.get(frozenset(seen), {})
        return {name: kinds[name].normal(value, names) if name in kinds else value for name, value in seen.items()}

    def show(self, seen: Seen) -> str:
        return self.other.show(seen)


class RowOf(Kind):
    """What memory holds: structs of a type, one after the other. It is compared as it is."""

    def __init__(self, struct: type[Struct]) -> None:
        self.struct = struct

    @property
    def layout(self) -> type[Struct]:
        return self.struct


class AddressOf(AddressKind):
    """A struct's member that is the address of memory of which something is known."""

    def __init__(self, holds: Kind) -> None:
        self.holds = holds
        self.named = holds.named

    @property
    def layout(self) -> type[Struct] | None:
        return self.holds.layout

    @property
    def layouts(self) -> Mapping[int, type[Struct]]:
        return self.holds.layouts

    @property
    def content(self) -> Kind | None:
        return self.holds

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        return self.holds.structs

    def pieces(self, data: bytes) -> Iterator[Piece]:
        return self.holds.pieces(data)


class NumberAt(Kind):
    """Memory that holds a number of four or eight bytes."""

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, str) or len(seen) not in (4, 8):
            return super().show(seen)
        return f"[{int.from_bytes(seen.encode('latin-1', 'replace'), 'little', signed=True)}]"


class NumberOf(Kind):
    """Memory that holds a number of four bytes, which is of a kind: a pid that the kernel chooses, an fd."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.named = kind.named

    def normal(self, seen: Seen, names: Names) -> Seen:
        return self.kind.normal(_number(seen), names) if _is_number(seen) else super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        return f"[{self.kind.show(_number(seen))}]" if _is_number(seen) else super().show(seen)


def _is_number(seen: Seen) -> bool:
    return isinstance(seen, str) and len(seen) == 4


def _number(seen: Seen) -> int:
    return int.from_bytes(str(seen).encode("latin-1", "replace"), "little", signed=True)


class FdPair(Kind):
    """Memory that holds two C ints, which the kernel fills with new fds, of what `families` say."""

    named = ("fd",)

    def __init__(self, *families: str) -> None:
        self.families = families or ("", "")

    def memory(self, struct: type[Struct] | None) -> tuple[Choice, ...]:
        return Choices(often(room(8)), seldom(room(8, edge=True)), rarely(*BAD_POINTERS)).named

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        for at, of in enumerate(self.families):
            yield at * 4, 4, f"fd:{of}" if of else "fd"

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 8:
            return super().normal(seen, names)
        return [each if each in UNWRITTEN else names.name("fd", each) for each in self._numbers(seen)]

    def show(self, seen: Seen) -> str:
        return str(self._numbers(seen)) if isinstance(seen, str) and len(seen) == 8 else super().show(seen)

    def _numbers(self, seen: str) -> list[int]:
        data = seen[:8].encode("latin-1", "replace")
        return [int.from_bytes(data[at : at + 4], "little", signed=True) for at in (0, 4)]
