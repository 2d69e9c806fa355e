"""One case on a terminal."""

from __future__ import annotations

from dataclasses import replace

import pytest

from conformance.matrix.build import build
from conformance.model import Comparison, Json, Matrix, Outcome
from conformance.text import cells
from reports.case import AFTER, BEFORE, render
from reports.summary import repeat_command
from tests.builders import passed, record, result, step
from tests.reports.matrices import CASE, HOSTILE, matrix

WIDTHS = [40, 79, 80, 109, 110, 120, 200]


def comparison(found: Matrix, case: str = CASE) -> Comparison:
    """A comparison by its case."""
    return next(each for each in found.comparisons if each.case == case)


def said(width: int, *targets: str, case: str = CASE, full: bool = False) -> str:
    """What is shown of a case of the small matrix."""
    return render(matrix(), comparison(matrix(), case), targets, width, full=full)


@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_the_terminal_but_for_the_command_which_is_copied(width: int) -> None:
    lines = said(width).splitlines()
    commands = {f"  {repeat_command(matrix(), comparison(matrix()), 'other')}"}
    assert all(cells(line) <= width for line in lines if line not in commands), lines
    assert commands <= set(lines)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", [each.case for each in matrix().comparisons])
def test_what_a_guest_said_obeys_no_terminal(width: int, case: str) -> None:
    assert "\x1b" not in said(width, case=case)
    assert "\x1b" in HOSTILE


def test_every_target_has_its_verdict_cause_message_and_expectation() -> None:
    text = said(120, case="area/test_feature.py::test_two")
    assert "native (6.1.0): same" in text
    assert "other (6.1.0): missing" in text
    assert "expected: known for long" in text
    assert "absent: error" in text
    assert "unexpected" in said(120)


def test_both_traces_stand_side_by_side_with_the_first_difference_marked() -> None:
    lines = said(120, "other").splitlines()
    heading = next(at for at, line in enumerate(lines) if line.split() == ["native", "other"])
    assert lines[heading + 1].startswith("> read(3")
    assert lines[heading + 1].count("read(3") == 2
    assert lines[heading + 2].split()[:2] == ["!", "close(3)"]


def test_a_narrow_terminal_has_one_trace_with_the_other_line_under_it() -> None:
    lines = said(80, "other").splitlines()
    heading = lines.index("- native, + other, > the first difference")
    assert [line[:6] for line in lines[heading + 1 : heading + 4]] == ["->read", "+>read", "+ clos"]


def test_observations_that_differ_are_marked() -> None:
    text = said(120, "other", case="other/test_more.py::test_three")
    assert "! name on native = (nothing)" in text
    assert "! name on other = " in text


@pytest.mark.parametrize("full", [False, True])
def test_observations_that_are_alike_are_counted_where_they_are_many(full: bool) -> None:
    many: dict[str, Json] = {f"entry{at}": "-r--r--r--" for at in range(BEFORE + AFTER + 1)}
    said = [result(observations=many | {"odd": odd}) for odd in ("here", "there")]
    found = build([record(name, each) for name, each in zip(("native", "other"), said, strict=True)], "native")
    text = render(found, found.comparisons[0], (), 80, full=full)
    assert '! odd on other = "there"' in text
    assert ("  entry0 = " in text) is full
    assert (f"… {len(many)} observations alike (--full)" in text) is not full


def test_where_all_say_the_same_one_trace_is_enough() -> None:
    found = build([record("native", passed(step("read", 3))), record("other", passed(step("read", 3)))], "native")
    text = render(found, found.comparisons[0], (), 80)
    assert "native, as on all others:" in text
    assert text.count("read(3)") == 1


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("width", [80, 120])
def test_a_long_trace_is_shown_around_the_first_difference_unless_all_is_asked_for(full: bool, width: int) -> None:
    calls = [step("lseek", 3, at, 0, result=at) for at in range(100)]
    other = [*calls[:50], replace(calls[50], result=7), *calls[51:]]
    found = build([record("native", passed(*calls)), record("other", passed(*other))], "native")
    text = render(found, found.comparisons[0], ("other",), width, full=full)
    assert ("lseek(3, 0," in text) is full
    assert ("lseek(3, 99," in text) is full
    assert f"lseek(3, {50 - BEFORE}," in text
    assert f"lseek(3, {50 + AFTER - 1}," in text
    assert ("calls before (--full)" in text) is not full


def test_a_target_without_a_trace_says_so() -> None:
    assert "absent has no trace" in said(80, "absent")
    found = build([record("native", failed="gone"), record("other", result(Outcome.FAILED, step("read", 3)))], "native")
    assert "other:" in render(found, found.comparisons[0], ("other",), 80)
