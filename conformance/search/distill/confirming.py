"""Whether a program does the same whenever it is run: alone, and beside others."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from conformance.matrix.compare import ITSELF, difference
from conformance.matrix.normalise import normalise
from conformance.model import CaseResult, Outcome
from conformance.programs.cases import observed
from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import State
from conformance.run.lane import Lane
from conformance.search.compare import differences
from conformance.search.distill.running import executed

RUNS = 3
"""How often a program must do the same in a process of its own."""
BESIDE = 2
"""How often among all others, in another order each time."""
IN_ORDER = 2
"""How often all of them in their order."""
PATIENCE = 5.0
"""Factor on deadlines of those alone: among others a program must not be slow."""


def confirmed(lanes: Sequence[Lane], programs: Sequence[Program]) -> list[Execution | None]:
    """What each program does on a target; None where it differs from run to run, or does not come to its end."""
    runs: list[list[Execution]] = [[] for _ in programs]
    order = list(range(len(programs)))
    for turn in range(RUNS + BESIDE):
        own = turn < RUNS
        random.Random(turn).shuffle(order)  # noqa: S311 - reproducible on purpose
        _run(lanes, programs, order, runs, own=own)
    return [each[0] if agree(each) else None for each in runs]


def steady(lanes: Sequence[Lane], executions: Sequence[Execution]) -> list[bool]:
    """Whether programs do what they did before, one after the other as a run of cases has them, twice."""
    runs = [[each] for each in executions]
    programs = [each.program for each in executions]
    for _ in range(IN_ORDER):
        _run(lanes, programs, range(len(programs)), runs, own=False)
    return list(map(agree, runs))


def _run(
    lanes: Sequence[Lane],
    programs: Sequence[Program],
    order: Iterable[int],
    runs: Sequence[list[Execution]],
    *,
    own: bool,
) -> None:
    """Each once. One that is late is run again: once may be a busy machine's doing, twice is the program's."""
    late: list[int] = []
    for again in (False, True):
        asked = [(at, programs[at]) for at in (late if again else order)]
        for at, execution in executed(lanes, asked, own=own, patience=PATIENCE if own else 1.0):
            if execution.outcome.state is State.BLOCKED and not again:
                late.append(at)
            else:
                runs[at].append(execution)


def agree(runs: Sequence[Execution]) -> bool:
    """Whether all runs came to an end, and none differs from the first, as a search or as a matrix compares them."""
    if any(each.outcome.state is not State.DONE for each in runs):
        return False
    return agree_in_a_matrix(runs) and all(next(differences(runs[0], each), None) is None for each in runs[1:])


def agree_in_a_matrix(runs: Sequence[Execution]) -> bool:
    """Whether no run differs from the first as a matrix compares them."""
    first, *others = (normalise(_result_of(each)) for each in runs)
    return all(difference(first, each, ITSELF) is None for each in others)


def _result_of(execution: Execution) -> CaseResult:
    """A program's run as a matrix takes it."""
    return CaseResult("program", "", Outcome.PASSED, steps=list(execution.steps), observations=observed(execution))
