"""Programs: lists of system calls whose arguments may be results of earlier ones, and how they are kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

from conformance.model import Json
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.table import grammar

FORMAT = 1
"""Version of the JSON form. A reader refuses a newer one and reads every older one."""
MOST_CALLS = 24
MOST_MEMORY = 32768
"""Bytes of memory that a program may have."""
MOST_NESTED = 4
"""How often in a row memory may point to further memory."""
MOST_PIECES = 200
"""Of how many arguments, and parts of their memory, a call may be made."""
WIDTHS = (1, 2, 4, 8)
"""Bytes that a number in memory may have."""
NO_RESOURCE = -1
"""What stands for a resource whose maker failed, or was taken out of the program."""
NO_PROCESS = 0x7FFFFFFE
"""The same for a process: -1 would mean all of them."""


class ProgramError(ValueError):
    """A program, as text, cannot be understood. One sentence: where, what, and what would be right."""


@dataclass(frozen=True, slots=True)
class Ref:
    """A value that an earlier step made: its result, or what it wrote into the memory of an argument."""

    step: int
    argument: int = -1
    """-1: the result."""
    offset: int = 0
    width: int = 8


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a program; the argument is its address."""

    data: bytes
    parts: tuple[tuple[int, int, int | Ref | Memory], ...] = ()
    """Offset, width in bytes, and what is put there: a number, a resource, the address of further memory."""
    room: bool = False
    edge: bool = False


Argument: TypeAlias = "int | Ref | Memory"


@dataclass(frozen=True, slots=True)
class ProgramCall:
    """One call of a program."""

    label: str
    args: tuple[Argument, ...]

    @property
    def description(self) -> Syscall[Any]:
        """What is known of the call."""
        return grammar()[self.label]


@dataclass(frozen=True, slots=True)
class Program:
    """A sequence of calls with bound arguments."""

    steps: tuple[ProgramCall, ...]

    def refs(self) -> Iterator[Ref]:
        """Every use of a resource."""
        for step in self.steps:
            for argument in step.args:
                if type(argument) is not int:
                    yield from refs_in(argument)

    def without(self, dropped: set[int]) -> Program:
        """The program less some steps; what they made is no resource any more."""
        places = {at: new for new, at in enumerate(at for at in range(len(self.steps)) if at not in dropped)}
        return Program(tuple(_renumbered(step, places) for at, step in enumerate(self.steps) if at not in dropped))

    def with_argument(self, step: int, at: int, value: Argument) -> Program:
        """The program with another value for one argument."""
        old = self.steps[step]
        new = ProgramCall(old.label, (*old.args[:at], value, *old.args[at + 1 :]))
        return Program((*self.steps[:step], new, *self.steps[step + 1 :]))


def refs_in(argument: Argument) -> Iterator[Ref]:
    """The resources in an argument, in its memory too."""
    if isinstance(argument, Ref):
        yield argument
    elif isinstance(argument, Memory):
        for _, _, part in argument.parts:
            yield from refs_in(part)


def none_of(step: ProgramCall, index: int) -> int:
    """What stands in an argument for a resource that is not there."""
    return none_as(step.description.parameters[index].kind)


def none_as(kind: Kind) -> int:
    """What stands for a resource that is not there, in an argument of a kind."""
    return NO_PROCESS if (kind.family or "").partition(":")[0] == "pid" else NO_RESOURCE


def _renumbered(step: ProgramCall, places: dict[int, int]) -> ProgramCall:
    return ProgramCall(
        step.label, tuple(_moved(each, places, none_of(step, index)) for index, each in enumerate(step.args))
    )


def _moved(argument: Argument, places: dict[int, int], none: int) -> Argument:
    if isinstance(argument, Ref):
        if argument.step not in places:
            return none
        return Ref(places[argument.step], argument.argument, argument.offset, argument.width)
    if isinstance(argument, Memory) and argument.parts:
        parts = tuple((offset, width, _moved(part, places, none)) for offset, width, part in argument.parts)
        return Memory(argument.data, parts, argument.room, argument.edge)
    return argument


# -- as JSON


def to_json(program: Program) -> Json:
    """The stable form, as it is kept in files."""
    return {
        "format": FORMAT,
        "calls": [
            {"call": step.label, "args": [_argument_to_json(each) for each in step.args]} for step in program.steps
        ],
    }


def _argument_to_json(argument: Argument) -> Json:
    if isinstance(argument, int):
        return argument
    if isinstance(argument, Ref):
        found: dict[str, Json] = {"of": argument.step}
        if argument.argument >= 0:
            found |= {"argument": argument.argument, "offset": argument.offset, "width": argument.width}
        return found
    found = {"room": len(argument.data)} if argument.room else {"bytes": argument.data.decode("latin-1")}
    if argument.parts:
        found["parts"] = [[offset, width, _argument_to_json(part)] for offset, width, part in argument.parts]
    if argument.edge:
        found["edge"] = True
    return found


