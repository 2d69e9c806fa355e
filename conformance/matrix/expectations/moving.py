"""Moving a target's baseline on to the versions that a run is of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from conformance.matrix.expectations.accepting import accept, dead
from conformance.matrix.expectations.applying import apply
from conformance.matrix.expectations.conditions import as_seen, versions_of
from conformance.matrix.expectations.entries import SEARCHED, concerns, is_glob, matches
from conformance.matrix.expectations.files import TargetFile
from conformance.model import Cell, Expectation, ExpectationKind, Matrix, Verdict

SILENT = (Verdict.ERROR, Verdict.SKIPPED)
"""What a cell says that says nothing of its target."""


@dataclass(frozen=True, slots=True)
class Move:
    """What became of a target's file."""

    file: TargetFile
    when: str
    """The condition of the baseline now."""
    kept: int
    """Entries of the baseline that say what they said."""
    dropped: int
    new: int
    aside: int
    """Entries of cases that the run does not have: they stay with the versions that they were seen with, inert."""
    explained_otherwise: list[str]
    """Cases that do otherwise than a human has explained, which is for a human to look at."""


def move(matrix: Matrix, file: TargetFile, day: str, has_all: Callable[[str], bool] = lambda _: True) -> Move:
    """A target's baseline as this run shows it; what is explained stays as it is.

    `matrix` has not been held against expectations yet, and has a column of the target, which ran to its end. `day`:
    since when what is new is known. `has_all`: whether the run has all cases of a module; of what it does not have it
    tells nothing, so that an entry for it stays with the versions that it was seen with.
    """
    column = next(each for each in matrix.columns if each.target.name == file.target)
    versions, when = versions_of(column.facts), as_seen(column.facts)

    def knows(module: str) -> bool:
        return has_all(module) and not column.lost

    explained, old = file.of(ExpectationKind.EXPLAINED), file.of(ExpectationKind.BASELINE)
    passed = [each for each in old if not concerns(each, file.target, versions)]
    aside = [each for each in passed if not _told(each, matrix, knows)]
    holding = _without(old, passed)
    current = _without(holding, dead(apply(matrix, [*explained, *holding]), holding, knows))
    held = apply(matrix, [*explained, *current]).cells()
    explained_otherwise = [
        comparison.case for its, comparison, cell in held if its is column and _refutes_a_human(cell)
    ]
    like = Expectation("*", file.target, Verdict.DIFFERS, when=when, since=day, kind=ExpectationKind.BASELINE)
    taken = accept(
        matrix,
        [*explained, *current],
        lambda its, comparison, _cell: its is column and comparison.case not in explained_otherwise,
        like,
        lambda _target, kind: file.inherited(kind),
        has_all=knows,
    )
    before = {_said(each): each for each in old}
    new = [
        _as_before(each, before)
        for each in _without(taken, [*explained, *current])
        if each.kind is ExpectationKind.BASELINE
    ]
    common = file.inherited(ExpectationKind.BASELINE).get("when", "")
    baseline = [*(replace(each, when=when) if each.when == common else each for each in current), *new]
    same = sum(_said(each) in before for each in baseline)
    moved = replace(file, entries=(*explained, *baseline, *aside))
    if baseline or aside:
        moved = moved.sharing(ExpectationKind.BASELINE, when=when)
    counts = (same, len(old) - len(aside) - same, len(baseline) - same, len(aside))
    return Move(moved, when, *counts, explained_otherwise)


def _refutes_a_human(cell: Cell) -> bool:
    return cell.unexpected and cell.unmet is not None and cell.unmet.kind is ExpectationKind.EXPLAINED


def _without(some: Sequence[Expectation], others: Sequence[Expectation]) -> list[Expectation]:
    """Those of some that are none of the others: the same objects, since equal ones may be of two files."""
    gone = {id(each) for each in others}
    return [each for each in some if id(each) not in gone]


def _told(each: Expectation, matrix: Matrix, has_all: Callable[[str], bool]) -> bool:
    """Whether a run tells what becomes of an expectation: it has all that it speaks of, and each says something."""
    if each.case.startswith(SEARCHED):
        return False
    cells = [comparison.cells[each.target] for comparison in matrix.comparisons if matches(each.case, comparison.case)]
    if (is_glob(each.case) or not cells) and not has_all(each.case.partition("::")[0]):
        return False
    return all(cell.verdict not in SILENT for cell in cells)


def _said(each: Expectation) -> tuple[str, ...]:
    """What an entry of a baseline says, whenever it was taken."""
    return (each.case, each.verdict, each.cause or "", each.message)


def _as_before(each: Expectation, before: dict[tuple[str, ...], Expectation]) -> Expectation:
    """An entry since when it has been known: what a newer version does as the older one did is no news."""
    same = before.get(_said(each))
    return replace(each, since=same.since, link=same.link) if same else each
