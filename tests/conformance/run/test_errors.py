from __future__ import annotations

from conformance.run.errors import Exit, UsageError, UserError


def test_the_exit_statuses_are_the_documented_ones() -> None:
    assert {each.name: int(each) for each in Exit} == {
        "EXPECTED": 0,
        "UNEXPECTED": 1,
        "USAGE": 2,
        "FAILED": 3,
        "INCOMPLETE": 4,
        "INTERRUPTED": 130,
    }


def test_an_error_of_the_user_is_told_apart_from_one_of_the_machine() -> None:
    assert (UserError("x").status, UsageError("x").status) == (Exit.FAILED, Exit.USAGE)
    assert isinstance(UsageError("x"), UserError)
