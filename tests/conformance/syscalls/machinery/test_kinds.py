from __future__ import annotations

import ctypes
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.syscalls.machinery.buffers import I64, Layout, Struct
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import ARENA, BAD_POINTERS, PAGE, Blob, Choice, LengthOf, Use, room
from conformance.syscalls.machinery.kinds import (
    MASK,
    AddressKind,
    ChosenFd,
    ChosenMemory,
    Clocked,
    CountedMemory,
    Done,
    Fd,
    Fd32,
    FdPair,
    FileDescriptor,
    Flags,
    Fraction,
    Hex,
    Kind,
    Length,
    Masked,
    MaskedMemory,
    Memory,
    MemoryOr,
    Names,
    Number,
    Numbered,
    Octal,
    OneOf,
    PathKind,
    Pid32,
    Renamed,
    Seen,
    SignalNumber,
    Time64,
    named,
)

OPEN = Flags({"O_RDONLY": 0, "O_WRONLY": 1, "O_CREAT": 0o100, "O_TMPFILE": 0o20200000, "O_DIRECTORY": 0o200000})
WHENCE = Flags({"SEEK_SET": 0, "SEEK_CUR": 1}, bits=False)


@pytest.mark.parametrize(
    ("kind", "seen", "shown"),
    [
        (Kind(), None, "NULL"),
        (Kind(), 5, "5"),
        (Kind(), "a\n", r"b'a\n'"),
        (Kind(), "a\xff", r"b'a\xff'"),
        (Kind(), {"a": 1, "b": {"c": None}}, "{a=1, b={c=NULL}}"),
        (Kind(), [1, "x"], "[1, b'x']"),
        (Hex(), 4096, "0x1000"),
        (Hex(), 9, "9"),
        (Hex(), -1, "-1"),
        (Hex(), None, "NULL"),
        (Octal(), 0o644, "0644"),
        (Octal(), 0, "0"),
        (FileDescriptor(), -100, "AT_FDCWD"),
        (FileDescriptor(), 3, "3"),
        (AddressKind(), 0, "NULL"),
        (AddressKind(), 0x7F00, "0x7f00"),
        (Memory(), 0x7F00, "0x7f00"),
        (Memory(), 0, "0"),
        (Memory(), "ab", "b'ab'"),
        (SignalNumber(), 11, "SIGSEGV"),
        (SignalNumber(), 0, "0"),
        (SignalNumber(), 4242, "4242"),
        (OPEN, 0o101, "O_CREAT|O_WRONLY"),
        (OPEN, 0, "0"),
        (OPEN, 0o20200000, "O_TMPFILE"),
        (OPEN, 0o200000, "O_DIRECTORY"),
        (OPEN, 0o4000001, "O_WRONLY|0x100000"),
        (OPEN, None, "NULL"),
        (WHENCE, 1, "SEEK_CUR"),
        (WHENCE, 7, "7"),
    ],
)
def test_a_value_is_shown_as_source_would_have_it(kind: Kind, seen: Seen, shown: str) -> None:
    assert kind.show(seen) == shown


@pytest.mark.parametrize(
    ("kind", "seen", "normal"),
    [
        (Kind(), 5, 5),
        (Renamed("pid", keep=(0, -1)), 77, "pid#1"),
        (Renamed("pid", keep=(0, -1)), -1, -1),
        (Renamed("pid"), "text", "text"),
        (FileDescriptor(), 3, "fd#1"),
        (FileDescriptor(), 2, 2),
        (FileDescriptor(), -1, -1),
        (FileDescriptor(), 1 << 30, 1 << 30),
        (Masked(), 5, MASK),
        (Masked(), None, None),
        (AddressKind(), 0x1000, "addr"),
        (AddressKind(), 0, 0),
        (Memory(), 0x1000, "addr"),
        (Memory(), "text", "text"),
        (Memory(), None, None),
        (MaskedMemory(), "text", MASK),
        (MaskedMemory(), {"a": 1}, MASK),
        (MaskedMemory(), None, None),
        (MaskedMemory(), 0x1000, "addr"),
        (FdPair(), "\x05\0\0\0\x04\0\0\0", ["fd#1", "fd#2"]),
        (FdPair(), "short", "short"),
        (FdPair(), None, None),
        (PathKind(), "/proc/77/maps", "/proc/pid#1/maps"),
        (PathKind(), "/proc/self/maps", "/proc/self/maps"),
        (PathKind(), "proc/77", "proc/77"),
        (PathKind(), 0x1000, "addr"),
        (PathKind(), None, None),
        (OPEN, 0o101, 0o101),
    ],
)
def test_a_value_is_compared_in_its_normal_form(kind: Kind, seen: Seen, normal: Seen) -> None:
    assert kind.normal(seen, Names()) == normal


def test_names_are_given_by_family_in_order_of_appearance() -> None:
    names = Names()
    assert [names.name("fd", 9), names.name("fd", 3), names.name("pid", 9), names.name("fd", 9)] == [
        "fd#1",
        "fd#2",
        "pid#1",
        "fd#1",
    ]


