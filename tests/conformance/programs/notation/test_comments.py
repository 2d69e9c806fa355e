from __future__ import annotations

import pytest

from conformance.programs.notation.comments import NOTHING, without_gaps_around
from conformance.programs.notation.model import GAP
from conformance.programs.notation.parse import parse_file, parse_program
from conformance.programs.notation.printing import print_file
from tests.conformance.programs.notation.texts import TEXT


def test_what_people_say_in_a_file_stays_where_it_was() -> None:
    file = parse_file(TEXT, "paths.calls")
    first, second = file.programs
    assert (file.above, file.beside, file.below) == (("Of paths.",), "(path_resolution(7))", ("The end.",))
    assert first.above == ("The first.", GAP, "Of two.")
    assert first.steps[0].beside == "a file"
    assert first.steps[1].above == ("which is no directory", GAP)
    assert first.below == ("and that is all",)
    assert (second.beside, second.needs, second.condition) == ("Linux 5.3", ("root",), "kernel >= 5.3")
    assert print_file(file) == TEXT


def test_a_call_may_be_on_several_lines_with_comments_in_it() -> None:
    program = parse_program("close(\n    # the first\n    0  # stdin\n)\nclose(1)\n")
    assert [step.args for step in program.steps] == [(0,), (1,)]
    file = parse_file("two:\n  close(\n    # the first\n    0  # stdin\n  )\n", "x")
    assert file.programs[0].steps[0].above == ("the first", "stdin")


def test_a_comment_of_nothing_is_no_empty_line() -> None:
    text = "# one\n#\n# two\n\n# three\nx:\n    close(0)\n"
    file = parse_file(text, "x.calls")
    assert file.programs[0].above == ("one", NOTHING, "two", GAP, "three")
    assert print_file(file) == text


@pytest.mark.parametrize(
    ("comments", "kept"),
    [((), ()), ((GAP,), ()), ((GAP, "a", GAP, "b", GAP), ("a", GAP, "b")), ((NOTHING,), (NOTHING,))],
)
def test_empty_lines_around_comments_are_not_theirs(comments: tuple[str, ...], kept: tuple[str, ...]) -> None:
    assert without_gaps_around(comments) == kept
