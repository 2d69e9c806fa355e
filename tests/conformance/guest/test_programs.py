"""Kept programs in cases: what the fixture `run_program` makes of right and of wrong promises."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from conformance.guest import programs
from conformance.model import CaseResult, Json, Outcome
from conformance.programs.program import Program, Ref, to_json
from conformance.protocol.executor import ProtocolError
from conformance.syscalls.files.opening import O_RDWR
from conformance.syscalls.pseudo import SPAWN_EXIT
from tests.executors import needs_executor, program, room, text
from tests.suite import Written, read, run_cases, write_cases

OPEN = ("open", text("f0"), O_RDWR, 0)
READS = program(OPEN, ("read", Ref(0), room(64), 8), ("close", Ref(0)), ("close", Ref(0)))
BLOCKS = program(("pipe", room(8)), ("read", Ref(0, 0, 0, 4), room(64), 1), ("getpid",))
DIES = program(("getpid",), ("load", 0))
ABSENT = program(("getpid",), ("tuxcall",), ("getpid",))


def document(made: Program, *promise: str, **members: Json) -> str:
    """A kept program's file."""
    value = to_json(made)
    assert isinstance(value, dict)
    return json.dumps({**value, "promise": list(promise), "agreed": ["native 6.1.0"], **members})


FILES = {
    "right": document(READS, "0", "0", "0", "EBADF"),
    "blocks": document(BLOCKS, "0", "blocked"),
    "dies": document(DIES, "0", "EINVAL"),
    "has_a_child": document(program(("spawn_exit", SPAWN_EXIT, 3), ("wait4", Ref(0), room(4), 0, 0)), "0", "0"),
    "wrong_errno": document(READS, "0", "0", "0", "EINVAL"),
    "wrong_success": document(READS, "0", "0", "EBADF", "EBADF"),
    "wrong_failure": document(program(OPEN, ("lseek", Ref(0), 1, 0)), "EACCES", "0"),
    "wrong_end": document(BLOCKS, "0", "0", "0"),
    "promises_too_much": document(program(("getpid",)), "0", "0"),
    "promises_too_little": document(READS, "0", "0", "0"),
    "not_there": document(ABSENT, "0", "0", "0"),
    "not_there_either": document(ABSENT, "0", "EINVAL", "0"),
    "not_supported": document(program(("socketpair", 2, 1, 0, room(8))), "0"),
    "rightly_not_there": document(ABSENT, "0", "ENOSYS", "0"),
    "newer": document(READS, "0", "0", "0", "EBADF", format=2),
    "without_promise": document(READS).replace('"promise"', '"premise"'),
    "unknown_call": document(READS).replace('"read"', '"quantum_read"'),
    "truncated": document(READS, "0")[:50],
    "foreign": '{"schema": 1, "cases": []}',
    "list": "[1, 2]",
}
CASES = f"""
import pytest

@pytest.mark.parametrize("name", {[*FILES, "lost"]!r})
def test_kept(name, run_program): run_program(f"{{__file__.rpartition('/')[0]}}/{{name}}.json")
"""


def written(root: Path) -> Path:
    """The cases, with programs beside them."""
    cases = write_cases(root, kept=CASES)
    for name, content in FILES.items():
        (cases / "area" / f"{name}.json").write_text(content)
    return cases


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Written:
    """A run of them all."""
    needs_executor()
    cases = written(tmp_path_factory.mktemp("kept"))
    run_cases(cases, f"--conformance-record={cases.parent / 'record.jsonl'}")
    return read(cases.parent / "record.jsonl")


def of(ran: Written, name: str) -> CaseResult:
    """What came of a program."""
    return ran[f"test_kept[{name}]"]


@pytest.mark.parametrize("name", ["right", "blocks", "dies", "has_a_child", "rightly_not_there"])
def test_program_that_does_what_was_promised_passes(ran: Written, name: str) -> None:
    found = of(ran, name)
    assert (found.outcome, found.message) == (Outcome.PASSED, "")


def test_calls_of_the_program_are_the_cases_trace(ran: Written) -> None:
    steps = of(ran, "right").steps
    assert [(step.call, step.result, step.errno) for step in steps] == [
        ("open", 0, 0),
        ("read", 8, 0),
        ("close", 0, 0),
        ("close", -1, 9),
    ]
    assert steps[1].outs["1"] == "abcdefgh"
    assert [step.call for step in of(ran, "blocks").steps] == ["pipe"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("wrong_errno", "call 3, close: EBADF, and Linux says EINVAL"),
        ("wrong_success", "call 2, close: 0, and Linux says EBADF"),
        ("wrong_failure", "call 0, open: 0, and Linux says EACCES"),
        ("wrong_end", "call 1, read: blocked, and Linux says 0"),
        ("promises_too_much", "call 1, the end: it is over, and Linux says 0"),
        ("promises_too_little", "call 3, close: EBADF, and Linux says it is over"),
    ],
)
def test_wrong_promise_fails_with_the_call_named(ran: Written, name: str, message: str) -> None:
    found = of(ran, name)
    assert found.outcome is Outcome.FAILED
    assert f"AssertionError: {message}" in found.message
    assert found.steps


