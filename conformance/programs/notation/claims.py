"""Which memory of a call a promise speaks of."""

from __future__ import annotations

from conformance.programs.notation.fields import known_struct
from conformance.programs.program import Memory, ProgramCall
from conformance.syscalls.machinery.buffers import Struct


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
        if isinstance(value, Memory) and (not members or struct_of(call, at) is not None)
    ]
    if name:
        return [at for at in able if parameters[at].name == name]
    return [at for at in able if parameters[at].kind.out] or able
