from __future__ import annotations

import pytest

from conformance.syscalls.kinds import (
    MASK,
    AddressKind,
    CountedMemory,
    FdPair,
    FileDescriptor,
    Flags,
    Hex,
    Kind,
    Masked,
    MaskedMemory,
    Memory,
    Names,
    Octal,
    PathKind,
    Renamed,
    Seen,
    SignalNumber,
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


def test_constants_are_named_by_their_prefixes() -> None:
    namespace = {"O_RDWR": 2, "O_NAME": "x", "F_OK": 0, "S_IFMT": 1}
    assert named(namespace, "O_", "F_") == {"O_RDWR": 2, "F_OK": 0}
