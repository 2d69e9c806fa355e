from __future__ import annotations

import os
import signal

import pytest

from conformance.guest.tape import Tape, steps
from conformance.syscalls.help.child import exit_status, fork_child, in_child, wait_for
from conformance.syscalls.machinery.call import recording
from conformance.syscalls.processes.identity import getpid, getppid


def test_a_child_exits_with_what_its_body_returns() -> None:
    assert (in_child(lambda: 7), in_child(lambda: None), in_child(lambda: 0)) == (7, 0, 0)


def test_a_child_that_a_signal_ends_has_a_negative_status() -> None:
    assert in_child(lambda: os.kill(os.getpid(), signal.SIGKILL)) == -signal.SIGKILL


def test_an_exception_is_printed_and_status_1(capfd: pytest.CaptureFixture[str]) -> None:
    assert in_child(lambda: 1 // 0) == 1
    assert "ZeroDivisionError" in capfd.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_no_exception_lets_a_child_return_into_the_case_of_its_parent(
    error: type[BaseException], capfd: pytest.CaptureFixture[str]
) -> None:
    def body() -> None:
        raise error

    parent = os.getpid()
    assert in_child(body) == 1
    assert os.getpid() == parent
    capfd.readouterr()


def test_a_child_can_be_waited_for_as_wait_does() -> None:
    status = wait_for(fork_child(lambda: 3))
    assert os.WIFEXITED(status)
    assert os.WEXITSTATUS(status) == 3
    assert exit_status(fork_child(lambda: 4)) == 4


def test_the_calls_of_a_child_are_traced_apart_and_the_waiting_is_not() -> None:
    tape = Tape()
    with recording(tape.writer()):
        in_child(lambda: getppid() and None)
        getpid()
        in_child(lambda: getpid() and None)
    assert [(step.call, step.process) for step in steps(tape)] == [("getpid", 0), ("getppid", 1), ("getpid", 2)]
    tape.close()


def test_the_calls_of_a_grandchild_are_not_taken_for_the_childs() -> None:
    tape = Tape()
    with recording(tape.writer()):
        in_child(lambda: in_child(lambda: getpid() and None))
    assert steps(tape) == []
    tape.close()
