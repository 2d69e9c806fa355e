"""Records to a matrix."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from conformance.matrix.causes import cause_of
from conformance.matrix.compare import Difference, difference
from conformance.matrix.expectations import apply
from conformance.matrix.normalise import Normal, normalise, show
from conformance.model import (
    CaseInfo,
    CaseResult,
    Cell,
    Column,
    Expectation,
    Level,
    Matrix,
    Outcome,
    Record,
    Row,
    Trace,
    Verdict,
)

VERDICT = {
    Outcome.PASSED: Verdict.SAME,
    Outcome.FAILED: Verdict.FAILS,
    Outcome.MISSING: Verdict.MISSING,
    Outcome.SKIPPED: Verdict.SKIPPED,
    Outcome.CRASH: Verdict.CRASH,
    Outcome.HANG: Verdict.HANG,
    Outcome.ERROR: Verdict.ERROR,
}
ATTEMPTS = 3
"""How often each side must agree with itself before a difference is believed."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """All that one target said of one case."""

    results: tuple[CaseResult, ...]
    normal: tuple[Normal, ...]

    @property
    def steady(self) -> bool:
        """Whether every attempt says the same."""
        return len(set(self.normal)) == 1

    @property
    def passed(self) -> bool:
        """Whether there is an attempt, and every one passed."""
        return all(each.outcome is Outcome.PASSED for each in self.results) and bool(self.results)


def build(records: Sequence[Record], reference: str, expectations: Sequence[Expectation] = ()) -> Matrix:
    """The matrix of one run. `reference` names the target that the others are held against."""
    by_name = {record.target.name: record for record in records}
    rows = [_row(info, records, by_name, reference) for info in _all_cases(records)]
    columns = [
        Column(
            record.target,
            record.facts.label if record.facts and record.facts.label else record.target.name,
            record.facts,
            record.failed,
            record.troubles,
            record.complete,
            record.lost,
        )
        for record in records
    ]
    matrix = Matrix(records[0].run if records else "", reference, columns, rows, _warnings(records, reference))
    return apply(matrix, expectations)


def _all_cases(records: Sequence[Record]) -> list[CaseInfo]:
    """Every case that any target knows, by id, as the first that does describes it."""
    found: dict[str, CaseInfo] = {}
    for record in records:
        for info in record.cases:
            found.setdefault(info.id, info)
    return [found[name] for name in sorted(found)]


def _row(info: CaseInfo, records: Sequence[Record], by_name: Mapping[str, Record], reference: str) -> Row:
    attempts = {record.target.name: _attempts(record, info.id) for record in records}
    cells = {name: _cell(name, attempts, by_name, reference) for name in attempts}
    for name, cell in cells.items():
        cells[name] = replace(cell, cause=cause_of(name, cells, attempts_outcomes(attempts), by_name, reference))
    return Row(
        info.id,
        info.hash,
        info.title,
        info.feature,
        cells,
        {name: _trace(each.results[-1]) for name, each in attempts.items() if each.results},
    )


def attempts_outcomes(attempts: Mapping[str, Attempts]) -> dict[str, Normal]:
    """The last thing that each target said, for those who ask why."""
    return {name: each.normal[-1] for name, each in attempts.items() if each.normal}


def _attempts(record: Record, case: str) -> Attempts:
    results = tuple(record.results.get(case, ()))
    return Attempts(results, tuple(map(normalise, results)))


def _cell(name: str, attempts: Mapping[str, Attempts], by_name: Mapping[str, Record], reference: str) -> Cell:
    mine = attempts[name]
    if not mine.results:
        why = by_name[name].failed or "the run ended before this case"
        return Cell(Verdict.ERROR, f"not run: {why}", attempts=0)
    count = len(mine.results)
    if not mine.steady:
        own = next(own for each in mine.normal[1:] if (own := difference(mine.normal[0], each)))
        message = f"differs from itself: {own.message}"
        return Cell(Verdict.FLAKY, message, level=own.level, step=own.step, attempts=count, steady=False)
    outcome, message = mine.results[-1].outcome, _headline(mine.results[-1].message)
    if name == reference:
        if outcome in (Outcome.PASSED, Outcome.SKIPPED, Outcome.ERROR):
            return Cell(VERDICT[outcome], message, reference=name, attempts=count)
        return Cell(Verdict.INVALID, f"the reference itself: {outcome}: {message}", reference=name, attempts=count)
    held_against = _stand_in(name, attempts, by_name, reference)
    if held_against is None and outcome is not Outcome.PASSED and _alike(attempts.get(reference), mine):
        return Cell(VERDICT[outcome], f"as on {reference}: {message}", attempts=count)
    found = difference(attempts[held_against].normal[-1], mine.normal[-1]) if held_against else None
    return _judge(outcome, message, found, held_against, count, attempts)


def _alike(reference: Attempts | None, mine: Attempts) -> bool:
    """Whether the reference, which does not pass itself, says just the same: then nothing differs."""
    return reference is not None and bool(reference.results) and set(reference.normal) == set(mine.normal)


def _judge(
    outcome: Outcome,
    message: str,
    found: Difference | None,
    held_against: str | None,
    count: int,
    attempts: Mapping[str, Attempts],
) -> Cell:
    verdict = VERDICT[outcome]
    if outcome is not Outcome.PASSED:
        step = found.step if found and outcome is not Outcome.SKIPPED else None
        level = None if outcome in (Outcome.SKIPPED, Outcome.ERROR) else Level.OUTCOME
        return Cell(verdict, message, level=level, reference=held_against, step=step, attempts=count)
    if found is None:
        return Cell(Verdict.SAME, reference=held_against, attempts=count)
    if held_against and not attempts[held_against].steady:
        return Cell(
            Verdict.FLAKY,
            f"{held_against} differs from itself: {found.message}",
            level=found.level,
            reference=held_against,
            step=found.step,
            attempts=count,
        )
    return Cell(
        Verdict.DIFFERS, found.message, level=found.level, reference=held_against, step=found.step, attempts=count
    )


def _stand_in(name: str, attempts: Mapping[str, Attempts], by_name: Mapping[str, Record], reference: str) -> str | None:
    """Whom to hold a target against: the reference, else its control, else the first other target that passes."""
    control = by_name[name].target.control
    line = [reference, *([control] if control else []), *by_name]
    return next((each for each in line if each != name and each in attempts and attempts[each].passed), None)


def _headline(message: str) -> str:
    """The line of a failure that says most: an assertion's own words, else the last line."""
    lines = [line for line in message.splitlines() if line.strip()]
    told = [line[1:].strip() for line in lines if line.startswith("E ")]
    found = (told[0] if told else lines[-1] if lines else "")[:300]
    return "".join(each if each.isprintable() else "\ufffd" for each in found)  # it may come to a terminal


