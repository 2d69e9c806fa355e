"""Programs as text under pytest: what becomes of right and of wrong promises, and of executors that misbehave."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.guest import programs
from conformance.model import CaseResult, Outcome
from conformance.programs.listed import listed
from tests.executors import needs_executor
from tests.suite import Written, read, run_cases, write_cases

FILE = """\
"Programs of a test"

right:
    r0 = open("f0", O_RDWR, 0) = 0
    read(r0, room(64), 8) = 8, "abcdefgh"
    close(r0) = 0
    close(r0) = -1 EBADF

wrong-errno:
    close(41) = -1 EINVAL

wrong-success:
    close(41) = ok

wrong-data:
    r0 = open("f0", O_RDWR, 0) = ok
    read(r0, room(64), 8) = 8, "abcdefgX"

it-blocks:
    r0 = pipe(room(8)) = ok
    read(r0.fds[0], room(64), 1) blocks
    getpid()

it-blocks-and-nobody-says-so:
    r0 = pipe(room(8)) = ok
    read(r0.fds[0], room(64), 1) = -1 EAGAIN

it-dies:
    load(UNMAPPED) killed by SIGSEGV

not-there:
    tuxcall() = ok

rightly-not-there:
    tuxcall() = -1 ENOSYS

not-supported:
    socketpair(AF_INET, SOCK_STREAM, 0, room(8)) = ok or missing

of-a-newer-kernel: [kernel >= 99.0]
    close(41) = ok

cannot-be-read:
    close(41, 42)

is-never-made:
    vfork()
"""
MODULE = "area/programs.calls"


def written(root: Path, **more: str) -> Path:
    """The file, in a folder of cases, beside modules."""
    cases = write_cases(root, **more)
    (cases / "area" / "programs.calls").write_text(FILE)
    return cases


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A run of them all."""
    needs_executor()
    cases = written(tmp_path_factory.mktemp("programs"))
    run_cases(cases, f"--conformance-record={cases.parent / 'record.jsonl'}")
    return read(cases.parent / "record.jsonl")


def of(ran: Written, name: str) -> CaseResult:
    """What came of a program."""
    return ran.results[f"{MODULE}::{name}"]


@pytest.mark.parametrize("name", ["right", "it-blocks", "it-dies", "rightly-not-there", "of-a-newer-kernel"])
def test_program_that_does_what_was_promised_passes(ran: Written, name: str) -> None:
    assert (of(ran, name).outcome, of(ran, name).message) == (Outcome.PASSED, "")


def test_calls_of_the_program_are_the_cases_trace(ran: Written) -> None:
    steps = of(ran, "right").steps
    assert [(step.call, step.result, step.errno) for step in steps] == [
        ("open", 0, 0),
        ("read", 8, 0),
        ("close", 0, 0),
        ("close", -1, 9),
    ]
    assert steps[1].outs["1"] == "abcdefgh"
    assert [step.call for step in of(ran, "it-blocks").steps] == ["pipe"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong-errno", "call 0, close: -1 EBADF, and Linux promises -1 EINVAL"),
        ("wrong-success", "call 0, close: -1 EBADF, and Linux promises success"),
        ("wrong-data", "call 1, read: buf has b'abcdefgh', and Linux promises b'abcdefgX'"),
        ("it-blocks-and-nobody-says-so", "call 1, read: it blocked, and Linux promises -1 EAGAIN"),
    ],
)
def test_wrong_promise_fails_with_the_call_named(ran: Written, name: str, message: str) -> None:
    assert (of(ran, name).outcome, of(ran, name).message) == (Outcome.FAILED, message)


@pytest.mark.parametrize(
    ("name", "message"), [("not-there", "tuxcall: ENOSYS"), ("not-supported", "socketpair: ENOTSUP")]
)
def test_what_is_not_there_is_missing(ran: Written, name: str, message: str) -> None:
    assert (of(ran, name).outcome, of(ran, name).message) == (Outcome.MISSING, message)


def test_a_program_that_cannot_be_read_is_an_error_with_its_place_and_keeps_no_other_from_running(ran: Written) -> None:
    found = of(ran, "cannot-be-read")
    assert found.outcome is Outcome.ERROR
    assert found.message.endswith("programs.calls:44:15: close takes 1 arguments (fd), not 2")


