from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.model import Cause, Cell, Column, Comparison, Expectation, Level, Matrix, Target, Verdict
from tests.builders import facts

KNOWN = Expectation("area/test_feature.py::test_check", "lts", Verdict.FAILS, "known")
DEPARTS = Cell(Verdict.FAILS, level=Level.OUTCOME)


@pytest.mark.parametrize("verdict", [Verdict.DIFFERS, Verdict.MISSING, Verdict.FAILS, Verdict.CRASH, Verdict.HANG])
def test_a_departure_from_what_was_held_against_is_unexpected_until_it_is_accepted(verdict: Verdict) -> None:
    cell = replace(DEPARTS, verdict=verdict)
    assert (cell.differs, cell.unexpected) == (True, True)
    accepted = replace(cell, expected=KNOWN)
    assert (accepted.differs, accepted.unexpected) == (True, False)


@pytest.mark.parametrize(
    "verdict", [Verdict.SAME, Verdict.NEW, Verdict.FLAKY, Verdict.SKIPPED, Verdict.INVALID, Verdict.ERROR]
)
def test_what_says_nothing_against_a_target_is_no_departure(verdict: Verdict) -> None:
    cell = replace(DEPARTS, verdict=verdict)
    assert (cell.differs, cell.unexpected) == (False, False)


@pytest.mark.parametrize("cause", Cause)
def test_hardware_and_our_own_faults_say_nothing_of_a_target(cause: Cause) -> None:
    assert replace(DEPARTS, cause=cause).differs is (cause not in (Cause.HARDWARE, Cause.ENVIRONMENT))


def test_what_was_held_against_nothing_departs_from_nothing() -> None:
    assert not replace(DEPARTS, level=None).differs


@pytest.mark.parametrize("verdict", Verdict)
def test_an_expectation_is_out_of_date_where_nothing_is_wanting(verdict: Verdict) -> None:
    assert Cell(verdict, unmet=KNOWN).outdated is (verdict in (Verdict.SAME, Verdict.NEW))
    assert not Cell(verdict).outdated


def comparison(case: str, **cells: Cell) -> Comparison:
    """A case."""
    return Comparison(case, "0" * 16, "", "", cells, {})


def test_a_case_says_where_it_lies() -> None:
    found = comparison("programs/test_kept.py::test_program[files/open-1]")
    assert (found.area, found.module, found.name) == (
        "programs",
        "programs/test_kept.py",
        "test_program[files/open-1]",
    )


def test_cells_come_case_by_case_in_the_order_of_the_columns() -> None:
    columns = [Column(Target(name, "local"), name, facts(), None, [], complete=True) for name in ("native", "lts")]
    same, fails = Cell(Verdict.SAME), Cell(Verdict.FAILS)
    comparisons = [
        comparison("a/test_a.py::test_1", native=same, lts=fails),
        comparison("a/test_a.py::test_2", native=same, lts=same),
    ]
    told = [
        (column.label, each.name, cell) for column, each, cell in Matrix("run", "native", columns, comparisons).cells()
    ]
    assert told == [
        ("native", "test_1", same),
        ("lts", "test_1", fails),
        ("native", "test_2", same),
        ("lts", "test_2", same),
    ]
