"""Programs as bytes for the executor, outcomes from its bytes; `protocol.executor` has the frames that they come in."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

from conformance.programs.harmful import touches
from conformance.programs.program import NO_RESOURCE, Argument, Memory, Program, Ref, none_of
from conformance.protocol.executor import ProtocolError
from conformance.syscalls.machinery.buffers import POISON
from conformance.syscalls.machinery.call import ABSENT_NUMBER, Pseudo, Syscall
from conformance.syscalls.machinery.kinds import Later
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.touches import EVERYTHING, NOTHING, PROCESS, Touches
from conformance.syscalls.machinery.world import DATA, DATA_BYTES, EDGES, PAGE
from conformance.syscalls.pseudo import EXEC

MOST_OUT = 4096
"""How much of one buffer is part of an outcome, in bytes."""
SLOTS = 64
NO_SLOT = 0xFF
"""What stands for a slot where there is none."""
COPYIN, FILL, STORE, CALL = range(1, 5)
"""Instructions."""
_COPYIN, _FILL, _STORE, _CALL = (
    struct.Struct("<BIH"),
    struct.Struct("<BIH"),
    struct.Struct("<BIBBQ"),
    struct.Struct("<BHB"),
)
_HEAD = struct.Struct("<HHH")
_ARG, _OUT, _LOAD = struct.Struct("<BQ"), struct.Struct("<IH"), struct.Struct("<BIB")
HEAD_OF_OUTCOME = struct.Struct("<BBHB")
"""State, detail, completed calls, kinds of signals."""
HEADER = HEAD_OF_OUTCOME.size
"""Bytes of an outcome before its signals, of which there are two bytes each."""
RESULT = struct.Struct("<q")
FAULT = struct.Struct("<iQ")
"""At the end of an outcome, where a fault ended the program and it is known why: si_code and si_addr."""
_MASK = (1 << 64) - 1


class Wish(IntFlag):
    """What a program wants beside what keeps it apart."""

    EXEC = 1
    """A file that can be executed."""
    PID = 2
    """A PID namespace of its own, of which it is PID 1."""


class State(IntEnum):
    """How a program ended."""

    DONE = 0
    DIED = 1
    """Of a signal."""
    BLOCKED = 2
    """A call did not return within its deadline."""
    EXITED = 3
    MALFORMED = 4
    HARNESS = 5
    """The executor could not make its surroundings."""
    LOST = 6
    """It took the executor, or the whole guest, along."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Memory that is part of the outcome: which argument's, where in the data area, how much."""

    argument: int
    path: str
    """`1` for the memory of argument 1, `1.0` for what its bytes from 0 on point to."""
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Encoded:
    """A program as the executor takes it, and what is needed to read its outcome."""

    program: Program
    data: bytes
    observed: tuple[tuple[Observed, ...], ...]
    addresses: tuple[tuple[int, ...], ...]
    """By step and argument, the offset in the data area; -1 for what is no memory."""
    inner: tuple[tuple[tuple[tuple[int, ...], int], ...], ...] = ()
    """By step: where memory lies that other memory points to, by the way there (argument, then offsets)."""


