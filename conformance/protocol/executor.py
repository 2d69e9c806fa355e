"""The executor's frames (`conformance/programs/executor` holds the other side of them, in C).

Frames in both directions are a head (magic number, kind, length of the payload; 32 bits each, little-endian as all
numbers are) and a payload. What is in a program and in an outcome is in `conformance.programs.wire`.

`RUN`      sequence number, deadline of a call in ms, number of programs (32 bits each), the programs
`FORKS`    how often to fork (32 bits)
`HELLO`    version, namespaces obtained (16 bits each), page size (32), address of the data area (64), release (text)
`RESULTS`  sequence number, number of outcomes (32 bits each), the outcomes, each behind its size (32 bits)
`ERROR`    text; the executor ends
`FORKED`   nanoseconds that the forks took (64 bits)
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

VERSION = 7
MAGIC = 0x31584353
FRAME = struct.Struct("<III")
RUN, FORKS = 1, 2
"""What the executor is asked for."""
HELLO, RESULTS, ERROR, FORKED = 16, 17, 18, 19
"""What it says."""
LONGEST_FRAME = 16 << 20
"""Bytes of a payload, in both directions."""
DEADLINE = 0.02
"""Seconds that a call may take before it counts as blocked, before the guest's slowdown."""
MOST_SLOWDOWN = 5.0
"""What a call is found to be blocked by is tried again with more patience, so that the first try may be a short one."""
HEAD_OF_HELLO = struct.Struct("<HHIQ")
_RUN, _RESULTS, _SIZE, _TIME = struct.Struct("<III"), struct.Struct("<II"), struct.Struct("<I"), struct.Struct("<Q")


class ProtocolError(Exception):
    """What came from an executor is not what its protocol says. One sentence."""


def deadline_of(slowdown: float, patience: float) -> float:
    """Seconds that a call may take on a machine that is so much slower than real hardware."""
    return DEADLINE * min(slowdown, MOST_SLOWDOWN) * patience


def frame(kind: int, payload: bytes) -> bytes:
    """A frame of the protocol."""
    return FRAME.pack(MAGIC, kind, len(payload)) + payload


def run_frame(sequence: int, deadline: float, programs: Sequence[bytes]) -> bytes:
    """A request to run programs, with `deadline` seconds for each of their calls."""
    return frame(RUN, _RUN.pack(sequence, max(1, round(deadline * 1000)), len(programs)) + b"".join(programs))


def forks_frame(count: int) -> bytes:
    """A request to fork so many times."""
    return frame(FORKS, _SIZE.pack(count))


class Frames:
    """The frames of an executor, out of bytes that come in pieces of any size."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def add(self, data: bytes) -> None:
        """What has come."""
        self._pending += data

    def next(self) -> tuple[int, bytes] | None:
        """The kind and the payload of the next frame, if it has come whole. Raises ProtocolError."""
        if len(self._pending) < FRAME.size:
            return None
        magic, kind, length = FRAME.unpack_from(self._pending)
        if magic != MAGIC or length > LONGEST_FRAME:
            raise ProtocolError("it wrote something else than frames")
        end = FRAME.size + length
        if len(self._pending) < end:
            return None
        payload = bytes(self._pending[FRAME.size : end])
        del self._pending[:end]
        return int(kind), payload


def read_hello(payload: bytes) -> tuple[int, str]:
    """The version that an executor speaks, and the kernel's release. Raises ProtocolError.

    Only the version stands where it does in every version.
    """
    if len(payload) < 2:
        raise ProtocolError("a hello is cut short")
    release = payload[HEAD_OF_HELLO.size :].split(b"\0")[0].decode("ascii", "replace")
    return int.from_bytes(payload[:2], "little"), release


def read_forked(payload: bytes) -> float:
    """Seconds that forks took. Raises ProtocolError."""
    if len(payload) != _TIME.size:
        raise ProtocolError(f"a time of {len(payload)} bytes came")
    return int(_TIME.unpack(payload)[0]) / 1e9


def split_results(payload: bytes) -> tuple[int, list[bytes]]:
    """The sequence number and the outcomes of a RESULTS frame. Raises ProtocolError."""
    try:
        sequence, count = _RESULTS.unpack_from(payload)
        outcomes, at = [], _RESULTS.size
        for _ in range(count):
            (size,) = _SIZE.unpack_from(payload, at)
            begin, at = at + _SIZE.size, at + _SIZE.size + size
            outcome = payload[begin:at]
            if len(outcome) < size:
                raise ProtocolError("an outcome is cut short")
            outcomes.append(outcome)
    except struct.error as error:
        raise ProtocolError(f"a frame of results is cut short: {error}") from error
    return sequence, outcomes
