from __future__ import annotations

import struct
from dataclasses import replace
from errno import ENOENT
from pathlib import Path

import pytest

from conformance.model import CaseResult, Facts, Outcome
from conformance.run.programs import Batches, CasePrograms, selected
from conformance.run.selection import Selection, is_program
from conformance.run.work import BATCH, Work
from runners.base import Runner, RunnerError
from runners.local import LocalRunner
from tests.executors import ExecutorRunner, LyingRunner, dies, needs_executor
from tests.fakes import DEATH

FILE = """\
"Closing"

bad:
    close(41) = -1 EBADF

good:
    r0 = open("f0", O_RDWR, 0) = ok
    close(r0) = 0

wrong:
    close(41) = -1 EINVAL

rooted: needs root
    getpid() >= 1

blocked:
    r0 = pipe(room(8)) = ok
    read(r0.fds[0], room(1), 1) = 0
"""
HERE = Facts("6.18.1", "#1", "x86_64", 2, 0, 0, "tmpfs", "3.11", "0")


def tree(root: Path, **files: str) -> Path:
    """A folder of cases with files of programs in the area `area`."""
    (root / "area").mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (root / "area" / f"{name}.calls").write_text(text)
    return root


@pytest.fixture
def cases(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of cases that is the suite's."""
    monkeypatch.setattr("conformance.places.CASES", tmp_path)
    return tree(tmp_path, closing=FILE)


@pytest.fixture
def programs(cases: Path) -> CasePrograms:
    return selected(Selection())


def ran(runner: Runner, programs: CasePrograms, facts: Facts | None = HERE) -> dict[str, CaseResult]:
    """What came of programs, by their names."""
    with Batches("lts", runner, None, facts) as executor:
        found = list(executor.run(Work([], programs.by_id.values(), [0], first=True, weights={}).batch, first=True))
    return {each.case.partition("::")[2]: each for each in found}


# Which there are


def test_programs_are_selected_as_other_cases_are(cases: Path) -> None:
    tree(cases, other="one:\n    getpid()\n")
    assert set(selected(Selection(("area/closing.calls",))).by_id) == {
        f"area/closing.calls::{name}" for name in ("bad", "good", "wrong", "rooted", "blocked")
    }
    assert set(selected(Selection(("area/closing.calls::bad",))).by_id) == {"area/closing.calls::bad"}
    assert set(selected(Selection(expression="good or one")).by_id) == {
        "area/closing.calls::good",
        "area/other.calls::one",
    }
    assert not selected(Selection(("elsewhere",))).by_id


def test_a_file_that_cannot_be_read_is_a_trouble_and_its_cases_are_lost(cases: Path) -> None:
    tree(cases, broken="one:\n    close(1, 2)\n")
    found = selected(Selection())
    assert len(found.by_id) == 5
    (trouble,) = found.troubles
    assert trouble.lost == "area/broken.calls"
    assert trouble.message.startswith("area/broken.calls cannot be read: area/broken.calls:2:14: close takes 1")


def test_what_is_not_selected_is_not_even_read(cases: Path) -> None:
    tree(cases, broken="one:\n    close(1, 2)\n")
    assert not selected(Selection(("area/closing.calls",))).troubles


def test_a_program_is_known_by_its_file() -> None:
    assert is_program("area/closing.calls::bad")
    assert is_program("area/closing.calls")
    assert not is_program("area/test_closing.py::test_bad[x.calls]")


# Running them


def test_each_is_a_result_with_its_trace_and_is_judged(programs: CasePrograms) -> None:
    needs_executor()
    found = ran(LocalRunner(), programs)
    assert {name: each.outcome for name, each in found.items()} == {
        "bad": Outcome.PASSED,
        "good": Outcome.PASSED,
        "wrong": Outcome.FAILED,
        "rooted": Outcome.PASSED,
        "blocked": Outcome.FAILED,
    }
    assert found["blocked"].message == "call 1, read: it blocked, and Linux promises 0"
    assert [(step.call, step.errno) for step in found["bad"].steps] == [("close", 9)]
    assert {name: each.hash for name, each in found.items()} == {
        info.id.partition("::")[2]: info.hash for info in programs.infos
    }


def test_what_needs_root_is_skipped_where_the_target_is_not(programs: CasePrograms) -> None:
    needs_executor()
    found = ran(LocalRunner(), programs, replace(HERE, uid=1000))
    assert (found["rooted"].outcome, found["rooted"].message) == (Outcome.SKIPPED, "needs root")
    assert found["bad"].outcome is Outcome.PASSED


def mortal(outcome: bytes) -> bytes:
    """A target that dies where it would say ENOENT."""
    return dies(outcome) if struct.pack("<q", -ENOENT) in outcome else outcome


def test_what_takes_the_guest_along_is_found_and_nothing_else_is_lost(cases: Path) -> None:
    needs_executor()
    text = "".join(f"p{at}:\n    close({100 + at}) = -1 EBADF\n\n" for at in range(BATCH + 3))
    deadly = 'deadly:\n    open("absent", O_RDONLY, 0) = -1 ENOENT\n\n'
    tree(cases, many=deadly + text)
    came = ran(LyingRunner(mortal), selected(Selection(("area/many.calls",))))
    assert len(came) == BATCH + 4
    assert {name for name, each in came.items() if each.outcome is Outcome.CRASH} == {"deadly"}
    assert {each.outcome for name, each in came.items() if name != "deadly"} == {Outcome.PASSED}


def test_a_target_that_dies_of_everything_is_given_up_with_a_sentence(programs: CasePrograms) -> None:
    (first, *_) = programs.by_id.values()
    many = CasePrograms({f"area/x.calls::p{at}": first for at in range(2 * BATCH)})
    with pytest.raises(RunnerError, match="executors have died in a row"):
        ran(ExecutorRunner(lambda number, batch: [DEATH]), many)


def test_the_guest_of_a_session_is_used_and_left_open(programs: CasePrograms) -> None:
    needs_executor()
    with LocalRunner().open() as guest:
        with Batches("native", ExecutorRunner(times=0), guest, HERE) as executor:
            batches = iter([list(programs.by_id.values())[:2]])
            found = list(executor.run(lambda: next(batches, []), first=True))
        assert [each.outcome for each in found] == [Outcome.PASSED] * 2
        with guest.spawn(["true"]) as channel:
            assert channel.wait(10) == 0


def test_programs_that_may_share_a_process_come_first(cases: Path) -> None:
    needs_executor()
    tree(cases, mixed="alone:\n    setsid()\n\nshares:\n    umask(0)\n\nalone-too:\n    setsid()\n")
    found = ran(LocalRunner(), selected(Selection(("area/mixed.calls",))))
    assert list(found) == ["shares", "alone", "alone-too"]
