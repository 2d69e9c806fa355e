"""Outcomes in the form that records keep: a step a call, with what was passed, returned and written."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conformance.model import Json
from conformance.model import Step as Seen
from conformance.programs.program import NO_RESOURCE, Argument, Program, Ref, none_as
from conformance.programs.wire import Encoded, Observed, Outcome, State, whole
from conformance.syscalls.machinery.call import Parameter, errno_name, see
from conformance.syscalls.machinery.choices import DATA
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.kinds import Memory as MemoryKind

_MOST_ERRNO = 4095


def succeeded(result: int) -> bool:
    """Whether a raw result is none of the errnos (syscall(2))."""
    return not -_MOST_ERRNO <= result < 0


def trace(program: Program, encoded: Encoded, outcome: Outcome) -> list[Seen]:
    """What a program did, in the form that records keep."""
    steps: list[Seen] = []
    for at, (result, buffers) in enumerate(outcome.results):
        steps.append(_seen(program, encoded, outcome, at, result, buffers))
    return steps


def _seen(
    program: Program, encoded: Encoded, outcome: Outcome, at: int, result: int, buffers: tuple[bytes, ...]
) -> Seen:
    step = program.steps[at]
    parameters = step.description.parameters
    inner = [(path, place) for path, place in encoded.inner[at] if len(path) == 2] if encoded.inner else []
    args = [
        argument_seen(
            each,
            parameters[index],
            encoded,
            outcome,
            encoded.addresses[at][index],
            {path[1]: DATA + place for path, place in inner if path[0] == index},
        )
        for index, each in enumerate(step.args)
    ]
    outs: dict[str, Json] = {}
    if succeeded(result):
        for observed, content in zip(encoded.observed[at], buffers, strict=True):
            outs[observed.path] = _out(observed, content, result, parameters)
    return Seen(
        step.description.name, args, result if succeeded(result) else -1, 0 if succeeded(result) else -result, outs
    )


def argument_seen(
    argument: Argument,
    parameter: Parameter,
    encoded: Encoded,
    outcome: Outcome,
    offset: int,
    inner: Mapping[int, int] = MappingProxyType({}),
) -> Json:
    """An argument as it was when the call was made, as far as it can be told.

    `inner` has the addresses of what the argument's memory points to, by where in it the pointer is.
    """
    if isinstance(argument, int):
        return argument if argument < 1 << 63 else argument - (1 << 64)
    if isinstance(argument, Ref):
        return resource(argument, encoded, outcome, none_as(parameter.kind))
    if isinstance(parameter.kind, MemoryKind) and not parameter.kind.reads:
        return None if argument.data else DATA + offset
    data = bytearray(argument.data)
    for at, width, part in argument.parts:
        if isinstance(part, Ref):
            value = resource(part, encoded, outcome)
        else:
            value = part if isinstance(part, int) else inner.get(at, 0)
        data[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
    struct = parameter.struct
    if struct is not None and struct.members and len(data) == struct.size():
        return see(struct.parse(bytes(data)))
    return data.decode("latin-1")


def resource(ref: Ref, encoded: Encoded, outcome: Outcome, none: int = NO_RESOURCE) -> int:
    """The value that an argument had: `none` where the resource was not made."""
    if ref.step >= len(outcome.results):
        return none
    result, buffers = outcome.results[ref.step]
    if not succeeded(result):
        return none
    if ref.argument < 0:
        return result
    for observed, content in zip(encoded.observed[ref.step], buffers, strict=True):
        if observed.argument == ref.argument and observed.path == str(ref.argument):
            piece = whole(content, observed.size)[ref.offset : ref.offset + ref.width]
            return int.from_bytes(piece, "little", signed=ref.width < 8) if len(piece) == ref.width else none
    return none


def _out(observed: Observed, content: bytes, result: int, parameters: tuple[Parameter, ...]) -> Json:
    if observed.path != str(observed.argument):
        return content.decode("latin-1")
    parameter = parameters[observed.argument]
    full = whole(content, observed.size)
    if isinstance(parameter.kind, MemoryKind) and parameter.kind.counted:
        # Padding behind the last name of a directory is poison, and counted all the same.
        return full[: max(result, 0)].decode("latin-1") + (" + more" if len(content) > result else "")
    if parameter.struct and len(content) <= parameter.struct.size():
        full = full[: parameter.struct.size()]  # there was room for more than the call writes
    shaped = _shaped(full, parameter)
    return shaped if isinstance(shaped, dict) else content.decode("latin-1")


def _shaped(data: bytes, parameter: Parameter) -> Json:
    """Memory as its struct, or as the members of it that it has room for; else as text."""
    struct = parameter.struct
    if struct is None or not struct.members or not 0 < len(data) <= struct.size():
        return data.decode("latin-1")
    seen = see(struct.parse(whole(data, struct.size())))
    assert isinstance(seen, dict)
    found: dict[str, Json] = {}
    for name, notes in struct.members.items():
        field = getattr(struct, name)
        if field.offset + field.size <= len(data):
            found[name] = seen[name]
        elif field.offset < len(data) and not any(isinstance(note, Kind) for note in notes):
            found[f"{name}, cut"] = data[field.offset :].decode("latin-1")  # half a pid would mean nothing
    return found


def ending(outcome: Outcome) -> str:
    """How a program ended, in a word or two."""
    match outcome.state:
        case State.DONE:
            return "done"
        case State.DIED:
            return f"killed by signal {outcome.detail}"
        case State.BLOCKED:
            return "blocked"
        case State.EXITED:
            return f"exited with {outcome.detail}"
        case State.LOST:
            return "the guest died"
        case _:
            return outcome.state.name.lower()


def errnos(program: Program, encoded: Encoded, outcome: Outcome) -> list[str]:
    """`0` or an errno's name for each call, and how the program ended unless it just ended."""
    said = [errno_name(step.errno) if step.errno else "0" for step in trace(program, encoded, outcome)]
    return said if outcome.state is State.DONE else [*said, ending(outcome)]
