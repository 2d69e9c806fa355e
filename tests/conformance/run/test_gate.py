"""Exit statuses of matrices."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from conformance.model import Cell, Column, Comparison, Expectation, Level, Matrix, Target, Verdict
from conformance.run.errors import Exit
from conformance.run.gate import Attitude, Limit, begun, failures, lost, status_of
from tests.builders import facts

SAME = Cell(Verdict.SAME, reference="native")
DIFFERS = Cell(Verdict.DIFFERS, "close: EBADF", level=Level.OUTCOME, reference="native", attempts=3)
ERROR = Cell(Verdict.ERROR, "not run", attempts=0)
FLAKY = Cell(Verdict.FLAKY, "differs from itself", level=Level.DATA, attempts=3, steady=False)
CRASH = Cell(Verdict.CRASH, "died in 1 of 3 attempts", level=Level.OUTCOME, attempts=3, steady=False)
ALWAYS_CRASH = replace(CRASH, steady=True)
GAIN = Cell(Verdict.SAME, reference="native", unmet=Expectation("*", "other", Verdict.FAILS, "known"))
KNOWN = replace(DIFFERS, expected=Expectation("*", "other", Verdict.DIFFERS, "known"))
KNOWN_FLAKY = replace(FLAKY, expected=Expectation("*", "other", Verdict.FLAKY, "known"))


def column(name: str, failed: str | None = None, modules: tuple[str, ...] = (), complete: bool = True) -> Column:
    """A target of a matrix."""
    return Column(Target(name, "local"), name, facts(), failed, [], complete, list(modules))


def matrix(*cells: Cell, other: Column | None = None) -> Matrix:
    """The reference, which passes, beside one target with these cells."""
    comparisons = [
        Comparison(f"a/test_b.py::test_{at}", "0", "", "", {"native": SAME, "other": cell}, {})
        for at, cell in enumerate(cells)
    ]
    return Matrix("run", "native", [column("native"), other or column("other")], comparisons)


BAD = {
    Exit.FAILED: matrix(SAME, other=column("other", failed="it did not boot")),
    Exit.INCOMPLETE: matrix(SAME, ERROR),
    Exit.USAGE: matrix(),
    Exit.UNEXPECTED: matrix(SAME, DIFFERS),
    Exit.EXPECTED: matrix(SAME, KNOWN),
}
GRAVITY = tuple(BAD)


@pytest.mark.parametrize("status", GRAVITY)
def test_each_status_has_its_matrix(status: Exit) -> None:
    assert status_of(BAD[status]) is status


def together(one: Matrix, other: Matrix) -> Matrix:
    """What is wrong with either."""
    comparisons = [
        replace(comparison, case=f"{comparison.case}{at}")
        for at, comparison in enumerate((*one.comparisons, *other.comparisons))
    ]
    columns = [
        replace(mine, failed=mine.failed or theirs.failed)
        for mine, theirs in zip(one.columns, other.columns, strict=True)
    ]
    return replace(one, comparisons=comparisons, columns=columns)


@pytest.mark.parametrize(
    ("graver", "lighter"), [*combinations([each for each in GRAVITY if each is not Exit.USAGE], 2)]
)
def test_the_gravest_decides(graver: Exit, lighter: Exit) -> None:
    assert status_of(together(BAD[graver], BAD[lighter])) is graver
    assert status_of(together(BAD[lighter], BAD[graver])) is graver


@pytest.mark.parametrize(
    "found",
    [
        matrix(SAME, ERROR),
        matrix(SAME, other=column("other", modules=("netlink/test_route.py",))),
        matrix(other=column("other", modules=("netlink/test_route.py",))),
        matrix(SAME, other=column("other", complete=False)),
        replace(matrix(SAME), comparisons=[replace(matrix(SAME).comparisons[0], cells={"native": SAME})]),
    ],
    ids=["a cell", "a module", "every module", "the end", "a column's cell"],
)
def test_lost_evidence_never_ends_with_0_whatever_is_lost(found: Matrix) -> None:
    assert status_of(found) is Exit.INCOMPLETE
    assert lost(found)


def test_what_is_lost_is_named() -> None:
    found = matrix(ERROR, ERROR, SAME, other=column("other", modules=("netlink/test_route.py",)))
    assert lost(found) == [
        "other: netlink/test_route.py could not be collected, none of its cases was run",
        "other: 2 cases not run",
    ]


@pytest.mark.parametrize(
    ("cell", "usual", "fail", "warn"),
    [
        (SAME, 0, 0, 0),
        (DIFFERS, 1, 1, 1),
        (FLAKY, 0, 1, 0),
        (KNOWN_FLAKY, 0, 0, 0),
        (CRASH, 1, 1, 0),
        (replace(CRASH, verdict=Verdict.HANG), 1, 1, 0),
        (ALWAYS_CRASH, 1, 1, 1),
        (replace(FLAKY, steady=True), 0, 1, 0),
    ],
    ids=["same", "differs", "flaky", "known flaky", "crashed once", "hung once", "crashes", "the reference is flaky"],
)
def test_whether_what_is_flaky_fails_can_be_chosen(cell: Cell, usual: int, fail: int, warn: int) -> None:
    found = matrix(SAME, cell)
    assert (status_of(found), status_of(found, Attitude.FAIL), status_of(found, Attitude.WARN)) == (usual, fail, warn)


def test_whether_gains_fail_can_be_chosen() -> None:
    assert status_of(matrix(GAIN)) is Exit.EXPECTED
    assert status_of(matrix(GAIN), outdated=Attitude.WARN) is Exit.EXPECTED
    assert status_of(matrix(GAIN), outdated=Attitude.FAIL) is Exit.UNEXPECTED


def test_a_limit_is_reached_by_what_fails_and_by_nothing_else() -> None:
    limit = Limit(2, None)
    assert not limit(matrix(DIFFERS, KNOWN, FLAKY, ERROR, GAIN))
    assert limit.reached == 0
    assert limit(matrix(DIFFERS, CRASH, DIFFERS))
    assert limit.reached == len(failures(matrix(DIFFERS, CRASH, DIFFERS))) == 3


def test_cases_to_which_nobody_came_are_counted_and_left_out() -> None:
    found = matrix(DIFFERS, ERROR)
    unrun = replace(found.comparisons[1], cells={"native": ERROR, "other": ERROR})
    early = begun(replace(found, comparisons=[found.comparisons[0], found.comparisons[1], unrun]))
    assert [comparison.case for comparison in early.comparisons] == [
        comparison.case for comparison in found.comparisons
    ]
    assert early.warnings == ["the run was ended early: 1 case was not run on any target"]
    assert begun(found) is found
