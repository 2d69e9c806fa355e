from __future__ import annotations

import errno
import os
import random
import signal
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from conformance.model import Cause
from conformance.programs.program import Memory, Program, Ref
from conformance.programs.wire import HEAD_OF_OUTCOME, State
from conformance.run.lane import Lane
from conformance.search.compare import Signature
from conformance.search.finding import Finding
from conformance.search.loop import Search
from conformance.search.pursuit import RUNS
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from runners.base import Runner
from runners.local import LocalRunner
from tests.executors import Dies, Lie, LyingRunner, Moody, Scripted, needs_executor, program, room, says, text

ABSENT = ("open", text("absent"), O_RDWR, 0o644)
"""ENOENT, the only one in the programs here; liars say EACCES instead."""
LIE = says(errno.EACCES, errno.ENOENT)
LONG = program(
    ("getpid",),
    ("open", text("f0"), O_RDWR, 0),
    ("open", Memory(b"absent\0", edge=True), O_RDWR, 0o644),
    ("read", Ref(1), room(16), 16),
    ("close", Ref(1)),
)
READ = program(("open", text("f0"), O_RDWR, 0o644), ("read", Ref(0), room(64), 16))


@pytest.fixture(scope="module")
def native() -> Iterator[Lane]:
    """This kernel as it is."""
    needs_executor()
    with Lane("native", LocalRunner()) as lane:
        lane.ready()
        yield lane


class Searches:
    """Starts searches of given programs; closes their lanes."""

    def __init__(self, native: Lane, stack: ExitStack) -> None:
        self._native, self._stack = native, stack
        self.told: list[Finding] = []

    def lane(self, name: str, runner: Runner) -> Lane:
        """A lane that is ready."""
        lane = self._stack.enter_context(Lane(name, runner))
        lane.ready()
        return lane

    def of(
        self,
        *programs: Program,
        lie: Lie | None = None,
        twin: Lie | None = None,
        runner: Runner | None = None,
        known: Callable[[Signature], bool] = lambda _: False,
    ) -> Search:
        """A search, not run yet: through these programs, of a liar or of what `runner` opens."""
        targets = [self.lane("liar", LyingRunner(lie))] if lie else [self.lane("liar", runner)] if runner else []
        again = self.lane("native again", LyingRunner(twin)) if twin else None
        return Search(Scripted(*programs), self._native, again, targets, self.told.append, known)

    def run(self, *programs: Program, lie: Lie | None = None, twin: Lie | None = None, **more: object) -> Search:
        """A search that is over."""
        search = self.of(*programs, lie=lie, twin=twin, **more)  # type: ignore[arg-type] # of's own
        through(search, len(programs))
        return search


def through(search: Search, count: int) -> None:
    """Run so many programs."""
    search.run(seconds=None, programs=count, progress=lambda _: None)


@pytest.fixture
def searches(native: Lane) -> Iterator[Searches]:
    with ExitStack() as stack:
        yield Searches(native, stack)


def the(search: Search) -> Finding:
    """The one finding of a search."""
    (finding,) = search.tally.findings
    assert not search.tally.holes
    return finding


# What is found


def test_liar_is_found_confirmed_made_small_and_told_once(searches: Searches) -> None:
    search = searches.run(LONG, lie=LIE)
    finding = the(search)
    assert finding.program == program(ABSENT)
    assert str(finding.signature) == "open/errno/ENOENT - EACCES"
    assert (finding.signature.target, finding.signature.cause) == ("liar", Cause.ORDER)
    assert (finding.difference.step, finding.difference.reference, finding.difference.target) == (0, "ENOENT", "EACCES")
    assert [side.outcome.results[0][0] for side in (finding.reference, finding.target)] == [
        -errno.ENOENT,
        -errno.EACCES,
    ]
    assert finding.reference_name == "native"
    assert finding.releases == (os.uname().release, os.uname().release)
    assert searches.told == [finding]
    assert not search.tally.flakes


