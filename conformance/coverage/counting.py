"""From records to a coverage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from conformance.coverage.described import all_flags, all_operations, shown
from conformance.coverage.documents import documented, table_of
from conformance.coverage.facts import Coverage, Flag, Met, Pair
from conformance.model import CaseResult, Json, Outcome, Record, Step
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.table import stubs

COUNTED = (Outcome.PASSED, Outcome.FAILED)
"""How a case ends whose calls count: what a kernel did before it died, or while the harness was at fault, does not."""


def coverage_of(records: Sequence[Record], area: str = "") -> Coverage:
    """What the targets of some records have met, in one area or in all."""
    gathered: dict[str, _AreaSoFar] = {}
    for record in records:
        for case, attempts in record.results.items():
            of = area_of(case)
            if not area or of == area:
                gathered.setdefault(of, _AreaSoFar()).take(case, attempts)
    known = [(each.target.name, each.facts) for each in records if each.facts]
    machines = frozenset(facts.machine for _, facts in known)
    return Coverage(
        targets={name: facts.release for name, facts in known},
        machines=machines,
        table=table_of(machines),
        documented=documented(),
        flags=all_flags(),
        operations=all_operations(),
        areas={name: gathered[name].met() for name in sorted(gathered)},
    )


def area_of(case: str) -> str:
    """The folder that a case stands in."""
    return case.partition("/")[0]


@dataclass(slots=True)
class _AreaSoFar:
    """What an area's cases have met so far."""

    cases: set[str] = field(default_factory=set)
    calls: set[str] = field(default_factory=set)
    pairs: set[Pair] = field(default_factory=set)
    flags: set[Flag] = field(default_factory=set)
    operations: set[str] = field(default_factory=set)
    looked_at: set[tuple[str, str]] = field(default_factory=set)
    """Calls that succeeded, with their arguments: most are made often, and looking at one takes time."""

    def take(self, case: str, attempts: Iterable[CaseResult]) -> None:
        """A case's attempts."""
        for attempt in attempts:
            if attempt.outcome in COUNTED:
                self.cases.add(case)
                for step in attempt.steps:
                    self._add(step)

    def _add(self, step: Step) -> None:
        if isinstance(stubs().get(step.call), Pseudo):  # a program's executor did it, no kernel
            return
        if step.errno:
            self.pairs.add(Pair(step.call, step.errno))
            return
        self.calls.add(step.call)
        key = step.call, repr(list(map(_shape, step.args)))
        if key not in self.looked_at:
            self.looked_at.add(key)
            flags, operations = shown(step.call, step.args)
            self.flags |= flags
            self.operations |= operations

    def met(self) -> Met:
        """All of it."""
        return Met(
            len(self.cases),
            frozenset(self.calls),
            frozenset(self.pairs),
            frozenset(self.flags),
            frozenset(self.operations),
        )


def _shape(value: Json) -> Json:
    """What of an argument may be flags: a number, or a struct's members that are numbers."""
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if isinstance(member, int)}
    return value if isinstance(value, int) else None
