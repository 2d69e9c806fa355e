"""Results directories as runs leave them, for tests of what is read in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from conformance.model import CaseInfo, CaseResult, Expectation, Outcome, Target
from conformance.protocol.lines import End, FactsLine, Header, Plan, ResultLine, Trouble
from conformance.run.comparing import compare_runs
from conformance.run.diff_display import report
from conformance.run.errors import UserError
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from tests.builders import facts, result, step

CASES = [f"{area}/test_{area}.py::test_{number}" for area in ("files", "netlink") for number in range(4)]
FIRST = CASES[0]


def said(outcome: Outcome = Outcome.PASSED, read: int = 4, error: int = 0, message: str = "") -> list[CaseResult]:
    """What a target says once of each case."""
    made = step("read", 0, None, 4, result=-1 if error else read, errno=error)
    return [result(outcome, made, case=case, message=message) for case in CASES]


@dataclass(frozen=True)
class Said:
    """A target's record as a run leaves it."""

    results: Sequence[CaseResult] = field(default_factory=said)
    release: str = "6.1.0"
    failed: str = ""
    lost: str = ""
    complete: bool = True
    cases: Sequence[CaseInfo] | None = None


def with_first(*attempts: CaseResult) -> list[CaseResult]:
    """All pass but the first case, of which these are the attempts."""
    return [*(replace(each, case=FIRST) for each in attempts), *said()[1:]]


def write(directory: Path, reference: str = "native", **targets: Said) -> Path:
    """A results directory."""
    known = [Target(name, "local" if name == "native" else "qemu") for name in targets]
    RunPlan("20260101T000000Z", reference, known, Selection()).write(directory)
    for target in known:
        of = targets[target.name]
        with RecordFile(directory / f"{target.name}.jsonl") as file:
            file.write(Header(target, "20260101T000000Z"))
            if of.failed:
                file.write(Trouble(of.failed, fatal=True))
                continue
            file.write(FactsLine(facts(of.release)))
            ran = {each.case: CaseInfo(each.case, each.hash) for each in of.results}
            cases = list(ran.values()) if of.cases is None else list(of.cases)
            file.write(Plan(cases))
            if of.lost:
                file.write(Trouble(f"{of.lost} cannot be collected", lost=of.lost))
            for each in of.results:
                file.write(ResultLine(each))
            if of.complete:
                file.write(End())
    return directory


def many(outcome: Outcome, count: int = 60) -> Said:
    """A target that says the same of many cases."""
    return Said([replace(said(outcome)[0], case=f"a/test_b.py::test_{n}", message="why " * 80) for n in range(count)])


def diff(
    before: str | Path,
    after: str | Path,
    *paths: str,
    known: Sequence[Expectation] = (),
    pairs: Sequence[str] = (),
    common: bool = False,
    flaky: str | None = None,
    full: bool = False,
    width: int | None = None,
) -> tuple[int, str]:
    """The status and the report of a comparison, or of the error that there is none."""
    try:
        found = compare_runs(str(before), str(after), known, paths=paths, pairs=pairs, common=common, traces=full)
    except UserError as error:
        return error.status, str(error)
    lines = report(found.diffs, found.lost, found.notes, full=full, width=width)
    return found.status(flaky), "\n".join(lines)
