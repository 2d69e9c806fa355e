"""Making a program that shows a fact as small as can be."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.programs.execution import Execution
from conformance.programs.harmful import is_tame
from conformance.programs.program import Program
from conformance.programs.wire import encode
from conformance.run.lane import Lane
from conformance.search.compare import ProgramDifference
from conformance.search.distill.facts import Fact, last_facts
from conformance.search.minimise import minimise


def shows(execution: Execution, fact: Fact) -> bool:
    """Whether the last call of a program shows a fact by itself."""
    return fact in last_facts(execution)


def shrunk(lane: Lane, program: Program, fact: Fact) -> Program | None:
    """The smallest program that still shows a fact; None where it does not, run in a process of its own."""
    if _shown(lane, [program], fact) == [None]:
        return None
    return minimise(program, _at_the_end(program, fact), lambda candidates: _shown(lane, candidates, fact))[0]


def _shown(lane: Lane, programs: Sequence[Program], fact: Fact) -> list[ProgramDifference | None]:
    """Where each program shows the fact, in the words of a search for differences."""
    able = [each if is_tame(each) else Program(()) for each in programs]  # what a call made may have gone from one
    encoded = [encode(each, own=True) for each in able]
    outcomes = lane.submit([each.data for each in encoded], urgent=True).result()
    found: list[ProgramDifference | None] = []
    for each, outcome in zip(encoded, outcomes, strict=True):
        so = shows(Execution.read(each, outcome), fact)
        found.append(_at_the_end(each.program, fact) if so else None)
    return found


def _at_the_end(program: Program, fact: Fact) -> ProgramDifference:
    """That a program's last call shows a fact, in those words."""
    last = len(program.steps) - 1
    return ProgramDifference(last, program.steps[last].label, str(fact.goal.sort), fact.said, "")
