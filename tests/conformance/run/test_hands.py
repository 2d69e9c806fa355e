"""Several guests of one target: a worker and its hands."""

from __future__ import annotations

import struct
import threading
from collections.abc import Sequence
from errno import EBADF
from pathlib import Path

import pytest

from conformance.model import Outcome, Record, Target
from conformance.protocol.lines import Start
from conformance.run import records, work
from conformance.run.conduct import USUAL, Conduct
from conformance.run.errors import UserError
from conformance.run.ledger import DEATHS, Stage
from conformance.run.programs import NO_PROGRAMS, CasePrograms, selected
from conformance.run.selection import Selection
from conformance.run.worker import Worker, raise_first_error
from runners.base import Runner, RunnerError
from runners.local import HostGuest, LocalRunner
from tests.executors import LyingRunner, dies, needs_executor
from tests.fakes import DEATH, Answer, FakeGuest, FakeRunner, Said, line, says, well_behaved

CASES = [f"a/test_b.py::test_{number:03}" for number in range(400)]
PATIENCE = 30.0


def begun(
    path: Path,
    runner: Runner,
    jobs: int,
    conduct: Conduct = USUAL,
    earlier: Record | None = None,
    programs: CasePrograms = NO_PROGRAMS,
) -> Worker:
    """A worker with so many hands that has been started."""
    selection = Selection(("area/x.calls",)) if programs.by_id else Selection()
    worker = Worker(Target("lts", "fake"), runner, path, "run", selection, conduct, earlier, lambda: programs, jobs)
    worker.start()
    return worker