def test_what_the_difference_needs_is_kept(searches: Searches) -> None:
    made = program(
        ("getuid",),
        ("mkdir", text("d1"), 0o755),
        ("open", text("d1/f"), O_CREAT | O_RDWR, 0o644),
        ("umask", 0),
        ("rmdir", text("d1")),
    )
    finding = the(searches.run(made, lie=says(errno.EBUSY, errno.ENOTEMPTY)))
    assert [step.label for step in finding.program.steps] == ["mkdir", "open", "rmdir"]
    assert finding.difference.step == 2


def test_contents_of_a_buffer_that_differ_are_found(searches: Searches) -> None:
    finding = the(searches.run(READ, lie=lambda outcome: outcome.replace(b"abcdefgh", b"abcdefgX")))
    assert (finding.signature.call, finding.signature.field) == ("read", "buf")
    assert finding.program == READ


def test_program_that_ends_otherwise_is_found(searches: Searches) -> None:
    def dies(outcome: bytes) -> bytes:
        return (
            HEAD_OF_OUTCOME.pack(State.DIED, signal.SIGKILL, 0, 0)
            if struct.pack("<q", -errno.ENOENT) in outcome
            else outcome
        )

    finding = the(searches.run(program(ABSENT, ("getpid",)), lie=dies))
    assert str(finding.signature) == "open/state/ENOENT - killed by signal 9"
    assert len(finding.program.steps) == 1


def test_the_same_divergence_in_many_programs_is_one(searches: Searches) -> None:
    search = searches.run(
        LONG, program(ABSENT), program(("getpid",), ABSENT), LONG, program(("umask", 0), ABSENT), lie=LIE
    )
    assert len(search.tally.findings) == len(searches.told) == 1


def test_different_divergences_are_different_findings(searches: Searches) -> None:
    def both(outcome: bytes) -> bytes:
        return says(errno.EINVAL, errno.EBADF)(LIE(outcome))

    search = searches.run(program(("close", 40), ABSENT), program(ABSENT), program(("close", 41)), lie=both)
    assert {str(each.signature) for each in search.tally.findings} == {
        "close/errno/EBADF - EINVAL",
        "open/errno/ENOENT - EACCES",
    }


def test_liars_are_told_apart(searches: Searches, native: Lane) -> None:
    liars = [searches.lane(name, LyingRunner(LIE)) for name in ("one", "two")]
    search = Search(Scripted(LONG), native, None, liars, searches.told.append)
    through(search, 1)
    assert [each.signature.target for each in search.tally.findings] == ["one", "two"]


def test_truth_is_no_divergence(searches: Searches) -> None:
    search = searches.run(LONG, READ, lie=lambda outcome: outcome, twin=lambda outcome: outcome)
    assert not [*search.tally.findings, *search.tally.holes, *search.tally.flakes]
    assert (search.tally.programs, search.tally.executions) == (2, 0)
    assert search.tally.states == {State.DONE: 2}
    assert {"open", "read", "close", "getpid"} <= search.coverage.calls


def test_known_signatures_are_not_kept(searches: Searches) -> None:
    known = searches.run(LONG, lie=LIE, known=lambda signature: str(signature).startswith("open/errno/"))
    assert not known.tally.findings
    assert not searches.told
    assert searches.run(LONG, lie=LIE, known=lambda signature: signature.call == "read").tally.findings


def test_asks_for_what_is_known_with_the_target(searches: Searches) -> None:
    asked: list[Signature] = []

    def known(signature: Signature) -> bool:
        asked.append(signature)
        return False

    searches.run(LONG, lie=LIE, known=known)
    assert [(each.target, str(each)) for each in asked] == [("liar", "open/errno/ENOENT - EACCES")]


# What is not believed


