"""Whether a program does the same whenever it is run."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator

import pytest

from conformance.programs.execution import Execution
from conformance.programs.notation.parse import parse_program
from conformance.programs.program import Program
from conformance.programs.wire import State
from conformance.search.distill.confirming import agree, confirmed, steady
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given, native
from tests.conformance.search.native import needs_executor


def test_runs_that_say_the_same_agree() -> None:
    assert agree([given(NOWHERE, ENOENT), given(NOWHERE, ENOENT)])


def test_runs_with_another_errno_or_result_do_not() -> None:
    assert not agree([given(NOWHERE, ENOENT), given(NOWHERE, -20)])
    assert not agree([given("getuid()", 0), given("getuid()", 1)])


def test_the_kernels_choice_may_be_another() -> None:
    assert agree([given("getpid()", 100), given("getpid()", 200)])


def test_a_program_that_does_not_come_to_its_end_is_not_kept() -> None:
    blocked = given(f"{OPEN}\n{NOWHERE}", 0, state=State.BLOCKED)
    assert not agree([blocked, blocked])


@needs_executor
def test_programs_are_run_alone_and_beside_each_other() -> None:
    steady, blocking = parse_program(NOWHERE), parse_program("r0 = pipe2(room(8), 0)\nread(r0.fds[0], room(8), 8)")
    with native() as lane:
        first, second = confirmed([lane], [steady, blocking])
        assert lane.ran == 15, "one that blocks is given a second time, each time"
    assert first is not None
    assert first.errnos == ["ENOENT"]
    assert second is None


@needs_executor
def test_what_does_something_else_in_its_turn_is_told() -> None:
    with native() as lane:
        assert steady([lane], [given(NOWHERE, ENOENT), given(NOWHERE, -20), given(OPEN, 0)]) == [True, False, True]


def late_at(*turns: int) -> Callable[..., Iterator[tuple[int, Execution]]]:
    """What is given for running programs: each comes to ENOENT, but in these turns, counted from 0, it blocks."""
    turn = itertools.count()

    def executed(_: object, asked: Iterable[tuple[int, Program]], **__: object) -> Iterator[tuple[int, Execution]]:
        for what, _program in asked:
            state = State.BLOCKED if next(turn) in turns else State.DONE
            yield what, given(NOWHERE, *([ENOENT] if state is State.DONE else []), state=state)

    return executed


@pytest.mark.parametrize(("turns", "kept"), [((), True), ((4,), True), ((0, 3, 6), True), ((4, 5), False)])
def test_late_once_is_the_machines_doing_and_late_twice_the_programs(
    turns: tuple[int, ...], kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.search.distill.confirming.executed", late_at(*turns))
    (found,) = confirmed([], [parse_program(NOWHERE)])
    assert (found is not None) is kept
