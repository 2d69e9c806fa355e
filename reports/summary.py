"""What all formats say alike: what was lost, what is unexpected, counts by verdict, and a few words for them."""

from __future__ import annotations

import json
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TypeAlias

from conformance.model import Cell, Column, Comparison, Expectation, ExpectationKind, Json, Matrix, Verdict
from conformance.text import plural
from conformance.text import printable as printable  # noqa: PLC0414 - reports have it from here, as all they share

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


MARKS = {
    Verdict.CRASH: "C",
    Verdict.HANG: "H",
    Verdict.FAILS: "F",
    Verdict.DIFFERS: "D",
    Verdict.MISSING: "M",
    Verdict.FLAKY: "~",
    Verdict.ERROR: "?",
    Verdict.INVALID: "i",
    Verdict.SKIPPED: "s",
    Verdict.NEW: "+",
    Verdict.SAME: "=",
}
"""One character a verdict, for narrow cells. A small one, or a sign, says nothing bad of the target."""


@dataclass(frozen=True, slots=True)
class Feature:
    """Cases that are a row of the matrix together: a module, or a whole area."""

    module: str
    area: str
    title: str
    comparisons: tuple[Comparison, ...]

    def tally(self, target: str) -> Counter[Verdict]:
        """How many of the feature's cases have which verdict on a target."""
        return Counter(comparison.cells[target].verdict for comparison in self.comparisons)

    def marks(self, target: str) -> str:
        """A narrow cell: `=` where all are the same, else what the others say, as `14F 7M`; `!`: some unexpected."""
        tally = self.tally(target)
        others = [f"{tally[each]}{MARKS[each]}" for each in GRAVITY if tally[each] and each is not Verdict.SAME]
        alarm = "!" if any(comparison.cells[target].unexpected for comparison in self.comparisons) else ""
        return " ".join(others or [MARKS[Verdict.SAME]]) + alarm


def features(matrix: Matrix) -> list[Feature]:
    """The matrix's comparisons by module, in order."""
    by_module: dict[str, list[Comparison]] = {}
    for comparison in matrix.comparisons:
        by_module.setdefault(comparison.module, []).append(comparison)
    return [
        Feature(module, comparisons[0].area, _title(comparisons[0]), tuple(comparisons))
        for module, comparisons in by_module.items()
    ]


def areas(matrix: Matrix) -> list[Feature]:
    """The matrix's comparisons by area, in order."""
    by_area: dict[str, list[Comparison]] = {}
    for comparison in matrix.comparisons:
        by_area.setdefault(comparison.area, []).append(comparison)
    return [Feature("", area, area, tuple(comparisons)) for area, comparisons in by_area.items()]


def legend_of_marks(matrix: Matrix) -> str:
    """What the marks of this matrix mean, in a line."""
    present = {cell.verdict for _, _, cell in matrix.cells()} | {Verdict.SAME}
    told = [f"{MARKS[each]} {each}" for each in GRAVITY if each in present]
    return ", ".join([*told, "! some unexpected"] if unexpected(matrix) else told)


def _title(comparison: Comparison) -> str:
    """What stands before the colon of a module's docstring, or the module's name."""
    return (
        comparison.feature.partition(":")[0].strip()
        or comparison.module.rpartition("/")[2].removeprefix("test_")[: -len(".py")]
    )


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
    return Counter(comparison.cells[column.target.name].verdict for comparison in matrix.comparisons)


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


def explained(cell: Cell) -> str:
    """What differs in a cell, the case's own message first, and why it was accepted or what was expected instead."""
    return "; ".join(each for each in (cell.message, because(cell)) if each)


def because(cell: Cell) -> str:
    """What an expectation has to do with a cell; empty where there is none for it. Repeats no message of the cell's."""
    if cell.expected:
        return f"expected: {_untold(cell.expected, cell.message)}".removesuffix(": ")
    return f"expected {cell.unmet.verdict}: {cell.unmet.why}" if cell.unmet else ""


def _untold(known: Expectation, message: str) -> str:
    """Why a cell is expected, without what its message says: that of a baseline where the cell now says another."""
    if known.kind is ExpectationKind.BASELINE:
        return known.why if message in known.message else f"{known.why}: {known.message}"
    return known.reason.removesuffix(message).rstrip(": ") if message else known.reason


def attempts(cell: Cell) -> str:
    """How often a cell was tried, where that matters."""
    return "" if cell.steady and cell.verdict is not Verdict.FLAKY else f"in {plural(cell.attempts, 'attempt')}"


Found: TypeAlias = tuple[Column, Comparison, Cell]
"""A cell with its place."""


def unexpected(matrix: Matrix) -> list[Found]:
    """The cells that a gate does not let through, case by case."""
    return [found for found in matrix.cells() if found[2].unexpected]


def outdated(matrix: Matrix) -> list[Found]:
    """The cells that an expectation says are worse than they are, case by case."""
    return [found for found in matrix.cells() if found[2].outdated]


