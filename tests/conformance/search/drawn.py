"""Programs for properties: such as the search draws, and any that their form allows."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import strategies as st

from conformance.programs.program import MOST_NESTED, NO_PROCESS, WIDTHS, Argument, Memory, Program, ProgramCall, Ref
from conformance.search.bind import Call, complete
from conformance.syscalls.machinery.choices import Blob, Choice, LengthOf, Use
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.world import ARENA, DATA, EDGES, PAGE

LABELS = sorted(grammar())
FEW = 8
"""Calls of a program, at most; with what they need on top."""

EDGE_NUMBERS = (0, 1, 2, -1, -2, 4096, 0x7FFFFFFF, 1 << 31, (1 << 32) - 1, 1 << 47, 1 << 62, -(1 << 63), (1 << 64) - 1)
ADDRESSES = (DATA, DATA + EDGES[0] + PAGE, DATA - 1, ARENA, ARENA - 1, ARENA + 64 * PAGE, 0x7F0000001000)
NUMBERS = st.sampled_from((*EDGE_NUMBERS, *ADDRESSES)) | st.integers(-(1 << 63), (1 << 64) - 1)
LENGTHS = st.sampled_from((0, 1, 4, 8, 16, 100, 5000))


# -- as the search draws them


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """A call of which each argument is one of those that its description has."""
    label = draw(st.sampled_from(LABELS))
    return Call(label, tuple(draw(each.strategy()) for each in grammar()[label].parameters))


def raws() -> st.SearchStrategy[list[Call]]:
    """Lists of calls, context-free."""
    return st.lists(calls(), min_size=1, max_size=FEW)


def likely() -> st.SearchStrategy[Program]:
    """Programs of such calls."""
    return raws().map(complete)


# -- any at all

FAMILIES = st.sampled_from(("fd", "fd:socket:unix", "pid", "pid:child", "ipc:sem", "timer", "map", "no such thing"))


def choices() -> st.SearchStrategy[Choice]:
    """Whatever may stand in a list of calls, sensible or not."""
    flat: st.SearchStrategy[Choice] = st.one_of(
        NUMBERS,
        st.builds(Use, FAMILIES, st.integers(0, 5)),
        st.builds(LengthOf, st.integers(1, 16), st.integers(-1, 1)),
    )
    return st.recursive(flat, _blobs, max_leaves=6)


def _blobs(inner: st.SearchStrategy[Choice]) -> st.SearchStrategy[Choice]:
    parts = st.lists(st.tuples(st.sampled_from((0, 4, 8)), st.sampled_from(WIDTHS), inner), max_size=3).map(tuple)
    return st.builds(
        lambda size, parts, room, edge: Blob(bytes(size), parts, room, edge),
        st.sampled_from((16, 64, 20000)),
        parts,
        st.booleans(),
        st.booleans(),
    )


def odd_raws() -> st.SearchStrategy[list[Call]]:
    """Lists of calls with any choice anywhere, of any length, with more or fewer arguments than there are."""
    args = st.lists(choices(), max_size=7).map(tuple)
    return st.lists(st.builds(Call, st.sampled_from(LABELS), args), max_size=30)


@st.composite
def arguments(draw: st.DrawFn, before: tuple[ProgramCall, ...], depth: int = 0) -> Argument:
    """Any argument that may follow such steps."""
    match draw(st.sampled_from("nnrm" if depth < MOST_NESTED else "nr")):
        case "r" if before:
            return draw(refs(before))
        case "m":
            data = bytes(draw(LENGTHS)) if draw(st.booleans()) else draw(st.binary(max_size=20))
            parts = []
            for _ in range(draw(st.integers(0, 2)) if len(data) >= 8 else 0):
                width = draw(st.sampled_from(WIDTHS))
                offset = draw(st.integers(0, len(data) - width))
                parts.append((offset, width, draw(arguments(before, depth + 1))))
            room = not any(data) and draw(st.booleans())
            return Memory(data, tuple(parts), room, draw(st.booleans()))
        case _:
            return draw(NUMBERS)


@st.composite
def refs(draw: st.DrawFn, before: tuple[ProgramCall, ...]) -> Ref:
    """A result of one of these steps, or something in the memory of its arguments."""
    at = draw(st.integers(0, len(before) - 1))
    holding = [index for index, each in enumerate(before[at].args) if isinstance(each, Memory) and len(each.data) >= 8]
    if not holding or draw(st.booleans()):
        return Ref(at)
    argument = draw(st.sampled_from(holding))
    memory = before[at].args[argument]
    assert isinstance(memory, Memory)
    width = draw(st.sampled_from(WIDTHS))
    return Ref(at, argument, draw(st.integers(0, len(memory.data) - width)), width)


@st.composite
def any_programs(draw: st.DrawFn, labels: tuple[str, ...] = tuple(LABELS)) -> Program:
    """Any program that the form allows, sensible or not."""
    steps: tuple[ProgramCall, ...] = ()
    for _ in range(draw(st.integers(1, 5))):
        label = draw(st.sampled_from(labels))
        count = len(grammar()[label].parameters)
        if draw(st.integers(0, 9)) == 0:
            count = draw(st.integers(0, count))
        steps = (*steps, ProgramCall(label, tuple(draw(arguments(steps)) for _ in range(count))))
    return Program(steps)


# -- looking at them


def numbers_of(program: Program) -> Iterator[int]:
    """Every number in a program, in memory too."""
    for each in pieces_of(program):
        if isinstance(each, int):
            yield each


def memories_of(program: Program) -> Iterator[Memory]:
    """All memory of a program."""
    for each in pieces_of(program):
        if isinstance(each, Memory):
            yield each


def pieces_of(program: Program) -> Iterator[Argument]:
    """Every argument of a program, and what is in memory."""
    waiting: list[Argument] = [each for step in program.steps for each in step.args]
    while waiting:
        each = waiting.pop()
        yield each
        if isinstance(each, Memory):
            waiting += [part for _, _, part in each.parts]


def faults(program: Program) -> list[str]:
    """What is wrong with a program's form, if anything is."""
    found = []
    for at, step in enumerate(program.steps):
        for ref in Program((step,)).refs():
            if not 0 <= ref.step < at:
                found.append(f"{at}: {ref} is not of an earlier step")
            elif ref.argument >= 0 and not _reaches(program.steps[ref.step].args, ref):
                found.append(f"{at}: {ref} is not in memory of that step")
        if len(step.args) > len(step.description.parameters):
            found.append(f"{at}: more arguments than {step.label} has")
    for memory in memories_of(program):
        for offset, width, _ in memory.parts:
            if width not in WIDTHS or not 0 <= offset <= len(memory.data) - width:
                found.append(f"a part at {offset} of {width} bytes is not in {len(memory.data)}")
    found += [f"{number} has more than 64 bits" for number in numbers_of(program) if not -(1 << 63) <= number < 1 << 64]
    return found


def _reaches(args: tuple[Argument, ...], ref: Ref) -> bool:
    memory = args[ref.argument] if ref.argument < len(args) else None
    return isinstance(memory, Memory) and ref.offset + ref.width <= len(memory.data)


__all__ = [
    "LABELS",
    "NO_PROCESS",
    "any_programs",
    "arguments",
    "calls",
    "choices",
    "faults",
    "likely",
    "memories_of",
    "numbers_of",
    "odd_raws",
    "pieces_of",
    "raws",
]
