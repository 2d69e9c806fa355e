"""What a program did on one target: its outcome, read by what is known of its calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Self

from conformance.model import Json
from conformance.model import Step as Seen
from conformance.programs.program import NO_RESOURCE, Argument, Memory, Program, ProgramCall, Ref, none_as
from conformance.programs.wire import Encoded, Observed, ProgramOutcome, State, decode, whole
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Operation, Parameter, errno_name, see
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Kind
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.places import place_spelled
from conformance.syscalls.machinery.show import shown
from conformance.syscalls.machinery.world import DATA, MEMORY_END
from conformance.syscalls.signals import fault_code

_MOST_ERRNO = 4095
_NO_ADDRESSES: Mapping[int, int] = MappingProxyType({})


def succeeded(result: int) -> bool:
    """Whether a raw result is none of the errnos (syscall(2))."""
    return not -_MOST_ERRNO <= result < 0


def ending(outcome: ProgramOutcome, *, where: bool = False) -> str:
    """How a program ended, in a word or two; `where`: and at which address, if it was a fault."""
    match outcome.state:
        case State.DONE:
            return "done"
        case State.DIED:
            code, place = code_of(outcome), place_of(outcome)
            why = f" ({code} at {place})" if where and code else f" ({code})" if code else ""
            return f"killed by signal {outcome.detail}{why}"
        case State.BLOCKED:
            return "blocked"
        case State.EXITED:
            return f"exited with {outcome.detail}"
        case State.LOST:
            return "the guest died"
        case _:
            return outcome.state.name.lower()


def code_of(outcome: ProgramOutcome) -> str:
    """The name of the si_code of the fault that ended a program; "" where none is known."""
    return fault_code(outcome.detail, outcome.fault[0]) if outcome.fault else ""


def place_of(outcome: ProgramOutcome) -> str:
    """Where in a program's memory the fault was that ended it; "" where none is known."""
    if outcome.fault is None:
        return ""
    address = outcome.fault[1]
    return place_spelled(address) if not address or DATA <= address < MEMORY_END else "an address of its own"


