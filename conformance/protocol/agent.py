"""The agent's frames: many processes of a guest over one byte stream, a channel each.

Frames in both directions are a head (channel, 32 bits; kind, 8 bits; length of the payload, 32 bits; little-endian)
and a payload. Channel 0 is the agent's own.

`SPAWN`         to the guest: start a process; arguments and environment as JSON
`DATA`          to the guest: for the process's standard input; from it: what the process has written
`END_OF_INPUT`  to the guest: there is no more input
`KILL`          to the guest: end the process, and its group
`AWAKE`         to the guest, on 0: it is a snapshot that was resumed; the time, then random bytes
`EXIT`          from the guest: the process has ended and has said everything; its status, or minus the signal (i32)
`HELLO`         from the guest, on 0, once: what it says of itself, as JSON
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence

PORT = "org.conformance.agent"
"""Name of the virtio-serial port that the runner gives a guest. The executor as PID 1 looks for it as well."""
HEADER = struct.Struct("<IBI")
SPAWN, DATA, END_OF_INPUT, EXIT, KILL, HELLO, AWAKE = range(1, 8)
LARGEST_FRAME = 1 << 22
"""Bytes of a payload that comes from a guest: one that announces more is broken or hostile."""
UNLOADED = "unloaded"
"""What a guest's HELLO calls the modules that its kernel refused to load, with commas between them."""
_STATUS, _TIME = struct.Struct("<i"), struct.Struct("<d")


def frame(channel: int, kind: int, payload: bytes = b"") -> bytes:
    """A frame of the protocol."""
    return HEADER.pack(channel, kind, len(payload)) + payload


# -- what the host says


def spawn(argv: Sequence[str], env: Mapping[str, str]) -> bytes:
    """What SPAWN carries."""
    return json.dumps({"argv": list(argv), "env": dict(env)}).encode()


def read_spawn(payload: bytes) -> tuple[list[str], dict[str, str]]:
    """Arguments and environment of a process."""
    request = json.loads(payload)
    return request["argv"], request["env"]


def awake(now: float, random: bytes) -> bytes:
    """What AWAKE carries: the time in seconds since the epoch, and what is to make the random numbers others."""
    return _TIME.pack(now) + random


def read_awake(payload: bytes) -> tuple[float, bytes]:
    """The time, and random bytes."""
    return _TIME.unpack_from(payload)[0], payload[_TIME.size :]


# -- what the guest says, which may be anything


def hello(release: str, stream: str, unloaded: Sequence[str] = ()) -> bytes:
    """What HELLO carries: the kernel's release, which kind of stream this is, and see `UNLOADED`."""
    return json.dumps({"release": release, "stream": stream, UNLOADED: ", ".join(unloaded)}).encode()


def read_hello(payload: bytes) -> dict[str, str]:
    """What a guest says of itself; nothing where it is not what it should be. Raises ValueError for what is no JSON."""
    try:
        said = json.loads(payload)
    except RecursionError:
        raise ValueError("a hello is nested too deep") from None
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {}


def ended(status: int) -> bytes:
    """What EXIT carries."""
    return _STATUS.pack(status)


def read_ended(payload: bytes) -> int:
    """The status of a process, or minus the signal that ended it."""
    return int(_STATUS.unpack(payload[: _STATUS.size].ljust(_STATUS.size, b"\0"))[0])
