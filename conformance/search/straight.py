"""A case's recorded trace as a C program: the calls of one process, in a row, with what they were passed.

A trace has what a call was passed and not how the case came by it, so a number that an earlier call has returned, or
written, becomes that call's result. What cannot be told from the trace is refused: a program that only looks like the
case would mislead whoever debugs with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from conformance.model import CaseResult, Json, Step
from conformance.programs.program import MOST_MEMORY, Argument, Memory, Program, ProgramCall, Ref
from conformance.programs.wire import encode
from conformance.run.errors import UsageError
from conformance.run.results import read_plan, read_record
from conformance.search.bind import is_a, makes
from conformance.search.reproducer import calls_c, whole_c
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import Parameter, errno_name
from conformance.syscalls.machinery.kinds import AddressKind, Kind, Masked, PathKind, Renamed
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.show import kind_of_result
from conformance.syscalls.machinery.table import describe, grammar, stubs
from conformance.syscalls.sockets.addresses import holds_address
from conformance.syscalls.sockets.socket import AF_INET, AF_INET6
from conformance.text import one_line

MOST_CALLS = 400
"""Longer traces are loops, which a list of their rounds would hide."""
ROOM = 256
"""Bytes for what a call would have written, where nothing tells how much it may be."""
MOST_ROOM = 8192
ADDRESSES = range(0x10000, 1 << 47)
"""Where a process may have memory: a number of a pointer's width in there is taken for an address."""
PORT = (2, 2)
"""Where the port lies in an address of the Internet: offset and size, in bytes (ip(7), ipv6(7))."""
_CUT = re.compile(r"…\((\d+) bytes\)$")


class Untellable(ValueError):
    """The trace does not say enough for a program, or no program of one process does that. Half a sentence."""


def trace_c(result: CaseResult, said_by: str) -> str:
    """A C file that makes the calls of a trace and prints each with its result. Raises Untellable.

    It ends with 1 where a call ends otherwise than it did in the trace; `said_by` says whose trace that is.
    """
    program = program_of(result)

    def expected(at: int) -> Iterator[str]:
        yield from _expected(at, result.steps[at])

    use = "cc FILE && ./a.out: prints each call with its result; exit status 1 where one ends otherwise. x86-64 only."
    what = one_line(said_by).replace("*/", "* /")
    told = "as its trace has them: what the case did without a system call is not here."
    about = f"The calls of {what},\n   {told}\n\n   {use}"
    return whole_c(calls_c(encode(program), expected), about, "the trace", surroundings="scratch.c.in", first=3)


def case_c(directory: Path, case: str, name: str) -> str:
    """The C program of what a target did in a case of a run, at its last attempt. Raises UserError."""
    plan = read_plan(directory)
    target = next(each for each in plan.targets if each.name == name)
    record = read_record(directory, plan, target)
    results = record.results.get(case) if record else None
    if not results:
        raise UsageError(f"{name} has no trace of {case} in the run {plan.run}: choose another target with -t")
    release = record.facts.release if record and record.facts else "unknown"
    try:
        return trace_c(results[-1], f"{case} on {name} ({release})")
    except Untellable as error:
        raise UsageError(f"no C program can be made of {case} on {name}: {error}") from error


def program_of(result: CaseResult) -> Program:
    """The program that makes the calls of a trace. Raises Untellable."""
    if not result.steps:
        raise Untellable("its trace has no call")
    if result.truncated:
        raise Untellable("its trace was cut, the case made too many calls")
    if any(step.process for step in result.steps):
        raise Untellable("it is of several processes, and the program would have one")
    if len(result.steps) > MOST_CALLS:
        raise Untellable(
            f"it has {len(result.steps)} calls, and more than {MOST_CALLS} are a loop that the trace hides"
        )
    builder = _Straightener()
    for step in result.steps:
        builder.add(step)
    if builder.memory > MOST_MEMORY:
        raise Untellable(f"its calls take {builder.memory} bytes of memory, and there is room for {MOST_MEMORY}")
    return Program(tuple(builder.calls))


def _expected(at: int, step: Step) -> Iterator[str]:
    """How a call ended in the trace, as a check."""
    if step.errno:
        yield f'expect(r{at} == -{step.errno}, "{errno_name(step.errno)}");'
        return
    kind = kind_of_result(describe(step.call, step.args, step.label))
    if type(kind) is not Kind:
        yield f'expect(r{at} >= 0, "success");'  # the number is the kernel's choice
    else:
        yield f'expect(r{at} == {step.result}L, "{step.result}");'


