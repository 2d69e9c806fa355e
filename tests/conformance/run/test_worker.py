from __future__ import annotations

import struct
from errno import EBADF
from pathlib import Path

import pytest

from conformance.model import CaseResult, Outcome, Record, Target
from conformance.protocol.lines import End, ResultLine, Start
from conformance.run import ledger, records
from conformance.run.conduct import USUAL
from conformance.run.errors import UserError
from conformance.run.hands import LOST_MODULES
from conformance.run.ledger import DEATHS, Stage
from conformance.run.programs import CasePrograms, selected
from conformance.run.selection import Selection
from conformance.run.worker import Worker, raise_first_error
from runners.local import LocalRunner
from tests.executors import LyingRunner, dies, needs_executor
from tests.fakes import (
    DEATH,
    SILENCE,
    Answer,
    BrokenRunner,
    FakeRunner,
    Importing,
    Said,
    importing,
    line,
    says,
    well_behaved,
)

CASES = [f"a/test_b.py::test_{name}" for name in ("one", "two", "three", "four")]
ONE, TWO, THREE, FOUR = CASES
PATIENCE = 30.0


def start(path: Path, runner: FakeRunner, earlier: Record | None = None) -> Worker:
    """A worker that has been started."""
    worker = Worker(Target("lts", "fake"), runner, path, "run", Selection(), USUAL, earlier)
    worker.start()
    return worker


def work(path: Path, runner: FakeRunner, *again: list[str], earlier: Record | None = None) -> Worker:
    """A worker that has run everything, then each of `again`."""
    worker = start(path, runner, earlier)
    for each in (*again, None):
        worker.again(each)
    worker.join(PATIENCE)
    assert not worker.is_alive()
    return worker


