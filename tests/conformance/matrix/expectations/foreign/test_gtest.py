from __future__ import annotations

import pytest
from hypothesis import given, settings

from conformance.matrix.expectations.files import TargetFile
from conformance.matrix.expectations.foreign.formats import Format, Wanted, read, write
from conformance.matrix.expectations.foreign.gtest import CHOOSES
from conformance.matrix.expectations.foreign.gtest import read as items
from conformance.model import Expectation, Verdict
from tests.conformance.matrix.expectations.strategies import CASES, lists

FILTERS = """\
# crbug.com/417518: get them working
-BrowserTest.Other
-ChromeTest.*   # all of it

Positive.Test
-Isolated.Cookie
"""


def test_a_filter_file_has_a_pattern_a_line_and_those_after_a_minus_are_left_out() -> None:
    found, unread = items(FILTERS)
    assert [(each.name, each.line, list(each.notes)) for each in found] == [
        ("BrowserTest.Other", 2, ["crbug.com/417518: get them working"]),
        ("ChromeTest.*", 3, ["crbug.com/417518: get them working", "all of it"]),
        ("Isolated.Cookie", 6, []),
    ]
    assert [(each.line, each.name, each.why) for each in unread] == [(5, "Positive.Test", CHOOSES)]


@pytest.mark.parametrize(
    ("text", "left_out", "chosen"),
    [
        ("--gtest_filter=-A.B:C.*", ["A.B", "C.*"], []),
        ("--gtest_filter='-A.B:C.*'", ["A.B", "C.*"], []),
        ('GTEST_FILTER="Foo.*:Bar.?-Foo.One:*.Two"', ["Foo.One", "*.Two"], ["Foo.*", "Bar.?"]),
        ("--gtest_filter=*-A.B", ["A.B"], ["*"]),
        ("-a/test_b.py::test_c[x-y:z]:a/test_d.py::*", ["a/test_b.py::test_c[x-y:z]", "a/test_d.py::*"], []),
        ("a/test_b.py::test_c[x-y]", [], ["a/test_b.py::test_c[x-y]"]),
        ("-a/test_b.py::test_c[*", ["a/test_b.py::test_c[*"], []),
    ],
)
def test_a_filter_has_its_patterns_between_colons_those_of_a_cases_id_apart(
    text: str, left_out: list[str], chosen: list[str]
) -> None:
    found, unread = items(text)
    assert [each.name for each in found] == left_out
    assert [each.name for each in unread] == chosen


@settings(deadline=None)
@given(lists("wsl1", CASES))
def test_what_was_written_is_read_again(known: list[Expectation]) -> None:
    text, left = write(Format.GTEST, TargetFile("wsl1", known))
    assert left == []
    wanted = Wanted("wsl1", "wsl1", Verdict.HANG, "")
    again, unread = read(Format.GTEST, text, "known.filter", wanted, {each.case.partition("[")[0] for each in known})
    assert sorted(map(repr, again)) == sorted(map(repr, known))
    assert unread == []


@pytest.mark.parametrize("case", ["a/test_b.py::test_c[#1]", "a/test_b.py::test_c[x y]", "a-b/test_c.py:x"])
def test_a_case_in_whose_name_something_would_mean_something_cannot_be_written(case: str) -> None:
    known = Expectation(case, "wsl1", Verdict.FAILS, "so")
    text, left = write(Format.GTEST, TargetFile("wsl1", [known]))
    assert (left, case in text) == ([known], False)