def test_a_value_is_known_once_it_has_a_name() -> None:
    names = Names()
    names.name("pid", 9)
    assert (names.known("pid", 9), names.known("pid", 8), names.known("fd", 9)) == ("pid#1", None, None)


def test_memory_knows_who_reads_and_who_writes_it() -> None:
    assert (Memory().out, Memory().reads) == (False, True)
    assert (CountedMemory().out, CountedMemory().reads) == (True, False)
    assert (Memory(out=True).out, Memory(out=True).reads) == (True, True)


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
    kind = Parameter("arg", Annotated[object, Memory(out=True), OneOf(Named, Plain, other=Masked())]).kind
    assert kind.normal(seen, Names()) == normal


def test_memory_that_is_none_of_the_structs_is_compared_as_it_is_where_nothing_is_said_of_it() -> None:
    assert OneOf(Named).normal("bytes", Names()) == "bytes"


def test_a_number_in_the_place_of_memory_is_compared_as_what_it_means() -> None:
    kind = Parameter("arg", Annotated[object, MemoryOr(Kind(), out=True), OneOf(Named)]).kind
    assert kind.normal(0x1234, Names()) == 0x1234
    assert kind.normal({"pid": 77, "value": 5}, Names()) == {"pid": "pid#1", "value": 5}
    assert MemoryOr(Renamed("pid")).normal(77, Names()) == "pid#1"


def test_constants_are_named_by_their_prefixes() -> None:
    namespace = {"O_RDWR": 2, "O_NAME": "x", "F_OK": 0, "S_IFMT": 1}
    assert named(namespace, "O_", "F_") == {"O_RDWR": 2, "F_OK": 0}


# What generated programs put there

ARGUMENTS: list[Kind] = [
    Kind(),
    Octal(),
    Hex(),
    Renamed("id"),
    FileDescriptor(),
    FileDescriptor("socket"),
    AddressKind(),
    OPEN,
    WHENCE,
    SignalNumber(),
    PathKind(),
    Memory(),
    Memory(out=True),
    CountedMemory(),
    FdPair(),
    Length(),
    Clocked(),
    Fraction(),
]


class Point(Struct):
    """Two numbers, an fd, a process and a time."""

    x: I64
    fd: Fd32
    pid: Annotated[int, Layout(ctypes.c_int32), Renamed("pid")]
    when: Time64


@pytest.mark.parametrize("kind", ARGUMENTS, ids=lambda kind: type(kind).__name__)
def test_every_kind_has_something_to_try_and_the_plainest_first(kind: Kind) -> None:
    found = kind.choices()
    assert len(set(found)) > 2
    assert kind.choices() == found
    assert found[0] not in (-1, *BAD_POINTERS[1:4])