@pytest.mark.parametrize(
    ("moods", "why"),
    [
        ([True] + [False] * 100, "does not repeat in a process of its own"),
        ([True, True, False, True], "liar disagrees with itself in open: errno, EACCES - ENOENT"),
        ([True, False, True, False], "liar disagrees with itself in open: errno, ENOENT - EACCES"),
    ],
)
def test_lie_that_is_not_told_every_time_is_flaky_and_no_divergence(
    searches: Searches, moods: list[bool], why: str
) -> None:
    search = searches.run(LONG, lie=Moody(errno.EACCES, errno.ENOENT, moods))
    (flake,) = search.tally.flakes
    assert not search.tally.findings
    assert not searches.told
    assert (flake.target, flake.difference.call, flake.difference.field) == ("liar", "open", "errno")
    assert flake.why == why


def test_lies_at_random_are_no_divergence(searches: Searches) -> None:
    dice = random.Random(1)
    search = searches.run(*[LONG] * 4, lie=Moody(errno.EACCES, errno.ENOENT, [dice.random() < 0.5 for _ in range(97)]))
    assert not search.tally.findings
    assert search.tally.flakes


# The reference against itself


def test_twin_that_differs_is_a_hole_and_no_divergence(searches: Searches) -> None:
    search = searches.run(LONG, twin=LIE, known=lambda _: True)
    (hole,) = search.tally.holes
    assert not search.tally.findings
    assert (hole.signature.target, str(hole.signature)) == ("native again", "open/errno/ENOENT - EACCES")
    assert searches.told == [hole]


# It ends early


def test_interrupt_during_minimising_keeps_what_was_found(searches: Searches) -> None:
    met: list[bytes] = []

    def interrupts(outcome: bytes) -> bytes:
        """The terminal sends SIGINT when the second divergence has been confirmed, which takes three runs."""
        if searches.told and struct.pack("<q", -errno.EBADF) in outcome:
            met.append(outcome)
            if len(met) == RUNS + 2:
                os.kill(os.getpid(), signal.SIGINT)
        return says(errno.EINVAL, errno.EBADF)(LIE(outcome))

    search = searches.of(LONG, program(("getpid",), ("umask", 0), ("getuid",), ("close", 40)), lie=interrupts)
    with pytest.raises(KeyboardInterrupt):
        through(search, 2)
    assert [str(each.signature) for each in search.tally.findings] == ["open/errno/ENOENT - EACCES"]
    assert searches.told == search.tally.findings


def test_search_ends_in_time(searches: Searches) -> None:
    progress: list[int] = []
    search = searches.of(lie=LIE)
    search.run(seconds=0.2, programs=None, progress=lambda tally: progress.append(tally.programs))
    assert progress == sorted(set(progress))
    assert search.tally.programs == progress[-1] > 0


def test_search_runs_as_many_programs_as_it_is_told(searches: Searches) -> None:
    search = searches.run(*[READ] * 29, lie=LIE)
    assert search.tally.programs == search.tally.states.total() == 29
    assert {lane.ran for lane in search.lanes[1:]} == {29}


# A program that takes the guest along


def test_program_that_takes_the_guest_along_is_found_and_the_search_goes_on(searches: Searches) -> None:
    def dies(outcome: bytes) -> bytes:
        if struct.pack("<q", -errno.ENOENT) in outcome:
            raise Dies
        return says(errno.EINVAL, errno.EBADF)(outcome)

    again = program(*[("umask", 0)] * 3, ("mkdir", text("d1"), 0o755), ABSENT, ("rmdir", text("d1")))
    search = searches.run(READ, LONG, READ, program(("close", 40)), *[READ] * 20, again, again, lie=dies)
    assert {str(each.signature) for each in search.tally.findings} == {
        "open/state/ENOENT - the guest died",
        "close/errno/EBADF - EINVAL",
    }
    died = next(each for each in search.tally.findings if each.signature.field == "state")
    assert [step.label for step in died.program.steps] == ["open"]
    assert search.tally.programs == 26