@dataclass(frozen=True)
class Execution:
    """A program, as it was encoded, and its outcome on a target."""

    encoded: Encoded
    outcome: ProgramOutcome

    @classmethod
    def read(cls, encoded: Encoded, data: bytes) -> Self:
        """Of an outcome as the executor sent it. Raises ProtocolError."""
        return cls(encoded, decode(data, encoded))

    @property
    def program(self) -> Program:
        """What was run."""
        return self.encoded.program

    @property
    def ending(self) -> str:
        """How it ended, in a word or two."""
        return ending(self.outcome)

    @cached_property
    def steps(self) -> tuple[Seen, ...]:
        """Its calls in the form that records keep, as far as they were completed."""
        return tuple(map(self._step, range(len(self.outcome.results))))

    @property
    def errnos(self) -> list[str]:
        """`0` or an errno's name for each call, and how the program ended unless it just ended."""
        said = [errno_name(step.errno) if step.errno else "0" for step in self.steps]
        return said if self.outcome.state is State.DONE else [*said, self.ending]

    @property
    def lines(self) -> list[str]:
        """Its calls as lines of text, and how it ended where that was not of itself."""
        found = [shown(step) for step in self.steps]
        if self.outcome.state is not State.DONE:
            done, steps = len(self.outcome.results), self.program.steps
            found.append(f"{steps[done].label if done < len(steps) else ''}: {ending(self.outcome, where=True)}")
        return found

    def value_of(self, ref: Ref, none: int = NO_RESOURCE) -> int:
        """The value that an argument had: `none` where the resource was not made."""
        if ref.step >= len(self.outcome.results):
            return none
        result, buffers = self.outcome.results[ref.step]
        if not succeeded(result):
            return none
        if ref.argument < 0:
            return result
        for observed, content in zip(self.encoded.observed[ref.step], buffers, strict=True):
            if observed.argument == ref.argument and observed.path == str(ref.argument):
                piece = whole(content, observed.size)[ref.offset : ref.offset + ref.width]
                return int.from_bytes(piece, "little", signed=ref.width < 8) if len(piece) == ref.width else none
        return none

    def passed(self, step: int, index: int) -> Json:
        """An argument as it was when the call was made, as far as it can be told."""
        call = self.program.steps[step]
        argument, parameter = call.args[index], call.description.parameters[index]
        if isinstance(argument, int):
            return argument if argument < 1 << 63 else argument - (1 << 64)
        if isinstance(argument, Ref):
            return self.value_of(argument, none_as(parameter.kind))
        if isinstance(parameter.kind, Pointer) and not parameter.kind.reads:
            return None if argument.data else DATA + self.encoded.addresses[step][index]
        data = self._content(argument, self._addresses(step, index))
        struct = parameter.struct
        if struct is not None and struct.members and len(data) == struct.size():
            return see(struct.parse(data))
        return data.decode("latin-1")

    def _step(self, at: int) -> Seen:
        step = self.program.steps[at]
        result, buffers = self.outcome.results[at]
        args = [self.passed(at, index) for index in range(len(step.args))]
        outs = {
            observed.path: _out(observed, content, result, step.description.parameters)
            for observed, content in zip(self.encoded.observed[at], buffers, strict=False)
            if succeeded(result) or self._was_written(step, at, observed, content)
        }
        description = step.description
        label = step.label if isinstance(description, Operation) and not description.given else ""
        ended = (result, 0) if succeeded(result) else (-1, -result)
        return Seen(description.name, args, *ended, outs, label=label)

    def _was_written(self, step: ProgramCall, at: int, observed: Observed, content: bytes) -> bool:
        """Whether memory has changed: a call that fails may tell something, such as the size that it knows."""
        argument = step.args[observed.argument]
        if observed.path != str(observed.argument) or not isinstance(argument, Memory) or argument.room:
            return bool(content)
        before = self._content(argument, self._addresses(at, observed.argument))
        return whole(content, observed.size) != before[: observed.size]

    def _addresses(self, step: int, index: int) -> Mapping[int, int]:
        """The addresses of what an argument's memory points to, by where in it the pointer is."""
        if not self.encoded.inner or not self.encoded.inner[step]:
            return _NO_ADDRESSES
        inner = self.encoded.inner[step]
        return {path[1]: DATA + place for path, place in inner if len(path) == 2 and path[0] == index}

    def _content(self, memory: Memory, addresses: Mapping[int, int]) -> bytes:
        """What was in memory when the call was made."""
        data = bytearray(memory.data)
        for at, width, part in memory.parts:
            value = self._part(part, addresses.get(at, 0))
            data[at : at + width] = (value & (1 << 8 * width) - 1).to_bytes(width, "little")
        return bytes(data)

    def _part(self, part: Argument, address: int) -> int:
        if isinstance(part, Ref):
            return self.value_of(part)
        return part if isinstance(part, int) else address


def _out(observed: Observed, content: bytes, result: int, parameters: tuple[Parameter, ...]) -> Json:
    if observed.path != str(observed.argument):
        return content.decode("latin-1")
    parameter = parameters[observed.argument]
    full = whole(content, observed.size)
    if isinstance(parameter.kind, Pointer) and parameter.kind.counted and succeeded(result):
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
    return dict(_members_within(data, struct, seen))


def _members_within(data: bytes, struct: type[Struct], seen: Json, start: int = 0) -> Iterator[tuple[str, Json]]:
    """The members of a struct at `start` that `data` has room for."""
    assert isinstance(seen, dict)
    for name, notes in struct.members.items():
        field = getattr(struct, name)
        offset, inner = start + field.offset, of_member(struct, name)[1]
        if offset + field.size <= len(data):
            yield name, seen[name]
        elif offset < len(data) and inner is not None:
            yield name, dict(_members_within(data, inner, seen[name], offset))
        elif offset < len(data) and not any(isinstance(note, Kind) for note in notes):
            yield f"{name}, cut", data[offset:].decode("latin-1")  # half a pid would mean nothing
