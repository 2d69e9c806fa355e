"""Accepting what a run shows: explained by a human, or taken down as a baseline. And what has died of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from conformance.conditions import holds
from conformance.matrix.expectations.applying import applies, apply, refutes, unexpected
from conformance.matrix.expectations.conditions import as_seen, versions_of
from conformance.matrix.expectations.entries import SEARCHED, concerns, expired, is_glob, matches, plain
from conformance.model import Cell, Column, Comparison, Expectation, ExpectationKind, Matrix

Found: TypeAlias = tuple[Column, Comparison, Cell]
"""A cell with its place."""


def _nothing(_target: str, _kind: ExpectationKind) -> Mapping[str, str]:
    return {}


def _all(_module: str) -> bool:
    return True


def _none(_module: str) -> bool:
    return False


def accept(
    matrix: Matrix,
    known: Sequence[Expectation],
    wanted: Callable[[Column, Comparison, Cell], bool],
    like: Expectation,
    usual: Callable[[str, ExpectationKind], Mapping[str, str]] = _nothing,
    *,
    always: bool = False,
    has_all: Callable[[str], bool] = _all,
) -> list[Expectation]:
    """The expectations that `known` becomes when the differences that are `wanted` are accepted.

    `matrix` has not been held against expectations yet. `like` has what all new ones share. `usual` says what the
    entries of a target and a kind have in common already: new ones have it too, a condition only if it holds there. A
    baseline that would have none holds for the versions that the run is of, unless it is to hold `always`.

    Expectations that a wanted cell refutes go, and what else they covered is still expected. What is explained takes
    the place of the baseline that it explains. `has_all` says whether the run has all cases of a module: a glob over
    more than it has is neither written nor dropped, and the narrower one that is written counts before it.
    """
    held = apply(matrix, known)
    refuted = {
        id(cell.unmet): cell.unmet
        for column, comparison, cell in held.cells()
        if cell.unmet and wanted(column, comparison, cell) and _knows(cell.unmet, has_all)
    }
    kept = [each for each in known if id(each) not in refuted]
    left = apply(matrix, kept)
    differing = unexpected(left)
    if like.kind is ExpectationKind.EXPLAINED:
        differing += [found for found in left.cells() if _on_baseline(found[2]) and wanted(*found)]
    new: list[Expectation] = []
    for each in refuted.values():
        explains = like.kind is ExpectationKind.EXPLAINED and each.kind is ExpectationKind.BASELINE
        still = [found for found in differing if _as_said(found, each) and not (explains and wanted(*found))]
        new += [told for column in matrix.columns for told in _merged(matrix, column, still, each, has_all)]
        differing = [found for found in differing if not any(found is other for other in still)]
    chosen = [found for found in differing if wanted(*found)]
    for column in matrix.columns:
        theirs = usual(column.target.name, like.kind)
        new += _merged(matrix, column, chosen, _usual(like, column, theirs, always=always), has_all)
    return _without_explained(matrix, kept, new, has_all) + new


def _knows(each: Expectation, has_all: Callable[[str], bool]) -> bool:
    """Whether a run has all cases that an expectation speaks of."""
    return not is_glob(each.case) or has_all(each.case.partition("::")[0])


def _as_said(found: Found, each: Expectation) -> bool:
    """Whether a cell is as an expectation says."""
    column, comparison, cell = found
    return cell.verdict is each.verdict and applies(each, column, comparison.case)


def _on_baseline(cell: Cell) -> bool:
    return cell.differs and cell.expected is not None and cell.expected.kind is ExpectationKind.BASELINE


def _usual(like: Expectation, column: Column, usual: Mapping[str, str], *, always: bool) -> Expectation:
    """What new entries for a target have in common."""
    when = like.when
    if not when and not always:
        theirs = usual.get("when", "")
        when = theirs if holds(theirs, versions_of(column.facts)) else ""
        when = when or (as_seen(column.facts) if like.kind is ExpectationKind.BASELINE else "")
    link, expires = like.link or usual.get("link", ""), like.expires or usual.get("expires", "")
    return replace(like, link=link, expires=expires, when=when)


def _without_explained(
    matrix: Matrix, kept: list[Expectation], new: Sequence[Expectation], has_all: Callable[[str], bool]
) -> list[Expectation]:
    """What is kept, without the baselines that new explanations have taken the place of."""
    before = {id(cell.expected) for _, _, cell in apply(matrix, kept).cells()}
    after = {id(cell.expected) for _, _, cell in apply(matrix, [*kept, *new]).cells()}
    gone = before - after
    return [
        each
        for each in kept
        if each.kind is ExpectationKind.EXPLAINED or id(each) not in gone or not _knows(each, has_all)
    ]


def _merged(
    matrix: Matrix, column: Column, new: Sequence[Found], like: Expectation, has_all: Callable[[str], bool]
) -> list[Expectation]:
    """Expectations for one target's cells: one for a whole module or function where all of it says the same."""
    cells = {comparison.case: cell for its, comparison, cell in new if its is column}
    found: list[Expectation] = []
    covered: set[str] = set()
    for pattern, cases in _groups(matrix, cells, has_all):
        verdicts = {(cells[case].verdict, cells[case].cause) if case in cells else None for case in cases}
        if covered.isdisjoint(cases) and len(verdicts) == 1 and None not in verdicts:
            first = cells[cases[0]]
            each = replace(like, case=pattern, target=column.target.name, verdict=first.verdict, cause=first.cause)
            found.append(replace(each, message=_told(cells, cases)) if like.kind is ExpectationKind.BASELINE else each)
            covered.update(cases)
    return found


