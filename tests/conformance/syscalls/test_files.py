from __future__ import annotations

import struct

import pytest

from conformance.syscalls.files import (
    FIONREAD,
    DirectoryEntries,
    HandleMemory,
    Owner,
    Requests,
    Stream,
    XattrNames,
    iovecs,
)
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.kinds import CountedMemory, Names


def text(data: bytes) -> str:
    return data.decode("latin-1")


def entry(name: bytes, inode: int, offset: int, kind: int) -> bytes:
    size = (19 + len(name) + 1 + 7) // 8 * 8
    return (struct.pack("=QqHB", inode, offset, size, kind) + name).ljust(size, b"\0")


def inotify_event(wd: int, mask: int, cookie: int = 0, name: bytes = b"") -> bytes:
    return struct.pack("=iIII", wd, mask, cookie, len(name)) + name


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
    assert DirectoryEntries().normal(seen, Names()) == ("addr" if seen == 5 else seen)


def test_names_of_attributes_have_no_order() -> None:
    assert XattrNames().normal("user.b\0user.a\0", Names()) == ["user.a", "user.b"]
    assert XattrNames().normal("user.b", Names()) == "user.b"


def test_cookies_of_renames_are_numbered() -> None:
    def moved(cookie: int) -> str:
        return text(
            inotify_event(1, 0x40, cookie, b"a".ljust(16, b"\0"))
            + inotify_event(1, 0x80, cookie, b"b".ljust(16, b"\0"))
        )

    expected = [["wd#1", 0x40, "cookie#1", "a"], ["wd#1", 0x80, "cookie#1", "b"]]
    assert Stream().normal(moved(77), Names()) == Stream().normal(moved(78), Names()) == expected


def test_pids_and_fds_in_events_are_numbered() -> None:
    names = Names()
    event = struct.pack("=IBBHQii", 24, 3, 0, 24, 0x20, 9, 4321)
    assert Stream().normal(text(event * 2), names) == [[0x20, "fd#1", "pid#1"]] * 2


def test_a_signal_keeps_all_but_its_senders_pid() -> None:
    info = struct.pack("=IiiIIiIIII", 10, 0, -1, 4321, 7, 0, 0, 0, 0, 0) + struct.pack("=iiQ", 0, 5, 6)
    assert Stream().normal(text(info.ljust(128, b"\0")), Names()) == [[10, -1, "pid#1", 7, 0, 6]]


@pytest.mark.parametrize(
    "data",
    [b"hello, world: a text", bytes(16), bytes(24), b"x" * 128, inotify_event(1, 2, 5), inotify_event(1, 2)[:-1]],
)
def test_bytes_that_are_no_events_are_compared_as_they_are(data: bytes) -> None:
    assert Stream().normal(text(data), Names()) == text(data)


def test_an_ioctl_is_known_by_name_or_shown_in_hexadecimal() -> None:
    kind = Requests({"FIONREAD": FIONREAD}, bits=False)
    assert [kind.show(FIONREAD), kind.show(0x5401), kind.show(-1)] == ["FIONREAD", "0x5401", "-1"]


def test_a_vector_tells_the_length_of_each_part() -> None:
    blob = iovecs(Blob(b"abc"), Blob(b""))
    assert (len(blob.data), [offset for offset, _, _ in blob.parts]) == (32, [0, 8, 16, 24])


def test_a_handle_is_a_resource_where_it_is_filled() -> None:
    assert [family for _, _, family in HandleMemory(out=True).resources(None)] == [
        "handle:type",
        "handle:first",
        "handle:second",
        "handle:third",
    ]
    assert not list(HandleMemory(out=False).resources(None))


def test_an_owner_is_numbered_and_no_resource() -> None:
    kind = Owner(0)
    assert [kind.normal(each, Names()) for each in (0, -1, 77)] == [0, -1, "pid#1"]
    assert kind.family is None


def test_room_for_entries_is_counted() -> None:
    assert isinstance(DirectoryEntries(), CountedMemory)
