from __future__ import annotations

import pytest

from conformance.matrix.attempts import Attempts, Normals, attempts_of, headline
from conformance.model import CaseResult, Outcome
from tests.builders import CASE, record, result, step

PASSED, FAILED, MISSING, SKIPPED, CRASH, HANG, ERROR = (
    *(Outcome.PASSED, Outcome.FAILED, Outcome.MISSING, Outcome.SKIPPED),
    *(Outcome.CRASH, Outcome.HANG, Outcome.ERROR),
)


def attempts(*outcomes: Outcome) -> Attempts:
    """What a target said of a case, attempt by attempt; each message tells which one it was."""
    return of(*(result(each, message=f"attempt {at}") for at, each in enumerate(outcomes)))


def of(*results: CaseResult) -> Attempts:
    """As it comes from a record."""
    return attempts_of(record("lts", *results), CASE)


def test_a_case_that_a_record_does_not_have_says_nothing() -> None:
    nothing = attempts_of(record("lts"), CASE)
    assert nothing.results == ()
    assert (nothing.passed, nothing.lacks, nothing.told, nothing.death) == (False, False, False, None)


@pytest.mark.parametrize(
    ("outcomes", "kept"),
    [
        ((ERROR, PASSED), (PASSED,)),
        ((PASSED, ERROR), (PASSED, ERROR)),
        ((ERROR, PASSED, ERROR, FAILED, ERROR), (PASSED, FAILED, ERROR)),
        ((ERROR, ERROR), (ERROR, ERROR)),
    ],
)
def test_what_the_harness_lost_is_passed_over_where_a_later_attempt_made_it_good(
    outcomes: tuple[Outcome, ...], kept: tuple[Outcome, ...]
) -> None:
    assert tuple(each.outcome for each in attempts(*outcomes).results) == kept


@pytest.mark.parametrize(
    ("outcomes", "passed", "lacks"),
    [
        ((PASSED,), True, False),
        ((PASSED, PASSED), True, False),
        ((PASSED, FAILED), False, False),
        ((MISSING, MISSING), False, True),
        ((MISSING, PASSED), False, False),
    ],
)
def test_a_target_passes_or_lacks_a_feature_only_if_every_attempt_says_so(
    outcomes: tuple[Outcome, ...], *, passed: bool, lacks: bool
) -> None:
    found = attempts(*outcomes)
    assert (found.passed, found.lacks) == (passed, lacks)


@pytest.mark.parametrize(
    ("outcomes", "death", "outcome"),
    [
        ((PASSED, FAILED), None, FAILED),
        ((CRASH, PASSED), CRASH, CRASH),
        ((HANG, PASSED, PASSED), HANG, HANG),
        ((HANG, CRASH, PASSED), CRASH, CRASH),
        ((CRASH, HANG), CRASH, CRASH),
    ],
)
def test_a_death_in_any_attempt_counts_and_a_crash_is_graver_than_a_hang(
    outcomes: tuple[Outcome, ...], death: Outcome | None, outcome: Outcome
) -> None:
    found = attempts(*outcomes)
    assert (found.death, found.outcome) == (death, outcome)
    assert found.speaking.outcome is outcome


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ((PASSED,), True),
        ((SKIPPED,), False),
        ((ERROR,), False),
        ((PASSED, ERROR), False),
        ((CRASH, ERROR), True),
        ((HANG, SKIPPED), True),
    ],
)
def test_attempts_tell_of_the_target_unless_the_last_was_lost_and_none_died(
    outcomes: tuple[Outcome, ...], *, told: bool
) -> None:
    assert attempts(*outcomes).told is told


def test_attempts_that_end_alike_may_still_differ_in_what_they_did() -> None:
    found = of(result(PASSED, step("read", 3, result=1)), result(PASSED, step("read", 3, result=2)))
    assert (found.alike, found.steady) == (True, False)
    assert attempts(PASSED, PASSED).steady
    assert not attempts(PASSED, FAILED).alike


def test_the_last_attempt_speaks_unless_another_died() -> None:
    assert attempts(FAILED, FAILED).message == "attempt 1"
    assert attempts(FAILED, PASSED).message == "attempt 1"
    assert attempts(CRASH, CRASH).message == "attempt 1"


def test_where_only_some_attempts_died_it_is_told_how_many() -> None:
    found = attempts(CRASH, PASSED, PASSED, FAILED)
    assert found.message == "in 1 of 4 attempts (2 passed, 1 failed): attempt 0"
    assert found.said.outcome is CRASH


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("", ""),
        ("\n  \n", ""),
        ("one\ntwo\n\n", "two"),
        ("def f():\nE   AssertionError: first\nE   second\n\nfile.py:1: AssertionError", "AssertionError: first"),
        ("x" * 400, "x" * 300),
        ("\x1b[2Jgone\x07", "\ufffd[2Jgone\ufffd"),
    ],
)
def test_of_a_failure_the_assertion_s_own_words_are_told_and_nothing_that_a_terminal_obeys(
    message: str, line: str
) -> None:
    assert headline(message) == line


def test_targets_that_say_the_same_word_for_word_are_brought_into_a_form_once() -> None:
    normals: Normals = []
    said, other = result(PASSED, step("getpid", result=7)), result(PASSED, step("getpid", result=-1, errno=1))
    forms = [attempts_of(record("lts", each), CASE, normals).normal[0] for each in (said, said, other)]
    assert forms[0] is forms[1]
    assert forms[0] != forms[2]
    assert len(normals) == 2
