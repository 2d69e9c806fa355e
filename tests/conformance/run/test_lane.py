from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future

import pytest

from conformance.programs import wire
from conformance.programs.program import Ref
from conformance.protocol import executor as protocol
from conformance.protocol.executor import DEADLINE, MOST_SLOWDOWN
from conformance.run.lane import DEATHS, Lane, LaneError
from conformance.syscalls.files.opening import O_CREAT, O_RDWR
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
)
from conformance.syscalls.pseudo import SPAWN_EXIT, SPAWN_PAUSE
from runners.base import Channel, RunnerError
from runners.local import LocalRunner
from tests.executors import (
    Answer,
    ExecutorGuest,
    ExecutorRunner,
    did,
    dying_of,
    hello,
    lanes_left,
    named,
    needs_executor,
    program,
    results,
    room,
    text,
    well_behaved,
)
from tests.fakes import DEATH, SILENCE, Said
from tests.processes import eventually

NAMES = [f"p{at}" for at in range(8)]


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    yield
    assert not lanes_left()


def ran(runner: ExecutorRunner, *names: str) -> list[bytes]:
    """The outcomes of one batch."""
    with Lane("lts", runner) as lane:
        return lane.run(named(*names))


def lost(*names: str) -> list[bytes]:
    """The outcomes when these programs take their executor along."""
    return [wire.LOST if name in names else each for name, each in zip(NAMES, did(*NAMES), strict=True)]


# All goes well


def test_outcomes_come_in_order_one_for_each_program() -> None:
    runner = ExecutorRunner()
    with Lane("lts", runner) as lane:
        lane.ready()
        assert lane.release == "6.1.0"
        assert lane.run(named(*NAMES)) == did(*NAMES)
        assert lane.run(named("q")) == did("q")
        assert (lane.ran, lane.deaths) == (9, 0)
    assert runner.batches == [NAMES, ["q"]]


def test_frames_may_come_in_any_pieces() -> None:
    def crumbs(number: int, programs: list[bytes]) -> Iterable[Said]:
        (said,) = well_behaved(number, programs)
        assert isinstance(said, bytes)
        return [said[at : at + 1] for at in range(len(said))]

    first = [hello()[:5], hello()[5:30], hello()[30:]]
    assert ran(ExecutorRunner(crumbs, first=first), *NAMES) == did(*NAMES)


def test_frames_may_come_together() -> None:
    early = results(1, did("p0"))
    assert ran(ExecutorRunner(lambda *_: (), first=[hello() + early]), "p0") == did("p0")


def test_what_is_urgent_comes_before_what_was_submitted_earlier() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(number: int, programs: list[bytes]) -> Iterable[Said]:
        begun.set()
        go_on.wait(20)
        return well_behaved(number, programs)

    runner = ExecutorRunner(waiting)
    with Lane("lts", runner) as lane:
        first = lane.submit(named("a"))
        begun.wait(20)
        others = [lane.submit(named("b")), lane.submit(named("c"), urgent=True), lane.submit(named("d"), urgent=True)]
        go_on.set()
        assert [each.result() for each in (first, *others)] == [did(name) for name in "abcd"]
    assert runner.batches == [["a"], ["c"], ["d"], ["b"]]


def test_what_was_called_off_is_not_run() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(number: int, programs: list[bytes]) -> Iterable[Said]:
        begun.set()
        go_on.wait(20)
        return well_behaved(number, programs)

    runner = ExecutorRunner(waiting)
    with Lane("lts", runner) as lane:
        lane.submit(named("a"))
        begun.wait(20)
        assert lane.submit(named("b")).cancel()
        go_on.set()
        assert lane.run(named("c")) == did("c")
    assert runner.batches == [["a"], ["c"]]


@pytest.mark.parametrize(("slowdown", "factor"), [(1.0, 1.0), (3.0, 3.0), (100.0, MOST_SLOWDOWN)])
def test_deadline_of_a_call_grows_with_patience_and_to_a_degree_with_the_guests_slowness(
    slowdown: float, factor: float
) -> None:
    runner = ExecutorRunner(slowdown=slowdown)
    with Lane("lts", runner) as lane:
        lane.run(named("a"))
        lane.run(named("a"), patience=5)
    (channel,) = runner.guests[0].channels
    assert channel.deadlines == pytest.approx([DEADLINE * factor, DEADLINE * factor * 5])


def test_real_executor_tells_its_release_and_its_rate_of_forks() -> None:
    needs_executor()
    with Lane("native", LocalRunner()) as lane:
        assert 0 < lane.forks(10) < 10
        assert lane.release
        encoded = wire.encode(program(("getpid",)))
        assert [wire.decode(each, encoded).state for each in lane.run([encoded.data] * 3)] == [wire.State.DONE] * 3


