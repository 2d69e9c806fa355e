from __future__ import annotations

import json
import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest

from conformance.protocol.agent import (
    AWAKE,
    DATA,
    END_OF_INPUT,
    EXIT,
    HEADER,
    HELLO,
    KILL,
    LARGEST_FRAME,
    SPAWN,
    frame,
)
from runners.base import RunnerError
from runners.qemu.multiplex import REMEMBERED_BYTES, WAITING_BYTES, FramedChannel, Multiplexer

PATIENCE = 30.0


class FakeGuest:
    """The other end of the stream, which says what a test wants it to say."""

    def __init__(self, stream: socket.socket) -> None:
        self.stream = stream
        stream.settimeout(PATIENCE)

    def say(self, channel: int, kind: int, payload: bytes = b"") -> None:
        """Send a frame."""
        self.stream.sendall(frame(channel, kind, payload))

    def hears(self) -> tuple[int, int, bytes]:
        """The next frame from the host."""
        channel, kind, length = HEADER.unpack(self.stream.recv(HEADER.size, socket.MSG_WAITALL))
        return channel, kind, self.stream.recv(length, socket.MSG_WAITALL) if length else b""


@pytest.fixture
def ends() -> Iterator[tuple[Multiplexer, FakeGuest]]:
    ours, theirs = socket.socketpair()
    yield Multiplexer(ours), FakeGuest(theirs)
    ours.close()
    theirs.close()


@pytest.fixture
def host(ends: tuple[Multiplexer, FakeGuest]) -> Multiplexer:
    return ends[0]


@pytest.fixture
def guest(ends: tuple[Multiplexer, FakeGuest]) -> FakeGuest:
    return ends[1]


def spawn(host: Multiplexer) -> FramedChannel:
    """Any process."""
    return host.spawn(["true"], {})


def is_over(host: Multiplexer, channel: FramedChannel) -> None:
    """The channel has ended as if its process had been killed, and no other can be had."""
    assert channel.read(PATIENCE) == b""
    assert channel.read(PATIENCE) == b""
    assert channel.wait(PATIENCE) == -9
    assert host.broken.wait(PATIENCE)
    with pytest.raises(RunnerError, match="the guest is gone"):
        spawn(host)


# What is said and heard


def test_a_process_is_asked_for_by_a_number_of_its_own(host: Multiplexer, guest: FakeGuest) -> None:
    host.spawn(["a", "b c"], {"X": "1"})
    spawn(host)
    channel, kind, payload = guest.hears()
    assert (channel, kind, json.loads(payload)) == (1, SPAWN, {"argv": ["a", "b c"], "env": {"X": "1"}})
    assert guest.hears()[:2] == (2, SPAWN)