def _trace(result: CaseResult) -> Trace:
    return Trace([show(step) for step in result.steps], result.observations, result.message, result.truncated)


def _warnings(records: Sequence[Record], reference: str) -> list[str]:
    """Which axis beside the target has moved between a record and the reference's."""
    base = next((record.facts for record in records if record.target.name == reference), None)
    hashes = {info.id: info.hash for record in records if record.target.name == reference for info in record.cases}
    found = []
    for record in records:
        facts = record.facts
        if facts is None or base is None or record.target.name == reference:
            continue
        for axis in ("suite", "scratch", "uid", "machine"):
            here, there = getattr(facts, axis), getattr(base, axis)
            if here != there:
                found.append(f"{record.target.name} and {reference} differ in {axis} ({here}, {there}) as well")
        lacking = sorted(set(base.isolation) - set(facts.isolation))
        if lacking:
            found.append(f"{record.target.name} has no fresh {', '.join(lacking)} namespace for its cases")
        changed = sum(1 for info in record.cases if hashes.get(info.id, info.hash) != info.hash)
        if changed:
            found.append(f"{record.target.name} ran other definitions of {changed} cases than {reference}")
    return found


def suspicious(matrix: Matrix) -> dict[str, list[str]]:
    """Which cases to run again where: whatever is not as expected and has been seen too few times."""
    again: dict[str, set[str]] = {}
    for column, row, cell in matrix.cells():
        questionable = cell.unexpected or cell.outdated or cell.verdict in (Verdict.FLAKY, Verdict.INVALID)
        if not questionable or not cell.attempts:
            continue
        for name in {column.target.name, cell.reference or column.target.name}:
            if row.cells[name].attempts < ATTEMPTS:
                again.setdefault(name, set()).add(row.case)
    order = [row.case for row in matrix.rows]
    return {name: [case for case in order if case in cases] for name, cases in again.items()}
