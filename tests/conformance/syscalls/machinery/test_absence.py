from __future__ import annotations

import errno
from pathlib import Path

import pytest

from conformance.model import Outcome
from conformance.syscalls.machinery.absence import MOST_ANSWERS, Answer, Missing, Telltale, what_is_absent, witnessing
from conformance.syscalls.machinery.aliases import Int, Zero
from conformance.syscalls.machinery.call import CallFacts, Syscall, errno_name
from tests.suite import Written, read, run_cases, write_cases


def absent(first: Int) -> Zero: ...  # type: ignore[empty-body] # a stub's body is its signature


ABSENT = Syscall(absent, CallFacts(), name="a call that no kernel has")

BEGINNING = """
import os
from contextlib import suppress
from errno import EBADF, EINVAL, ENOENT, ENOSYS
import pytest
from conformance.syscalls import missing, untraced
from conformance.syscalls.machinery.call import CallFacts, Syscall
from conformance.syscalls.help.child import exit_status, fork_child, in_child, start_child, wait_for
from conformance.syscalls.files.opening import close
from conformance.syscalls.processes.creating import fork
from conformance.syscalls.processes.identity import getpid

def absent(first: int) -> int: ...
absent = Syscall(absent, CallFacts(), name="nonsense")

def answer():
    getpid()
    found = absent.result_of(1)
    getpid()
    return found

def lacks():
    getpid()
    missing("a feature")
"""

LACKING = {
    # what is caught is held against something else
    "errno": "assert answer()[1] == EINVAL",
    "errno_unequal": "assert not answer()[1] != EINVAL",
    "errno_in_tuple": "assert answer()[1] in (EINVAL, ENOENT)",
    "errno_in_set": "assert answer()[1] in {EINVAL, ENOENT}",
    "errno_in_list": "assert [0, answer()[1]] == [0, EINVAL]",
    "errno_by_truth": "assert not answer()[1]",
    "errno_negative": "assert -answer()[1] == -EINVAL",
    "outcome": "assert answer() == (-1, EINVAL)",
    "outcome_in_set": "assert answer() in {(-1, EINVAL), (0, 0)}",
    "result": "assert answer()[0] == 7",
    "result_by_order": "assert answer()[0] >= 0",
    "untraced": "\n    with untraced(): assert answer()[1] == EINVAL",
    "message": "\n    error = answer()[1]\n    assert error == EINVAL, f'{error}: {os.strerror(error)}'",
    # the case goes on as if it had succeeded, and fails of that
    "consequence": "\n    if answer()[1] == EINVAL: missing('an option')\n    close(-1)",
    # exceptions
    "raised": "getpid(), absent(1)",
    "other_errno_promised": "getpid(), absent.fails_with(EINVAL, 1)",
    "caught": "\n    with pytest.raises(OSError) as caught: absent(1)\n    assert caught.value.errno == EINVAL",
    "handled_badly": "\n    try: absent(1)\n    except OSError: close(-1)",
    "raised_from": "\n    try: absent(1)\n    except OSError as error: raise ValueError('no') from error",
    "cleaning_up": "\n    try: lacks()\n    finally: close(-1)",
    "several": "raise ExceptionGroup('two', [OSError(ENOSYS, 'absent'), OSError(ENOSYS, 'absent')])",
    # children
    "child_raises": "assert in_child(lambda: absent(1)) == 0",
    "child_lacks": "assert in_child(lacks) == 0",
    "child_promises": "assert in_child(lambda: absent.fails_with(EINVAL, 1)) == 0",
    "child_asserts": "\n    def child(): assert answer()[1] == EINVAL\n    assert in_child(child) == 0",
    "child_returns_it": "assert in_child(lambda: answer()[1]) == EINVAL",
    "child_of_a_child": "assert in_child(lambda: in_child(lambda: absent(1))) == 0",
    "child_waited_for": "assert wait_for(fork_child(lacks)) == 0",
    "child_waited_for_by_the_case": "assert os.waitpid(fork_child(lacks), 0)[1] == 0",
    "child_returns_it_to_the_case": "assert os.waitpid(fork_child(lambda: answer()[1]), 0)[1] >> 8 == EINVAL",
    "child_nobody_asks": "os.waitpid(fork_child(lacks), 0)",
    "child_without_fds": "assert in_child(lambda: os.closerange(0, 1000) or absent(1)) == 0",
    "child_the_twentieth": "\n    for _ in range(20): in_child(getpid)\n    in_child(lacks)",
    "child_by_another_call": "assert exit_status(start_child(fork, lacks)) == 0",
}
"""Bodies of cases that find ENOSYS, or a feature missing, each in another way."""

