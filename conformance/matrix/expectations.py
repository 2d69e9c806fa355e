"""Differences that are known and accepted: reading them, applying them, and saying which are dead."""

from __future__ import annotations

import datetime
import fnmatch
import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TypeAlias
from unicodedata import category

import msgspec

from conformance.matrix.versions import holds
from conformance.model import GAINS, Cell, Column, Comparison, Expectation, Matrix

SEARCHED = "fuzz/"
"""How the case of an expectation begins that is about a divergence of generated programs, and so of no row."""

UNWRITTEN = ("Cc", "Cs")
"""Categories of characters that are not kept: control characters, and halves of surrogates, which no encoding has."""


class ExpectationError(ValueError):
    """A file of expectations is malformed; says where."""


def load(path: Path) -> list[Expectation]:
    """The `[[expectation]]` tables of a file. Raises ExpectationError with the file and what is wrong in it."""
    try:
        return parse(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ExpectationError(f"{path}: {error}") from error


def parse(text: str) -> list[Expectation]:
    """The expectations of a file's text. Raises ValueError, as a sentence that says which one is wrong."""
    file = tomllib.loads(text)
    found = msgspec.convert(file.get("expectation", []), list[Expectation])
    _refuse_unknown_keys(file)
    for number, each in enumerate(found, 1):
        try:
            check(each)
        except ValueError as error:
            raise ValueError(f"expectation {number}: {error}") from error
    return found


def check(each: Expectation) -> None:
    """Refuse an expectation that says nothing, or nothing that could be held against a cell. Raises ValueError.

    The error begins with the name of the key that is wrong.
    """
    for field in fields(Expectation):
        value = str(getattr(each, field.name) or "")
        if not value.isprintable() and (odd := _unwritten(value)):
            raise ValueError(f"{field.name}: there is a character in it that cannot be shown, U+{ord(odd):04X}")
        if not value.strip() and field.name in ("case", "target", "reason"):
            raise ValueError(f"{field.name}: it is empty")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", each.target):
        raise ValueError(f"target: {each.target!r} is no target's name; a glob is none either, each target has its own")
    try:
        holds(each.condition, "0.0")
    except ValueError as error:
        raise ValueError(f"condition: {error}") from error
    try:
        day_of(each.expires)
    except ValueError as error:
        raise ValueError(f"expires: {error}") from error


def _unwritten(value: str) -> str | None:
    """The first character that no file may have."""
    return next((char for char in value if char not in "\n\t" and category(char) in UNWRITTEN), None)


def day_of(expires: str) -> datetime.date | None:
    """The day from which an expectation does not hold any more, if there is one. Raises ValueError."""
    try:
        return datetime.date.fromisoformat(expires) if expires else None
    except ValueError as error:
        raise ValueError(f"{expires!r} is no date such as 2030-12-31") from error


def _refuse_unknown_keys(file: dict[str, list[dict[str, object]]]) -> None:
    """A key that nobody reads is a misspelt one. Raises ValueError."""
    for key in file.keys() - {"expectation"}:
        raise ValueError(f"{key} is not known here; a table is called [[expectation]]")
    known = {field.name for field in fields(Expectation)}
    for number, table in enumerate(file.get("expectation", []), 1):
        for key in table.keys() - known:
            raise ValueError(f"expectation {number} has the key {key}, which is none of {', '.join(sorted(known))}")


def dump(expectations: Sequence[Expectation]) -> str:
    """The text of a file of expectations."""
    tables = []
    for each in expectations:
        lines = [
            f"{field.name} = {_quoted(str(value))}"
            for field in fields(each)
            if (value := getattr(each, field.name)) not in ("", None)
        ]
        tables.append("\n".join(["[[expectation]]", *lines]))
    return "\n\n".join(tables) + "\n"


def _quoted(text: str) -> str:
    """A basic string of TOML: as JSON has it, but without surrogates, and with DEL escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def applies(each: Expectation, column: Column, case: str) -> bool:
    """Whether an expectation speaks of this cell, today."""
    return speaks_of(each, column.target.name, column.facts.release if column.facts else "", case)


def speaks_of(each: Expectation, target: str, release: str, case: str) -> bool:
    """Whether an expectation speaks of a case on a target that has this kernel release, today."""
    return matches(each.case, case) and _concerns(each, target, release)


def _concerns(each: Expectation, target: str, release: str) -> bool:
    """Whether an expectation speaks of a target that has this kernel release, today."""
    return each.target == target and not _expired(each) and holds(each.condition, release)


def matches(pattern: str, case: str) -> bool:
    """Whether a glob stands for a case. A case's parameters stand in brackets, which have no meaning of their own."""
    if not ("*" in pattern or "?" in pattern):
        return case == pattern  # most are no globs, and to compile one takes longer than to compare a whole matrix
    return fnmatch.fnmatchcase(case, pattern.replace("[", "[[]"))


def _expired(each: Expectation) -> bool:
    day = day_of(each.expires)
    return day is not None and datetime.date.today() >= day


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


_Numbered: TypeAlias = list[tuple[int, Expectation]]


def _by_module(column: Column, expectations: Sequence[Expectation]) -> dict[str, _Numbered]:
    """The expectations that hold for a target today, each with its place, by module; globs over modules under "*"."""
    release = column.facts.release if column.facts else ""
    found: dict[str, _Numbered] = {}
    for number, each in enumerate(expectations):
        if _concerns(each, column.target.name, release):
            module = each.case.partition("::")[0]
            found.setdefault("*" if "*" in module or "?" in module else module, []).append((number, each))
    return found


def _expected(cell: Cell, comparison: Comparison, by_module: Mapping[str, _Numbered]) -> Cell:
    """A cell that knows the first expectation of those that speak of it."""
    near = [*by_module.get(comparison.module, ()), *by_module.get("*", ())]
    speaking = [(number, each) for number, each in near if matches(each.case, comparison.case)]
    found = min(speaking, key=lambda each: each[0])[1] if speaking else None
    if found is None:
        return cell
    if cell.verdict is found.verdict:
        return replace(cell, expected=found)
    return replace(cell, unmet=found) if _refutes(cell) else cell


def _refutes(cell: Cell) -> bool:
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


def accept(
    matrix: Matrix, known: Sequence[Expectation], wanted: Callable[[Column, Comparison, Cell], bool], like: Expectation
) -> list[Expectation]:
    """The expectations that `known` becomes when the differences that are `wanted` are accepted.

    `matrix` has not been held against expectations yet. `like` has what all new ones share; `{message}` in its reason
    stands for what differs. Expectations that a wanted cell refutes go; what else they covered is accepted anew.
    """
    refuted = {
        id(cell.unmet): cell.unmet
        for column, comparison, cell in apply(matrix, known).cells()
        if cell.unmet and wanted(column, comparison, cell)
    }
    kept = [each for each in known if id(each) not in refuted]
    new = [
        (column, comparison, cell)
        for column, comparison, cell in unexpected(apply(matrix, kept))
        if wanted(column, comparison, cell) or any(applies(each, column, comparison.case) for each in refuted.values())
    ]
    return kept + [found for column in matrix.columns for found in _merged(matrix, column, new, like)]


def _merged(
    matrix: Matrix, column: Column, new: Sequence[tuple[Column, Comparison, Cell]], like: Expectation
) -> list[Expectation]:
    """Expectations for one target's cells: one for a whole module or function where all of it says the same."""
    cells = {comparison.case: cell for its, comparison, cell in new if its is column}
    found: list[Expectation] = []
    covered: set[str] = set()
    for pattern, cases in _groups(matrix, cells):
        verdicts = {(cells[case].verdict, cells[case].cause) if case in cells else None for case in cases}
        if covered.isdisjoint(cases) and len(verdicts) == 1 and None not in verdicts:
            messages = list(dict.fromkeys(_plain(cells[case].message) for case in cases))
            told = "; ".join(messages[:3]) + ("; …" if len(messages) > 3 else "")
            first = cells[cases[0]]
            found.append(
                replace(
                    like,
                    case=pattern,
                    target=column.target.name,
                    verdict=first.verdict,
                    reason=like.reason.replace("{message}", told),
                    cause=first.cause,
                )
            )
            covered.update(cases)
    return found


def _plain(message: str) -> str:
    """What a guest said, as far as a file of expectations takes it."""
    return "".join("\ufffd" if category(each) in UNWRITTEN else each for each in message)


def _groups(matrix: Matrix, cells: Mapping[str, Cell]) -> list[tuple[str, list[str]]]:
    """What one expectation can cover, the widest first: whole modules, functions with parameters, single cases."""
    found: dict[str, list[str]] = {}
    modules = {case.partition("::")[0] for case in cells}
    for widest, pattern in enumerate(("{0}::*", "{1}[*", "{2}")):
        for comparison in matrix.comparisons:
            function, bracket, _ = comparison.case.partition("[")
            if comparison.module in modules and (bracket or widest != 1):
                found.setdefault(pattern.format(comparison.module, function, comparison.case), []).append(
                    comparison.case
                )
    return list(found.items())


def dead(matrix: Matrix, expectations: Sequence[Expectation], *, whole: bool = False) -> list[Expectation]:
    """The expectations that have expired, or that this matrix refutes: their cells are there and say otherwise.

    Of a case that is not in the matrix nothing is known, unless the `whole` suite was run.
    """
    columns = {column.target.name: column for column in matrix.columns if column.complete and not column.failed}
    met = {id(cell.expected) for _, _, cell in matrix.cells() if cell.expected}
    return [
        each
        for each in expectations
        if _expired(each) or (each.target in columns and id(each) not in met and _refuted(each, matrix, columns, whole))
    ]


def _refuted(each: Expectation, matrix: Matrix, columns: Mapping[str, Column], whole: bool) -> bool:
    comparisons = [comparison for comparison in matrix.comparisons if matches(each.case, comparison.case)]
    if not comparisons:
        return whole and not each.case.startswith(SEARCHED) and not columns[each.target].lost
    spoken_of = [comparison for comparison in comparisons if applies(each, columns[each.target], comparison.case)]
    return any(_refutes(comparison.cells[each.target]) for comparison in spoken_of)
