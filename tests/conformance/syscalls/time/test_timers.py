from __future__ import annotations

import struct

import pytest

from conformance.syscalls.machinery.call import see
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.time.clocks import Timespec
from conformance.syscalls.time.timers import Itimerspec, TimeLeft


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