def test_executor_that_knows_no_rate_of_forks_is_refused_in_a_sentence() -> None:
    with Lane("lts", ExecutorRunner()) as lane, pytest.raises(LaneError, match=r"^lts: .* rate of forks$"):
        lane.forks(10)


FILES = [("open", text(f"full{at}"), O_CREAT | O_RDWR, 0o644) for at in range(11)]
MEBIBYTE = 1 << 20
GREEDY = (
    program(*(call for at, each in enumerate(FILES) for call in (each, ("fallocate", Ref(2 * at), 0, 0, MEBIBYTE)))),
    program(*[("spawn_pause", SPAWN_PAUSE, 0)] * 24),
    program(*[("thread", 1)] * 24),
    program(*[("mmap", 0, 1 << 40, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)] * 24),
    program(*[("mmap", 0, MEBIBYTE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0)] * 24),
    program(*[("pipe", room(8))] * 24),
    program(("open", text("hole"), O_CREAT | O_RDWR, 0o644), ("ftruncate", Ref(0), 1 << 40), ("pause",)),
)
"""They fill the disk, start children and threads without end, eat memory and fds, and never end."""


def test_programs_that_are_greedy_harm_neither_the_executor_nor_those_that_follow() -> None:
    needs_executor()
    probe = program(*FILES[:1], ("write", Ref(0), text("x" * 4000), 4000), ("spawn_exit", SPAWN_EXIT, 3), ("thread", 1))
    encoded = [wire.encode(each) for each in (*GREEDY, probe)]
    with Lane("native", LocalRunner()) as lane:
        before = wire.decode(lane.run([encoded[-1].data], 5)[0], encoded[-1])
        assert before.state is wire.State.DONE
        assert [result for result, _ in before.results[:2]] == [0, 4000]
        for _ in range(3):
            *greedy, after = lane.run([each.data for each in encoded], 5)
            assert all(
                wire.decode(said, each).state not in (wire.State.LOST, wire.State.HARNESS, wire.State.MALFORMED)
                for said, each in zip(greedy, encoded, strict=False)
            )
            found = wire.decode(after, encoded[-1])
            assert found.state is before.state
            assert [result for result, _ in found.results[:2]] == [0, 4000]
            assert all(result > 0 for result, _ in found.results[2:])
        assert lane.deaths == 0


# It dies


@pytest.mark.parametrize("how", [DEATH, SILENCE])
@pytest.mark.parametrize("culprit", NAMES)
def test_culprit_of_a_death_in_mid_batch_is_found_and_the_others_are_not_lost(how: Said, culprit: str) -> None:
    runner = ExecutorRunner(dying_of(culprit, how=how))
    with Lane("lts", runner) as lane:
        assert lane.run(named(*NAMES)) == lost(culprit)
        assert lane.run(named("q")) == did("q")
    assert runner.batches[-1] == ["q"]


def test_culprit_is_found_by_halving() -> None:
    runner = ExecutorRunner(dying_of("p2"))
    ran(runner, *NAMES)
    assert runner.batches == [
        NAMES,
        NAMES[:4],
        NAMES[:2],
        NAMES[2:4],
        ["p2"],
        ["p2"],
        ["p3"],
        NAMES[4:],
    ]


@pytest.mark.parametrize("culprits", [("p0", "p1"), ("p0", "p7"), ("p3", "p4", "p5")])
def test_several_culprits_of_one_batch_are_all_found(culprits: tuple[str, ...]) -> None:
    assert ran(ExecutorRunner(dying_of(*culprits)), *NAMES) == lost(*culprits)


def test_program_that_an_executor_died_beside_by_chance_is_not_blamed() -> None:
    fates = iter([DEATH, DEATH, DEATH, DEATH])

    def unlucky(number: int, programs: list[bytes]) -> Iterable[Said]:
        return [fate] if (fate := next(fates, None)) is not None else well_behaved(number, programs)

    assert ran(ExecutorRunner(unlucky), *NAMES) == did(*NAMES)


def test_executor_that_died_is_replaced_in_the_same_guest() -> None:
    runner = ExecutorRunner(dying_of("p0"))
    ran(runner, "p0")
    (guest,) = runner.guests
    assert len(guest.channels) == 3
    assert all(channel.killed for channel in guest.channels)


def test_guest_that_died_is_closed_and_opened_again() -> None:
    runner = ExecutorRunner(dying_of("p5"), taken_along=True)
    with Lane("wsl2", runner) as lane:
        assert lane.run(named(*NAMES)) == lost("p5")
        assert lane.deaths == len(runner.guests) - 1 > 2
        assert [guest.closed for guest in runner.guests] == [True] * lane.deaths + [False]
    assert runner.guests[-1].closed


