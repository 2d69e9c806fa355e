"""Differences are pursued beside the search, in guests of their own."""

from __future__ import annotations

import errno
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from conformance.programs.program import Program
from conformance.run.errors import Exit
from conformance.run.lane import Lane
from conformance.search import pursuing
from conformance.search.backlog import Backlog
from conformance.search.finding import NOT_IN_A_FRESH_GUEST, NOT_REPEATED, Finding
from conformance.search.loop import Search
from conformance.search.search import status_of
from conformance.syscalls.files.opening import O_APPEND, O_RDWR, O_TRUNC
from runners.base import Runner, RunnerError
from runners.local import HostGuest, LocalRunner
from tests.executors import (
    ABSENT,
    BAD,
    Dies,
    Lie,
    LyingRunner,
    Scripted,
    lanes_left,
    liar,
    needs_executor,
    program,
    says,
    text,
)

FLAGS = [program(("open", text("absent"), O_RDWR | flags, 0)) for flags in (0, O_APPEND, O_TRUNC)]
"""ENOENT, each with other flags."""


@pytest.fixture(autouse=True)
def _executor() -> None:
    needs_executor()


class Fresh(LocalRunner):
    """Opens guests that lie, each anew."""

    def __init__(self, lie: Callable[[], Lie]) -> None:
        self.opened = 0
        self._lie = lie

    def open(self) -> HostGuest:
        """See `Runner`."""
        self.opened += 1
        return LyingRunner(self._lie()).open()


def using_up(quota: int) -> Lie:
    """A guest in which a call works so many times, and then never again."""
    left = quota
    lie = says(errno.EDQUOT, errno.ENOENT)

    def uses(outcome: bytes) -> bytes:
        nonlocal left
        if lie(outcome) == outcome:
            return outcome
        left -= 1
        return outcome if left >= 0 else lie(outcome)

    return uses


def once_more(runner: Runner) -> Callable[[], AbstractContextManager[tuple[Lane, Lane]]]:
    @contextmanager
    def opened() -> Iterator[tuple[Lane, Lane]]:
        with Lane("native", LocalRunner()) as reference, Lane("liar", runner) as target:
            reference.ready()
            target.ready()
            yield reference, target

    return opened


def searched(
    *programs: Program, runner: Runner, told: list[Finding] | None = None, seconds: float | None = None
) -> Search:
    """A search through these programs, whose differences were pursued beside it."""
    tell = ([] if told is None else told).append
    with Lane("native", LocalRunner()) as native, Lane("liar", runner) as target:
        native.ready()
        target.ready()
        search = Search(Scripted(*programs), native, None, [target], tell, opens={"liar": once_more(runner)})
        search.run(seconds=seconds, programs=None if seconds else len(programs), progress=lambda _: None)
    return search


def test_what_differs_is_found_and_told_once_however_many_programs_show_it() -> None:
    told: list[Finding] = []
    search = searched(*[ABSENT, BAD, program(("getpid",))] * 20, runner=LyingRunner(liar), told=told)
    assert sorted(str(each.signature) for each in told) == ["close/errno/EBADF - EINVAL", "open/errno/ENOENT - EACCES"]
    assert told == search.tally.findings
    assert search.tally.programs == 60
    assert search.tally.executions > 0
    assert search.tally.left == 0
    assert not search.tally.flakes
    assert not lanes_left()


def test_no_guest_is_opened_where_nothing_differs() -> None:
    runner = Fresh(lambda: lambda outcome: outcome)
    searched(*[ABSENT] * 8, runner=runner)
    assert runner.opened == 1


def test_what_earlier_programs_have_used_up_is_no_finding() -> None:
    """The guest of the search, and then the one in which differences are pursued, have none left."""
    told: list[Finding] = []
    search = searched(*[ABSENT] * 4, *FLAGS, runner=Fresh(lambda: using_up(4)), told=told)
    assert not told
    assert not search.tally.findings
    assert {each.why for each in search.tally.flakes} >= {NOT_IN_A_FRESH_GUEST}
    assert {each.why for each in search.tally.flakes} <= {NOT_IN_A_FRESH_GUEST, NOT_REPEATED} | {
        "liar disagrees with itself in open: errno, ENOENT - EDQUOT"
    }


@pytest.mark.parametrize(("name", "value"), [("HELD", 1), ("HELD_SECONDS", 0.0)])
def test_findings_are_confirmed_in_fresh_guests_when_they_are_some_or_wait_long(
    name: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pursuing, name, value)
    runner = Fresh(lambda: liar)
    search = searched(ABSENT, BAD, runner=runner)
    assert len(search.tally.findings) == 2
    assert runner.opened == 1 + 1 + 2, "of the search, of the pursuit, and one a finding"


def test_search_whose_time_is_over_leaves_what_waits_and_says_how_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backlog, "take", lambda *_: None)
    search = searched(ABSENT, BAD, runner=LyingRunner(liar), seconds=0.3)
    assert search.tally.left == 2
    assert not search.tally.findings
    assert status_of(search) is Exit.INCOMPLETE, "what was seen and not looked into is no sameness"


def test_guest_that_cannot_be_opened_ends_the_search() -> None:
    class Once(Fresh):
        def open(self) -> HostGuest:
            if self.opened:
                raise RunnerError("there is no more room")
            return super().open()

    with pytest.raises(RunnerError, match="there is no more room"):
        searched(*[ABSENT] * 8, runner=Once(lambda: liar))
    assert not lanes_left()


def test_what_was_confirmed_is_kept_when_the_search_is_interrupted() -> None:
    told: list[Finding] = []

    def interrupts(outcome: bytes) -> bytes:
        return liar(outcome)

    with Lane("native", LocalRunner()) as native, Lane("liar", LyingRunner(interrupts)) as target:
        native.ready()
        target.ready()
        search = Search(
            Scripted(ABSENT), native, None, [target], told.append, opens={"liar": once_more(LyingRunner(liar))}
        )

        def stops(_: object) -> None:
            pursuer = search._pursuers["liar"]
            assert isinstance(pursuer, pursuing.Elsewhere)
            while not pursuer._held:
                pass
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            search.run(seconds=None, programs=1, progress=stops)
    assert [str(each.signature) for each in told] == ["open/errno/ENOENT - EACCES"]


def test_finding_that_cannot_be_kept_ends_the_search() -> None:
    class Full(list[Finding]):
        def append(self, _: Finding) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        searched(ABSENT, BAD, runner=LyingRunner(liar), told=Full())
    assert not lanes_left()


def test_deaths_of_which_no_program_is_to_blame_are_counted_in_all_guests() -> None:
    def dies_once() -> Lie:
        died: list[int] = []

        def dies(outcome: bytes) -> bytes:
            if liar(outcome) != outcome and len(died) < 1:
                died.append(1)
                raise Dies
            return liar(outcome)

        return dies

    search = searched(*[ABSENT] * 2, runner=Fresh(dies_once))
    (target,) = search.targets
    assert target.unexplained >= 2
