from __future__ import annotations

import os
import time

import pytest

from conformance.syscalls.help import waiting
from conformance.syscalls.help.waiting import in_vain, patience, ready, time_left, until
from conformance.syscalls.machinery.call import recording
from conformance.syscalls.polling.poll import POLLHUP, POLLIN, POLLOUT
from conformance.syscalls.processes.identity import getpid
from tests.conformance.syscalls.machinery.test_call import Listener


def test_what_an_fd_is_ready_for_is_told_and_not_traced() -> None:
    listener = Listener()
    reading, writing = os.pipe()
    try:
        with recording(listener):
            assert ready(reading, seconds=0) == 0
            assert ready(writing, POLLOUT) == POLLOUT
            os.write(writing, b"x")
            assert ready(reading) == POLLIN
    finally:
        os.close(writing)
    assert ready(reading) == POLLIN | POLLHUP
    os.close(reading)
    assert not listener.calls


def test_patience_is_for_what_has_not_failed_to_come(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "absent", set())
    assert patience("an event", 3.0) == 3.0
    in_vain("an event")
    assert patience("an event", 3.0) == waiting.BRIEFLY
    assert patience("an event", 0) == 0
    assert patience("another", 3.0) == 3.0


def test_an_fd_is_waited_for_as_long_as_was_said_in_seconds() -> None:
    reading, writing = os.pipe()
    before = time.monotonic()
    assert ready(reading, seconds=0.05) == 0
    assert 0.05 <= time.monotonic() - before < 2
    os.close(reading)
    os.close(writing)


def test_a_condition_is_asked_untraced_until_it_holds() -> None:
    listener, asked = Listener(), []

    def condition() -> bool:
        asked.append(getpid())
        return len(asked) == 3

    with recording(listener):
        until(condition)
    assert len(asked) == 3
    assert not listener.calls


def test_a_condition_that_never_holds_is_an_assertion_that_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "time_left", lambda: time_left(0.01))
    with pytest.raises(AssertionError, match="bound to happen"):
        until(lambda: False)


def test_time_that_is_left_runs_out() -> None:
    told = []
    for left in time_left(0.02):
        told.append(left)
        time.sleep(0.005)
    assert told == sorted(told, reverse=True)
    assert all(0 < left <= 0.02 for left in told)
    assert 1 < len(told) <= 5
    assert list(time_left(0)) == []
