"""The coverage of a results directory, and what evidence it lacks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from conformance.coverage.counting import area_of, coverage_of
from conformance.coverage.facts import Coverage
from conformance.model import Outcome, Record
from conformance.run.errors import Exit, UsageError
from conformance.run.results import read_plan, read_records
from conformance.text import one_line, plural


@dataclass(frozen=True, slots=True)
class Covered:
    """What a run has met, and what could not be counted, a sentence each."""

    coverage: Coverage
    lost: list[str]

    @property
    def status(self) -> Exit:
        """Lost evidence is all that there is to judge: a figure is neither good nor bad."""
        return Exit.INCOMPLETE if self.lost else Exit.EXPECTED


def covered(directory: Path, names: Collection[str] = (), area: str = "") -> Covered:
    """What the targets of a run have met, or those that are named, in one area or in all. Raises UserError."""
    plan = read_plan(directory)
    known = [target.name for target in plan.targets]
    for name in names:
        if name not in known:
            raise UsageError(f"there is no target {one_line(name)} in the run {plan.run}; it has {', '.join(known)}")
    records = [each for each in read_records(directory, plan) if not names or each.target.name in names]
    _check_area(records, area)
    return Covered(coverage_of(records, area), [sentence for each in records for sentence in _lost(each, area)])


def _check_area(records: Collection[Record], area: str) -> None:
    areas = sorted({area_of(case.id) for each in records for case in each.cases})
    if area and areas and area not in areas:
        raise UsageError(f"there is no area {one_line(area)} in this run; it has {', '.join(map(one_line, areas))}")


def _lost(record: Record, area: str) -> list[str]:
    """What a target was to say and has not."""
    name = record.target.name
    found = [f"{name}: {module} could not be collected, none of its cases was run" for module in record.lost]
    unrun = sum(_is_unrun(record, case.id) for case in record.cases if not area or area_of(case.id) == area)
    if record.failed:
        found.append(f"{name}: {record.failed}")
    elif unrun:
        found.append(f"{name}: {plural(unrun, 'case')} not run")
    elif not record.complete:
        found.append(f"{name}: the run did not come to its end")
    return [one_line(each) for each in found]


def _is_unrun(record: Record, case: str) -> bool:
    attempts = record.results.get(case, [])
    return all(each.outcome is Outcome.ERROR for each in attempts)
