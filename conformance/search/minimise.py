"""Making a divergence's program as small as can be, in as few executions as can be.

Knows what programs are made of, and so needs some dozen executions where Hypothesis' general shrinker needs a thousand:
cut what follows the difference, drop calls from the end, then put the plainest value in the place of each argument.
Candidates of one kind are run in one batch, as a round trip costs more than an execution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from conformance.programs.harmful import is_tame
from conformance.programs.program import Argument, Memory, Program
from conformance.search.compare import ProgramDifference
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Blob, Choice

Differ = Callable[[Sequence[Program]], list[ProgramDifference | None]]
"""Runs programs on both sides; of each, the difference that is being minimised, or None where it is not there."""
ROUNDS = 4


def minimise(
    program: Program, found: ProgramDifference, differ: Differ, *, deadly: bool = False
) -> tuple[Program, ProgramDifference]:
    """The smallest program that still differs in the same way, and its difference.

    `deadly`: the program takes a guest along. Nobody has told in which call, so that the shortest beginning that does
    is looked for; and as each execution takes a new guest, the arguments, which need most of them, stay as they are.
    """
    shortest = 1 if deadly else found.step + 1
    beginnings = [Program(program.steps[:count]) for count in range(shortest, found.step + 2)]
    program, found = _better(beginnings, differ) or (program, found)
    for _ in range(ROUNDS):
        shorter = _drop_calls(program, found, differ)
        plainer = _plain_arguments(*(shorter or (program, found)), differ) if not deadly else None
        if shorter is None and plainer is None:
            break
        program, found = plainer or shorter or (program, found)
    return program, found


def _better(candidates: Sequence[Program], differ: Differ) -> tuple[Program, ProgramDifference] | None:
    """The first candidate that still differs."""
    for candidate, found in zip(candidates, differ(candidates), strict=True):
        if found is not None:
            return candidate, found
    return None


def _drop_calls(program: Program, found: ProgramDifference, differ: Differ) -> tuple[Program, ProgramDifference] | None:
    """Try each call's absence; then all at once that can be missed, and failing that as many as go together."""
    droppable = list(range(found.step - 1, -1, -1))
    if not droppable:
        return None
    alone = differ([program.without({at}) for at in droppable])
    able = [at for at, each in zip(droppable, alone, strict=True) if each is not None]
    if not able:
        return None
    return _better([program.without(set(able[:count])) for count in range(len(able), 0, -1)], differ)


def _plain_arguments(
    program: Program, found: ProgramDifference, differ: Differ
) -> tuple[Program, ProgramDifference] | None:
    """Try plainer values for each argument; take the first that works of each, and then all of those together."""
    tried = [each for each in _plainer(program) if is_tame(program.with_argument(*each))]
    if not tried:
        return None
    results = differ([program.with_argument(*each) for each in tried])
    best: dict[tuple[int, int], Argument] = {}
    for (step, at, value), each in zip(tried, results, strict=True):
        if each is not None:
            best.setdefault((step, at), value)
    if not best:
        return None
    changes = list(best.items())
    candidates = []
    for count in range(len(changes), 0, -1):
        candidate = program
        for (step, at), value in changes[:count]:
            candidate = candidate.with_argument(step, at, value)
        candidates.append(candidate)
    return _better([each for each in candidates if is_tame(each)], differ)


def _plainer(program: Program) -> Iterator[tuple[int, int, Argument]]:
    """For each argument, values that say less, the plainest first."""
    for at, step in enumerate(program.steps):
        for index, (argument, parameter) in enumerate(zip(step.args, step.description.parameters, strict=False)):
            if isinstance(argument, int):
                for value in _plainer_numbers(argument, parameter):
                    yield at, index, value
            elif isinstance(argument, Memory):
                for memory in _plainer_memory(argument, parameter.choices[0]):
                    yield at, index, memory


def _plainer_numbers(value: int, parameter: Parameter) -> list[int]:
    plain = parameter.choices[0]
    if value == plain:  # with fewer bits it would be no plainer, and be made that again in the next round
        return []
    return [each for each in dict.fromkeys(parameter.kind.plainer(value, plain)) if each != value]


def _plainer_memory(memory: Memory, plain: Choice) -> list[Memory]:
    found = []
    if isinstance(plain, Blob) and not plain.parts and not memory.parts:
        found.append(Memory(plain.data, (), plain.room, plain.edge))
    if memory.edge:
        found.append(Memory(memory.data, memory.parts, memory.room))
    return [each for each in found if each != memory]
