"""Differences that are known and accepted: reading them, applying them, and saying which are dead."""

from __future__ import annotations

import datetime
import fnmatch
import json
import tomllib
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

import msgspec

from conformance.matrix.versions import holds
from conformance.model import Cell, Column, Expectation, Matrix, Row, Status


class ExpectationError(ValueError):
    """A file of expectations is malformed; says where."""


def load(path: Path) -> list[Expectation]:
    """The `[[expectation]]` tables of a file. Raises ExpectationError with the file and what is wrong in it."""
    try:
        tables = tomllib.loads(path.read_text()).get("expectation", [])
        found = msgspec.convert(tables, list[Expectation])
        for each in found:
            holds(each.condition, "0.0")
            if each.expires:
                datetime.date.fromisoformat(each.expires)
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ExpectationError(f"{path}: {error}") from error
    return found


def dump(expectations: Sequence[Expectation]) -> str:
    """The text of a file of expectations."""
    tables = []
    for each in expectations:
        lines = [
            f"{field.name} = {json.dumps(str(value))}"
            for field in fields(each)
            if (value := getattr(each, field.name)) not in ("", None)
        ]
        tables.append("\n".join(["[[expectation]]", *lines]))
    return "\n\n".join(tables) + "\n"


def applies(each: Expectation, column: Column, case: str) -> bool:
    """Whether an expectation speaks of this cell, today."""
    if each.target != column.target.name or not fnmatch.fnmatchcase(case, each.case.replace("[", "[[]")):
        return False
    if each.expires and datetime.date.today() >= datetime.date.fromisoformat(each.expires):
        return False
    return holds(each.condition, column.facts.release if column.facts else "")


def apply(matrix: Matrix, expectations: Sequence[Expectation]) -> Matrix:
    """The matrix with every cell knowing what was expected of it."""
    if not expectations:
        return matrix
    rows = [
        replace(row, cells={column.target.name: _expected(row, column, expectations) for column in matrix.columns})
        for row in matrix.rows
    ]
    return replace(matrix, rows=rows)


def _expected(row: Row, column: Column, expectations: Sequence[Expectation]) -> Cell:
    cell = row.cells[column.target.name]
    found = next((each for each in expectations if applies(each, column, row.case)), None)
    if found is None or not cell.attempts:
        return cell
    return replace(cell, expected=found) if cell.status is found.verdict else replace(cell, unmet=found)


def unexpected(matrix: Matrix) -> list[tuple[Column, Row, Cell]]:
    """The cells that a gate must not let through: differences that nobody accepted, and expectations unmet."""
    quiet = (Status.SAME, Status.SKIPPED, Status.INVALID, Status.ERROR, Status.FLAKY)
    return [
        (column, row, cell)
        for column, row, cell in matrix.cells()
        if cell.unmet or (cell.status not in quiet and not cell.expected)
    ]


def dead(matrix: Matrix, expectations: Sequence[Expectation]) -> list[Expectation]:
    """The expectations that no cell of this matrix meets, though their target was run."""
    targets = {column.target.name for column in matrix.columns if column.complete and not column.failed}
    met = {id(cell.expected) for _, _, cell in matrix.cells() if cell.expected}
    return [each for each in expectations if each.target in targets and id(each) not in met]
