"""What a run deserves: the exit status of a matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum

from conformance.matrix.expectations.applying import outdated as gains
from conformance.model import Cell, Column, Comparison, Matrix, Verdict
from conformance.run.errors import Exit
from conformance.text import plural


class Attitude(StrEnum):
    """Whether a kind of finding makes a run fail."""

    FAIL = "fail"
    WARN = "warn"


def status_of(matrix: Matrix, flaky: Attitude | None = None, outdated: Attitude = Attitude.WARN) -> Exit:
    """The exit status that a matrix deserves, the gravest first: 3, 4, 2, 1, 0.

    A target that could not be run is a failure (3); evidence that is lost anywhere else makes the run incomplete (4);
    a run of no case at all is a mistake in the command line (2). Only then do differences count (1). `flaky`: whether
    cells count whose attempts do not agree; None: those in which the target died or hung do. `outdated`: whether gains
    count, cells that are better than an expectation says.
    """
    if any(column.failed for column in matrix.columns):
        return Exit.FAILED
    if lost(matrix):
        return Exit.INCOMPLETE
    if not matrix.comparisons:
        return Exit.USAGE
    if failures(matrix, flaky) or (outdated is Attitude.FAIL and gains(matrix)):
        return Exit.UNEXPECTED
    return Exit.EXPECTED


def status_of_early(matrix: Matrix) -> Exit:
    """The same of a run that was ended early, since enough cells failed: what it has not come to is not lost.

    A module that could not be collected is, since resuming the run does not bring its cases.
    """
    if any(column.failed for column in matrix.columns):
        return Exit.FAILED
    return Exit.INCOMPLETE if any(column.lost for column in matrix.columns) else Exit.UNEXPECTED


def lost(matrix: Matrix) -> list[str]:
    """What evidence is missing, a sentence each: where there is none, nothing was seen, good or bad."""
    found = lost_modules(matrix)
    for column in matrix.columns:
        name = column.target.name
        cells = [comparison.cells.get(name) for comparison in matrix.comparisons]
        unrun = sum(cell is None or cell.verdict is Verdict.ERROR for cell in cells)
        if unrun:
            found.append(f"{name}: {plural(unrun, 'case')} not run")
        elif not column.complete and not column.failed:
            found.append(f"{name}: the run did not come to its end")
    return found


def lost_modules(matrix: Matrix) -> list[str]:
    """Which modules of cases no guest of a target could import, a sentence each."""
    return [
        f"{column.target.name}: {module} could not be collected, none of its cases was run"
        for column in matrix.columns
        for module in column.lost
    ]


def failures(matrix: Matrix, flaky: Attitude | None = None) -> Sequence[tuple[Column, Comparison, Cell]]:
    """The cells that a gate does not let through."""
    return [found for found in matrix.cells() if _fails(found[2], flaky)]


def _fails(cell: Cell, flaky: Attitude | None) -> bool:
    unsteady = not cell.steady or cell.verdict is Verdict.FLAKY
    if unsteady and flaky is not None:
        return flaky is Attitude.FAIL and cell.expected is None
    return cell.unexpected


class Limit:
    """Says when a run has shown so many failures that it need not go on."""

    def __init__(self, most: int, flaky: Attitude | None) -> None:
        self.reached = 0
        """How many there were when it said so; 0: it has not."""
        self._most, self._flaky = most, flaky

    def __call__(self, matrix: Matrix) -> bool:
        """Whether that many cells of a matrix, which may lack others, fail."""
        found = len(failures(matrix, self._flaky))
        if found >= self._most:
            self.reached = found
        return bool(self.reached)


def begun(matrix: Matrix) -> Matrix:
    """A matrix of a run that was ended early: without the cases to which no target has come."""
    comparisons = [
        comparison for comparison in matrix.comparisons if any(cell.attempts for cell in comparison.cells.values())
    ]
    left = len(matrix.comparisons) - len(comparisons)
    if not left:
        return matrix
    said = f"the run was ended early: {plural(left, 'case was', 'cases were')} not run on any target"
    return replace(matrix, comparisons=comparisons, warnings=[*matrix.warnings, said])