def test_guest_in_which_nothing_can_be_started_any_more_is_opened_again() -> None:
    class Exhausted(ExecutorGuest):
        def spawn(self, *args: object, **more: object) -> Channel:
            if self.channels:
                raise RunnerError("no process can be made")
            return super().spawn(self.inside.executor)

    class Exhausting(ExecutorRunner):
        def open(self) -> ExecutorGuest:
            self.guests.append(Exhausted(self))
            return self.guests[-1]

    runner = Exhausting(dying_of("p5"))
    assert ran(runner, *NAMES) == lost("p5")
    assert [len(guest.channels) for guest in runner.guests] == [1] * len(runner.guests)


def test_target_is_given_up_when_too_many_executors_have_died() -> None:
    runner = ExecutorRunner(dying_of(*NAMES))
    with Lane("wsl2", runner) as lane:
        for name in (NAMES * 100)[: DEATHS // 2]:
            assert lane.run(named(name)) == [wire.LOST]
        with pytest.raises(LaneError, match=rf"^wsl2: {DEATHS} executors have died in a row, the last of: it ended$"):
            lane.run(named("p0"))
        with pytest.raises(LaneError, match=f"{DEATHS} executors have died in a row"):
            lane.run(named("q"))
    assert len(runner.guests[0].channels) == DEATHS + 1


def test_target_that_answers_now_and_then_is_not_given_up() -> None:
    with Lane("wsl2", ExecutorRunner(dying_of("p5"))) as lane:
        for _ in range(DEATHS):
            assert lane.run(named(*NAMES)) == lost("p5")
        assert lane.deaths > DEATHS


def test_programs_that_are_expected_to_kill_are_run_alone_and_once_and_nobody_is_given_up_for_it() -> None:
    runner = ExecutorRunner(dying_of(*NAMES))
    with Lane("wsl2", runner) as lane:
        killers = lane.submit(named("q", *NAMES * DEATHS), deadly=True)
        assert killers.result(20) == [*did("q"), *[wire.LOST] * len(NAMES) * DEATHS]
        assert lane.deaths == len(NAMES) * DEATHS
        assert lane.run(named("q")) == did("q")
    assert runner.batches == [["q"], *([name] for name in NAMES * DEATHS), ["q"]]


def test_target_that_cannot_be_opened_again_is_given_up_and_so_is_all_that_waits() -> None:
    with Lane("wsl2", ExecutorRunner(dying_of("p0"), taken_along=True, times=2)) as lane:
        waiting = [lane.submit(named("p0")), lane.submit(named("p1")), lane.submit(named("p2"))]
        errors = [each.exception(20) for each in waiting]
    assert all(isinstance(error, LaneError) for error in errors)
    assert {str(error) for error in errors} == {"wsl2: cannot be opened again: the image has gone"}


# It lies


def another_number(number: int, programs: list[bytes]) -> Iterable[Said]:
    return well_behaved(number + 1, programs)


def one_too_few(number: int, programs: list[bytes]) -> Iterable[Said]:
    return well_behaved(number, programs[:-1])


def one_too_many(number: int, programs: list[bytes]) -> Iterable[Said]:
    return well_behaved(number, [*programs, b"more"])


def cut_inside(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [results(number, did("p0"))[:-2], DEATH]


def short_results(number: int, programs: list[bytes]) -> Iterable[Said]:
    (said,) = well_behaved(number, programs)
    assert isinstance(said, bytes)
    return [protocol.frame(protocol.RESULTS, said[protocol.FRAME.size : -3])]


def no_results(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [protocol.frame(protocol.RESULTS, b"\1")]


def another_kind(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [hello()]


def no_frame(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [b"Segmentation fault\n"]


def endless_frame(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [protocol.FRAME.pack(protocol.MAGIC, protocol.RESULTS, protocol.LONGEST_FRAME + 1), SILENCE]


def refusal(number: int, programs: list[bytes]) -> Iterable[Said]:
    return [protocol.frame(protocol.ERROR, b"a batch of no programs")]


LIES: dict[Answer, str] = {
    another_number: "another batch's",
    one_too_few: "another batch's",
    one_too_many: "another batch's",
    cut_inside: "it ended",
    short_results: "cut short",
    no_results: "cut short",
    another_kind: "a frame of type 16",
    no_frame: "something else than frames",
    endless_frame: "something else than frames",
    refusal: "a batch of no programs",
}


@pytest.mark.parametrize("lie", LIES)
def test_executor_that_breaks_the_protocol_is_as_good_as_dead(lie: Answer) -> None:
    with Lane("lts", ExecutorRunner(lie)) as lane:
        assert lane.run(named("p0")) == [wire.LOST]
        with pytest.raises(LaneError, match=LIES[lie]):
            lane.run(named(*NAMES * 4))


def test_lie_that_is_told_once_costs_nothing_but_time() -> None:
    lies = iter([another_number, no_frame])

    def answer(number: int, programs: list[bytes]) -> Iterable[Said]:
        return next(lies, well_behaved)(number, programs)

    assert ran(ExecutorRunner(answer), *NAMES) == did(*NAMES)


# It is none, or another one


def refused(runner: ExecutorRunner) -> str:
    """Why a lane does not get ready."""
    with Lane("wsl2", runner) as lane, pytest.raises(RunnerError) as caught:
        lane.ready()
    assert all(guest.closed for guest in runner.guests)
    return str(caught.value)


@pytest.mark.parametrize("version", [0, protocol.VERSION + 1, 65535])
def test_executor_of_another_version_is_refused_in_one_sentence(version: int) -> None:
    assert refused(ExecutorRunner(first=[hello(version)])) == (
        f"wsl2: the executor there speaks version {version} of the protocol, "
        f"and this suite version {protocol.VERSION}: bring the same version of the suite there"
    )


@pytest.mark.parametrize("said", [protocol.frame(protocol.RESULTS, bytes(8)), protocol.frame(protocol.HELLO, b"\1")])
def test_what_says_another_thing_than_hello_is_no_executor(said: bytes) -> None:
    assert refused(ExecutorRunner(first=[said])) == "wsl2: what was started is no executor"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (DEATH, "it ended"),
        (SILENCE, "silent for 60 s"),
        (b"Python 3.11.2 (main)\n", "it wrote something else than frames"),
        (protocol.frame(protocol.HELLO, b"")[:7], "it ended"),
    ],
)
def test_executor_that_does_not_start_is_told_with_the_end_of_the_log(said: Said, why: str) -> None:
    runner = ExecutorRunner(first=[said, DEATH], log="one\ntwo\nthree\nexec format error\n")
    assert refused(runner) == f"wsl2: the executor did not start: {why}; two / three / exec format error"


def test_target_that_lacks_something_says_what() -> None:
    assert refused(ExecutorRunner(lacking="apt install qemu-system-x86")) == "apt install qemu-system-x86"


def test_guest_that_cannot_be_opened_says_why() -> None:
    assert refused(ExecutorRunner(times=0)) == "the image has gone"


# It is closed


def interrupted(lane: Lane, programs: Sequence[bytes], when: Callable[[], bool]) -> Future[list[bytes]]:
    """Leave the lane by an exception while it runs programs; their future."""
    submitted = []

    def until_then() -> None:
        with lane:
            submitted.append(lane.submit(programs))
            assert eventually(when)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        until_then()
    return submitted[0]


@pytest.mark.parametrize("names", [["p0"], NAMES])
def test_interrupted_lane_does_not_wait_for_its_batch_and_starts_nothing_new(names: list[str]) -> None:
    runner = ExecutorRunner(lambda *_: ())
    waiting = interrupted(Lane("lts", runner), named(*names), lambda: len(runner.batches) == 1)
    with pytest.raises(LaneError, match=r"^lts: interrupted$"):
        waiting.result(0)
    assert len(runner.batches) == len(runner.guests) == 1
    assert runner.guests[0].closed


def test_lane_that_is_closed_lets_the_batch_end_that_is_being_run_and_leaves_the_others() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(number: int, programs: list[bytes]) -> Iterable[Said]:
        begun.set()
        go_on.wait(20)
        return well_behaved(number, programs)

    runner = ExecutorRunner(waiting)
    with Lane("lts", runner) as lane:
        first, second = lane.submit(named("a")), lane.submit(named("b"))
        begun.wait(20)
        threading.Timer(0.05, go_on.set).start()
    assert first.result(0) == did("a")
    assert not second.done()
    assert runner.guests[0].closed


def test_lane_whose_last_program_kills_while_it_is_interrupted_starts_no_further_executor() -> None:
    def answer(number: int, programs: list[bytes]) -> Iterable[Said]:
        return [DEATH] if number == 1 else ()

    runner = ExecutorRunner(answer)
    waiting = interrupted(Lane("lts", runner), named("a"), lambda: len(runner.batches) == 2)
    assert len(runner.guests[0].channels) == 2
    with pytest.raises(LaneError, match="interrupted"):
        waiting.result(0)
