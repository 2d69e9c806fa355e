"""Which memory of a call a promise speaks of."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.programs.notation.fields import known_struct
from conformance.programs.program import Argument, Memory, ProgramCall
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.inside import inside, offset_of
from conformance.syscalls.machinery.kinds import Kind


@dataclass(frozen=True, slots=True)
class Claimed:
    """Memory that a promise speaks of."""

    path: str
    """The argument, and how to get to what its memory points to, as in an outcome: `1.32`."""
    name: str
    kind: Kind
    """Of an argument its own, else of what the memory holds."""
    struct: type[Struct] | None
    """What is known of its members."""


def claimed(call: ProgramCall, name: str) -> Claimed | None:
    """The memory of a name that leads on from an argument, as `message.control` does; None where there is none."""
    first, *names = name.split(".")
    parameters = call.description.parameters
    index = next((at for at, each in enumerate(parameters[: len(call.args)]) if each.name == first), -1)
    if index < 0:
        return None
    memory, path = call.args[index], str(index)
    struct = struct_of(call, index)
    while names:
        found = _pointer(memory, struct, names)
        if found is None:
            return None
        memory, offset, names = found
        path = f"{path}.{offset}"
        kind = inside(parameters[index], path)[1]
        struct = known_struct(None, kind)
    kind = parameters[index].kind if path == str(index) else inside(parameters[index], path)[1]
    return Claimed(path, name, kind, struct) if isinstance(memory, Memory) else None


def _pointer(memory: Argument, struct: type[Struct] | None, names: list[str]) -> tuple[Memory, int, list[str]] | None:
    """What the member of memory points to that the first names lead to, where that is, and the names that are left."""
    if not isinstance(memory, Memory):
        return None
    for count in range(1, len(names) + 1):
        offset = offset_of(struct, names[:count])
        part = next((part for at, _, part in memory.parts if at == offset), None)
        if isinstance(part, Memory) and offset is not None:
            return part, offset, names[count:]
    return None


def struct_of(call: ProgramCall, index: int) -> type[Struct] | None:
    """What is known of the members of an argument's memory."""
    parameter = call.description.parameters[index]
    return known_struct(parameter.struct, parameter.kind)


def meant_by(call: ProgramCall, name: str, *, members: bool) -> list[int]:
    """The arguments that may be meant: by `name`, or without one what the call writes, else what it is given.

    `members`: those of which members are known. There is no doubt where one is found.
    """
    parameters = call.description.parameters
    able = [
        at
        for at, value in enumerate(call.args)
        if isinstance(value, Memory) and (not members or struct_of(call, at) is not None or parameters[at].kind.structs)
    ]
    if name:
        return [at for at in able if parameters[at].name == name]
    return [at for at in able if parameters[at].kind.out] or able


def memory_meant(call: ProgramCall, name: str, *, members: bool) -> Claimed | None:
    """The memory that a promise speaks of; None where none is, or more than one may be."""
    if "." in name:
        found = claimed(call, name)
        known = found is not None and (found.struct is not None or found.kind.structs)
        return found if known or not members else None
    able = meant_by(call, name, members=members)
    if len(able) != 1:
        return None
    (index,) = able
    parameter = call.description.parameters[index]
    return Claimed(str(index), parameter.name, parameter.kind, struct_of(call, index))