def test_what_is_written_goes_to_the_process(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.hears()
    channel.write(b"text")
    channel.close_input()
    channel.kill()
    assert [guest.hears() for _ in range(3)] == [(1, DATA, b"text"), (1, END_OF_INPUT, b""), (1, KILL, b"")]


def test_output_goes_to_the_channel_whose_it_is(host: Multiplexer, guest: FakeGuest) -> None:
    one, two = spawn(host), spawn(host)
    guest.say(2, DATA, b"of two")
    guest.say(1, DATA, b"of one")
    assert (one.read(PATIENCE), two.read(PATIENCE)) == (b"of one", b"of two")


def test_frames_may_come_in_any_pieces(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    frame = HEADER.pack(1, DATA, 4) + b"text" + HEADER.pack(1, EXIT, 4) + struct.pack("<i", 7)
    for at in range(len(frame)):
        guest.stream.sendall(frame[at : at + 1])
    assert channel.read(PATIENCE) == b"text"
    assert channel.wait(PATIENCE) == 7


def test_silence_is_a_timeout(host: Multiplexer) -> None:
    channel = spawn(host)
    with pytest.raises(TimeoutError):
        channel.read(0.01)
    with pytest.raises(TimeoutError):
        channel.wait(0.01)


def test_the_guest_says_what_it_is(host: Multiplexer, guest: FakeGuest) -> None:
    guest.say(0, HELLO, b'{"release": "6.1.0", "stream": "hvc0"}')
    assert host.hello.get(timeout=PATIENCE) == {"release": "6.1.0", "stream": "hvc0"}


def test_an_awoken_guest_is_told_the_time_and_its_process_goes_on(host: Multiplexer, guest: FakeGuest) -> None:
    channel = host.awake(b"said before")
    number, kind, payload = guest.hears()
    assert (number, kind) == (0, AWAKE)
    assert struct.unpack_from("<d", payload)[0] > 1e9
    assert len(payload) >= 8 + 16
    guest.say(1, DATA, b"said after")
    assert (channel.read(PATIENCE), channel.read(PATIENCE)) == (b"said before", b"said after")


def test_what_was_said_is_remembered_until_no_snapshot_will_be_taken(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.say(1, DATA, b"one")
    channel.read(PATIENCE)
    assert channel.said == b"one"
    channel.forget_said()
    guest.say(1, DATA, b"two")
    channel.read(PATIENCE)
    assert channel.said is None


def test_what_is_too_much_to_remember_is_not_remembered_but_read(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    for _ in range(REMEMBERED_BYTES // LARGEST_FRAME + 1):
        guest.say(1, DATA, bytes(LARGEST_FRAME))
        assert len(channel.read(PATIENCE)) == LARGEST_FRAME
    assert channel.said is None


def test_leaving_a_channel_kills_its_process_unless_it_has_ended(host: Multiplexer, guest: FakeGuest) -> None:
    with spawn(host):
        guest.hears()
    assert guest.hears() == (1, KILL, b"")
    with spawn(host) as channel:
        guest.hears()
        guest.say(2, EXIT, struct.pack("<i", 0))
        channel.wait(PATIENCE)
    spawn(host)
    assert guest.hears()[:2] == (3, SPAWN)


def test_frames_from_many_threads_are_whole(host: Multiplexer, guest: FakeGuest) -> None:
    channels = [spawn(host) for _ in range(4)]

    def write(channel: FramedChannel) -> None:
        for _ in range(50):
            channel.write(bytes(1000))

    threads = [threading.Thread(target=write, args=[channel]) for channel in channels]
    for thread in threads:
        thread.start()
    heard = [guest.hears() for _ in range(4 + 4 * 50)]
    for thread in threads:
        thread.join()
    assert sorted(frame[0] for frame in heard if frame[1] == DATA) == sorted([1, 2, 3, 4] * 50)
    assert {len(frame[2]) for frame in heard if frame[1] == DATA} == {1000}


# A guest that misbehaves


def test_frames_for_nobody_and_of_no_kind_are_passed_over(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.say(99, DATA, b"for nobody")
    guest.say(99, EXIT)
    guest.say(1, 200, b"what is this")
    guest.say(1, SPAWN, b"{}")
    guest.say(1, DATA, b"text")
    assert channel.read(PATIENCE) == b"text"


def test_a_second_end_does_not_change_the_first(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.say(1, EXIT, struct.pack("<i", 3))
    guest.say(1, EXIT, struct.pack("<i", 4))
    guest.say(1, DATA, b"from the grave")
    assert channel.wait(PATIENCE) == 3
    assert channel.read(PATIENCE) == b""
    assert channel.read(PATIENCE) == b""


def test_an_end_without_a_status_is_an_end(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.say(1, EXIT)
    assert channel.wait(PATIENCE) == 0


def test_a_frame_that_is_too_long_is_the_end_of_the_guest(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.stream.sendall(HEADER.pack(1, DATA, LARGEST_FRAME + 1))
    is_over(host, channel)


def test_the_longest_frame_that_is_allowed_arrives(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.say(1, DATA, bytes(LARGEST_FRAME))
    assert len(channel.read(PATIENCE)) == LARGEST_FRAME


def test_garbage_is_the_end_of_the_guest(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.stream.sendall(b"[    0.000000] Linux version 6.1.0\r\n")
    is_over(host, channel)


@pytest.mark.parametrize("hello", [b"", b"{", b"\xff", b"[" * 100_000], ids=range(4))
def test_a_greeting_that_cannot_be_read_is_the_end_of_the_guest(
    host: Multiplexer, guest: FakeGuest, hello: bytes
) -> None:
    channel = spawn(host)
    guest.say(0, HELLO, hello)
    is_over(host, channel)
    assert host.hello.get(timeout=PATIENCE) is None


@pytest.mark.parametrize("hello", [b"[]", b"5", b"null", b'"text"'])
def test_a_greeting_of_another_form_says_nothing(host: Multiplexer, guest: FakeGuest, hello: bytes) -> None:
    guest.say(0, HELLO, hello)
    assert host.hello.get(timeout=PATIENCE) == {}


@pytest.mark.parametrize("last", [b"", b"\x01\0\0", HEADER.pack(1, DATA, 100) + b"half"])
def test_an_early_end_is_the_end_of_all_channels(host: Multiplexer, guest: FakeGuest, last: bytes) -> None:
    channels = [spawn(host) for _ in range(3)]
    guest.stream.sendall(last)
    guest.stream.close()
    for channel in channels:
        is_over(host, channel)
        with pytest.raises(BrokenPipeError):
            channel.write(b"x")
        channel.close_input()
        channel.kill()
    assert host.hello.get(timeout=PATIENCE) is None


class Talker(threading.Thread):
    """Says the same again and again, as long as it is listened to."""

    def __init__(self, guest: FakeGuest, frame: bytes) -> None:
        super().__init__(daemon=True)
        self._stream, self._frame = guest.stream, frame
        self._stream.settimeout(0.2)
        self.said = 0

    def run(self) -> None:
        """Until nobody has listened for a while."""
        with suppress(TimeoutError):
            while True:
                self._stream.sendall(self._frame)
                self.said += len(self._frame)


def test_a_process_that_nobody_reads_from_has_to_wait(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    channel.forget_said()
    talker = Talker(guest, HEADER.pack(1, DATA, 1 << 16) + bytes(1 << 16))
    talker.start()
    talker.join(PATIENCE)
    assert not talker.is_alive()
    assert talker.said < 3 * WAITING_BYTES
    heard = 0
    while heard < WAITING_BYTES:
        heard += len(channel.read(PATIENCE))


@pytest.mark.parametrize("how", ["kill", "close"])
def test_what_nobody_will_read_any_more_is_dropped(host: Multiplexer, guest: FakeGuest, how: str) -> None:
    channel = spawn(host)
    guest.hears()
    talker = Talker(guest, HEADER.pack(1, DATA, 1 << 16) + bytes(1 << 16))
    talker.start()
    talker.join(PATIENCE)
    channel.kill() if how == "kill" else host.close()
    guest.stream.settimeout(PATIENCE)
    for _ in range(2 * WAITING_BYTES >> 16):
        guest.say(1, DATA, bytes(1 << 16))
    waiting = channel._waiting_bytes
    assert waiting <= WAITING_BYTES + (1 << 16)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(HEADER.pack(0, HELLO, 2) + b"{}", id="greetings"),
        pytest.param(HEADER.pack(1, DATA, 0), id="nothing"),
        pytest.param(HEADER.pack(1, 200, 0), id="frames of no kind"),
        pytest.param(HEADER.pack(99, DATA, 5) + b"hello", id="frames for nobody"),
        pytest.param(HEADER.pack(1, EXIT, 0), id="ends"),
    ],
)
def test_frames_without_content_are_not_kept(host: Multiplexer, guest: FakeGuest, frame: bytes) -> None:
    channel = spawn(host)
    guest.stream.sendall(frame * 10_000)
    guest.stream.sendall(HEADER.pack(1, EXIT, 0))
    channel.wait(PATIENCE)
    guest.stream.close()
    assert host.broken.wait(PATIENCE)
    assert host.hello.qsize() <= 2
    assert not channel._waiting


def test_random_bytes_harm_nobody(host: Multiplexer, guest: FakeGuest) -> None:
    channel = spawn(host)
    guest.stream.sendall(os.urandom(16384))
    guest.stream.close()
    while channel.read(PATIENCE):
        pass
    assert host.broken.wait(PATIENCE)
