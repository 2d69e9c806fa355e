from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.matrix.build import build
from conformance.matrix.history import Change, changes, moved_axes
from conformance.model import CaseResult, Matrix, Outcome
from tests.builders import CASE, facts, passed, record, result, step

SAME = passed(step("read", 0, None, 4, result=4))
LESS = passed(step("read", 0, None, 4, result=1))
OTHER_DATA = passed(step("read", 0, None, 4, result=4, outs={"1": "a"}))


def run(lts: CaseResult | None, native: CaseResult = SAME) -> Matrix:
    """A matrix of one case on two targets; None: `lts` did not start."""
    return build([record("native", native), record("lts", lts) if lts else record("lts", failed="no image")], "native")


def moved(before: Matrix, after: Matrix) -> list[tuple[str, Change]]:
    """Which targets' cells have moved, and how."""
    return [(each.target, each.change) for each in changes(before, after)]


@pytest.mark.parametrize("said", [SAME, LESS, result(Outcome.MISSING), result(Outcome.SKIPPED)])
def test_a_cell_that_says_what_it_said_has_not_moved(said: CaseResult) -> None:
    assert moved(run(said), run(said)) == []


@pytest.mark.parametrize(
    "said", [LESS, result(Outcome.FAILED), result(Outcome.MISSING), result(Outcome.CRASH), result(Outcome.HANG)]
)
def test_what_was_the_same_and_is_not_is_a_regression_and_the_way_back_an_improvement(said: CaseResult) -> None:
    assert moved(run(SAME), run(said)) == [("lts", Change.REGRESSION)]
    assert moved(run(said), run(SAME)) == [("lts", Change.IMPROVEMENT)]


def test_a_reference_that_does_not_pass_any_more_is_a_regression() -> None:
    (first, *_) = changes(run(SAME), run(SAME, native=result(Outcome.FAILED)))
    assert (first.target, first.change) == ("native", Change.REGRESSION)


@pytest.mark.parametrize("said", [result(Outcome.SKIPPED), result(Outcome.ERROR), None])
def test_what_could_not_run_is_neither_a_regression_nor_an_improvement(said: CaseResult | None) -> None:
    assert moved(run(SAME), run(said)) == [("lts", Change.OTHER)]
    assert moved(run(said), run(SAME)) == [("lts", Change.OTHER)]


def test_a_case_that_has_become_flaky_is_no_regression() -> None:
    flaky = build([record("native", SAME), record("lts", SAME, LESS)], "native")
    assert moved(run(SAME), flaky) == [("lts", Change.OTHER)]


def test_another_difference_than_before_is_told() -> None:
    assert moved(run(LESS), run(result(Outcome.CRASH))) == [("lts", Change.OTHER)]
    assert moved(run(LESS), run(OTHER_DATA)) == [("lts", Change.OTHER)]


def test_a_case_that_was_redefined_is_no_regression() -> None:
    redefined = build([record("native", replace(SAME, hash="new")), record("lts", replace(LESS, hash="new"))], "native")
    assert moved(run(SAME), redefined) == [("lts", Change.REDEFINED)]


def test_cases_that_came_and_went_are_told_for_every_target() -> None:
    before = build([record("native", result(case="a/test.py::test_old"))], "native")
    after = build([record("native", result(case="a/test.py::test_new"))], "native")
    assert [(each.case, each.change) for each in changes(before, after)] == [
        ("a/test.py::test_new", Change.NEW),
        ("a/test.py::test_old", Change.GONE),
    ]


def test_only_targets_that_both_runs_have_are_compared() -> None:
    alone = build([record("native", SAME)], "native")
    assert moved(alone, run(LESS)) == []
    assert moved(run(LESS), alone) == []


def test_a_change_carries_both_cells() -> None:
    (found,) = changes(run(SAME), run(LESS))
    assert found.case == CASE
    assert found.before == run(SAME).rows[0].cells["lts"]
    assert found.after == run(LESS).rows[0].cells["lts"]


# What else has moved


def test_runs_of_equal_surroundings_have_moved_no_axis() -> None:
    assert moved_axes(run(SAME), run(LESS)) == []


def test_every_axis_that_moved_beside_the_cases_is_told() -> None:
    there = facts("6.1.1", python="3.12.0", cpus=8)
    after = build([record("native", SAME, facts_of=there), record("lts", SAME), record("wsl1", SAME)], "lts")
    assert moved_axes(run(SAME), after) == [
        "the reference was native and is lts",
        "native: release was 6.1.0 and is 6.1.1",
        "native: python was 3.11.2 and is 3.12.0",
        "native: cpus was 2 and is 8",
        "wsl1 is new",
    ]


def test_nothing_is_said_of_a_target_that_did_not_start() -> None:
    assert moved_axes(run(None), run(SAME)) == []
