"""Records to a matrix."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from conformance.matrix.attempts import Attempts, Normals, attempts_of
from conformance.matrix.causes import Case, cause_of
from conformance.matrix.compare import ITSELF, difference
from conformance.matrix.expectations.applying import OF_REFERENCE_ITSELF, apply, known_to_fail
from conformance.model import (
    CaseInfo,
    CaseResult,
    Cell,
    Column,
    Comparison,
    Expectation,
    Level,
    Matrix,
    Outcome,
    Record,
    Trace,
    Verdict,
)
from conformance.syscalls.machinery.show import shown
from conformance.text import plural

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


def build(
    records: Sequence[Record], reference: str, expectations: Sequence[Expectation] = (), *, traces: bool = True
) -> Matrix:
    """The matrix of one run. `reference` names the target that the others are held against.

    `traces`: with what each target did as text, which takes a third of the time and which not every reader looks at.
    """
    by_name = {record.target.name: record for record in records}
    comparisons = [_comparison(info, records, by_name, reference, traces=traces) for info in _all_cases(records)]
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
    matrix = Matrix(records[0].run if records else "", reference, columns, comparisons, _warnings(records, reference))
    return apply(matrix, expectations)


def _all_cases(records: Sequence[Record]) -> list[CaseInfo]:
    """Every case that any target knows, by id, as the first that does describes it."""
    found: dict[str, CaseInfo] = {}
    for record in records:
        for info in record.cases:
            found.setdefault(info.id, info)
    return [found[name] for name in sorted(found)]


def _comparison(
    info: CaseInfo, records: Sequence[Record], by_name: Mapping[str, Record], reference: str, *, traces: bool
) -> Comparison:
    normals: Normals = []
    attempts = {record.target.name: attempts_of(record, info.id, normals) for record in records}
    case = Case(info.title, attempts, by_name, reference)
    cells = {name: _cell(name, case) for name in attempts}
    return Comparison(
        info.id,
        info.hash,
        info.title,
        info.feature,
        {name: _with_cause(name, cell, case) for name, cell in cells.items()},
        {name: _trace(each.said) for name, each in attempts.items() if each.results} if traces else {},
    )


def _with_cause(name: str, cell: Cell, case: Case) -> Cell:
    cause = cause_of(name, cell, case)
    return cell if cause is None else replace(cell, cause=cause)


def _cell(name: str, case: Case) -> Cell:
    mine = case.attempts[name]
    if not mine.results:
        why = case.records[name].failed or "the run ended before this case"
        return Cell(Verdict.ERROR, f"not run: {why}", attempts=0)
    last, found = mine.results[-1], _judged(name, case)
    if len(mine.results) == 1 and not last.seconds and not last.taken:
        return found
    return replace(found, attempts=len(mine.results), seconds=last.seconds, taken=last.taken)


def _judged(name: str, case: Case) -> Cell:
    """What the attempts of a target come to, the gravest first."""
    mine = case.attempts[name]
    if mine.death is not None:
        return _departing(name, case)
    if mine.outcome is Outcome.ERROR:
        return Cell(Verdict.ERROR, mine.message, reference=name if name == case.reference else None, steady=mine.alike)
    if not mine.steady:
        own = next(own for each in mine.normal[1:] if (own := difference(mine.normal[0], each, ITSELF)))
        message = f"differs from itself: {own.message}"
        return Cell(Verdict.FLAKY, message, level=own.level, step=own.step, steady=False)
    return _of_reference(name, mine) if name == case.reference else _held_against(name, case)


def _held_against(name: str, case: Case) -> Cell:
    """Of a target that agrees with itself, beside the others."""
    mine = case.attempts[name]
    if _as_on_reference(mine, case.attempts.get(case.reference)):
        return Cell(VERDICT[mine.outcome], f"as on {case.reference}: {mine.message}")
    if not mine.passed:
        return _falling_short(name, case)
    return _beyond_reference(name, case) if case.lacked(name) else _passing(mine, case, _stand_in(name, case))


def _of_reference(name: str, mine: Attempts) -> Cell:
    """What the reference lacks is missing there; that it does not keep a promise makes it no measure."""
    if mine.outcome is Outcome.FAILED:
        return Cell(Verdict.INVALID, f"{OF_REFERENCE_ITSELF}{mine.message}", reference=name)
    return Cell(VERDICT[mine.outcome], mine.message, reference=name)


def _departing(name: str, case: Case) -> Cell:
    """Of a target that does not pass; one that died in any attempt is never as on the reference, nor merely flaky."""
    mine, held_against = case.attempts[name], _stand_in(name, case)
    found = difference(case.attempts[held_against].speaking, mine.speaking) if held_against else None
    return Cell(
        VERDICT[mine.outcome],
        mine.message,
        level=Level.OUTCOME,
        reference=held_against,
        step=found.step if found else None,
        steady=mine.alike,
    )


def _as_on_reference(mine: Attempts, theirs: Attempts | None) -> bool:
    """Whether a target does not pass just as the reference does not: then nothing differs, whoever else passes.

    Two that lack the same feature may be refused it in other words. One that departs from the reference before the
    reference comes to what it lacks does not have even that far.
    """
    if theirs is None or not theirs.results or mine.passed or not theirs.steady or mine.outcome is not theirs.outcome:
        return False
    if mine.lacks and mine.message == theirs.message:
        return True
    found = difference(theirs.speaking, mine.speaking)
    if mine.lacks and found is not None and found.step is not None:
        return found.step >= len(theirs.speaking.steps) - 1
    return found is None


def _falling_short(name: str, case: Case) -> Cell:
    """Of a target that does not pass, and not as the reference does not."""
    mine = case.attempts[name]
    if mine.outcome is Outcome.SKIPPED:
        return Cell(Verdict.SKIPPED, mine.message, reference=_stand_in(name, case))
    return _departing(name, case)


def _beyond_reference(name: str, case: Case) -> Cell:
    """Of what the reference lacks and this target has: new, unless it differs from that of its control or of the first.

    The first that has it is a measure for the others, and needs none itself.
    """
    measure = _stand_in(name, case)
    control = case.records[name].target.control
    if measure is not None and measure != control and measure != _first(case):
        measure = None
    cell = _passing(case.attempts[name], case, measure)
    if cell.verdict is not Verdict.SAME:
        return cell
    since = case.since(case.reference)
    told = f"there, and {case.reference} lacks it{f' (since Linux {since})' if since else ''}"
    return replace(cell, verdict=Verdict.NEW, message=f"{told}: {case.attempts[case.reference].message}")


def _first(case: Case) -> str | None:
    """The first that passes and has no control that does, an imitation last: what is new begins there."""

    def passes(name: str | None) -> bool:
        return name is not None and name in case.attempts and case.attempts[name].passed

    having = [name for name in case.records if passes(name) and not passes(case.records[name].target.control)]
    return next((name for name in having if not case.imitates(name)), having[0] if having else None)


def _passing(mine: Attempts, case: Case, held_against: str | None) -> Cell:
    """Of a target that passes: whether it does so in the same way."""
    found = difference(case.attempts[held_against].speaking, mine.speaking) if held_against else None
    if found is None or held_against is None:
        return Cell(Verdict.SAME, reference=held_against)
    verdict, message = Verdict.DIFFERS, found.message
    if not case.attempts[held_against].steady:
        verdict, message = Verdict.FLAKY, f"{held_against} differs from itself: {found.message}"
    return Cell(verdict, message, level=found.level, reference=held_against, step=found.step)


def _stand_in(name: str, case: Case) -> str | None:
    """Whom to hold a target against: the reference, else its control, else the first other target that passes.

    No kernel is held against an imitation of one.
    """
    control = case.records[name].target.control
    line = [case.reference, *([control] if control else []), *case.records]
    return next(
        (
            each
            for each in line
            if each != name
            and each in case.attempts
            and case.attempts[each].passed
            and (each == case.reference or case.imitates(name) or not case.imitates(each))
        ),
        None,
    )


def _trace(result: CaseResult) -> Trace:
    return Trace([shown(step) for step in result.steps], result.observations, result.message, result.truncated)


def _warnings(records: Sequence[Record], reference: str) -> list[str]:
    """Which axis beside the target has moved between a record and the reference's."""
    base = next((record.facts for record in records if record.target.name == reference), None)
    hashes = {info.id: info.hash for record in records if record.target.name == reference for info in record.cases}
    found = []
    for record in records:
        for run, count in Counter(each[-1].taken for each in record.results.values()).items():
            if run:
                said = f"{count} of {plural(len(record.results), 'case')} on {record.target.name}"
                found.append(f"what {said} did was not seen in this run, but taken over from {run}")
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
            cases = f"{changed} {'case' if changed == 1 else 'cases'}"
            found.append(f"{record.target.name} ran other definitions of {cases} than {reference}")
    return found


def suspicious(matrix: Matrix, expectations: Sequence[Expectation] = ()) -> dict[str, list[str]]:
    """Which cases to run again where: whatever is not as expected, or claims something new, and was seen too seldom."""
    again: dict[str, set[str]] = {}
    known = known_to_fail(matrix, expectations)
    for column, comparison, cell in matrix.cells():
        of_reference = column.target.name == matrix.reference
        if not cell.attempts or not _doubted(cell, of_reference=of_reference):
            continue
        if of_reference and comparison.case in known:
            continue
        for name in {column.target.name, cell.reference or column.target.name}:
            if comparison.cells[name].attempts < ATTEMPTS:
                again.setdefault(name, set()).add(comparison.case)
    order = [comparison.case for comparison in matrix.comparisons]
    return {name: [case for case in order if case in cases] for name, cases in again.items()}


def _doubted(cell: Cell, *, of_reference: bool) -> bool:
    """Whether a cell is to be seen again before it is believed."""
    if cell.unexpected or cell.outdated or cell.verdict in (Verdict.FLAKY, Verdict.INVALID):
        return True
    return cell.verdict is (Verdict.MISSING if of_reference else Verdict.NEW) and cell.expected is None
