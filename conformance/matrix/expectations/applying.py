"""Holding a matrix against what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from conformance.matrix.expectations.conditions import versions_of
from conformance.matrix.expectations.entries import concerns, is_glob, matches, plain, precedence, speaks_of
from conformance.model import GAINS, Cell, Column, Comparison, Expectation, ExpectationKind, Matrix, Outcome, Verdict

OF_REFERENCE_ITSELF = f"the reference itself: {Outcome.FAILED}: "
"""How the message of a cell begins whose case the reference fails."""


def applies(each: Expectation, column: Column, case: str) -> bool:
    """Whether an expectation speaks of this cell, today."""
    return speaks_of(each, column.target.name, versions_of(column.facts), case)


def apply(matrix: Matrix, expectations: Sequence[Expectation]) -> Matrix:
    """The matrix with every cell knowing what was expected of it."""
    if not expectations:
        return matrix
    known = {column.target.name: _by_module(column, expectations) for column in matrix.columns}
    comparisons = [
        replace(
            comparison,
            cells={
                name: _expected(comparison.cells[name], comparison, by_module, of_reference=name == matrix.reference)
                for name, by_module in known.items()
            },
        )
        for comparison in matrix.comparisons
    ]
    return replace(matrix, comparisons=comparisons)


_Ranked: TypeAlias = list[tuple[int, Expectation]]


def _by_module(column: Column, expectations: Sequence[Expectation]) -> dict[str, _Ranked]:
    """The expectations that hold for a target today, each with its rank, by module; globs over modules under "*"."""
    versions = versions_of(column.facts)
    holding = [each for each in expectations if concerns(each, column.target.name, versions)]
    found: dict[str, _Ranked] = {}
    for rank, each in enumerate(sorted(holding, key=precedence)):
        module = each.case.partition("::")[0]
        found.setdefault("*" if is_glob(module) else module, []).append((rank, each))
    return found


def _first(comparison: Comparison, by_module: Mapping[str, _Ranked]) -> Expectation | None:
    """The first expectation, by rank, of those that speak of a case."""
    near = [*by_module.get(comparison.module, ()), *by_module.get("*", ())]
    speaking = [(rank, each) for rank, each in near if matches(each.case, comparison.case)]
    return min(speaking, key=lambda each: each[0])[1] if speaking else None


def _expected(cell: Cell, comparison: Comparison, by_module: Mapping[str, _Ranked], *, of_reference: bool) -> Cell:
    """A cell that knows the first expectation that speaks of it."""
    found = _first(comparison, by_module)
    if found is None:
        return cell
    if cell.verdict is found.verdict:
        return replace(cell, expected=found)
    if of_reference and found.verdict is Verdict.DIFFERS:
        return cell  # the reference is held against nothing, so whether it differs from another is not seen
    return replace(cell, unmet=found) if refutes(cell) else cell


def known_to_fail(matrix: Matrix, expectations: Sequence[Expectation]) -> set[str]:
    """The cases in which the reference fails and is known to: an expectation that holds for it says that they fail.

    A baseline says that only of what fails in the same words. It stays no measure in them; but neither is it news.
    """
    column = next((each for each in matrix.columns if each.target.name == matrix.reference), None)
    if column is None:
        return set()
    by_module = _by_module(column, expectations)
    return {
        comparison.case
        for comparison in matrix.comparisons
        if (cell := comparison.cells[matrix.reference]).verdict is Verdict.INVALID
        and (found := _first(comparison, by_module)) is not None
        and found.verdict is Verdict.FAILS
        and (found.kind is not ExpectationKind.BASELINE or _in_the_same_words(found, cell))
    }


def _in_the_same_words(baseline: Expectation, cell: Cell) -> bool:
    """Whether the reference fails as it did when the baseline was taken, which may be one of several cases."""
    said = plain(cell.message.removeprefix(OF_REFERENCE_ITSELF))
    return f"; {said}; " in f"; {baseline.message}; "


def refutes(cell: Cell) -> bool:
    """Whether a cell says enough to tell that what was expected of it is not so: it differs otherwise, or is a gain.

    What was not run, did not repeat, lacks its hardware, or is as on a reference that fails itself says nothing.
    """
    return cell.differs or cell.verdict in GAINS


def unexpected(matrix: Matrix) -> list[tuple[Column, Comparison, Cell]]:
    """The cells that a gate must not let through: differences that nobody accepted, or others than were accepted."""
    return [(column, comparison, cell) for column, comparison, cell in matrix.cells() if cell.unexpected]


def outdated(matrix: Matrix) -> list[tuple[Column, Comparison, Cell]]:
    """The cells that are gains: there is no difference any more where `cell.unmet` expects one."""
    return [(column, comparison, cell) for column, comparison, cell in matrix.cells() if cell.outdated]
