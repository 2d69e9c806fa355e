"""Making a divergence's program as small as can be, in as few executions as can be.

Knows what programs are made of, and so needs some dozen executions where Hypothesis' general shrinker needs a thousand:
what is likeliest to be enough is tried first, by itself: the calls that the difference needs, all that can be missed at
once, the plainest arguments. Where that is too little, each call and each argument is tried apart, in one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from conformance.programs.harmful import is_tame
from conformance.programs.program import Argument, Memory, Program, refs_in
from conformance.search.compare import ProgramDifference
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Blob, Choice

Differ = Callable[[Sequence[Program]], list[ProgramDifference | None]]
"""Runs programs on both sides; of each, the difference that is being minimised, or None where it is not there."""
ROUNDS = 4
FEW = 2
"""How many values in all are tried for arguments each by itself, and not all at once before."""


def minimise(
    program: Program, found: ProgramDifference, differ: Differ, *, deadly: bool = False
) -> tuple[Program, ProgramDifference]:
    """The smallest program that still differs in the same way, and its difference.

    `deadly`: the program takes a guest along. Nobody has told in which call, so that the shortest beginning that does
    is looked for; and as each execution takes a new guest, the arguments, which need most of them, stay as they are.
    """
    shortest = 1 if deadly else found.step + 1
    beginnings = [Program(program.steps[:count]) for count in range(shortest, found.step + 2)]
    if not deadly and (needed := _needed(program, found)) != beginnings[-1]:
        beginnings.insert(0, needed)
    program, found = _better(beginnings, differ) or (program, found)
    for _ in range(ROUNDS):
        shorter = _drop_calls(program, found, differ)
        plainer = _plain_arguments(*(shorter or (program, found)), differ) if not deadly else None
        if shorter is None and plainer is None:
            break
        program, found = plainer or shorter or (program, found)
    return program, found


def _needed(program: Program, found: ProgramDifference) -> Program:
    """The call that differs, and those that make what it uses, and what those use."""
    kept = {found.step}
    for at in range(found.step, -1, -1):
        if at in kept:
            kept |= {ref.step for argument in program.steps[at].args for ref in refs_in(argument)}
    return program.without(set(range(len(program.steps))) - kept)


def _better(candidates: Sequence[Program], differ: Differ) -> tuple[Program, ProgramDifference] | None:
    """The first candidate that still differs. The others are run if the first one, the likeliest, does not."""
    for some in (candidates[:1], candidates[1:]):
        for candidate, found in zip(some, differ(some) if some else (), strict=True):
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
    if len(tried) > FEW and (all_plain := _better([_plainest(program, tried)], differ)):
        return all_plain
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


def _plainest(program: Program, tried: Sequence[tuple[int, int, Argument]]) -> Program:
    """The program with the first of the values that are tried for each argument."""
    for step, at, value in reversed(tried):
        program = program.with_argument(step, at, value)
    return program


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
