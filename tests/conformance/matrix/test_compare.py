from __future__ import annotations

import errno
from dataclasses import replace

import pytest

from conformance.matrix.compare import Difference, difference
from conformance.matrix.normalise import normalise
from conformance.model import CaseResult, Json, Level, Outcome, Step
from tests.builders import passed, result, step

READ = step("read", 0, None, 4, result=2, outs={"1": "ab"})


def between(reference: CaseResult, target: CaseResult) -> Difference | None:
    """Where the target departs from the reference."""
    return difference(normalise(reference), normalise(target))


def test_equal_results_do_not_differ() -> None:
    assert between(passed(READ, READ), passed(READ, READ)) is None


def test_what_a_failure_said_is_not_compared() -> None:
    assert between(result(Outcome.FAILED, message="a"), result(Outcome.FAILED, message="b")) is None


def test_another_errno_is_a_difference_of_outcome_and_names_both() -> None:
    denied, absent = (step("openat", -100, "a", 0, result=-1, errno=each) for each in (errno.EACCES, errno.ENOENT))
    assert between(passed(READ, absent), passed(READ, denied)) == Difference(
        Level.OUTCOME, "openat: EACCES, the reference ENOENT", 1, "openat", errno.EACCES, errno.ENOENT
    )


def test_a_failure_where_the_reference_succeeds_is_a_difference_of_outcome() -> None:
    found = between(passed(READ), passed(replace(READ, result=-1, errno=errno.EIO, outs={})))
    assert found == Difference(Level.OUTCOME, "read: EIO, the reference success", 0, "read", errno.EIO, 0)


def test_another_result_is_a_difference_of_result() -> None:
    found = between(passed(READ), passed(replace(READ, result=1)))
    assert found == Difference(Level.RESULT, "read: returns 1, the reference 2", 0, "read")


def test_other_bytes_are_a_difference_of_data() -> None:
    found = between(passed(READ), passed(replace(READ, outs={"1": "ac"})))
    assert found == Difference(Level.DATA, "read: wrote other data", 0, "read")


def test_other_arguments_are_a_difference_of_data() -> None:
    found = between(passed(READ), passed(replace(READ, args=[0, None, 8])))
    assert found == Difference(Level.DATA, "read: was called with other arguments", 0, "read")


def test_another_observation_is_a_difference_of_data() -> None:
    found = between(result(observations={"fields": ["a"]}), result(observations={"fields": ["b"]}))
    assert found
    assert (found.level, found.step) == (Level.DATA, None)
    assert "['b']" in found.message
    assert "['a']" in found.message


def test_a_few_observations_that_differ_are_told_with_their_values() -> None:
    found = between(result(observations={"a": 1, "b": 2, "c": 3}), result(observations={"a": 1, "b": 4, "d": None}))
    assert found
    assert found.message == (
        "observed b: 4, the reference 2; observed c: nothing, the reference 3; observed d: None, the reference nothing"
    )


def test_of_many_observations_that_differ_the_sorts_are_counted_and_the_first_are_named() -> None:
    theirs: dict[str, Json] = {**{f"gone{at}": at for at in range(5)}, "other": 1, "same": 1}
    ours: dict[str, Json] = {"other": 2, "same": 1, "new1": 0, "new2": 0}
    found = between(result(observations=theirs), result(observations=ours))
    assert found
    assert found.message == (
        "8 of 9 observations differ: 5 absent (gone0, gone1, gone2 …), 2 only here (new1, new2), 1 other (other)"
    )


def test_only_the_first_difference_is_told() -> None:
    found = between(passed(READ, READ, READ), passed(READ, replace(READ, result=1), replace(READ, result=0)))
    assert found
    assert found.step == 1


def test_a_difference_of_the_calls_comes_before_one_of_observations() -> None:
    found = between(result(Outcome.PASSED, READ, observations={"a": 1}), result(Outcome.PASSED, observations={"a": 2}))
    assert found
    assert found.step == 0


@pytest.mark.parametrize(
    ("reference", "target", "message"),
    [
        ([READ], [], "makes no more calls, the reference goes on with read"),
        ([], [READ], "goes on with read"),
        ([READ], [step("close", 0)], "calls close, the reference read"),
    ],
)
def test_other_calls_are_a_difference_of_outcome(reference: list[Step], target: list[Step], message: str) -> None:
    found = between(passed(*reference), passed(*target))
    assert found
    assert (found.level, found.message, found.step) == (Level.OUTCOME, message, 0)


@pytest.mark.parametrize(
    ("reference", "target", "message"),
    [(2, 1, "makes no more calls, the reference goes on with read"), (1, 2, "goes on with read")],
)
def test_calls_of_a_child_are_not_taken_for_those_of_the_case(reference: int, target: int, message: str) -> None:
    child = replace(READ, process=1)
    found = between(passed(*[READ] * reference, child), passed(*[READ] * target, child))
    assert found
    assert found.message == message


def test_another_outcome_is_told_by_the_call_that_led_to_it() -> None:
    found = between(passed(READ), result(Outcome.FAILED, replace(READ, result=1)))
    assert found
    assert (found.level, found.message) == (Level.OUTCOME, "read: returns 1, the reference 2")


def test_another_outcome_after_the_same_calls_is_told_as_such() -> None:
    found = between(passed(READ), result(Outcome.CRASH, READ))
    assert found == Difference(Level.OUTCOME, "crash, where the reference passed")