def from_json(value: Json) -> Program:
    """The program of a JSON value, of this version's form or of an older one. Raises ProgramError."""
    if not isinstance(value, dict) or "calls" not in value:
        raise ProgramError("this is no program: a JSON object with `format` and `calls` was expected")
    version = value.get("format")
    if not _is_number(version) or version < 1:
        raise ProgramError(f"the format {_short(version)} is no version of a program's form")
    if version > FORMAT:
        raise ProgramError(
            f"the program has format {_short(version)}, and this version reads up to {FORMAT}: update the suite"
        )
    calls = value["calls"]
    if not isinstance(calls, list) or not calls:
        raise ProgramError("`calls` is no list with at least one call")
    if len(calls) > MOST_CALLS:
        raise ProgramError(f"the program has {len(calls)} calls, and at most {MOST_CALLS} can be run")
    program = Program(tuple(_step_from_json(each, at) for at, each in enumerate(calls)))
    for at, step in enumerate(program.steps):
        for each in (ref for argument in step.args for ref in refs_in(argument)):
            if each.argument >= len(program.steps[each.step].args):
                raise ProgramError(f"call {at}: call {each.step} has no argument {each.argument} with a resource in it")
        if sum(map(pieces_of, step.args)) > MOST_PIECES:
            raise ProgramError(f"call {at}: its arguments have more than {MOST_PIECES} parts")
    if (size := sum(bytes_of(each) for step in program.steps for each in step.args)) > MOST_MEMORY:
        raise ProgramError(f"the program has {size} bytes of memory, and there is room for {MOST_MEMORY}")
    return program


def _is_number(value: Json) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _short(value: Json) -> str:
    """What was found in the place of something else, as far as it helps."""
    said = repr(value) if isinstance(value, str | int | float | bool | None) else f"a {type(value).__name__}"
    return said if len(said) <= 60 else said[:57] + "..."


def pieces_of(argument: Argument) -> int:
    """In how many pieces an argument's memory is, with what is put into it."""
    return 1 + sum(pieces_of(part) for _, _, part in argument.parts) if isinstance(argument, Memory) else 1


def bytes_of(argument: Argument) -> int:
    """The size of an argument's memory, and of what that points to."""
    if not isinstance(argument, Memory):
        return 0
    return len(argument.data) + sum(bytes_of(part) for _, _, part in argument.parts)


def _step_from_json(value: Json, at: int) -> ProgramCall:
    if not isinstance(value, dict) or not isinstance(value.get("call"), str) or not isinstance(value.get("args"), list):
        raise ProgramError(f"call {at}: no object with `call` and `args`")
    label, args = value["call"], value["args"]
    assert isinstance(label, str)
    assert isinstance(args, list)
    if label not in grammar():
        raise ProgramError(f"call {at}: {_short(label)} is not described here: written by a newer version?")
    if len(args) > len(grammar()[label].parameters):
        raise ProgramError(f"call {at}: {label} takes {len(grammar()[label].parameters)} arguments, not {len(args)}")
    return ProgramCall(label, tuple(_argument_from_json(each, at) for each in args))


def _argument_from_json(value: Json, at: int, depth: int = 0) -> Argument:
    where = f"call {at}"
    if _is_number(value) and -(1 << 63) <= value < 1 << 64:
        return value
    if not isinstance(value, dict):
        raise ProgramError(
            f"{where}: {_short(value)} is neither a number of 64 bits, a resource (`of`) nor memory (`bytes`, `room`)"
        )
    if depth > MOST_NESTED:
        raise ProgramError(f"{where}: memory points to memory more than {MOST_NESTED} times in a row")
    if "of" in value:
        step, argument = value["of"], value.get("argument", -1)
        offset, width = value.get("offset", 0), value.get("width", 8)
        if not _is_number(step) or not 0 <= step < at:
            raise ProgramError(f"{where}: a resource must come `of` an earlier call, by its number")
        if not _is_number(argument) or argument < -1:
            raise ProgramError(f"{where}: the `argument` that a resource is taken from is no number of one")
        if not _is_number(offset) or not 0 <= offset < MOST_MEMORY or not _is_number(width) or width not in WIDTHS:
            raise ProgramError(f"{where}: a resource is 1, 2, 4 or 8 bytes wide, inside the memory of an argument")
        return Ref(step, argument, offset, width) if argument >= 0 else Ref(step)
    size, content = value.get("room"), value.get("bytes")
    if _is_number(size) and 0 <= size <= MOST_MEMORY:
        data = bytes(size)
    elif "room" not in value and isinstance(content, str) and all(ord(each) < 256 for each in content):
        data = content.encode("latin-1")
    else:
        raise ProgramError(
            f"{where}: memory has `bytes`, as text of characters below 256, or `room`, a number of bytes"
        )
    parts = value.get("parts", [])
    if not isinstance(parts, list):
        raise ProgramError(f"{where}: `parts` is no list")
    return Memory(
        data,
        tuple(_part_from_json(each, at, len(data), depth) for each in parts),
        "room" in value,
        value.get("edge") is True,
    )


def _part_from_json(value: Json, at: int, size: int, depth: int) -> tuple[int, int, Argument]:
    if isinstance(value, list) and len(value) == 3:
        offset, width, what = value
        if _is_number(offset) and _is_number(width) and width in WIDTHS and 0 <= offset <= size - width:
            return offset, width, _argument_from_json(what, at, depth + 1)
    raise ProgramError(f"call {at}: a part is [offset, width, value], inside its memory")
