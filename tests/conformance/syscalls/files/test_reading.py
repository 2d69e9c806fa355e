from __future__ import annotations

import struct

import pytest

from conformance.syscalls.files.reading import Stream
from conformance.syscalls.machinery.kinds import Names


def text(data: bytes) -> str:
    return data.decode("latin-1")


def inotify_event(wd: int, mask: int, cookie: int = 0, name: bytes = b"") -> bytes:
    return struct.pack("=iIII", wd, mask, cookie, len(name)) + name


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


def answer(port: int, kind: int = 2, *, sequence: int = 1, data: bytes = bytes(20)) -> str:
    """A netlink message."""
    return text(struct.pack("=IHHII", 16 + len(data), kind, 0, sequence, port) + data)


def test_of_netlink_messages_the_heads_are_compared_and_port_ids_are_numbered() -> None:
    normal = Stream().normal
    assert normal(answer(77) * 2, Names()) == [[36, 2, 0, 1, "portid#1", False]] * 2
    assert normal(answer(77), Names()) == normal(answer(78), Names()) != normal(answer(0), Names())
    assert normal(answer(77), Names()) != normal(answer(77, 3), Names())
    assert normal(answer(77)[:20], Names()) == [[36, 2, 0, 1, "portid#1", True]]
    assert normal(answer(77, sequence=99), Names()) == answer(77, sequence=99)
    assert normal(answer(77) + "abc", Names()) == answer(77) + "abc"


@pytest.mark.parametrize(
    "data",
    [b"hello, world: a text", bytes(16), bytes(24), b"x" * 128, inotify_event(1, 2, 5), inotify_event(1, 2)[:-1]],
)
def test_bytes_that_are_no_events_are_compared_as_they_are(data: bytes) -> None:
    assert Stream().normal(text(data), Names()) == text(data)
