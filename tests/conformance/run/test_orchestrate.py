from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import CaseResult, Cause, Matrix, Outcome, Target, Verdict
from conformance.protocol.lines import End, ResultLine, Start
from conformance.run import orchestrate, records, work
from conformance.run.errors import UserError
from conformance.run.ledger import Progress
from conformance.run.orchestrate import execute
from conformance.run.results import PLAN_FILE, RunPlan, matrix_of, read_records
from conformance.run.selection import Selection
from conformance.run.worker import Worker
from runners.local import HostGuest, LocalRunner
from tests.fakes import DEATH, BrokenRunner, FakeRunner, Said, line, says
from tests.mounts import grow, needs_root, on_small_disk
from tests.processes import eventually

pytestmark = pytest.mark.usefixtures("no_programs")

CASES = [f"a/test_b.py::test_{name}" for name in ("one", "two", "three")]
ONE, TWO, THREE = CASES


def plan_of(*names: str, selection: Selection | None = None) -> RunPlan:
    """A run of targets, the first of which is the reference."""
    targets = [Target(name, "fake") for name in names]
    return RunPlan("20260101T000000Z", names[0], targets, selection or Selection())


def execute_on(
    directory: Path, runners: Mapping[str, FakeRunner | LocalRunner], selection: Selection | None = None
) -> Matrix:
    """Run (or resume) these targets in a results directory."""
    plan = plan_of(*runners, selection=selection)
    plan.write(directory)
    return execute(directory, plan, dict(runners), [], lambda _: None)


def statuses(matrix: Matrix, target: str) -> list[Verdict]:
    """The verdicts of a column, case by case."""
    return [comparison.cells[target].verdict for comparison in matrix.comparisons]


def failing(*failed: str) -> FakeRunner:
    """Passes all cases but these."""

    def answer(asked: list[str]) -> list[Said]:
        return [*(says(case, Outcome.FAILED if case in failed else Outcome.PASSED) for case in asked), line(End())]

    return FakeRunner(CASES, answer)


# The whole way


def test_all_targets_are_run_and_compared(tmp_path: Path) -> None:
    matrix = execute_on(tmp_path / "run", {"native": FakeRunner(CASES), "lts": failing(TWO)})
    assert statuses(matrix, "native") == [Verdict.SAME] * 3
    assert dict(zip((comparison.case for comparison in matrix.comparisons), statuses(matrix, "lts"), strict=True)) == {
        ONE: Verdict.SAME,
        THREE: Verdict.SAME,
        TWO: Verdict.FAILS,
    }


def test_programs_that_cannot_be_read_end_the_run_and_no_worker_waits_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = FakeRunner(CASES)

    def refused(*_: object) -> None:
        assert eventually(lambda: bool(runner.guests))
        time.sleep(0.2)  # until the worker waits
        raise UserError("they cannot be read")

    monkeypatch.setattr(orchestrate, "selected", refused)
    monkeypatch.setattr(orchestrate, "JOIN_SECONDS", 2.0)
    with pytest.raises(UserError, match="they cannot be read"):
        execute_on(tmp_path / "run", {"unread": runner})
    assert "unread" not in {each.name for each in threading.enumerate()}


def test_what_differs_is_believed_when_it_was_seen_three_times(tmp_path: Path) -> None:
    runners = {"native": FakeRunner(CASES), "lts": failing(TWO)}
    matrix = execute_on(tmp_path / "run", runners)
    assert {comparison.case: comparison.cells["lts"].attempts for comparison in matrix.comparisons} == {
        ONE: 1,
        TWO: 3,
        THREE: 1,
    }
    assert runners["lts"].guests[0].channel.requests == [CASES, [TWO], [TWO]]
    assert runners["native"].guests[0].channel.requests == [CASES, [TWO], [TWO]]


def test_what_fails_only_once_is_flaky(tmp_path: Path) -> None:
    def only_once(asked: list[str]) -> list[Said]:
        return [*(says(case, Outcome.FAILED if asked == CASES else Outcome.PASSED) for case in asked), line(End())]

    matrix = execute_on(tmp_path / "run", {"native": FakeRunner(CASES), "lts": FakeRunner(CASES, only_once)})
    assert statuses(matrix, "lts") == [Verdict.FLAKY] * 3