def done(worker: Worker, *again: list[str]) -> Record:
    """What is in the record of a worker that has been waited for, and leaves no thread."""
    for each in (*again, None):
        worker.again(each)
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert not any(each.name.startswith("hand-") for each in threading.enumerate())
    return records.read(worker._ledger._path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lts.jsonl"


class Company(FakeRunner):
    """Guests of which none answers before `least` of them have been asked: so many hands there are at work."""

    def __init__(self, least: int, *answers: Answer) -> None:
        self._asked: set[int] = set()
        self._enough = threading.Event()
        self._least = least
        given = answers or (well_behaved,)
        super().__init__(CASES, *(self._with_company(at, given[min(at, len(given) - 1)]) for at in range(10)))

    def _with_company(self, at: int, answer: Answer) -> Answer:
        def answering(asked: list[str]) -> Sequence[Said]:
            self._asked.add(at)
            if len(self._asked) >= self._least:
                self._enough.set()
            assert self._enough.wait(PATIENCE)
            return list(answer(asked))

        return answering

    def requests(self) -> list[str]:
        """All that was asked of any guest."""
        return [case for guest in self.guests for request in guest.channel.requests for case in request]


def once(found: Record) -> dict[str, Outcome]:
    """What came of each case, all of which were run once."""
    assert {case: len(results) for case, results in found.results.items()} == dict.fromkeys(CASES, 1)
    return {case: only.outcome for case, (only,) in found.results.items()}


# All goes well


def test_hands_share_the_cases_and_each_is_run_once(path: Path) -> None:
    runner = Company(3)
    worker = begun(path, runner, 3)
    found = done(worker)
    assert set(once(found).values()) == {Outcome.PASSED}
    assert sorted(runner.requests()) == CASES
    assert [bool(guest.channel.requests) and guest.closed for guest in runner.guests] == [True] * 3
    assert (found.complete, found.failed, found.troubles) == (True, None, [])
    assert (worker.progress.stage, worker.progress.done, worker.progress.total) == (Stage.DONE, 400, 400)


def test_a_record_has_one_plan_and_says_the_same_whoever_ran_its_cases(path: Path, tmp_path: Path) -> None:
    done(begun(path, Company(3), 3))
    done(begun(tmp_path / "one.jsonl", FakeRunner(CASES), 1))
    assert sorted(path.read_bytes().splitlines()) == sorted((tmp_path / "one.jsonl").read_bytes().splitlines())


def test_no_guest_is_opened_for_a_few_cases(path: Path) -> None:
    runner = FakeRunner(CASES[:10])
    assert len(done(begun(path, runner, 4)).results) == 10
    assert [guest.channel.requests for guest in runner.guests] == [[CASES[:10]]]


def test_every_pass_is_shared_and_ends_before_the_next(path: Path) -> None:
    runner = Company(2)
    found = done(begun(path, runner, 2, Conduct(repeat=2)), CASES, [CASES[3]])
    assert {case: len(results) for case, results in found.results.items()} == {
        **dict.fromkeys(CASES, 3),
        CASES[3]: 4,
    }
    assert len(runner.guests) == 2
    ran = [result["case"] for result in _results(path)]
    assert [sorted(ran[at : at + 400]) for at in (0, 400, 800)] == [CASES] * 3


def _results(path: Path) -> list[dict[str, str]]:
    import json  # noqa: PLC0415 - for this alone

    lines = (json.loads(each) for each in path.read_text().splitlines())
    return [each["result"] for each in lines if each["kind"] == "result"]


def test_only_the_first_request_of_a_pass_to_a_guest_is_fresh(path: Path) -> None:
    runner = Company(2)
    done(begun(path, runner, 2), CASES)
    for guest in runner.guests:
        passes = guest.channel.fresh
        assert passes[0]
        assert 1 <= sum(passes) <= 2
        assert len(passes) > 2


def test_a_resumed_worker_shares_what_is_left(path: Path) -> None:
    worker = begun(path, FakeRunner(CASES, lambda asked: [*map(says, asked[:20]), line(Start(asked[20]))]), 1)
    while worker.progress.done < 20:
        assert worker.is_alive()
    worker.stop()
    earlier = done(worker)
    assert len(earlier.results) == 20
    runner = Company(2)
    found = done(begun(path, runner, 2, earlier=earlier))
    assert sorted(runner.requests()) == CASES[20:]
    assert set(once(found).values()) == {Outcome.PASSED}
    assert found.complete


# A hand loses its guest


def dying_once(outcome: Said = DEATH) -> Answer:
    """Dies in the second case of the first request."""
    asked_before: list[list[str]] = []

    def answer(asked: list[str]) -> Sequence[Said]:
        asked_before.append(asked)
        if len(asked_before) > 1:
            return list(well_behaved(asked))
        return [says(asked[0]), line(Start(asked[1])), outcome]

    return answer


def test_a_guest_that_dies_concerns_its_hand_alone(path: Path) -> None:
    runner = Company(2, well_behaved, dying_once(), well_behaved)
    worker = begun(path, runner, 2)
    found = done(worker)
    killer = runner.guests[1].channel.requests[0][1]
    assert once(found) == {case: Outcome.CRASH if case == killer else Outcome.PASSED for case in CASES}
    assert (found.complete, worker.progress.deaths, len(runner.guests)) == (True, 1, 3)
    assert runner.guests[2].channel.requests[0] == runner.guests[1].channel.requests[0][2:]
    assert all(guest.closed for guest in runner.guests)
    (told,) = worker.progress.told
    assert told.startswith(f"crash in {killer}: ")


def test_deaths_count_whichever_guest_it_was(path: Path) -> None:
    def dies_at_once(asked: list[str]) -> Sequence[Said]:
        return [line(Start(asked[0])), DEATH]

    found = done(begun(path, Company(3, dies_at_once), 3))
    assert DEATHS <= len(found.results) < DEATHS + 3
    assert {result.outcome for results in found.results.values() for result in results} == {Outcome.CRASH}
    assert not found.complete
    assert found.troubles[-1].startswith(f"{DEATHS} guests died, the last in ")


# A guest cannot be had


class Scarce(Company):
    """Of which only so many guests can be opened. None answers before so many others were asked for in vain."""

    def __init__(self, most: int, vain: int, *answers: Answer) -> None:
        super().__init__(most if vain == 0 else most + 1, *answers)
        self._most, self._vain = most, vain

    def open(self) -> FakeGuest:
        """See `Runner`."""
        if len(self.guests) >= self._most:
            self._vain -= 1
            if self._vain == 0:
                self._enough.set()
            raise RunnerError("no memory is left")
        return super().open()


def test_a_target_that_has_no_second_guest_goes_on_with_one_and_says_so(path: Path) -> None:
    runner = Scarce(1, 2)
    worker = begun(path, runner, 3)
    found = done(worker, CASES[:100])
    assert {len(results) for results in found.results.values()} == {1, 2}
    assert (found.complete, found.failed, found.troubles, len(runner.guests)) == (True, None, [], 1)
    assert sorted(worker.progress.told) == [
        "it goes on with 1 guest, since another cannot be had: no memory is left",
        "it goes on with 2 guests, since another cannot be had: no memory is left",
    ]


@pytest.mark.parametrize("which", [0, 1])
def test_what_a_hand_leaves_that_has_no_fresh_guest_is_done_by_the_others(path: Path, which: int) -> None:
    answers = [dying_once() if at == which else well_behaved for at in range(2)]
    runner = Scarce(2, 0, *answers)
    worker = begun(path, runner, 2)
    found = done(worker, CASES[:5])
    killer = runner.guests[which].channel.requests[0][1]
    assert {case for case, results in found.results.items() if results[0].outcome is Outcome.CRASH} == {killer}
    assert {case: len(results) for case, results in found.results.items()} == {
        case: 2 if case in CASES[:5] else 1 for case in CASES
    }
    assert found.complete
    assert worker.progress.told[-1].startswith("it goes on with 1 guest, since another cannot be had: ")


def test_when_no_guest_is_left_the_record_says_why_and_keeps_what_was_run(path: Path) -> None:
    worker = begun(path, Scarce(2, 0, dying_once(), dying_once()), 2)
    found = done(worker)
    assert sorted(each.outcome for (each,) in found.results.values()) == [Outcome.CRASH] * 2 + [Outcome.PASSED] * 2
    assert (found.complete, found.troubles) == (False, ["no memory is left"])
    assert worker.progress.stage is Stage.FAILED


# To its end


@pytest.mark.parametrize("jobs", [2, 3])
def test_a_stop_in_the_middle_ends_all_hands_and_leaves_nothing(path: Path, jobs: int) -> None:
    runner = Company(jobs, lambda asked: [says(asked[0]), line(Start(asked[1]))])
    worker = begun(path, runner, jobs)
    while worker.progress.done < jobs:
        assert worker.is_alive()
    worker.stop()
    found = done(worker)
    assert worker.error is None
    assert len(found.results) == jobs
    assert {result.outcome for results in found.results.values() for result in results} == {Outcome.PASSED}
    assert not found.complete
    assert [guest.closed for guest in runner.guests] == [True] * jobs


def test_a_stop_while_a_guest_is_opened_ends_it_once_it_is_there(path: Path) -> None:
    opening, go_on = threading.Event(), threading.Event()

    class Slow(FakeRunner):
        def open(self) -> FakeGuest:
            if self.guests:
                opening.set()
                assert go_on.wait(PATIENCE)
            return super().open()

    runner = Slow(CASES, lambda asked: [says(asked[0]), line(Start(asked[1]))])
    worker = begun(path, runner, 2)
    assert opening.wait(PATIENCE)
    worker.stop()
    go_on.set()
    done(worker)
    assert [(guest.closed, len(guest.channel.requests)) for guest in runner.guests] == [(True, 1), (True, 0)]


def test_a_fault_of_ours_in_any_hand_ends_the_run_with_one_sentence(path: Path) -> None:
    class Faulty(Company):
        def open(self) -> FakeGuest:
            if self.guests:
                raise ZeroDivisionError("by zero")
            return super().open()

    runner = Faulty(1, lambda asked: [line(Start(asked[0]))])
    worker = begun(path, runner, 2)
    done(worker)
    with pytest.raises(UserError, match=r"the worker of lts failed: ZeroDivisionError\('by zero'\)"):
        raise_first_error([worker])
    assert all(guest.closed for guest in runner.guests)


# Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CasePrograms:
    """200, of which every fifth fails; guests are opened for however few."""
    needs_executor()
    monkeypatch.setattr("conformance.places.CASES", tmp_path / "cases")
    monkeypatch.setitem(work.PAYS, work.Task.PROGRAMS, 1)
    (tmp_path / "cases" / "area").mkdir(parents=True)
    text = [f"p{at}:\n    close({100 + at}) = -1 {'EBADF' if at % 5 else 'EIO'}\n" for at in range(200)]
    (tmp_path / "cases" / "area" / "x.calls").write_text("\n".join(text))
    return selected(Selection())


def expected(programs: CasePrograms) -> dict[str, list[Outcome]]:
    """What comes of them."""
    return {case: [Outcome.PASSED if int(case.partition("::p")[2]) % 5 else Outcome.FAILED] for case in programs.by_id}


def outcomes(found: Record) -> dict[str, list[Outcome]]:
    """All attempts of each case."""
    return {case: [each.outcome for each in results] for case, results in found.results.items()}


class Counting(LocalRunner):
    """Which counts its guests; of those but the first none can be opened once there are `most`."""

    def __init__(self, most: int = 100) -> None:
        self.guests = 0
        self._most = most

    def open(self) -> HostGuest:
        """See `Runner`."""
        if self.guests >= self._most:
            raise RunnerError("no memory is left")
        self.guests += 1
        return super().open()


def test_hands_share_programs_and_each_is_run_once(programs: CasePrograms, path: Path) -> None:
    runner = Counting()
    found = done(begun(path, runner, 3, programs=programs))
    assert outcomes(found) == expected(programs)
    assert (found.complete, found.troubles) == (True, [])
    assert 2 <= runner.guests <= 3


def test_programs_are_run_in_one_guest_where_there_is_no_other(programs: CasePrograms, path: Path) -> None:
    worker = begun(path, Counting(1), 2, programs=programs)
    found = done(worker)
    assert outcomes(found) == expected(programs)
    assert (found.complete, found.troubles) == (True, [])


def test_deaths_that_no_program_explains_are_counted_over_all_hands(programs: CasePrograms, path: Path) -> None:
    died: list[bytes] = []
    lock = threading.Lock()

    def twice(outcome: bytes) -> bytes:
        with lock:
            if struct.pack("<q", -EBADF) in outcome and len(died) < 2:
                died.append(outcome)
                return dies(outcome)
        return outcome

    worker = begun(path, LyingRunner(twice), 2, programs=programs)
    found = done(worker)
    assert outcomes(found) == expected(programs)
    (told,) = worker.progress.told
    assert found.troubles == [told]
    assert told.endswith("died of programs, and not again of the same ones")


def test_what_the_last_ones_wait_for_is_not_waited_for_by_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """Programs that block, of which nobody promises that, are run with more patience beside the others."""
    needs_executor()
    monkeypatch.setattr("conformance.places.CASES", tmp_path / "cases")
    (tmp_path / "cases" / "area").mkdir(parents=True)
    blocks = "blocks:\n    r0 = pipe(room(8)) = ok\n    read(r0.fds[0], room(1), 1) = 0\n"
    others = [f"p{at}:\n    close({100 + at}) = -1 EBADF\n" for at in range(200)]
    (tmp_path / "cases" / "area" / "x.calls").write_text("\n".join([blocks, *others]))
    programs = selected(Selection())
    found = done(begun(path, LocalRunner(), 1, programs=programs))
    (blocked,) = found.results["area/x.calls::blocks"]
    assert (blocked.outcome, blocked.message) == (Outcome.FAILED, "call 1, read: it blocked, and Linux promises 0")
    assert len(found.results) == 201
    order = list(found.results)
    assert order.index("area/x.calls::blocks") > 100, "the batches behind it have not waited"