def _told(cells: Mapping[str, Cell], cases: Sequence[str]) -> str:
    """What cells say, three of them at most."""
    messages = list(dict.fromkeys(plain(cells[case].message) for case in cases))
    return "; ".join(messages[:3]) + ("; …" if len(messages) > 3 else "")


def _groups(matrix: Matrix, cells: Mapping[str, Cell], has_all: Callable[[str], bool]) -> list[tuple[str, list[str]]]:
    """What one expectation can cover, the widest first, see `_covering`. A glob covers what the run has all of."""
    found: dict[str, list[str]] = {}
    modules = {case.partition("::")[0] for case in cells}
    whole = {module for module in modules if has_all(module)}
    there = [comparison for comparison in matrix.comparisons if comparison.module in modules]
    covering = {comparison.case: _covering(comparison.case) for comparison in there}
    for width in range(4):
        for comparison in there:
            pattern = covering[comparison.case][width]
            if pattern and (comparison.module in whole or width == 3):
                found.setdefault(pattern, []).append(comparison.case)
    return list(found.items())


def _covering(case: str) -> tuple[str, str, str, str]:
    """A whole module, a function with parameters, those of its parameters in a folder (kept programs), a case."""
    function, bracket, parameter = case.partition("[")
    folder, slash, _ = parameter.partition("/")
    return (
        f"{case.partition('::')[0]}::*",
        f"{function}[*" if bracket else "",
        f"{function}[{folder}/*" if slash else "",
        case,
    )


def dead(
    matrix: Matrix, expectations: Sequence[Expectation], has_all: Callable[[str], bool] = _none
) -> list[Expectation]:
    """The expectations that have expired, or that this matrix refutes: their cells are there and say otherwise.

    What is inert, since its condition does not hold for the target of this run, is not dead. Of a case that is not in
    the matrix nothing is known, unless the run has all cases of its module.
    """
    columns = {column.target.name: column for column in matrix.columns if column.complete and not column.failed}
    met = {id(cell.expected) for _, _, cell in matrix.cells() if cell.expected}
    return [
        each
        for each in expectations
        if expired(each)
        or (each.target in columns and id(each) not in met and _refuted(each, matrix, columns[each.target], has_all))
    ]


def _refuted(each: Expectation, matrix: Matrix, column: Column, has_all: Callable[[str], bool]) -> bool:
    if not concerns(each, each.target, versions_of(column.facts)):
        return False
    comparisons = [comparison for comparison in matrix.comparisons if matches(each.case, comparison.case)]
    if not comparisons:
        return has_all(each.case.partition("::")[0]) and not each.case.startswith(SEARCHED) and not column.lost
    return _knows(each, has_all) and any(refutes(comparison.cells[each.target]) for comparison in comparisons)