def test_a_matrix_can_be_made_again_from_the_records(tmp_path: Path) -> None:
    directory = tmp_path / "run"
    matrix = execute_on(directory, {"native": FakeRunner(CASES), "lts": failing(ONE)})
    assert matrix_of(directory) == matrix
    assert sorted(path.name for path in directory.iterdir()) == ["lts.jsonl", "native.jsonl", PLAN_FILE]


def test_the_display_is_told_how_far_every_target_is(tmp_path: Path) -> None:
    shown: list[list[tuple[str, int]]] = []
    plan = plan_of("native", "lts")
    plan.write(tmp_path)
    runners = {"native": FakeRunner(CASES), "lts": FakeRunner(CASES)}
    execute(tmp_path, plan, dict(runners), [], lambda each: shown.append([(one.target, one.done) for one in each]))
    assert shown[-1] == [("native", 3), ("lts", 3)]


# Bad luck


def test_a_target_that_cannot_start_is_a_column_that_says_why_while_the_others_go_on(tmp_path: Path) -> None:
    runners = {"native": FakeRunner(CASES), "wsl2": BrokenRunner("its kernel is no image"), "lts": FakeRunner(CASES)}
    matrix = execute_on(tmp_path / "run", runners)
    assert [column.failed for column in matrix.columns] == [None, "its kernel is no image", None]
    assert statuses(matrix, "lts") == statuses(matrix, "native") == [Verdict.SAME] * 3
    cells = [comparison.cells["wsl2"] for comparison in matrix.comparisons]
    assert {(cell.verdict, cell.message, cell.cause) for cell in cells} == {
        (Verdict.ERROR, "not run: its kernel is no image", Cause.ENVIRONMENT)
    }


def test_a_reference_that_cannot_start_is_stood_in_for(tmp_path: Path) -> None:
    runners = {"native": BrokenRunner("it is gone"), "lts": FakeRunner(CASES), "wsl2": failing(TWO)}
    matrix = execute_on(tmp_path / "run", runners)
    assert statuses(matrix, "native") == [Verdict.ERROR] * 3
    assert {comparison.cells["wsl2"].reference for comparison in matrix.comparisons} == {"lts"}


def test_when_no_target_starts_every_column_says_why(tmp_path: Path) -> None:
    matrix = execute_on(tmp_path / "run", {"native": BrokenRunner("one"), "lts": BrokenRunner("two")})
    assert (matrix.comparisons, [column.failed for column in matrix.columns]) == ([], ["one", "two"])


def test_a_guest_that_dies_costs_one_case_only(tmp_path: Path) -> None:
    def dies_in_two(asked: list[str]) -> list[Said]:
        said: list[Said] = []
        for case in asked:
            if case == TWO:
                return [*said, line(Start(case)), DEATH]
            said.append(says(case))
        return [*said, line(End())]

    matrix = execute_on(tmp_path / "run", {"native": FakeRunner(CASES), "lts": FakeRunner(CASES, dies_in_two)})
    cells = {comparison.case: comparison.cells["lts"] for comparison in matrix.comparisons}
    assert [cells[case].verdict for case in CASES] == [Verdict.SAME, Verdict.CRASH, Verdict.SAME]
    assert cells[TWO].attempts == 3


def test_an_interrupted_run_closes_all_guests_and_loses_no_finished_case(tmp_path: Path) -> None:
    stuck = {name: FakeRunner(CASES, lambda _: [says(ONE), line(Start(TWO))]) for name in ("native", "lts")}
    plan = plan_of(*stuck)
    plan.write(tmp_path)

    def interrupt(progress: Sequence[Progress]) -> None:
        if all(each.running == TWO for each in progress):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        execute(tmp_path, plan, dict(stuck), [], interrupt)
    assert all(guest.closed for runner in stuck.values() for guest in runner.guests)
    assert [list(each.results) for each in read_records(tmp_path, plan)] == [[ONE], [ONE]]

    resumed = {name: FakeRunner(CASES) for name in stuck}
    matrix = execute(tmp_path, plan, dict(resumed), [], lambda _: None)
    assert [runner.guests[0].channel.requests for runner in resumed.values()] == [[[TWO, THREE]]] * 2
    assert statuses(matrix, "lts") == [Verdict.SAME] * 3