@dataclass(slots=True)
class _Straightener:
    """A program as it grows, and what its calls have made so far."""

    calls: list[ProgramCall] = field(default_factory=list)
    alive: list[tuple[str, int, Ref]] = field(default_factory=list)
    """Family, the value that the trace has for it, and the call that made it."""
    memory: int = 0

    def add(self, step: Step) -> None:
        """The next call of the trace. Raises Untellable."""
        description = describe(step.call, step.args, step.label)
        if description is None or description.__name__ not in grammar():
            raise Untellable(f"{step.call} is not described")
        never = stubs()[step.call].facts.never if step.call in stubs() else ""
        if never and not step.errno:
            raise Untellable(f"{step.call} is not repeated: {never}")
        parameters = description.parameters
        if len(step.args) > len(parameters):
            raise Untellable(f"{step.call} has more arguments than are described")
        args = [self._argument(step, at, parameters) for at in range(len(step.args))]
        at = len(self.calls)
        self.calls.append(ProgramCall(description.__name__, (*args, *[0] * (len(parameters) - len(args)))))
        if step.errno:
            return
        for made in makes(description.__name__):
            if made.argument < 0:
                self.alive.append((made.family, step.result, Ref(at)))
            elif (value := _written(step, made.argument, parameters, made.offset, made.width)) is not None:
                self.alive.append((made.family, value, Ref(at, made.argument, made.offset, made.width)))
        for index, parameter in enumerate(parameters):
            if holds_address(parameter.kind) and isinstance(out := step.outs.get(str(index)), str):
                self.alive += [("port", port, Ref(at, index, *PORT)) for port in _port_in(_bytes(step, out))]
        own = description.result
        if isinstance(own, AddressKind) and not own.family:
            self.alive.append(("address", step.result, Ref(at)))

    def _argument(self, step: Step, at: int, parameters: tuple[Parameter, ...]) -> Argument:
        seen, parameter = step.args[at], parameters[at]
        kind = parameter.kind
        if isinstance(seen, bool):
            seen = int(seen)
        if isinstance(seen, int):
            return self._number(step, seen, kind, parameter.name)
        if seen is None:
            return self._unseen(step, at, parameters) if kind.out and not kind.reads else 0
        if isinstance(seen, dict) and parameter.struct is not None:
            data, parts = self._struct(step, seen, parameter.struct)
            return self._memory(data, tuple(parts))
        if isinstance(seen, str):
            data = _bytes(step, seen)
            if holds_address(kind):
                return self._memory(data, self._port(data))
            if not isinstance(kind, PathKind) and any(word in ADDRESSES for word in _words(data)):
                raise Untellable(f"the {parameter.name} of {step.call} has the address of further memory in it")
            return self._memory(data + b"\0")  # behind what Python passes there is one
        raise Untellable(f"the {parameter.name} of {step.call} is nothing that a program can pass")

    def _number(self, step: Step, value: int, kind: Kind, name: str) -> Argument:
        """A number as it is, or the call that has made it."""
        made = self._made(value, kind)
        if made is not None:
            return made
        if isinstance(kind, Pointer | PathKind | AddressKind) or (kind.family or "").startswith("map"):
            if value in ADDRESSES:
                raise Untellable(f"the {name} of {step.call} is an address, which is another one in another process")
            return value
        if kind.family and value > 0 and not _is_of_nobody(kind, value) and not step.errno:
            what = kind.family.partition(":")[0]
            raise Untellable(f"the {name} of {step.call} is a {what} ({value}) that no call of the trace has made")
        return value

    def _made(self, value: int, kind: Kind) -> Ref | None:
        """The newest call that has made this value, if the kind is one of things that calls make."""
        if isinstance(kind, AddressKind | Pointer) and not kind.family:
            families = [each for each in self.alive if each[0] == "address" or each[0].startswith("map")]
            return next((ref for _, made, ref in reversed(families) if made == value and value), None)
        wanted = (kind.family or (kind.named[0] if isinstance(kind, Renamed) else "")).partition(":")[0]
        if not wanted or value < 0 or _is_of_nobody(kind, value):
            return None
        found = [ref for family, made, ref in self.alive if made == value and is_a(family, wanted)]
        return found[-1] if found else None

    def _unseen(self, step: Step, at: int, parameters: tuple[Parameter, ...]) -> Argument:
        """Memory that a call was to write, of which the trace has only what was written; or NULL."""
        out = step.outs.get(str(at))
        if out is None and (not step.errno or errno_name(step.errno) == "EFAULT"):
            return 0  # what a successful call leaves alone was not there
        struct = parameters[at].struct
        sizes = [len(out) if isinstance(out, str) else 0, struct.size() if struct else 0]
        sizes += [each for each in step.args[at + 1 : at + 2] if isinstance(each, int) and 0 < each <= MOST_ROOM]
        return self._memory(bytes(max(sizes) or ROOM), room=True)

    def _memory(self, data: bytes, parts: tuple[tuple[int, int, Ref], ...] = (), *, room: bool = False) -> Memory:
        self.memory += len(data) + 80
        return Memory(data, parts, room=room)

    def _port(self, address: bytes) -> tuple[tuple[int, int, Ref], ...]:
        """The port of an address, if it is one that the kernel has chosen before."""
        made = [
            ref for port in _port_in(address) for family, value, ref in self.alive if (family, value) == ("port", port)
        ]
        return tuple((*PORT, ref) for ref in made[-1:])

    def _struct(
        self, step: Step, seen: dict[str, Json], struct: type[Struct], base: int = 0
    ) -> tuple[bytes, list[tuple[int, int, Ref]]]:
        """A struct's bytes, and the places in it of what earlier calls have made. Raises Untellable."""
        seen = struct.renewed(seen)
        if set(seen) - set(struct.members):
            raise Untellable(f"a struct of {step.call} was not recorded whole")
        data, parts = bytearray(struct.size()), []
        for name, value in seen.items():
            notes, place = struct.members[name], getattr(struct, name)
            kind = next((note for note in notes if isinstance(note, Kind)), Kind())
            inner = next((note for note in notes if isinstance(note, type) and issubclass(note, Struct)), None)
            if isinstance(value, dict) and inner is not None:
                piece, found = self._struct(step, value, inner, base + place.offset)
                parts += found
            elif isinstance(value, int):
                made = self._number(step, value, kind, name)
                if isinstance(made, Ref):
                    parts.append((base + place.offset, place.size, made))
                elif place.size == 8 and value in ADDRESSES and not isinstance(kind, Masked):
                    raise Untellable(f"the {name} of {step.call} may be the address of further memory")
                piece = (value & (1 << 8 * place.size) - 1).to_bytes(
                    place.size, "big" if _is_of_the_network(struct, name) else "little"
                )
            else:
                piece = _piece(step, name, value, place.size)
            data[place.offset : place.offset + len(piece)] = piece
        return bytes(data), parts


