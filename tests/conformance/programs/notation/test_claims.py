from __future__ import annotations

import pytest

from conformance.programs.notation.claims import meant_by, struct_of
from conformance.programs.notation.parse import parse_program
from conformance.syscalls.files.status import Stat


@pytest.mark.parametrize(
    ("call", "name", "members", "found"),
    [
        ("fstat(0, room)", "", True, [1]),
        ("fstat(0, room)", "buf", True, [1]),
        ("fstat(0, room)", "fd", True, []),
        ("fstat(0, NULL)", "", True, []),
        ('newfstatat(0, "f0", room, 0)', "", False, [2]),
        ('newfstatat(0, "f0", room, 0)', "path", False, [1]),
        ("getsockname(0, room(16), [size])", "", False, [1, 2]),
        ("getsockname(0, room(16), [size])", "", True, []),
        ("timerfd_settime(0, 0, {}, NULL)", "", True, [2]),
        ("pipe(room(8))", "", True, []),
        ("pipe(room(8))", "", False, [0]),
    ],
)
def test_what_is_meant_is_what_the_call_writes_or_else_is_given(
    call: str, name: str, members: bool, found: list[int]
) -> None:
    assert meant_by(parse_program(call).steps[0], name, members=members) == found


def test_the_members_of_an_argument_are_those_of_its_struct() -> None:
    assert struct_of(parse_program("fstat(0, room)").steps[0], 1) is Stat