def test_a_call_that_no_program_makes_is_not_made(ran: Written) -> None:
    assert of(ran, "is-never-made").outcome is Outcome.ERROR
    assert "call 0, vfork, is one that no program makes: it could run away" in of(ran, "is-never-made").message


def test_the_plan_says_what_they_are_called(ran: Written) -> None:
    info = next(each for each in ran.plan if each.id == f"{MODULE}::not-there")
    assert (info.title, info.feature) == ("not there", "Programs of a test")
    assert info.hash == of(ran, "not-there").hash


def test_workers_of_xdist_run_them_and_the_plan_is_the_same(ran: Written, tmp_path: Path) -> None:
    cases = written(tmp_path)
    run_cases(cases, f"--conformance-record={tmp_path / 'record.jsonl'}", "-n", "2", "-k", "right or wrong")
    found = read(tmp_path / "record.jsonl")
    assert {info.id: info for info in found.plan} == {
        info.id: info for info in ran.plan if "right" in info.id or "wrong" in info.id
    }
    assert {case: each.outcome for case, each in found.results.items()} == {
        case: ran.results[case].outcome for case in found.results
    }


def test_a_file_with_two_programs_of_one_name_is_not_collected_and_others_are(tmp_path: Path) -> None:
    cases = written(tmp_path, other="def test_other(): pass\n")
    (cases / "area" / "programs.calls").write_text("one:\n    getpid()\n\none:\n    getuid()\n")
    run_cases(cases, f"--conformance-record={tmp_path / 'record.jsonl'}", "--continue-on-collection-errors")
    found = read(tmp_path / "record.jsonl")
    assert set(found.results) == {"area/test_other.py::test_other"}
    assert [each for each in found.troubles if f"{MODULE} cannot be collected" in each]


def test_without_an_executor_they_are_skipped_and_other_cases_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.access(programs.INSIDE, os.X_OK):
        pytest.skip("an executor came along with the suite")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    cases = written(tmp_path, other="def test_other(): pass\n")
    run_cases(cases, f"--conformance-record={tmp_path / 'record.jsonl'}", "-k", "right or other")
    found = read(tmp_path / "record.jsonl").results
    if found[f"{MODULE}::right"].outcome is Outcome.PASSED:
        pytest.skip("an executor came along with the suite")
    assert found[f"{MODULE}::right"].outcome is Outcome.SKIPPED
    assert "there is no executor here" in found[f"{MODULE}::right"].message
    assert found["area/test_other.py::test_other"].outcome is Outcome.PASSED


# The executor misbehaves


def result(tmp_path: Path, script: str) -> CaseResult:
    """What comes of a program when the executor is a shell script."""
    (tmp_path / "programs.calls").write_text(FILE)
    (tmp_path / "executor").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "executor").chmod(0o755)
    executor = programs.Executor(0.05)
    executor.path = str(tmp_path / "executor")
    try:
        return executor.result(listed(tmp_path / "programs.calls")[0])
    finally:
        executor.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("echo this is another program; cat >/dev/null", "something else than frames"),
        (r"printf 'SCX1\022\000\000\000\004\000\000\000oops'; cat >/dev/null", "oops"),
        (r"printf 'SCX1\021\000\000\000\004\000\000\000oops'; cat >/dev/null", "cut short"),
        (
            r"printf 'SCX1\021\000\000\000\010\000\000\000\007\000\000\000\000\000\000\000'; cat >/dev/null",
            "another program's",
        ),
    ],
)
def test_executor_that_talks_nonsense_is_an_error_that_says_so(tmp_path: Path, script: str, why: str) -> None:
    needs_executor()
    found = result(tmp_path, script)
    assert found.outcome is Outcome.ERROR
    assert why in found.message


@pytest.mark.parametrize("script", ["exit 3", "kill -9 $$", "sleep 60"])
def test_executor_that_dies_or_falls_silent_twice_is_a_crash(tmp_path: Path, script: str) -> None:
    needs_executor()
    assert result(tmp_path, f"echo x >> {tmp_path}/starts; {script}").outcome is Outcome.CRASH
    assert (tmp_path / "starts").read_text() == "x\nx\n"


def test_executor_is_found_or_made() -> None:
    needs_executor()
    assert os.access(programs.prepare(), os.X_OK)
