from __future__ import annotations

import struct

import pytest

from conformance.syscalls.files.directories import DirectoryEntries, Entries, getdents64
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.kinds import Kind, Names
from conformance.syscalls.machinery.memory import Pointer


def text(data: bytes) -> str:
    return data.decode("latin-1")


def entry(name: bytes, inode: int, offset: int, kind: int) -> bytes:
    size = (19 + len(name) + 1 + 7) // 8 * 8
    return (struct.pack("=QqHB", inode, offset, size, kind) + name).ljust(size, b"\0")


def kind_of(annotation: object) -> Kind:
    return Parameter("buf", annotation).kind


def test_directory_entries_are_compared_without_their_order_and_offsets() -> None:
    one, other = entry(b"a", 7, 1, 8) + entry(b"b", 9, 2, 4), entry(b"b", 3, 5, 4) + entry(b"a", 2, 9, 8)
    expected = [["a", 8, "ino#1"], ["b", 4, "ino#2"]]
    assert DirectoryEntries().normal(text(one), Names()) == expected
    assert DirectoryEntries().normal(text(other), Names()) == expected


def test_entries_of_the_old_form_have_their_type_at_the_end() -> None:
    record = struct.pack("=QqH", 7, 1, 24) + b"ab\0\0\0" + b"\x08"
    assert DirectoryEntries(old=True).normal(text(record), Names()) == [["ab", 8, "ino#1"]]


@pytest.mark.parametrize(
    "seen", ["garbage", text(entry(b"a", 1, 1, 8))[:-1], "x" * 1024 + "…(4096 bytes)", "", None, 5]
)
def test_what_is_no_directory_is_compared_as_it_is(seen: str | int | None) -> None:
    assert kind_of(Entries).normal(seen, Names()) == ("addr" if seen == 5 else seen)


def test_room_for_entries_is_counted() -> None:
    kind = getdents64.parameters[1].kind
    assert isinstance(kind, Pointer)
    assert kind.counted