@dataclass(slots=True)
class _Encoder:
    slots: dict[Ref, int]
    out: bytearray = field(default_factory=bytearray)
    low: int = 64
    edges: list[int] = field(default_factory=lambda: list(EDGES))
    largest_out: int = MOST_OUT
    inner: list[tuple[tuple[int, ...], int]] = field(default_factory=list)

    def place(self, memory: Memory) -> int:
        """Give memory a place in the data area; its offset."""
        size = len(memory.data)
        if memory.edge and self.edges and size <= PAGE:
            return self.edges.pop(0) + PAGE - size
        at = self.low
        self.low = at + (max(size, 1) + 79 & ~63)  # a gap of at least 16 bytes: what is written beyond the end shows
        return at if self.low <= DATA_BYTES else 0

    def memory(
        self, memory: Memory, observed: list[Observed], path: tuple[int, ...], *, out: bool, inner_out: bool
    ) -> int:
        """Instructions that fill memory, and what it points to; its offset.

        `out`, `inner_out`: the call writes there, or to the room that it points to.
        """
        at = self.place(memory)
        size = len(memory.data)
        self.inner += [(path, at)] if len(path) > 1 else []
        if size:
            if memory.room:
                self.out += _FILL.pack(FILL, at, min(size, 0xFFFF))
            else:
                self.out += _COPYIN.pack(COPYIN, at, min(size, 0xFFFF)) + memory.data[:0xFFFF]
        for offset, width, part in memory.parts:
            if isinstance(part, Memory):
                inner = self.memory(part, observed, (*path, offset), out=part.room and inner_out, inner_out=inner_out)
                value, slot = DATA + inner, NO_SLOT
            elif isinstance(part, Ref):
                value, slot = NO_RESOURCE & _MASK, self.slots[part]
            else:
                value, slot = part & _MASK, NO_SLOT
            if offset + width <= size:
                self.out += _STORE.pack(STORE, at + offset, width, slot, value)
        if out and size:
            observed.append(Observed(path[0], ".".join(map(str, path)), at, min(size, self.largest_out)))
        return at


def encode(
    program: Program,
    *,
    own: bool = False,
    largest_out: int = MOST_OUT,
    reuse: bool = False,
    touched: Touches | None = None,
    kept: bytes = b"",
) -> Encoded:
    """A program as the executor takes it. `own`: in a process of its own, even where it could share one.

    `largest_out`: how much of one buffer is part of the outcome, in bytes. `reuse`: each call's memory may lie where
    that of the calls before it was, so that all of the data area is there for each. `touched`: what it touches, where
    that is known. `kept`: what lies at the end of the data area before the first call, and stays.
    """
    refs = dict.fromkeys(program.refs())
    slots = dict(zip(refs, range(SLOTS - 1), strict=False))
    made_by: dict[int, list[tuple[int, Ref]]] = {}
    for ref, slot in slots.items():
        made_by.setdefault(ref.step, []).append((slot, ref))
    encoder = _Encoder({ref: slots.get(ref, SLOTS - 1) for ref in refs}, largest_out=largest_out)
    beginning = encoder.low
    if kept:
        encoder.out += _COPYIN.pack(COPYIN, kept_at(kept), len(kept)) + kept
    everything, addresses, inner = [], [], []
    for at, step in enumerate(program.steps):
        encoder.low = beginning if reuse else encoder.low
        observed: list[Observed] = []
        places: list[int] = []
        registers = bytearray()
        description = step.description
        for index, argument in enumerate(step.args):
            places.append(-1)
            if type(argument) is int:  # most are, and scripts have thousands of them
                registers += _ARG.pack(NO_SLOT, argument & _MASK)
            elif isinstance(argument, Memory):
                kind = description.parameters[index].kind
                out = argument.room or (isinstance(kind, Pointer) and kind.out)
                later = isinstance(kind, Pointer) and isinstance(kind.holds, Later)
                places[index] = encoder.memory(argument, observed, (index,), out=out, inner_out=not later)
                registers += _ARG.pack(NO_SLOT, DATA + places[index])
            elif isinstance(argument, Ref):
                registers += _ARG.pack(encoder.slots[argument], none_of(step, index) & _MASK)
            else:
                registers += _ARG.pack(NO_SLOT, argument & _MASK)
        encoder.out += _CALL.pack(CALL, number(description), len(step.args)) + registers
        encoder.out += bytes([slots.get(Ref(at), NO_SLOT), len(observed)])
        for each in observed:
            encoder.out += _OUT.pack(each.offset, each.size)
        loads = [
            (slot, ref)
            for slot, ref in made_by.get(at, ())
            if ref.argument >= 0 and _holds(step.args[ref.argument], ref)
        ]
        encoder.out.append(len(loads))
        for slot, ref in loads:
            encoder.out += _LOAD.pack(slot, places[ref.argument] + ref.offset, ref.width)
        everything.append(tuple(observed))
        inner.append(tuple(encoder.inner))
        encoder.inner.clear()
        addresses.append(tuple(places))
    untouched = EVERYTHING & ~((touches(program) if touched is None else touched) | (PROCESS if own else NOTHING))
    body = _HEAD.pack(len(program.steps), _wishes(program), untouched) + bytes(encoder.out)
    return Encoded(program, struct.pack("<I", len(body)) + body, tuple(everything), tuple(addresses), tuple(inner))


