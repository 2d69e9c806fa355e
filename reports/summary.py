"""What all formats say alike: a feature's cases counted by verdict, and a few words for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from conformance.model import Column, Matrix, Row, Verdict

GRAVITY = (
    Verdict.CRASH,
    Verdict.HANG,
    Verdict.FAILS,
    Verdict.DIFFERS,
    Verdict.MISSING,
    Verdict.FLAKY,
    Verdict.ERROR,
    Verdict.INVALID,
    Verdict.SKIPPED,
    Verdict.NEW,
    Verdict.SAME,
)
"""Verdicts, the gravest first."""

LEGEND = {
    Verdict.SAME: "as on the reference (for the reference: it passes)",
    Verdict.NEW: "there, and the reference lacks it",
    Verdict.DIFFERS: "passes, but with another result, errno or data than the reference",
    Verdict.MISSING: "the feature is not there",
    Verdict.FAILS: "what Linux promises does not hold",
    Verdict.CRASH: "the case, or the guest, died",
    Verdict.HANG: "the case, or the guest, did not end in time",
    Verdict.FLAKY: "does not agree with itself",
    Verdict.SKIPPED: "not run here: it needs what this target does not have",
    Verdict.INVALID: "the reference itself does not pass",
    Verdict.ERROR: "could not be run",
}


@dataclass(frozen=True, slots=True)
class Feature:
    """One module of cases: a row of the matrix."""

    module: str
    area: str
    title: str
    rows: tuple[Row, ...]

    def tally(self, target: str) -> Counter[Verdict]:
        """How many of the feature's cases have which verdict on a target."""
        return Counter(row.cells[target].verdict for row in self.rows)


def features(matrix: Matrix) -> list[Feature]:
    """The matrix's rows by module, in order."""
    by_module: dict[str, list[Row]] = {}
    for row in matrix.rows:
        by_module.setdefault(row.module, []).append(row)
    return [Feature(module, rows[0].area, _title(rows[0]), tuple(rows)) for module, rows in by_module.items()]


def _title(row: Row) -> str:
    """What stands before the colon of a module's docstring, or the module's name."""
    return row.feature.partition(":")[0].strip() or row.module.rpartition("/")[2].removeprefix("test_")[: -len(".py")]


def words(tally: Counter[Verdict]) -> str:
    """A tally in a cell: `same`, `missing`, or `9/14: 3 fails, 2 missing`."""
    total = sum(tally.values())
    present = [verdict for verdict in GRAVITY if tally[verdict]]
    if len(present) == 1:
        return str(present[0])
    others = ", ".join(f"{tally[verdict]} {verdict}" for verdict in present if verdict is not Verdict.SAME)
    return f"{tally[Verdict.SAME]}/{total}: {others}"


def totals(matrix: Matrix, column: Column) -> Counter[Verdict]:
    """All cases of a target by verdict."""
    return Counter(row.cells[column.target.name].verdict for row in matrix.rows)


def in_order(tally: Counter[Verdict]) -> list[tuple[Verdict, int]]:
    """A tally as pairs: what is as it should be first, then by gravity."""
    order = (Verdict.SAME, *(verdict for verdict in GRAVITY if verdict is not Verdict.SAME))
    return [(verdict, tally[verdict]) for verdict in order if tally[verdict]]


def about(column: Column) -> list[str]:
    """What a reader of a column must know, a sentence each."""
    if column.failed:
        return [f"could not be run: {column.failed}"]
    lines = []
    if facts := column.facts:
        lines.append(f"{facts.release} {facts.machine}, {facts.made_by}, uid {facts.uid}, scratch on {facts.scratch}")
        lines += facts.notes
    lines += column.troubles
    if not column.complete:
        lines.append("incomplete: not everything was run")
    return lines


def printable(text: str) -> str:
    """Text without what a terminal would obey: a guest may have said it."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def repeat_command(row: Row, target: str) -> str:
    """The one command that runs a case again on a target, for a shell."""
    return f"conformance run -t {target} '{row.case}'"


def labels(matrix: Matrix) -> Sequence[str]:
    """The columns' names; the reference is marked."""
    return [column.label + ("*" if column.target.name == matrix.reference else "") for column in matrix.columns]