def outcomes(path: Path) -> dict[str, list[Outcome]]:
    """All attempts of each case in a record."""
    return {case: [each.outcome for each in found] for case, found in records.read(path).results.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "lts.jsonl"


def dying_in(*cases: str, outcome: Said = DEATH) -> Answer:
    """Passes all cases, but dies in each of these."""

    def answer(asked: list[str]) -> list[Said]:
        said: list[Said] = []
        for case in asked:
            if case in cases:
                return [*said, line(Start(case)), outcome]
            said.append(says(case))
        return [*said, line(End())]

    return answer


# All goes well


def test_every_case_is_run_once_and_the_record_is_complete(path: Path) -> None:
    worker = work(path, FakeRunner(CASES))
    found = records.read(path)
    assert outcomes(path) == {case: [Outcome.PASSED] for case in CASES}
    assert (found.complete, found.failed, found.target.name, found.run) == (True, None, "lts", "run")
    assert (worker.progress.stage, worker.progress.done, worker.progress.total) == (Stage.DONE, 4, 4)


def test_what_is_to_be_run_again_is_a_further_attempt_in_the_same_guest(path: Path) -> None:
    runner = FakeRunner(CASES)
    worker = work(path, runner, [TWO], [TWO, FOUR])
    assert outcomes(path)[TWO] == [Outcome.PASSED] * 3
    assert outcomes(path)[FOUR] == [Outcome.PASSED] * 2
    assert runner.guests[0].channel.requests == [CASES, [TWO], [TWO, FOUR]]
    assert worker.progress.done == 7


def test_the_guest_is_closed_at_the_end(path: Path) -> None:
    runner = FakeRunner(CASES)
    work(path, runner)
    assert [guest.closed for guest in runner.guests] == [True]


# A guest dies


@pytest.mark.parametrize(("how", "outcome"), [(DEATH, Outcome.CRASH), (SILENCE, Outcome.HANG)])
def test_a_guest_that_dies_is_the_verdict_of_the_running_case_and_the_next_run_in_a_fresh_one(
    path: Path, how: Said, outcome: Outcome
) -> None:
    runner = FakeRunner(CASES, dying_in(TWO, outcome=how), well_behaved)
    worker = work(path, runner)
    assert outcomes(path) == {
        ONE: [Outcome.PASSED],
        TWO: [outcome],
        THREE: [Outcome.PASSED],
        FOUR: [Outcome.PASSED],
    }
    assert records.read(path).complete
    assert worker.progress.deaths == 1
    (told,) = worker.progress.told
    assert told.startswith(f"{outcome} in {TWO}: ")
    assert [guest.channel.requests for guest in runner.guests] == [[CASES], [[THREE, FOUR]]]
    assert all(guest.closed for guest in runner.guests)


def test_every_case_may_kill_its_guest(path: Path) -> None:
    work(path, FakeRunner(CASES, dying_in(*CASES)))
    assert outcomes(path) == {case: [Outcome.CRASH] for case in CASES}
    assert records.read(path).complete


def test_a_guest_that_dies_when_a_case_is_run_again_is_a_further_attempt(path: Path) -> None:
    def dies_the_second_time(asked: list[str]) -> list[Said]:
        return list(well_behaved(asked)) if asked == CASES else [line(Start(asked[0])), DEATH]

    work(path, FakeRunner(CASES, dies_the_second_time), [TWO])
    assert outcomes(path)[TWO] == [Outcome.PASSED, Outcome.CRASH]


def test_too_many_deaths_are_given_up_with_what_there_is(path: Path) -> None:
    many = [f"a/test_b.py::test_{number}" for number in range(DEATHS + 5)]
    runner = FakeRunner(many, dying_in(*many))
    worker = work(path, runner)
    found = records.read(path)
    assert len(found.results) == len(runner.guests) == DEATHS
    assert not found.complete
    assert found.troubles[-1].startswith(f"{DEATHS} guests died, the last in {many[DEATHS - 1]}")
    assert worker.progress.stage is Stage.FAILED


def test_guests_that_die_before_any_case_are_given_up_soon(path: Path) -> None:
    runner = FakeRunner(CASES, lambda _: [DEATH])
    work(path, runner)
    found = records.read(path)
    assert len(runner.guests) < 5
    assert found.failed
    assert found.failed.startswith("the guest dies before it runs a case")


def test_a_guest_that_cannot_be_opened_is_a_record_that_says_why(path: Path) -> None:
    worker = work(path, BrokenRunner("its kernel is no image"))
    found = records.read(path)
    assert (found.failed, found.complete, found.results) == ("its kernel is no image", False, {})
    assert (worker.progress.stage, worker.progress.message) == (Stage.FAILED, "its kernel is no image")
    assert worker.error is None


def test_a_guest_that_cannot_be_opened_a_second_time_does_not_undo_what_was_run(path: Path) -> None:
    class Once(FakeRunner):
        def open(self) -> object:  # type: ignore[override] # what is opened does not matter here
            return super().open() if not self.guests else BrokenRunner("no memory is left").open()

    work(path, Once(CASES, dying_in(TWO)))
    found = records.read(path)
    assert outcomes(path) == {ONE: [Outcome.PASSED], TWO: [Outcome.CRASH]}
    assert (found.complete, found.failed, found.troubles) == (False, None, ["no memory is left"])


# A guest lies


def test_results_of_other_cases_are_not_recorded(path: Path) -> None:
    forged = line(ResultLine(CaseResult("files/test_open.py::test_forged", "", Outcome.PASSED)))
    work(path, FakeRunner(CASES, lambda asked: [forged, *well_behaved(asked)]))
    assert set(outcomes(path)) == set(CASES)


def test_a_death_in_a_case_that_was_not_asked_for_is_nobodys_verdict(path: Path) -> None:
    runner = FakeRunner(CASES, lambda _: [line(Start("files/test_open.py::test_forged")), DEATH], well_behaved)
    work(path, runner)
    assert outcomes(path) == {case: [Outcome.PASSED] for case in CASES}


def test_malformed_lines_are_kept_as_troubles_and_lose_no_result(path: Path) -> None:
    work(path, FakeRunner(CASES, lambda asked: [b"\xff\n", *well_behaved(asked), b"[]\n"]))
    found = records.read(path)
    assert len(found.results) == len(CASES)
    assert len(found.troubles) == 1
    assert found.complete


def test_a_guest_that_claims_the_end_too_early_leaves_cases_without_result(path: Path) -> None:
    work(path, FakeRunner(CASES, lambda _: [says(ONE), line(End())]))
    assert outcomes(path) == {ONE: [Outcome.PASSED]}


# Modules that end the guest


@pytest.mark.parametrize("end", [DEATH, SILENCE])
def test_modules_that_end_the_guest_are_lost_and_the_others_are_run(path: Path, end: Said) -> None:
    runner = Importing(CASES, ["a/test_c.py", "a/test_d.py"], end)
    worker = work(path, runner)
    found = records.read(path)
    assert outcomes(path) == {case: [Outcome.PASSED] for case in CASES}
    assert found.lost == ["a/test_c.py", "a/test_d.py"]
    assert found.troubles[0].startswith("a/test_c.py cannot be collected: importing it ends the guest: the ")
    assert (found.complete, found.failed) == (True, None)
    assert [guest.closed for guest in runner.guests] == [True] * 3
    assert len(worker.progress.told) == 2


def test_many_modules_that_end_the_guest_are_given_up(path: Path) -> None:
    runner = Importing(CASES, [f"a/test_{number}.py" for number in range(100)])
    work(path, runner)
    found = records.read(path)
    assert found.failed
    assert found.failed.startswith(f"{LOST_MODULES + 1} modules of cases ended the guests that imported them")
    assert len(runner.guests) == LOST_MODULES + 1


def test_a_module_that_ends_a_guest_although_it_is_left_out_is_given_up(path: Path) -> None:
    runner = FakeRunner(CASES, first=importing("a/test_c.py"))
    work(path, runner)
    found = records.read(path)
    assert found.failed
    assert found.failed.startswith("the suite did not start in the guest")
    assert len(runner.guests) == 2


def test_what_can_be_collected_after_all_is_not_lost(path: Path) -> None:
    work(path, Importing(CASES, ["a/test_c.py"]))
    assert records.read(path).lost == ["a/test_c.py"]
    work(path, FakeRunner(CASES), earlier=records.read(path))
    assert records.read(path).lost == []


# A guest that misbehaves now and then


def test_guests_that_die_now_and_then_between_cases_are_not_given_up(path: Path) -> None:
    def one_at_a_time(asked: list[str]) -> list[Said]:
        return [says(asked[0]), DEATH] if len(asked) > 1 else list(well_behaved(asked))

    work(path, FakeRunner(CASES, dying_in(ONE), dying_in(TWO), dying_in(THREE), lambda _: [DEATH], well_behaved))
    assert records.read(path).complete
    assert set(outcomes(path)) == set(CASES)


@pytest.mark.parametrize(("how", "outcome"), [(DEATH, Outcome.CRASH), (SILENCE, Outcome.HANG)])
def test_a_guest_that_died_once_is_run_again_and_every_attempt_is_in_the_record(
    path: Path, how: Said, outcome: Outcome
) -> None:
    work(path, FakeRunner(CASES, dying_in(TWO, outcome=how), well_behaved), [TWO], [TWO])
    assert outcomes(path)[TWO] == [outcome, Outcome.PASSED, Outcome.PASSED]
    assert records.read(path).complete


def test_cases_that_kill_their_guest_each_time_are_all_run_again(path: Path) -> None:
    many = [f"a/test_b.py::test_{number}" for number in range(DEATHS - 1)]
    work(path, FakeRunner(many, dying_in(*many)), many, many)
    assert outcomes(path) == {case: [Outcome.CRASH] * 3 for case in many}
    assert records.read(path).complete


def test_a_record_does_not_grow_for_ever(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "RECORD_BYTES", 3000)

    def boastful(asked: list[str]) -> list[Said]:
        return [
            line(Start(case)) + line(ResultLine(CaseResult(case, "", Outcome.PASSED, "x" * 1000))) for case in asked
        ]

    worker = work(path, FakeRunner(CASES, boastful))
    found = records.read(path)
    assert worker.error is None
    assert not found.complete
    assert "its guests have sent more than" in found.troubles[-1]
    assert path.stat().st_size < 6000


# Resuming and stopping


def test_a_resumed_worker_runs_only_what_is_left(path: Path) -> None:
    work(path, FakeRunner(CASES, dying_in(TWO), lambda _: [SILENCE]))
    earlier = records.read(path)
    assert set(earlier.results) == {ONE, TWO}
    runner = FakeRunner(CASES)
    work(path, runner, earlier=earlier)
    assert runner.guests[0].channel.requests == [[THREE, FOUR]]
    assert outcomes(path) == {
        ONE: [Outcome.PASSED],
        TWO: [Outcome.CRASH],
        THREE: [Outcome.PASSED],
        FOUR: [Outcome.PASSED],
    }
    assert records.read(path).complete


def test_a_worker_that_is_stopped_keeps_what_it_has_and_closes_its_guest(path: Path) -> None:
    runner = FakeRunner(CASES, lambda _: [says(ONE), line(Start(TWO))])
    worker = start(path, runner)
    while worker.progress.running != TWO:
        assert worker.is_alive()
    worker.stop()
    worker.join(PATIENCE)
    assert not worker.is_alive()
    assert worker.error is None
    assert outcomes(path) == {ONE: [Outcome.PASSED]}
    assert not records.read(path).complete
    assert runner.guests[0].closed


def test_a_full_disk_ends_the_worker_with_its_reason_and_closes_its_guest(path: Path) -> None:
    path.symlink_to("/dev/full")
    runner = FakeRunner(CASES)
    worker = work(path, runner)
    with pytest.raises(UserError, match="No space left on device; make room"):
        raise_first_error([worker])
    assert all(guest.closed for guest in runner.guests)
    assert worker.first_pass.is_set()


def test_a_fault_of_ours_is_one_sentence(path: Path) -> None:
    class Faulty(FakeRunner):
        def open(self) -> object:  # type: ignore[override] # it never returns
            raise ZeroDivisionError("by zero")

    worker = work(path, Faulty(CASES))
    with pytest.raises(UserError, match=r"the worker of lts failed: ZeroDivisionError\('by zero'\)"):
        raise_first_error([worker])


def test_a_result_that_comes_twice_is_recorded_once(path: Path) -> None:
    worker = work(path, FakeRunner(CASES, lambda asked: [says(ONE), *well_behaved(asked)]))
    assert worker.error is None
    assert outcomes(path) == {case: [Outcome.PASSED] for case in CASES}


# Programs


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CasePrograms:
    """Two, which are all cases that there are."""
    needs_executor()
    monkeypatch.setattr("conformance.places.CASES", tmp_path / "cases")
    (tmp_path / "cases" / "area").mkdir(parents=True)
    (tmp_path / "cases" / "area" / "x.calls").write_text(
        "one:\n    close(41) = -1 EBADF\n\ntwo:\n    getpid() = -1 EIO\n"
    )
    return selected(Selection())


def work_on(programs: CasePrograms, path: Path, runner: LocalRunner, *again: list[str]) -> Worker:
    """A worker that has run programs on this machine, then some again."""
    target = Target("native", "local")
    worker = Worker(target, runner, path, "run", Selection(("area/x.calls",)), USUAL, programs=lambda: programs)
    worker.start()
    for each in (*again, None):
        worker.again(each)
    worker.join(PATIENCE)
    assert not worker.is_alive()
    return worker


def test_programs_are_planned_run_and_run_again_as_other_cases_are(programs: CasePrograms, path: Path) -> None:
    one, two = (f"area/x.calls::{name}" for name in ("one", "two"))
    worker = work_on(programs, path, LocalRunner(), [two])
    found = records.read(path)
    assert {info.id: info.hash for info in found.cases} == {info.id: info.hash for info in programs.infos}
    assert outcomes(path) == {one: [Outcome.PASSED], two: [Outcome.FAILED] * 2}
    assert (found.complete, found.failed, found.troubles) == (True, None, [])
    assert (worker.progress.stage, worker.progress.done) == (Stage.DONE, 3)


def test_an_executor_that_died_once_and_of_no_program_is_told(programs: CasePrograms, path: Path) -> None:
    died: list[bytes] = []

    def once(outcome: bytes) -> bytes:
        if struct.pack("<q", -EBADF) in outcome and not died:
            died.append(outcome)
            return dies(outcome)
        return outcome

    worker = work_on(programs, path, LyingRunner(once))
    assert {each[0] for each in outcomes(path).values()} == {Outcome.PASSED, Outcome.FAILED}
    said = "1 executor died of programs, and not again of the same ones"
    assert (records.read(path).troubles, worker.progress.told) == ([said], [said])