def kept_at(kept: bytes) -> int:
    """Where in the data area memory is that is kept."""
    return DATA_BYTES - (len(kept) + 63 & ~63)


def _holds(argument: Argument, ref: Ref) -> bool:
    """Whether an argument is memory with room for a resource, which may have been made smaller since."""
    return isinstance(argument, Memory) and ref.offset + ref.width <= len(argument.data)


def number(description: Syscall[Any]) -> int:
    """The number that the executor is given for a call."""
    if isinstance(description, Pseudo):
        return description.kind
    return description.facts.numbers.get("x86_64", ABSENT_NUMBER)


def _wishes(program: Program) -> Wish:
    executes = any(isinstance(step.description, Pseudo) and step.description.kind == EXEC for step in program.steps)
    return Wish.EXEC if executes else Wish(0)


@dataclass(frozen=True, slots=True)
class ProgramOutcome:
    """What one program did on one target."""

    state: State
    detail: int = 0
    """The signal, or the exit status."""
    signals: tuple[tuple[int, int], ...] = ()
    """Signals that a handler caught, and how often."""
    results: tuple[tuple[int, tuple[bytes, ...]], ...] = ()
    """By completed step: the result (minus the errno where it failed), and what is in each observed buffer up to the
    last byte that is not poison."""
    fault: tuple[int, int] | None = None
    """The si_code and the si_addr of the signal that ended it, where memory was at fault and said so."""


LOST = HEAD_OF_OUTCOME.pack(State.LOST, 0, 0, 0)
"""The outcome, as bytes, of a program that took its executor along."""


def decode(data: bytes, encoded: Encoded) -> ProgramOutcome:
    """An outcome from bytes. Raises ProtocolError."""
    try:
        state, detail, completed, count = HEAD_OF_OUTCOME.unpack_from(data)
        signals = tuple((data[HEADER + 2 * at], data[HEADER + 1 + 2 * at]) for at in range(count))
        at, results = HEADER + 2 * count, []
        if completed > len(encoded.observed):
            raise ProtocolError(f"{completed} calls were answered of {len(encoded.observed)}")
        for observed in encoded.observed[:completed]:
            (result,) = RESULT.unpack_from(data, at)
            at += RESULT.size
            buffers = []
            for each in observed:
                begin, at = extent_of(data, at, each)
                buffers.append(data[begin:at])
            results.append((result, tuple(buffers)))
        fault = None
        if state == State.DIED and at + FAULT.size == len(data):
            fault = FAULT.unpack_from(data, at)
            at = len(data)
        if at != len(data):
            raise ProtocolError(f"an outcome of {len(data)} bytes ends after {at}")
        return ProgramOutcome(State(state), detail, signals, tuple(results), fault)
    except (IndexError, struct.error, ValueError) as error:
        raise ProtocolError(f"an outcome cannot be read: {error}") from error


def extent_of(data: bytes, at: int, of: Observed) -> tuple[int, int]:
    """Where in an outcome the content of a buffer begins and ends. Raises ProtocolError, and IndexError at the end."""
    extent = data[at] | data[at + 1] << 8
    end = at + 2 + extent
    if extent > of.size:
        raise ProtocolError(f"{extent} bytes are said to be in a buffer of {of.size}")
    if end > len(data):
        raise ProtocolError("a buffer is cut short")
    return at + 2, end


def whole(content: bytes, size: int) -> bytes:
    """A buffer of which `content` is known up to the last byte that is not poison."""
    return content + bytes([POISON]) * (size - len(content))
