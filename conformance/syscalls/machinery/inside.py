"""Memory that an argument's memory points to: what it is called, and what is known of it.

Outcomes name it by the way there: `1.16.0` is what the bytes from 0 on point to, in what the bytes from 16 on point to,
in the memory of argument 1.
"""

from __future__ import annotations

from typing import Any

from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.kinds import Kind

PLAIN = Kind()


def of_member(struct: type[Struct] | None, name: str) -> tuple[Kind, type[Struct] | None]:
    """The kind of a struct's member, and the struct that it is itself if it is one."""
    notes = struct.members.get(name, ()) if struct else ()
    inner = next((note for note in notes if isinstance(note, type) and issubclass(note, Struct)), None)
    return next((note for note in notes if isinstance(note, Kind)), PLAIN), inner


def inside(parameter: Parameter, path: str) -> tuple[str, Kind]:
    """The name of memory, `message.control`, and what it holds; numbers stand where there is no name for a place."""
    kind, struct = parameter.kind, _struct_of(parameter.struct, parameter.kind)
    told = [parameter.name]
    for offset in map(int, path.split(".")[1:]):
        name, kind = _member(struct, offset)
        told.append(name or str(offset))
        struct = _struct_of(None, kind)
    return ".".join(told), kind.content or PLAIN


def holds(parameter: Parameter, path: str) -> Kind:
    """What memory holds that is at the end of a path, of a parameter that it begins with."""
    return inside(parameter, path)[1]


def offset_of(struct: type[Struct] | None, names: list[str]) -> int | None:
    """Where in a struct a member is, by names that lead there through structs within; None: nowhere."""
    at = 0
    for name in names:
        if struct is None or name not in struct.members:
            return None
        field: Any = getattr(struct, name)
        at, struct = at + field.offset, of_member(struct, name)[1]
    return at


def _struct_of(struct: type[Struct] | None, kind: Kind) -> type[Struct] | None:
    return struct if struct is not None and struct.members else kind.layout


def _member(struct: type[Struct] | None, offset: int) -> tuple[str, Kind]:
    """The dotted name and the kind of the address that lies there. Of structs in a row, all but the first have their
    number."""
    if struct is None:
        return "", PLAIN
    index, offset = divmod(offset, struct.size())
    before = f"{index}." if index else ""
    for name in struct.members:
        field: Any = getattr(struct, name)
        if field.offset <= offset < field.offset + field.size:
            kind, inner = of_member(struct, name)
            if inner is not None:
                below, kind = _member(inner, offset - field.offset)
                return f"{before}{name}.{below}", kind
            return f"{before}{name}", kind
    return "", PLAIN
