"""Pursuing one difference: confirmed, asked about, made small, and confirmed again."""

from __future__ import annotations

import errno
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from conformance.model import Cause
from conformance.programs.program import Program, Ref
from conformance.run.lane import Lane
from conformance.search.compare import ERRNO, ProgramDifference
from conformance.search.finding import NOT_REPEATED, Suspect
from conformance.search.lacking import siblings
from conformance.search.loop import Search
from conformance.search.pursuit import RUNS, Pursuit
from runners.local import LocalRunner
from tests.executors import ABSENT, Lie, LyingRunner, Moody, Scripted, liar, needs_executor, program, says, text

USUAL_MASK = 0o22
"""What umask(2) returns first. No other call of the programs here does, of which none may ask for a pid."""
UNMASKED = ("umask", 0)


def lacks_umask(outcome: bytes) -> bytes:
    """A kernel without umask(2)."""
    return outcome.replace(struct.pack("<q", USUAL_MASK), struct.pack("<q", -errno.ENOSYS))


@pytest.fixture(scope="module")
def native() -> Iterator[Lane]:
    """This kernel as it is."""
    needs_executor()
    with Lane("native", LocalRunner()) as lane:
        lane.ready()
        yield lane


Pursuits = Callable[[Lie], AbstractContextManager[Pursuit]]


@pytest.fixture
def of(native: Lane) -> Pursuits:
    """A pursuit of what a liar says."""

    @contextmanager
    def opened(lie: Lie) -> Iterator[Pursuit]:
        with Lane("liar", LyingRunner(lie)) as target:
            target.ready()
            yield Pursuit(native, target)

    return opened


def suspect(made: Program, at: int, reference: str, target: str) -> Suspect:
    return Suspect(made, ProgramDifference(at, made.steps[at].label, ERRNO, reference, target), "liar")


MISSED = program(("getpid",), ("open", text("absent"), 0x400, 0o644), ("getuid",))


def test_difference_is_made_small_and_what_it_took_is_counted(of: Pursuits) -> None:
    with of(liar) as pursuit:
        found = pursuit.follow(suspect(MISSED, 1, "ENOENT", "EACCES"))
    assert found.finding is not None
    assert str(found.finding.signature) == "open/errno/ENOENT - EACCES"
    assert found.finding.program == ABSENT
    assert (found.flake, found.lacking, found.refuted) == (None, frozenset(), frozenset())
    assert 2 * RUNS < found.executions <= 2 * RUNS + 6


def test_difference_that_is_gone_is_a_flake(of: Pursuits) -> None:
    with of(lambda outcome: outcome) as pursuit:
        found = pursuit.follow(suspect(MISSED, 1, "ENOENT", "EACCES"))
    assert found.finding is None
    assert found.flake is not None
    assert (found.flake.why, found.executions) == (NOT_REPEATED, RUNS)


def test_finding_repeats_or_does_not(of: Pursuits) -> None:
    with of(liar) as pursuit:
        finding = pursuit.follow(suspect(MISSED, 1, "ENOENT", "EACCES")).finding
        assert finding is not None
        assert pursuit.repeats(finding)
    with of(Moody(errno.EACCES, errno.ENOENT, [False])) as pursuit:
        assert not pursuit.repeats(finding)


@pytest.mark.parametrize("made", [program(UNMASKED), program(("getuid",), ("umask", 0o777), ("getgid",))])
def test_call_that_a_target_lacks_is_one_finding_by_whatever_route(of: Pursuits, made: Program) -> None:
    at = [step.label for step in made.steps].index("umask")
    with of(lacks_umask) as pursuit:
        found = pursuit.follow(suspect(made, at, "success", "ENOSYS"))
    assert found.finding is not None
    assert (str(found.finding.signature), found.finding.signature.cause) == ("umask/errno/ENOSYS", Cause.ABSENT)
    assert [step.label for step in found.finding.program.steps] == ["umask"]
    assert found.lacking == frozenset(siblings("umask"))


def test_call_that_is_there_and_says_enosys_to_something_is_an_ordinary_divergence(of: Pursuits) -> None:
    with of(says(errno.ENOSYS, errno.EBADF)) as pursuit:
        found = pursuit.follow(suspect(program(("close", 40)), 0, "EBADF", "ENOSYS"))
    assert found.finding is not None
    assert str(found.finding.signature) == "close/errno/EBADF - ENOSYS"
    assert (found.lacking, found.refuted) == (frozenset(), frozenset({"close"}))


def test_calls_behind_one_that_is_lacking_are_compared_all_the_same(native: Lane) -> None:
    """The second program comes when it is known that umask(2) is not there."""
    behind = program(("open", text("f0"), 2, 0), UNMASKED, ("close", Ref(0)), ("open", text("absent"), 2, 0o644))
    programs = [program(UNMASKED), behind, *[program(("getuid",))] * 38]
    with Lane("liar", LyingRunner(lambda outcome: liar(lacks_umask(outcome)))) as target:
        target.ready()
        search = Search(Scripted(*programs), native, None, [target], lambda _: None)
        search.run(seconds=None, programs=40, progress=lambda _: None)
    assert sorted(str(each.signature) for each in search.tally.findings) == [
        "open/errno/ENOENT - EACCES",
        "umask/errno/ENOSYS",
    ]
    assert search.tally.programs == 40
