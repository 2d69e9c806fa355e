from __future__ import annotations

import pytest
from hypothesis import given, settings

from conformance.matrix.expectations.foreign.notes import ForeignError, Item, expectation, lines_of
from conformance.model import Cause, Expectation, ExpectationKind, Verdict
from tests.conformance.matrix.expectations.strategies import expectations


def read(*notes: str, **said: str) -> Expectation:
    """The expectation that a test with these notes is."""
    return expectation(Item("a/*", 3, notes, said), "wsl1", Verdict.FAILS, "2026-01-01", "known.skip")


@settings(deadline=None)
@given(expectations("wsl1"))
def test_what_was_noted_of_an_expectation_is_read_again(each: Expectation) -> None:
    notes = lines_of(each)
    assert not any("\n" in note for note in notes)
    assert expectation(Item(each.case, 1, notes), "wsl1", Verdict.HANG, each.since, "x") == each


def test_a_humans_words_are_the_reason_and_an_address_in_them_is_the_link() -> None:
    each = read("fork13 runs long and hangs", "the machine, see https://bugs.example.org/3719.")
    assert (each.kind, each.verdict, each.since) == (ExpectationKind.EXPLAINED, Verdict.FAILS, "2026-01-01")
    assert each.reason == "fork13 runs long and hangs the machine, see"
    assert each.link == "https://bugs.example.org/3719"


def test_what_nobody_explains_is_a_baseline_and_says_where_it_stood() -> None:
    each = read()
    assert (each.kind, each.reason, each.message) == (ExpectationKind.BASELINE, "", "listed in known.skip")


def test_what_a_case_said_is_no_reason_in_a_foreign_list_either() -> None:
    each = read("AssertionError: 1 is not 2")
    assert (each.kind, each.message) == (ExpectationKind.BASELINE, "AssertionError: 1 is not 2")


def test_what_the_format_says_itself_counts() -> None:
    each = read("so it is", link="https://example.org/", verdict="flaky")
    assert (each.verdict, each.link, each.reason) == (Verdict.FLAKY, "https://example.org/", "so it is")


def test_notes_say_what_the_format_has_no_place_for() -> None:
    each = read("so it is", "verdict: missing", "cause: absent", "when: kernel < 6.6", "expires: 2030-12-31")
    assert (each.verdict, each.cause) == (Verdict.MISSING, Cause.ABSENT)
    assert (each.when, each.expires, each.reason) == ("kernel < 6.6", "2030-12-31", "so it is")


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ("verdict: broken", "verdict: 'broken' is none of same, new,"),
        ("when: tomorrow", "a/*: when: 'tomorrow' is not a condition"),
        ("kind: guess", "kind: 'guess' is none of explained, baseline"),
        ("cause: magic", "cause: 'magic' is none of absent,"),
    ],
)
def test_a_note_that_cannot_be_meant_so_is_told_with_its_line(note: str, told: str) -> None:
    with pytest.raises(ForeignError) as found:
        read("so it is", note)
    assert found.value.line == 3
    assert str(found.value).startswith(told)
