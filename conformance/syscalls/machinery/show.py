"""Calls and values as lines of text, each by its own kind, in the manner of strace(1)."""

from __future__ import annotations

from typing import Any

from conformance.model import Json, Step
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Parameter, Syscall, errno_name
from conformance.syscalls.machinery.inside import PLAIN, inside, of_member
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.table import describe

TOO_DEEP = "(nested too deeply to be read)"


def kind_of_result(stub: Syscall[Any] | None) -> Kind:
    """What a call returns; anything, where it is not described."""
    return stub.result if stub else PLAIN


def shown(step: Step) -> str:
    """A call as a line of text."""
    stub = describe(step.call, step.args, step.label)
    parameters = stub.parameters if stub else ()
    told = []
    for at, seen in enumerate(step.args):
        parameter = parameters[at] if at < len(parameters) else None
        out = step.outs.get(str(at))
        said = show_value(seen if out is None else out, parameter)
        if out is not None and seen is not None and step.errno:  # what was asked for says why it failed
            said = f"{show_value(seen, parameter)} => {said}"
        told.append(said)
    inner = _pointed_to(step, parameters)
    ended = f"-1 {errno_name(step.errno)}" if step.errno else kind_of_result(stub).show(step.result)
    where = f"[child {step.process}] " if step.process else ""
    return f"{where}{step.call}({', '.join(told)}) = {ended}{inner}"


def _pointed_to(step: Step, parameters: tuple[Parameter, ...]) -> str:
    """What a call has written into memory that its arguments' memory points to, as far as something is known of it."""
    said = ""
    for path, seen in step.outs.items():
        first = path.partition(".")[0]
        if path == first or not first.isdecimal() or int(first) >= len(parameters) or not seen:
            continue
        name, kind = inside(parameters[int(first)], path)
        if type(kind) is not Kind:
            said += f", {name}={kind.show(seen)}"
    return said


def show_value(seen: Json, parameter: Parameter | None, member: str = "") -> str:
    """One argument or output as text, or the `member` of it that is named so, with dots; each by its own kind."""
    kind, struct = (parameter.kind, parameter.struct) if parameter else (PLAIN, None)
    for name in member.split(".") if member else ():
        kind, struct = of_member(struct, name)
    try:
        return _value(seen, kind, struct)
    except RecursionError:
        return TOO_DEEP


def _value(seen: Json, kind: Kind, struct: type[Struct] | None) -> str:
    if not isinstance(seen, dict) or struct is None:
        return kind.show(seen)
    members = struct.renewed(seen)
    told = {name: each for name, each in members.items() if each != 0 or not name.startswith("pad")}
    return "{" + ", ".join(f"{name}={_value(each, *of_member(struct, name))}" for name, each in told.items()) + "}"
