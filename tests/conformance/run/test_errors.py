from __future__ import annotations

import signal

import pytest

from conformance.run.errors import Exit, Signalled, UsageError, UserError


def test_the_exit_statuses_are_the_documented_ones() -> None:
    assert {each.name: int(each) for each in Exit} == {
        "EXPECTED": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "FAILED": 3,
        "INCOMPLETE": 4,
        "HUNG_UP": 129,
        "INTERRUPTED": 130,
        "TERMINATED": 143,
    }


@pytest.mark.parametrize(
    ("stop", "status"),
    [
        (KeyboardInterrupt(), Exit.INTERRUPTED),
        (Signalled(signal.SIGINT), Exit.INTERRUPTED),
        (Signalled(signal.SIGTERM), Exit.TERMINATED),
        (Signalled(signal.SIGHUP), Exit.HUNG_UP),
    ],
)
def test_a_signal_has_the_status_that_a_shell_would_give_it(stop: KeyboardInterrupt, status: Exit) -> None:
    assert Exit.after(stop) is status


def test_an_error_of_the_user_is_told_apart_from_one_of_the_machine() -> None:
    assert (UserError("x").status, UsageError("x").status) == (Exit.FAILED, Exit.USAGE)
    assert isinstance(UsageError("x"), UserError)