def test_a_complete_run_that_is_resumed_runs_nothing(tmp_path: Path) -> None:
    before = execute_on(tmp_path, {"native": FakeRunner(CASES), "lts": FakeRunner(CASES)})
    again = {"native": FakeRunner(CASES), "lts": FakeRunner(CASES)}
    assert execute_on(tmp_path, again) == before
    assert [guest.channel.requests for runner in again.values() for guest in runner.guests] == [[], []]


def test_a_record_that_was_cut_off_in_the_middle_of_a_line_is_resumed(tmp_path: Path) -> None:
    execute_on(tmp_path, {"native": FakeRunner(CASES)})
    record = tmp_path / "native.jsonl"
    lines = record.read_bytes().splitlines(keepends=True)
    at = next(at for at, each in enumerate(lines) if TWO.encode() in each and b'"result"' in each)
    record.write_bytes(b"".join(lines[:at]) + lines[at][:50])
    runner = FakeRunner(CASES)
    matrix = execute_on(tmp_path, {"native": runner})
    assert runner.guests[0].channel.requests == [[TWO, THREE]]
    assert statuses(matrix, "native") == [Verdict.SAME] * 3
    assert [each.split(":")[0] for each in matrix.columns[0].troubles] == ["line 5 of native.jsonl is malformed"]


@needs_root
def test_a_run_on_a_disk_that_fills_up_is_finished_when_there_is_room(tmp_path: Path) -> None:
    def long(asked: list[str]) -> list[Said]:
        results = [CaseResult(case, "", Outcome.PASSED, "x" * 10_000) for case in asked]
        return [*(line(Start(each.case)) + line(ResultLine(each)) for each in results), line(End())]

    many = [f"a/test_b.py::test_{number:02}" for number in range(20)]

    def body() -> None:
        with pytest.raises(UserError, match="No space left on device"):
            execute_on(tmp_path, {"native": FakeRunner(many, long)})
        kept = records.read(tmp_path / "native.jsonl")
        assert 0 < len(kept.results) < len(many)
        grow(tmp_path, "4m")
        runner = FakeRunner(many, long)
        matrix = execute_on(tmp_path, {"native": runner})
        assert runner.guests[0].channel.requests == [many[len(kept.results) :]]
        assert statuses(matrix, "native") == [Verdict.SAME] * len(many)

    on_small_disk(tmp_path, "64k", body)


# Real guests on a small tree of cases

SMALL = '''
"""Small: a few cases."""

from conformance.syscalls import Buffer
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, close, openat
from conformance.syscalls.files.reading import pread64, write
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import kill


def test_file_holds_what_was_written():
    fd = openat(AT_FDCWD, b"a", O_RDWR | O_CREAT, 0o600)
    assert write(fd, b"hello", 5) == 5
    data = Buffer(16)
    assert pread64(fd, data, 16, 0) == 5
    assert data.take(5) == b"hello"
    close(fd)


def test_it_observes(observe):
    observe("answer", {"of": [42]})


def test_it_dies():
    kill(getpid(), 9)
'''


