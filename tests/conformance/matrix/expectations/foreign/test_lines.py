from __future__ import annotations

import pytest

from conformance.matrix.expectations.foreign.lines import HEAD, commented, written
from conformance.model import Expectation, Verdict


def parts(line: str) -> tuple[str, str]:
    """What a line says, and its comment."""
    said, _, note = line.partition("#")
    return said, note


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("one\ntwo\n", [(1, "one", []), (2, "two", [])]),
        ("# why\none\ntwo\n", [(2, "one", ["why"]), (3, "two", ["why"])]),
        ("# why\n# and\none\n", [(3, "one", ["why", "and"])]),
        ("# why\none\n# another\ntwo\n", [(2, "one", ["why"]), (4, "two", ["another"])]),
        ("# why\n\none\n", [(3, "one", [])]),
        ("# why\none # here\ntwo\n", [(2, "one", ["why", "here"]), (3, "two", ["why"])]),
    ],
)
def test_a_comment_is_about_the_lines_right_under_it(text: str, found: list[tuple[int, str, list[str]]]) -> None:
    assert list(commented(text, parts)) == found


def test_a_list_has_a_block_a_case_and_what_does_not_fit_is_told() -> None:
    fits = Expectation("a/test_a.py::test_1", "lts", Verdict.FAILS, "there is none")
    other = Expectation("b/test_b.py::*", "lts", Verdict.FAILS, "nor here")
    text, left = written([fits, other], lambda case: f"-{case}", lambda case: "*" not in case)
    head, block = text.split("\n\n")
    assert head == f"# {HEAD.format(target='lts')}"
    assert block.splitlines()[-1] == f"-{fits.case}"
    assert "# there is none" in block.splitlines()
    assert text.endswith("\n")
    assert left == [other]


def test_a_list_of_nothing_is_empty() -> None:
    assert written([], str, lambda _: True) == ("", [])
