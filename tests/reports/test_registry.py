from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reports.registry import EXTENSIONS, MODULES, render
from tests.reports.matrices import matrix, with_deep_observations


def text(form: str) -> str:
    """The matrix in a format, as text."""
    return render(matrix(), form).decode()


@pytest.mark.parametrize("form", EXTENSIONS)
def test_every_format_is_the_same_every_time(form: str) -> None:
    assert render(matrix(), form) == render(matrix(), form)
    assert form in MODULES


def test_cell_says_how_many_cases_are_the_same_and_what_the_others_are() -> None:
    assert re.search(r"area +Feature +2 +=  +1F 1M!", text("text"))
    assert "|area|Feature|same|0/2: 1 fails, 1 missing|error|" in text("markdown")


@pytest.mark.parametrize("form", EXTENSIONS)
def test_every_format_takes_what_a_guest_has_nested_without_end(form: str) -> None:
    assert render(with_deep_observations(), form, full=True)


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_target_that_could_not_be_started_says_why(form: str) -> None:
    assert "it is not installed: apt install it" in text(form)


@pytest.mark.parametrize("form", ["text", "markdown", "junit"])
def test_nothing_that_a_terminal_obeys_comes_from_a_guest(form: str) -> None:
    assert "\x1b" not in text(form)
    found = matrix()
    comparison = replace(found.comparisons[0], case=f"{found.comparisons[0].case}\u202egnihton")
    assert "\u202e" not in render(replace(found, comparisons=[comparison]), form).decode()