FAILING = {
    "recognised": "\n    if answer()[1] == ENOSYS: getpid()\n    close(-1)",
    "recognised_unequal": "\n    if answer()[1] != ENOSYS: getpid()\n    close(-1)",
    "recognised_among_others": "\n    if answer()[1] in (EINVAL, ENOSYS): getpid()\n    close(-1)",
    "recognised_in_set": "\n    if answer()[1] in {EINVAL, ENOSYS}: getpid()\n    close(-1)",
    "recognised_when_caught": "\n    try: absent(1)\n    except OSError as error:\n"
    "        assert error.errno == ENOSYS\n        close(-1)",
    "not_needed": "\n    absent.result_of(1)\n    close(-1)",
    "suppressed": "\n    with suppress(OSError): absent(1)\n    close(-1)",
    "one_of_several": "raise ExceptionGroup('two', [OSError(ENOSYS, 'absent'), OSError(EBADF, 'Bad file descriptor')])",
    "promised": "getpid(), close.fails_with(ENOSYS, -1)",
    "in_a_child": "assert in_child(lambda: close(-1)) == 0",
    "in_a_child_that_nobody_asks": "os.waitpid(fork_child(lambda: close(-1)), 0)",
    "recognised_in_a_child": "\n    def child():\n        if answer()[1] == ENOSYS: close(-1)\n"
    "    assert in_child(child) == 0",
}
"""Bodies of cases that fail of something else (EBADF), whatever ENOSYS they have seen."""

PASSING = {
    "recognised": "assert answer() == (-1, ENOSYS)",
    "promised": "absent.fails_with(ENOSYS, 1)",
    "caught": "\n    with suppress(OSError): absent(1)",
    "another_way": "assert answer()[1] in (EINVAL, ENOSYS)",
    "child_returns_it": "assert in_child(lambda: answer()[1]) == ENOSYS",
    "child_recognises_it": "assert in_child(lambda: int(answer()[1] != ENOSYS)) == 0",
}


def module(bodies: dict[str, str]) -> str:
    return BEGINNING + "".join(f"\n\ndef test_{name}():\n    {body.lstrip()}\n" for name, body in bodies.items())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Written]:
    """What came of each kind of body."""
    found = {}
    for kind, bodies in {"lacking": LACKING, "failing": FAILING, "passing": PASSING}.items():
        root: Path = tmp_path_factory.mktemp(kind)
        record = root / "record.jsonl"
        run_cases(write_cases(root, **{kind: module(bodies)}), f"--record={record}")
        found[kind] = read(record)
    return found


@pytest.mark.parametrize("name", LACKING)
def test_enosys_is_never_a_failure_however_a_case_has_seen_it(written: dict[str, Written], name: str) -> None:
    result = written["lacking"][f"test_{name}"]
    assert result.outcome is Outcome.MISSING, result.message
    assert result.message in (
        "nonsense: ENOSYS",
        "[Errno 38] nonsense: Function not implemented",
        "[Errno 38] absent",
        "a feature",
    )


@pytest.mark.parametrize("name", FAILING)
def test_a_failure_of_something_else_stays_one_whatever_was_absent(written: dict[str, Written], name: str) -> None:
    result = written["failing"][f"test_{name}"]
    assert result.outcome is Outcome.FAILED, result.message
    assert "Bad file descriptor" in result.message or "EBADF" in result.message


@pytest.mark.parametrize("name", PASSING)
def test_a_case_that_handles_enosys_passes(written: dict[str, Written], name: str) -> None:
    result = written["passing"][f"test_{name}"]
    assert (result.outcome, result.message) == (Outcome.PASSED, "")


def test_what_failed_in_a_child_is_what_a_failure_says_first(written: dict[str, Written]) -> None:
    said = written["failing"]["test_in_a_child"].message.splitlines()
    assert said[0] == "E   in a child: OSError: [Errno 9] close: Bad file descriptor"
    assert any(line.startswith("E       assert 1 == 0") for line in said)


def test_outside_a_case_a_call_gives_plain_numbers() -> None:
    assert list(map(type, ABSENT.result_of(0))) == [int, int]
    with witnessing():
        assert list(map(type, ABSENT.result_of(0))) == [Telltale, Telltale]


def test_the_name_of_an_errno_is_no_question_about_it() -> None:
    answer = Answer("call")
    assert errno_name(Telltale(errno.ENOSYS, answer)) == "ENOSYS"
    assert not answer.looked_at


def test_two_answers_that_are_alike_recognise_nothing() -> None:
    one, other = Answer("one"), Answer("other")
    assert Telltale(errno.ENOSYS, one) == Telltale(errno.ENOSYS, other)
    assert not one.recognised
    assert not other.recognised


def test_a_loop_of_unknown_calls_takes_no_memory_without_end() -> None:
    with witnessing() as witness:
        for _ in range(MOST_ANSWERS + 10):
            ABSENT.result_of(0)
    assert len(witness.answers) == MOST_ANSWERS


def test_the_first_answer_that_was_mistaken_is_the_reason() -> None:
    with witnessing():
        error = AssertionError()
        assert what_is_absent(error) is None
        ABSENT.result_of(0)
        assert what_is_absent(error) is None
        assert ABSENT.result_of(0)[1] != errno.EINVAL
        assert what_is_absent(error) == "a call that no kernel has: ENOSYS"


def test_errors_that_hang_together_in_a_circle_are_read_once() -> None:
    one, other = ValueError(), ValueError()
    one.__context__, other.__context__ = other, one
    assert what_is_absent(one) is None
    other.__cause__ = Missing("a feature")
    assert what_is_absent(one) == "a feature"
