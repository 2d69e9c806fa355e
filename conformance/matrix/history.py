"""Two runs: what has become worse, what better, and what cannot be told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from conformance.model import Cell, Column, Matrix, Verdict


class Change(StrEnum):
    """How a cell has moved."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    OTHER = "other"
    """Both are not `same`, but not in the same way."""
    REDEFINED = "redefined"
    """The case itself was changed in between."""
    GONE = "gone"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Moved:
    """A cell that says something else than before."""

    change: Change
    case: str
    target: str
    before: Cell | None
    after: Cell | None


UNTOLD = (Verdict.FLAKY, Verdict.SKIPPED, Verdict.ERROR)
"""What says nothing about the target: neither a regression nor its end."""


def changes(before: Matrix, after: Matrix) -> list[Moved]:
    """Every cell that has moved, for the targets that both matrices have."""
    targets = [column.target.name for column in after.columns if column.target.name in names(before)]
    old = {row.case: row for row in before.rows}
    new = {row.case: row for row in after.rows}
    found = []
    for case in sorted(old.keys() | new.keys()):
        for target in targets:
            was = old[case].cells[target] if case in old else None
            now = new[case].cells[target] if case in new else None
            redefined = case in old and case in new and old[case].hash != new[case].hash
            change = _change(was, now, redefined=redefined)
            if change:
                found.append(Moved(change, case, target, was, now))
    return found


def names(matrix: Matrix) -> set[str]:
    """The targets of a matrix."""
    return {column.target.name for column in matrix.columns}


def _change(was: Cell | None, now: Cell | None, *, redefined: bool) -> Change | None:
    if was is None or now is None:
        return Change.GONE if now is None else Change.NEW
    if (was.verdict, was.level) == (now.verdict, now.level):
        return None
    if redefined:
        return Change.REDEFINED
    if was.verdict in UNTOLD or now.verdict in UNTOLD:
        return Change.OTHER
    if was.verdict is Verdict.SAME:
        return Change.REGRESSION
    return Change.IMPROVEMENT if now.verdict is Verdict.SAME else Change.OTHER


def moved_axes(before: Matrix, after: Matrix) -> list[str]:
    """What else has changed between two runs, a sentence each: a comparison is clean only when one axis moves."""
    found = []
    if before.reference != after.reference:
        found.append(f"the reference was {before.reference} and is {after.reference}")
    old = {column.target.name: column for column in before.columns}
    for column in after.columns:
        found += _moved_axes(old.get(column.target.name), column)
    return found


def _moved_axes(was: Column | None, now: Column) -> list[str]:
    if was is None:
        return [f"{now.target.name} is new"]
    if was.facts is None or now.facts is None:
        return []
    axes = ("release", "suite", "scratch", "uid", "capabilities", "python", "made_by", "cpus", "isolation")
    return [
        f"{now.target.name}: {axis} was {getattr(was.facts, axis)} and is {getattr(now.facts, axis)}"
        for axis in axes
        if getattr(was.facts, axis) != getattr(now.facts, axis)
    ]
