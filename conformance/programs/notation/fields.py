"""The members of structs, as programs as text name and fill them."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Kind


@dataclass(frozen=True, slots=True)
class Field:
    """A member of a struct."""

    name: str
    offset: int
    size: int
    """In bytes."""
    kind: Kind
    inner: type[Struct] | None
    """The struct that it is, if it is one."""
    width: int
    """Of an element where it is an array, else its size."""
    order: Literal["big", "little"]
    signed: bool

    @property
    def is_array(self) -> bool:
        """Whether it is several elements in a row."""
        return self.width != self.size

    def number_in(self, data: bytes) -> int:
        """The number that the member's bytes are."""
        return int.from_bytes(data, self.order, signed=self.signed)

    def fits(self, value: int) -> bool:
        """Whether a number has room in an element."""
        return fits(value, self.width)


def fits(value: int, width: int) -> bool:
    """Whether a number, signed or not, has room in so many bytes."""
    return -(1 << 8 * width - 1) <= value < 1 << 8 * width


@cache
def fields(struct: type[Struct]) -> dict[str, Field]:
    """The members of a struct by the names that C has for them."""
    types: dict[str, Any] = {each[0]: each[1] for each in struct._fields_}
    found = {}
    for member in struct.members:
        place, ctype = getattr(struct, member), types[member]
        kind, inner = of_member(struct, member)
        several = issubclass(ctype, ctypes.Array)
        element: Any = ctype._type_ if several else ctype
        big = ctypes.sizeof(element) > 1 and getattr(element, "__ctype_be__", None) is element
        signed = inner is None and element is not ctypes.c_char and element(-1).value == -1
        name = member.removesuffix("_")
        width: int = place.size if inner is not None else ctypes.sizeof(element)
        found[name] = Field(name, place.offset, place.size, kind, inner, width, "big" if big else "little", signed)
    return found


@cache
def field_at(struct: type[Struct], offset: int, width: int) -> str:
    """The dotted name of the number that lies there; empty where there is none."""
    for name, each in fields(struct).items():
        if each.inner is not None and each.offset <= offset < each.offset + each.size:
            inside = field_at(each.inner, offset - each.offset, width)
            return f"{name}.{inside}" if inside else ""
        if each.inner is None and not each.is_array and (each.offset, each.size) == (offset, width):
            return name
    return ""


def known_struct(struct: type[Struct] | None, kind: Kind) -> type[Struct] | None:
    """What memory of an argument is known to be: a struct, or some in a row."""
    named = struct if struct is not None and struct.members else None
    return named or kind.layout
