"""Making a program that shows a fact as small as can be."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.programs.execution import Execution
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
    found, at = _shown(lane, [program], fact), len(program.steps) - 1
    if found == [None]:
        return None
    first = ProgramDifference(at, program.steps[at].label, str(fact.goal.sort), fact.said, "")
    return minimise(program, first, lambda candidates: _shown(lane, candidates, fact))[0]


def _shown(lane: Lane, programs: Sequence[Program], fact: Fact) -> list[ProgramDifference | None]:
    """Where each program shows the fact, in the words of a search for differences."""
    encoded = [encode(each, own=True) for each in programs]
    outcomes = lane.submit([each.data for each in encoded], urgent=True).result()
    found: list[ProgramDifference | None] = []
    for each, outcome in zip(encoded, outcomes, strict=True):
        at = len(each.program.steps) - 1
        so = bool(each.program.steps) and shows(Execution.read(each, outcome), fact)
        label = each.program.steps[at].label if so else ""
        found.append(ProgramDifference(at, label, str(fact.goal.sort), fact.said, "") if so else None)
    return found