@pytest.mark.parametrize(
    ("kind", "tried"),
    [
        (Kind(), {0, 1, -1, 1 << 62, -(1 << 63)}),
        (Number(3, 5), {3, 5}),
        (Octal(), {0o644, 0o4755, 0o1777, 0}),
        (Renamed("timer"), {Use("timer"), Use("timer", 1), Use("timer", 2), -1}),
        (FileDescriptor(), {Use("fd"), Use("fd", 2), -1, -100, 63}),
        (FileDescriptor("socket", 5), {Use("fd:socket"), Use("fd:socket", 1), Use("fd"), 5, -1}),
        (Length(4), {LengthOf(4), LengthOf(4, -1), LengthOf(4, 1), 0, -1, 1 << 40}),
        (AddressKind(), {ARENA, ARENA + PAGE, ARENA + 1, 0}),
        (SignalNumber(), {10, 9, 0, 64, 65, -1}),
        (WHENCE, {0, 1, 2, -1}),
        (OPEN, {0, 1, 0o100, 0o101, 0o200000, 1 << 30, -1}),
        (Memory(out=True), {room(64), room(64, edge=True), *BAD_POINTERS}),
        (Memory(), {Blob(b"hello"), *BAD_POINTERS}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Kind) else "",
)
def test_what_finds_faults_is_among_what_is_tried(kind: Kind, tried: set[Choice]) -> None:
    assert tried - set(kind.choices()) == set()


@pytest.mark.parametrize(
    "kind", [Renamed("id"), FileDescriptor(), Length(), OPEN, Memory(out=True), Memory(), PathKind()]
)
def test_good_values_are_likelier_than_bad_ones(kind: Kind) -> None:
    found = kind.choices()
    bad = [each for each in found if isinstance(each, int) and (each < 0 or each in BAD_POINTERS[1:])]
    assert len(bad) < len(found) / 3


def test_flags_are_tried_one_by_one_two_by_two_with_plain_ones_the_most() -> None:
    kind = Flags({"A": 1, "B": 2, "C": 4}, plain=(6,))
    found = kind.choices()
    assert found[0] == 6
    assert found.count(6) > found.count(1) >= 1
    assert {0, 1, 2, 4, 3, 5, 6, 1 << 30, -1} == set(found)


def test_flags_of_64_bits_have_an_unknown_one_beyond_the_others() -> None:
    assert 1 << 62 in Flags({"A": 1 << 40}).choices()
    assert 1 << 30 not in Flags({"A": 1 << 40}).choices()


def test_flags_that_are_said_to_be_all_are_all() -> None:
    assert Flags({"A": 1, "B": 2}, only=(0, 2)).choices() == (0, 2)


def test_one_of_several_values_is_tried_and_one_beyond_them() -> None:
    found = Flags({"A": 5, "B": 7}, bits=False).choices()
    assert set(found) == {5, 7, 8, -1}
    assert found[0] == 5
    assert Flags({"A": 5, "B": 7}, bits=False, plain=(7,)).choices()[0] == 7


def test_memory_for_a_struct_is_structs_and_memory_to_write_one_is_room_for_it() -> None:
    first = Memory().choices(Point)[0]
    assert isinstance(first, Blob)
    assert len(first.data) == Point.size()
    assert (8, 4, Use("fd")) in first.parts
    out = Memory(out=True, reads=False)
    assert out.choices(Point)[0] == room(Point.size())
    assert room(Point.size(), edge=True) in out.choices(Point)


def test_memory_of_which_it_is_known_what_to_try_has_nothing_else() -> None:
    assert ChosenMemory(Blob(b"a"), out=True).choices(Point) == (Blob(b"a"),)
    assert ChosenFd("", Use("fd:file"), 7).choices() == (Use("fd:file"), 7)
    assert 0 in Memory(choices=(Blob(b"a"),)).choices(), "NULL is added elsewhere"


def test_what_is_no_resource_is_not_asked_for() -> None:
    for kind in (Numbered("pid"), Done("mounted"), Masked()):
        assert not any(isinstance(each, Use) for each in kind.choices())
    assert Done("mounted").family == "mounted"
    assert Numbered("pid").family is None


def test_a_number_of_a_process_that_is_no_resource_is_compared_as_one() -> None:
    names = Names()
    assert Renamed("pid").normal(77, names) == Numbered("pid", keep=(0,)).normal(77, names) == "pid#1"
    assert Numbered("pid", keep=(0,)).normal(0, names) == 0


def test_resources_in_memory_are_those_that_a_program_does_not_know_yet() -> None:
    written = Memory(out=True, reads=False)
    assert list(written.resources(Point)) == [(8, 4, "fd")], "and no process, which may be anybody"
    assert list(written.resources(None)) == []
    assert list(Memory(out=True).resources(Point)) == [], "what the kernel reads there is the program's own"
    assert list(FdPair("pipe:r", "pipe:w").resources(None)) == [(0, 4, "fd:pipe:r"), (4, 4, "fd:pipe:w")]
    assert list(FdPair().resources(None)) == [(0, 4, "fd"), (4, 4, "fd")]


@given(st.data())
def test_hypothesis_draws_what_a_kind_has_to_try(data: st.DataObject) -> None:
    parameter = Parameter("fd", Fd)
    assert data.draw(parameter.strategy()) in FileDescriptor().choices()


# Times


@pytest.mark.parametrize(
    ("kind", "seen", "normal"),
    [
        (Clocked(), 1_700_000_000, "now"),
        (Clocked(), 5, 5),
        (Clocked(), 1 << 40, 1 << 40),
        (Clocked(), -1, -1),
        (Fraction(), 123_456, MASK),
        (Fraction(), 999_999_999, 999_999_999),
        (Fraction(), 0, 0),
        (AddressKind(), ARENA, ARENA),
        (AddressKind(), ARENA + 64 * PAGE, "addr"),
    ],
)
def test_what_a_program_set_itself_is_compared(kind: Kind, seen: Seen, normal: Seen) -> None:
    assert kind.normal(seen, Names()) == normal


@pytest.mark.parametrize("kind", [Clocked(), Fraction()])
def test_times_that_are_tried_are_compared_exactly(kind: Kind) -> None:
    tried = [each for each in kind.choices() if isinstance(each, int) and each >= 0]
    assert [kind.normal(each, Names()) for each in tried] == tried


# In C


@pytest.mark.parametrize(
    ("kind", "value", "source"),
    [
        (Kind(), 5, "5"),
        (Kind(), -1, "-1"),
        (Kind(), 0x7FFFFFFF, "2147483647"),
        (Kind(), -(1 << 31), "-2147483648"),
        (Kind(), 1 << 31, "0x80000000UL"),
        (Kind(), 1 << 62, "0x4000000000000000UL"),
        (Kind(), -(1 << 63), "0x8000000000000000UL"),
        (Octal(), 0o644, "420 /* 0644 */"),
        (FileDescriptor(), -100, "-100 /* AT_FDCWD */"),
        (FileDescriptor(), 3, "3"),
        (SignalNumber(), 9, "9 /* SIGKILL */"),
        (OPEN, 0o101, "65 /* O_CREAT|O_WRONLY */"),
        (OPEN, 0, "0"),
        (WHENCE, 1, "1 /* SEEK_CUR */"),
        (WHENCE, 9, "9"),
        (AddressKind(), 0, "0 /* NULL */"),
    ],
)
def test_a_constant_is_written_in_c_as_a_number_with_its_meaning(kind: Kind, value: int, source: str) -> None:
    assert kind.to_c(value) == source