SUICIDAL = """
import os, runpy, sys
from conformance.guest import plugin
_, marker, _, module, *arguments = sys.argv
suite, perform = os.getpid(), plugin.perform
def once(item, case, writer):
    if item.name == "test_it_observes" and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(suite, 9)
    perform(item, case, writer)
plugin.perform = once
sys.argv = [module, *arguments]
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""
"""An interpreter whose suite is killed, once, in the middle of a case."""


class SmallRunner(LocalRunner):
    """This machine with a tree of cases of our own; `dying`: its first guest is killed in the middle of one."""

    def __init__(self, cases: Path, *, dying: bool = False) -> None:
        self._cases = cases
        self._dying = dying

    def open(self) -> HostGuest:
        """See `Runner`."""
        guest = super().open()
        guest.inside = replace(guest.inside, cases=str(self._cases))
        if self._dying:
            dying = (*guest.inside.python, "-c", SUICIDAL, str(self._cases.parent / "died"))
            guest.inside = replace(guest.inside, python=dying)
        return guest


@pytest.fixture
def small(tmp_path: Path) -> Path:
    area = tmp_path / "cases" / "area"
    area.mkdir(parents=True)
    (area / "test_small.py").write_text(SMALL)
    return tmp_path / "cases"


def test_a_machine_compared_with_itself_is_all_the_same(small: Path, tmp_path: Path) -> None:
    runners = {"native": SmallRunner(small), "again": SmallRunner(small)}
    matrix = execute_on(tmp_path / "run", runners, Selection(expression="not dies"))
    assert [comparison.name for comparison in matrix.comparisons] == [
        "test_file_holds_what_was_written",
        "test_it_observes",
    ]
    assert statuses(matrix, "again") == statuses(matrix, "native") == [Verdict.SAME] * 2
    assert matrix.comparisons[0].feature == "Small: a few cases."
    assert matrix.warnings == []
    assert matrix.comparisons[0].traces["again"].calls[0].startswith("openat(AT_FDCWD, b'a', O_CREAT|O_RDWR, 0600)")


def test_a_suite_that_is_killed_is_the_crash_of_the_running_case_and_the_run_goes_on(
    small: Path, tmp_path: Path
) -> None:
    matrix = execute_on(tmp_path / "run", {"native": SmallRunner(small, dying=True)}, Selection(expression="not dies"))
    assert statuses(matrix, "native") == [Verdict.SAME, Verdict.CRASH]
    attempts = records.read(tmp_path / "run" / "native.jsonl").results["area/test_small.py::test_it_observes"]
    assert [each.outcome for each in attempts] == [Outcome.CRASH, Outcome.PASSED, Outcome.PASSED]


@pytest.mark.parametrize("kept", [b"", b'{"target":{"name":"nat'])
def test_a_run_that_was_killed_before_its_header_was_written_is_resumed(tmp_path: Path, kept: bytes) -> None:
    (tmp_path / "native.jsonl").write_bytes(kept)
    matrix = execute_on(tmp_path, {"native": FakeRunner(CASES)})
    assert {comparison.cells["native"].verdict for comparison in matrix.comparisons} == {Verdict.SAME}


# Several guests


def test_what_took_long_in_the_newest_run_beside_it_is_run_first_where_several_share(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(work.PAYS, work.Task.CASES, 1)

    def first_asked(jobs: int, name: str) -> str:
        runner = FakeRunner(CASES)
        plan = replace(plan_of("native"), jobs=jobs)
        plan.write(tmp_path / name)
        execute(tmp_path / name, plan, {"native": runner}, [], lambda _: None)
        return runner.guests[0].channel.requests[0][0]

    assert first_asked(2, "first") == ONE
    with records.RecordFile(tmp_path / "first" / "native.jsonl") as file:
        for case, seconds in ((ONE, 0.5), (THREE, 20.0)):
            file.write(ResultLine(CaseResult(case, "", Outcome.PASSED, "", seconds)))
    assert first_asked(2, "second") == THREE
    assert first_asked(1, "third") == ONE


@pytest.mark.parametrize(("jobs", "cores", "targets", "guests"), [(None, 8, 2, 4), (None, 2, 4, 1), (3, 2, 1, 3)])
def test_targets_have_as_many_guests_as_is_asked_or_the_cores_allow_over_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int | None, cores: int, targets: int, guests: int
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)))
    given: list[int] = []

    class Counted(Worker):
        def __init__(self, *arguments: object) -> None:
            super().__init__(*arguments)  # type: ignore[arg-type] # they are passed on
            given.append(len(self._hands))

    monkeypatch.setattr(orchestrate, "Worker", Counted)
    names = [f"t{number}" for number in range(targets)]
    plan = replace(plan_of(*names), jobs=jobs)
    plan.write(tmp_path)
    execute(tmp_path, plan, {name: FakeRunner(CASES) for name in names}, [], lambda _: None)
    assert given == [guests] * targets
