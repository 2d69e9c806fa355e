from __future__ import annotations

import ctypes
from typing import Annotated

import pytest

from conformance.syscalls.machinery.aliases import Fd32, Pid32, Time64
from conformance.syscalls.machinery.buffers import I64, Layout, Struct
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choice, Use, room
from conformance.syscalls.machinery.kinds import MASK, Kind, Masked, Names, Renamed, Seen
from conformance.syscalls.machinery.memory import FdPair, MemoryOr, NumberAt, NumberOf, OneOf, Pointer


@pytest.mark.parametrize(
    ("kind", "seen", "shown"),
    [
        (Pointer(), 0x7F00, "0x7f00"),
        (Pointer(), 0, "0"),
        (Pointer(), "ab", "b'ab'"),
        (Pointer().holding(FdPair()), "\x05\0\0\0\x04\0\0\0", "[5, 4]"),
        (Pointer().holding(FdPair()), "short", "b'short'"),
        (Pointer().holding(NumberAt()), "\xfe\xff\xff\xff", "[-2]"),
        (Pointer().holding(NumberAt()), "\x05" + "\0" * 7, "[5]"),
        (Pointer().holding(NumberAt()), "abc", "b'abc'"),
        (NumberOf(Renamed("pid")), "\xfe\xff\xff\xff", "[-2]"),
        (NumberOf(Renamed("pid")), "abc", "b'abc'"),
    ],
)
def test_memory_is_shown_as_what_is_in_it(kind: Kind, seen: Seen, shown: str) -> None:
    assert kind.show(seen) == shown


@pytest.mark.parametrize(
    ("kind", "seen", "normal"),
    [
        (Pointer(), 0x1000, "addr"),
        (Pointer(), "text", "text"),
        (Pointer(), None, None),
        (Pointer().holding(Masked()), "text", MASK),
        (NumberOf(Renamed("pid")), "\x05\0\0\0", "pid#1"),
        (NumberOf(Renamed("pid", keep=(5,))), "\x05\0\0\0", 5),
        (NumberOf(Renamed("pid")), "\x05\0\0", "\x05\0\0"),
        (Pointer().holding(Masked()), {"a": 1}, MASK),
        (Pointer().holding(Masked()), None, None),
        (Pointer().holding(Masked()), 0x1000, "addr"),
        (Pointer(out=True, reads=False).holding(FdPair()), "\x05\0\0\0\x04\0\0\0", ["fd#1", "fd#2"]),
        (Pointer().holding(FdPair()), "short", "short"),
        (Pointer().holding(FdPair()), None, None),
    ],
)
def test_memory_is_compared_by_what_is_in_it(kind: Kind, seen: Seen, normal: Seen) -> None:
    assert kind.normal(seen, Names()) == normal


def test_memory_knows_who_reads_and_who_writes_it() -> None:
    assert (Pointer().out, Pointer().reads) == (False, True)
    assert (Pointer(out=True, reads=False, counted=True).out, Pointer(out=True, reads=False, counted=True).reads) == (
        True,
        False,
    )
    assert (Pointer(out=True).out, Pointer(out=True).reads) == (True, True)


class Named(Struct):
    """One with a pid."""

    pid: Pid32
    value: I64


class Plain(Struct):
    """One whose member of the same name is no pid."""

    pid: I64


@pytest.mark.parametrize(
    ("seen", "normal"),
    [
        ({"pid": 77, "value": 5}, {"pid": "pid#1", "value": 5}),
        ({"pid": 77}, {"pid": 77}),
        ({"else": 77}, {"else": 77}),
        ("bytes", MASK),
        (0x1234, "addr"),
        (None, None),
    ],
)
def test_memory_that_holds_one_of_several_structs_is_compared_as_the_one_that_it_is(seen: Seen, normal: Seen) -> None:
    kind = Parameter("arg", Annotated[object, Pointer(out=True), OneOf(Named, Plain, other=Masked())]).kind
    assert kind.normal(seen, Names()) == normal


def test_memory_that_is_none_of_the_structs_is_compared_as_it_is_where_nothing_is_said_of_it() -> None:
    assert OneOf(Named).normal("bytes", Names()) == "bytes"


def test_a_number_in_the_place_of_memory_is_compared_as_what_it_means() -> None:
    kind = Parameter("arg", Annotated[object, MemoryOr(Kind(), out=True), OneOf(Named)]).kind
    assert kind.normal(0x1234, Names()) == 0x1234
    assert kind.normal({"pid": 77, "value": 5}, Names()) == {"pid": "pid#1", "value": 5}
    assert MemoryOr(Renamed("pid")).normal(77, Names()) == "pid#1"


class Point(Struct):
    """Two numbers, an fd, a process and a time."""

    x: I64
    fd: Fd32
    pid: Annotated[int, Layout(ctypes.c_int32), Renamed("pid")]
    when: Time64


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        (Pointer(out=True), {room(64), room(64, edge=True), *BAD_POINTERS}),
        (Pointer(), {Blob(b"hello"), *BAD_POINTERS}),
    ],
)
def test_what_finds_faults_is_among_what_is_tried(kind: Kind, tried: set[Choice]) -> None:
    assert tried - set(kind.usual()) == set()


def test_memory_for_a_struct_is_structs_and_memory_to_write_one_is_room_for_it() -> None:
    first = Pointer().usual(Point)[0]
    assert isinstance(first, Blob)
    assert len(first.data) == Point.size()
    assert (8, 4, Use("fd")) in first.parts
    out = Pointer(out=True, reads=False)
    assert out.usual(Point)[0] == room(Point.size())
    assert room(Point.size(), edge=True) in out.usual(Point)


def test_resources_in_memory_are_those_that_a_program_does_not_know_yet() -> None:
    written = Pointer(out=True, reads=False)
    assert list(written.resources(Point)) == [(8, 4, "fd")], "and no process, which may be anybody"
    assert list(written.resources(None)) == []
    assert list(Pointer(out=True).resources(Point)) == [], "what the kernel reads there is the program's own"
    pair = written.holding(FdPair("pipe:r", "pipe:w"))
    assert list(pair.resources(None)) == [(0, 4, "fd:pipe:r"), (4, 4, "fd:pipe:w")]
    assert list(written.holding(FdPair()).resources(None)) == [(0, 4, "fd"), (4, 4, "fd")]
