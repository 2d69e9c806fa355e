from __future__ import annotations

import struct

import pytest

from conformance.matrix.normalise import normalise
from conformance.model import Json
from conformance.syscalls.machinery.call import see
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.time.clocks import Timespec, Timeval
from conformance.syscalls.time.timers import Itimerspec, Itimerval, TimeLeft
from tests.builders import passed, step


@pytest.mark.parametrize(
    ("setting", "normal"),
    [
        ((0, 0, 0, 0), [0, 0, 0]),
        ((0, 0, 999, 123), [0, 0, "left"]),
        ((7, 2, 0, 1), [7, 2, "left"]),
    ],
)
def test_of_a_timer_the_interval_is_compared_and_whether_time_was_left(
    setting: tuple[int, ...], normal: list[int | str]
) -> None:
    as_struct = Itimerspec(Timespec(*setting[:2]), Timespec(*setting[2:]))
    as_bytes = struct.pack("=4q", *setting).decode("latin-1")
    assert TimeLeft().normal(see(as_struct), Names()) == normal
    assert TimeLeft().normal(as_bytes, Names()) == normal
    flat = dict(zip(("interval_sec", "interval_usec", "value_sec", "value_usec"), setting, strict=True))
    assert TimeLeft().normal({**flat}, Names()) == normal, "as older records have it"


@pytest.mark.parametrize("seen", [None, "short", 0])
def test_what_is_no_timer_is_compared_as_it_is(seen: str | int | None) -> None:
    assert TimeLeft().normal(seen, Names()) == seen


def test_an_interval_timer_of_old_is_compared_with_one_of_today() -> None:
    """Records had the members of `struct itimerval` in a row."""
    flat: dict[str, Json] = {"interval_sec": 1, "interval_usec": 2, "value_sec": 3, "value_usec": 4}
    today = see(Itimerval(Timeval(tv_sec=1, tv_usec=2), Timeval(tv_sec=3, tv_usec=4)))
    assert isinstance(today, dict)
    assert Itimerval.renewed(flat) == today
    assert normalise(passed(step("setitimer", 0, flat, None))) == normalise(passed(step("setitimer", 0, today, None)))
    assert normalise(passed(step("setitimer", 0, flat, None))) != normalise(
        passed(step("setitimer", 0, {**flat, "value_usec": 5}, None))
    )