@pytest.mark.parametrize("name", ["not_there", "not_there_either"])
def test_call_that_is_not_there_is_missing(ran: Written, name: str) -> None:
    found = of(ran, name)
    assert (found.outcome, found.message) == (Outcome.MISSING, "tuxcall: ENOSYS")


def test_operation_that_is_not_supported_where_linux_carries_it_out_is_missing(ran: Written) -> None:
    found = of(ran, "not_supported")
    assert (found.outcome, found.message) == (Outcome.MISSING, "socketpair: ENOTSUP")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("newer", "the program has format 2, and this version reads up to 1: update the suite"),
        ("unknown_call", "call 1: 'quantum_read' is not described here"),
        ("foreign", "this is no program"),
        ("list", "this is no program"),
        ("truncated", "it is no JSON, or cut short"),
        ("without_promise", "it has no `promise`"),
        ("lost", "it cannot be read: No such file or directory"),
    ],
)
def test_program_that_cannot_be_read_is_told_in_a_sentence_that_names_it(ran: Written, name: str, message: str) -> None:
    found = of(ran, name)
    assert found.outcome is Outcome.ERROR
    assert found.message.startswith(f"{name}.json: {message}")
    assert "\n" not in found.message
    assert not found.steps


def test_without_an_executor_such_cases_are_skipped_and_others_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.access(programs.INSIDE, os.X_OK):
        pytest.skip("an executor came along with the suite")
    monkeypatch.setenv("CC", "no-such-compiler")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    cases = write_cases(tmp_path, kept=CASES + "\ndef test_other(): pass\n")
    (cases / "area" / "right.json").write_text(FILES["right"])
    run_cases(cases, f"--conformance-record={tmp_path / 'record.jsonl'}", "-k", "right or other")
    found = read(tmp_path / "record.jsonl")
    if found["test_kept[right]"].outcome is Outcome.PASSED:
        pytest.skip("an executor came along with the suite")
    assert found["test_kept[right]"].outcome is Outcome.SKIPPED
    assert "there is no executor here" in found["test_kept[right]"].message
    assert found["test_other"].outcome is Outcome.PASSED


# The executor misbehaves


def kept(tmp_path: Path, executor: str) -> programs.Kept:
    """A program for an executor that is a shell script."""
    (tmp_path / "right.json").write_text(FILES["right"])
    (tmp_path / "executor").write_text(f"#!/bin/sh\n{executor}\n")
    (tmp_path / "executor").chmod(0o755)
    return programs.Kept(str(tmp_path / "right.json"), str(tmp_path / "executor"), 1.0)


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "status 3 and no result"),
        ("echo hello", "status 0 and no result"),
        ("echo this is another program", "something else than frames"),
        ("kill -9 $$", "status -9 and no result"),
        (r"printf 'SCX1\022\000\000\000\004\000\000\000oops'", "oops"),
        (r"printf 'SCX1\021\000\000\000\004\000\000\000oops'", "cut short"),
        (r"printf 'SCX1\021\000\000\000\010\000\000\000\001\000\000\000\000\000\000\000'", "no result"),
    ],
)
def test_executor_that_gives_no_result_is_an_error_that_says_so(tmp_path: Path, script: str, why: str) -> None:
    with pytest.raises(ProtocolError, match=why):
        kept(tmp_path, f"cat >/dev/null; {script}").run(lambda _: None)


def test_executor_that_does_not_read_is_an_error_that_says_so(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="status 0 and no result"):
        kept(tmp_path, "exec true").run(lambda _: None)


def test_executor_that_cannot_be_started_is_an_error_that_says_so(tmp_path: Path) -> None:
    broken = kept(tmp_path, "")
    (tmp_path / "executor").write_bytes(b"\x7fELF\1\2\3")
    with pytest.raises(ProtocolError, match=r"^the executor cannot be started: Exec format error$"):
        broken.run(lambda _: None)


def test_deadline_is_long_unless_the_program_is_to_block(tmp_path: Path) -> None:
    for name in ("right", "blocks"):
        (tmp_path / f"{name}.json").write_text(FILES[name])
    right, blocks = (programs.Kept(str(tmp_path / f"{name}.json"), "", 3.0) for name in ("right", "blocks"))
    assert right.deadline == pytest.approx(3.0)
    assert blocks.deadline == pytest.approx(0.3)


def test_executor_is_found_or_made_once_and_absent_where_it_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_executor()
    assert os.access(programs.prepare(), os.X_OK)
