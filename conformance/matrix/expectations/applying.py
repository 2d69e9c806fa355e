"""Holding a matrix against what is expected of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from conformance.matrix.expectations.conditions import versions_of
from conformance.matrix.expectations.entries import concerns, is_glob, matches, precedence, speaks_of
from conformance.model import GAINS, Cell, Column, Comparison, Expectation, Matrix


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
            cells={name: _expected(comparison.cells[name], comparison, by_module) for name, by_module in known.items()},
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


def _expected(cell: Cell, comparison: Comparison, by_module: Mapping[str, _Ranked]) -> Cell:
    """A cell that knows the first expectation, by rank, of those that speak of it."""
    near = [*by_module.get(comparison.module, ()), *by_module.get("*", ())]
    speaking = [(rank, each) for rank, each in near if matches(each.case, comparison.case)]
    found = min(speaking, key=lambda each: each[0])[1] if speaking else None
    if found is None:
        return cell
    if cell.verdict is found.verdict:
        return replace(cell, expected=found)
    return replace(cell, unmet=found) if refutes(cell) else cell


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
