from __future__ import annotations

import pytest

from conformance.programs.notation.claims import meant_by, memory_meant, struct_of
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


RECEIVED = "recvmsg(0, {iov=[{iov_base=room(8), iov_len=size}], control=room(64), controllen=size}, 0)"


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("message.control", "1.32"),
        ("message.iov.iov_base", "1.16.0"),
        ("message", "1"),
        ("message.name", ""),
        ("message.absent", ""),
        ("message.control.cmsg_len", ""),
        ("fd.control", ""),
        ("absent.control", ""),
    ],
)
def test_memory_that_memory_points_to_is_meant_by_the_names_that_lead_there(name: str, path: str) -> None:
    found = memory_meant(parse_program(RECEIVED).steps[0], name, members=False)
    assert (found.path if found else "") == path


@pytest.mark.parametrize(("name", "known"), [("message.control", True), ("message.iov.iov_base", False)])
def test_members_are_promised_only_of_what_has_some(name: str, known: bool) -> None:
    assert bool(memory_meant(parse_program(RECEIVED).steps[0], name, members=True)) == known