def flaky(matrix: Matrix) -> list[Found]:
    """The cells whose target does not agree with itself, beside the unexpected ones."""
    return [
        found
        for found in matrix.cells()
        if (found[2].verdict is Verdict.FLAKY or not found[2].steady) and not found[2].unexpected
    ]


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of one target of which the same is to be said."""

    column: Column
    cell: Cell
    """The first of them."""
    comparisons: tuple[Comparison, ...]

    @property
    def what(self) -> str:
        """`fails (semantic) in 3 attempts`."""
        cause = f" ({self.cell.cause})" if self.cell.cause else ""
        return f"{self.cell.verdict}{cause} {attempts(self.cell)}".rstrip()


def grouped(found: Sequence[Found]) -> list[Group]:
    """Cells by target and what is said of them, the gravest first."""
    cells: dict[tuple[str, str, str, str], list[Found]] = {}
    for column, comparison, cell in found:
        key = (column.target.name, cell.verdict, f"{cell.cause} {attempts(cell)}", explained(cell))
        cells.setdefault(key, []).append((column, comparison, cell))
    groups = [Group(each[0][0], each[0][2], tuple(comparison for _, comparison, _ in each)) for each in cells.values()]
    return sorted(groups, key=lambda group: GRAVITY.index(group.cell.verdict))


@dataclass(frozen=True, slots=True)
class Lost:
    """Evidence that a run should have and has not: says nothing about the target, and must not look like `same`."""

    column: Column
    what: str
    """A sentence without its subject, the column's target."""
    cases: list[str] = field(default_factory=list)
    """The cases that this is about, where it is not about a whole module or target."""


def lost_evidence(matrix: Matrix) -> list[Lost]:
    """Targets that could not be run, modules that could not be collected, cases that could not be run."""
    found = []
    for column in matrix.columns:
        if column.failed:
            found.append(Lost(column, f"could not be run: {column.failed}"))
        found += [
            Lost(column, f"lost {module}: it could not be collected, no case of it was run") for module in column.lost
        ]
        by_message: dict[str, list[str]] = {}
        for comparison in matrix.comparisons:
            cell = comparison.cells[column.target.name]
            if cell.verdict is Verdict.ERROR and cell.message != f"not run: {column.failed}":
                by_message.setdefault(cell.message or "no reason was given", []).append(comparison.case)
        found += [
            Lost(column, f"has {plural(len(cases), 'case')} without a verdict: {message}", cases)
            for message, cases in by_message.items()
        ]
    return found


DEEPEST = 32
"""How many levels of an observation are shown. What a guest nests deeper would exhaust the stack."""


def shallow(value: Json, levels: int = DEEPEST) -> Json:
    """A value of a guest's without what lies deeper than so many levels."""
    if isinstance(value, (list, dict)) and not levels:
        return "…"
    if isinstance(value, list):
        return [shallow(each, levels - 1) for each in value]
    if isinstance(value, dict):
        return {name: shallow(each, levels - 1) for name, each in value.items()}
    return value


def observation_text(value: Json) -> str:
    """A value that a case observed, as JSON, whatever it is."""
    return json.dumps(shallow(value), ensure_ascii=False)


def command_words(matrix: Matrix, comparison: Comparison, target: str) -> list[str]:
    """The words of `repeat_command`, each quoted for a shell."""
    held_against = comparison.cells[target].reference
    others = [held_against] if held_against and held_against not in (target, matrix.reference) else []
    words = ["conformance", "run", *_for(matrix.arguments, (target, *others, matrix.reference))]
    if matrix.reference != "native" and "--reference" not in matrix.arguments:
        words += ["--reference", matrix.reference]
    for name in (target, *others):
        words += ["-t", name]
    return [
        shlex.quote(each) for each in (*words, *(["--"] if comparison.case.startswith("-") else []), comparison.case)
    ]


def repeat_command(matrix: Matrix, comparison: Comparison, target: str) -> str:
    """The one command that runs a case again on a target, against what it was held against, for a shell."""
    return " ".join(command_words(matrix, comparison, target))


GIVEN = re.compile(r"([A-Za-z0-9][\w.-]*)=", re.ASCII)
"""What stands behind an option that gives something to one target: the target's name, and `=`."""


def _for(arguments: Sequence[str], targets: Sequence[str]) -> Iterator[str]:
    """The words without what is given to other targets (`--kernel TARGET=IMAGE`): some such options add a target."""
    dropped = False
    for word, behind in zip_longest(arguments, arguments[1:], fillvalue=""):
        target = GIVEN.match(behind) if word.startswith("--") else None
        if not dropped and (target is None or target[1] in targets):
            yield word
        dropped = target is not None and target[1] not in targets


def labels(matrix: Matrix) -> Sequence[str]:
    """The columns' names; the reference is marked."""
    return [column.label + ("*" if column.target.name == matrix.reference else "") for column in matrix.columns]
