from __future__ import annotations

import errno

import pytest

from conformance.programs.program import NO_RESOURCE, Program, Ref
from conformance.programs.wire import ProgramOutcome, State
from conformance.search.compare import ERRNO, RESULT, ProgramDifference
from conformance.search.lacking import MOST_CHOICES, MOST_OPERATIONS, is_absent, less, questions, siblings, verdict
from conformance.syscalls.machinery.table import grammar
from tests.executors import program, room


def outcome(of: Program, label: str, result: int) -> ProgramOutcome:
    """A program that ran to its end, in which one call had a result, and the others none to speak of."""
    results = tuple((result if step.label == label else 0, ()) for step in of.steps)
    return ProgramOutcome(State.DONE, 0, (), results)


def said(label: str, **answers: int) -> tuple[frozenset[str], frozenset[str]]:
    """What is concluded when calls answer so, by label; all others say ENOSYS."""
    asked = questions(label)
    given = [outcome(each, about, answers.get(about, -errno.ENOSYS)) for about, each in asked]
    return verdict(label, asked, given)


@pytest.mark.parametrize(
    ("field", "target", "absent"),
    [(ERRNO, "ENOSYS", True), (ERRNO, "EINVAL", False), (ERRNO, "success", False), (RESULT, "ENOSYS", False)],
)
def test_absent_is_what_the_target_says_enosys_to(field: str, target: str, absent: bool) -> None:
    assert is_absent(ProgramDifference(0, "cachestat", field, "success", target)) is absent


def test_call_that_always_says_enosys_is_lacking_with_all_that_is_described_of_it() -> None:
    assert said("keyctl_search") == (frozenset(siblings("keyctl_search")), frozenset())
    assert len(siblings("keyctl_search")) > 1
    assert said("cachestat")[0] >= {"cachestat"}


def test_operation_that_always_says_enosys_is_lacking_where_another_answers() -> None:
    assert said("keyctl_search", keyctl_join=5) == (frozenset({"keyctl_search"}), frozenset())


def test_call_that_answers_anything_else_is_there() -> None:
    for answer in (0, 7, -errno.EBADF):
        assert said("cachestat", cachestat=answer) == (frozenset(), frozenset({"cachestat"}))


def test_call_that_was_never_reached_says_nothing() -> None:
    asked = questions("keyctl_search")
    given = [ProgramOutcome(State.DIED, 9) for _ in asked]
    assert verdict("keyctl_search", asked, given)[1] == frozenset()


@pytest.mark.parametrize("label", ["cachestat", "keyctl_search", "ioctl_fiemap", "getpid", "fcntl_notify"])
def test_questions_are_few_and_tame_and_ask_odd_things_too(label: str) -> None:
    asked = questions(label)
    assert asked[0][0] == label
    assert len(asked) <= 1 + 2 * MOST_OPERATIONS + MOST_CHOICES
    assert all(grammar()[about].name == grammar()[label].name for about, _ in asked)
    assert all(any(step.label == about for step in each.steps) for about, each in asked)
    if grammar()[label].parameters:
        assert len({each for about, each in asked if about == label}) > 1


def test_program_without_what_is_lacking_has_no_resource_of_it() -> None:
    made = program(("getpid",), ("epoll_create1", 0), ("fstat", Ref(1), room(144)))
    assert less(made, frozenset({"epoll_create1"})) == program(("getpid",), ("fstat", NO_RESOURCE, room(144)))
    assert less(made, frozenset()) == made
