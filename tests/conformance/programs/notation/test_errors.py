from __future__ import annotations

import pytest

from conformance.programs.notation.errors import NotationError, meant
from conformance.programs.program import ProgramError

KNOWN = ("open", "openat", "close", "O_RDWR", "ENOENT", "ENOTTY", "ENONET", "fd")


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("opne", "; did you mean open?"),
        ("o_rdwr", "; did you mean O_RDWR?"),
        ("ENOENTT", "; did you mean ENOENT?"),
        ("ENO", ""),
        ("df", "; did you mean fd?"),
        ("nothing", ""),
    ],
)
def test_a_word_that_is_nearly_right_is_told(word: str, said: str) -> None:
    assert meant(word, KNOWN) == said


def test_words_that_are_equally_near_are_all_told() -> None:
    assert meant("ENOTET", ("ENOENT", "ENONET")) == "; did you mean ENONET or ENOENT?"


def test_an_error_begins_with_its_place() -> None:
    error = NotationError("mine.calls", 3, 7, "this is wrong")
    assert str(error) == "mine.calls:3:7: this is wrong"
    assert isinstance(error, ProgramError)
