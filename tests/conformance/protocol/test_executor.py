from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.protocol import executor as protocol
from conformance.protocol.executor import Frames, ProtocolError, frame, read_forked, read_hello, split_results
from runners.payload.executor import executable
from tests.executors import hello, needs_executor

HELLO = hello()


def taken(data: bytes, *, at_once: int = 1 << 20) -> Iterator[tuple[int, bytes]]:
    """The frames in bytes that come in pieces of a size."""
    frames = Frames()
    for at in range(0, len(data), at_once):
        frames.add(data[at : at + at_once])
        while found := frames.next():
            yield found


# The other end is C (`conformance/programs/header.py` tells it the numbers)


def test_the_executor_understands_what_is_asked_of_it_and_is_understood() -> None:
    needs_executor()
    asked = protocol.forks_frame(3) + protocol.run_frame(7, 1.0, [])
    done = subprocess.run([str(executable())], input=asked, stdout=subprocess.PIPE, timeout=60, check=True)
    (first, greeting), (second, time), (third, results) = taken(done.stdout)
    assert (first, second, third) == (protocol.HELLO, protocol.FORKED, protocol.RESULTS)
    version, release = read_hello(greeting)
    assert version == protocol.VERSION
    assert release == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert read_forked(time) > 0
    assert split_results(results) == (7, [])


def test_the_executor_refuses_what_is_no_frame_in_one_sentence() -> None:
    needs_executor()
    asked = struct.pack("<III", protocol.MAGIC + 1, protocol.RUN, 0)
    done = subprocess.run([str(executable())], input=asked, stdout=subprocess.PIPE, timeout=60, check=False)
    _, (kind, why) = taken(done.stdout)
    assert (kind, why.count(b"\n")) == (protocol.ERROR, 0)
    assert b"magic" in why


# What comes from it


@pytest.mark.parametrize("at_once", [1, 5, 12, 1 << 20])
def test_frames_come_out_whole_however_they_come_in(at_once: int) -> None:
    said = HELLO + frame(protocol.ERROR, b"") + frame(protocol.RESULTS, bytes(20))
    assert [kind for kind, _ in taken(said, at_once=at_once)] == [protocol.HELLO, protocol.ERROR, protocol.RESULTS]
    assert list(taken(said[:-1], at_once=at_once)) == list(taken(said, at_once=at_once))[:-1]


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(b"Segmentation fault\n", id="text"),
        pytest.param(protocol.FRAME.pack(protocol.MAGIC + 1, protocol.HELLO, 0), id="another number"),
        pytest.param(
            protocol.FRAME.pack(protocol.MAGIC, protocol.RESULTS, protocol.LONGEST_FRAME + 1), id="an endless frame"
        ),
    ],
)
def test_what_is_no_frame_is_refused_in_one_sentence_and_not_waited_for(said: bytes) -> None:
    found = taken(HELLO + said)
    next(found)
    with pytest.raises(ProtocolError, match=r"^it wrote something else than frames$"):
        next(found)


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=60) | st.lists(st.integers(0, 3), max_size=60).map(bytes))
def test_random_bytes_are_results_or_a_protocol_error(data: bytes) -> None:
    with suppress(ProtocolError):
        assert sum(map(len, split_results(data)[1])) <= len(data)


def test_results_are_split_into_outcomes() -> None:
    two = struct.pack("<III", 7, 2, 0) + struct.pack("<I", 3) + b"abc"
    assert split_results(two) == (7, [b"", b"abc"])
    for size in range(len(two)):
        with pytest.raises(ProtocolError, match="cut short"):
            split_results(two[:size])


def test_a_hello_of_which_only_the_version_can_be_read_has_one() -> None:
    assert read_hello(b"\7\0") == (7, "")
    assert read_hello(struct.pack("<HHIQ", 1, 2, 3, 4) + b"6.1\xff\0rest") == (1, "6.1�")
    with pytest.raises(ProtocolError, match=r"^a hello is cut short$"):
        read_hello(b"\1")


def test_a_time_that_is_none_is_refused() -> None:
    assert read_forked(struct.pack("<Q", 1_500_000_000)) == 1.5
    with pytest.raises(ProtocolError, match=r"^a time of 7 bytes came$"):
        read_forked(bytes(7))