def _is_of_nobody(kind: Kind, value: int) -> bool:
    """Whether a number of a family means no resource: none, oneself, or a word such as AT_FDCWD."""
    word = (kind.family or "").startswith("fd") and value > 1 << 20
    return value <= 0 or word or value in getattr(kind, "keep", ())


def _is_of_the_network(struct: type[Struct], name: str) -> bool:
    """Whether a member has the network's byte order: ctypes gives it a type of its own."""
    layout = next(each[1] for each in struct._fields_ if each[0] == name)
    return getattr(layout, "__ctype_be__", None) is layout


def _port_in(address: bytes) -> list[int]:
    """The port in a socket address, as the number that its bytes are here; none where it has no port, or none yet."""
    inet = int.from_bytes(address[:2], "little") in (AF_INET, AF_INET6)
    port = int.from_bytes(address[PORT[0] : sum(PORT)], "little")
    return [port] if inet and len(address) >= sum(PORT) and port else []


def _piece(step: Step, name: str, value: Json, size: int) -> bytes:
    """A member that is an array: bytes, or numbers of equal width."""
    if isinstance(value, str):
        return _bytes(step, value)[:size]
    if isinstance(value, list) and value and all(type(each) is int for each in value):
        width = size // len(value)
        return b"".join((each & (1 << 8 * width) - 1).to_bytes(width, "little") for each in value)  # type: ignore[operator] # ints
    raise Untellable(f"the {name} of {step.call} is nothing that a program can pass")


def _bytes(step: Step, seen: str) -> bytes:
    if found := _CUT.search(seen):
        raise Untellable(f"{step.call} was passed {found[1]} bytes, more than are recorded")
    try:
        return seen.encode("latin-1")
    except UnicodeEncodeError as error:
        raise Untellable(f"{step.call} was passed what are no bytes") from error


def _words(data: bytes) -> Iterator[int]:
    for at in range(0, len(data) - 7, 8):
        yield int.from_bytes(data[at : at + 8], "little")


def _written(step: Step, argument: int, parameters: tuple[Parameter, ...], offset: int, width: int) -> int | None:
    """A number in what a call has written; None where that was not recorded."""
    out = step.outs.get(str(argument))
    if isinstance(out, str):
        try:
            piece = out.encode("latin-1")[offset : offset + width]
        except UnicodeEncodeError:
            return None
        return int.from_bytes(piece, "little", signed=width < 8) if len(piece) == width else None
    struct = parameters[argument].struct
    if isinstance(out, dict) and struct is not None:
        for name, value in out.items():
            if name in struct.members and getattr(struct, name).offset == offset and isinstance(value, int):
                return value
    return None
