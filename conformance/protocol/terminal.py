"""A command that a person runs in a guest: its streams, or a terminal, as frames over the process's two pipes.

Frames in both directions are a head (kind, 8 bits; length of the payload, 32 bits; little-endian) and a payload. The
host's end is `conformance.run.inside`, the other `conformance.guest.terminal`.

`INPUT`   to the guest: for the command's standard input, or what was typed; empty: there is no more
`SIZE`    to the guest: rows and columns of the terminal (16 bits each)
`SIGNAL`  to the guest: a signal for the command's group (8 bits)
`OUTPUT`  from the guest: what the command has written to standard output, or to its terminal
`ERRORS`  from the guest: what it has written to standard error
`FAILED`  from the guest, last: it could not be started; why, as text
`ENDED`   from the guest, last: its status, or minus the signal that ended it (i32)
"""

from __future__ import annotations

import struct

HEADER = struct.Struct("<BI")
INPUT, SIZE, SIGNAL, OUTPUT, ERRORS, FAILED, ENDED = range(1, 8)
LARGEST_FRAME = 1 << 20
"""Bytes of a payload: a guest that announces more is broken or hostile."""
_SIZE, _STATUS = struct.Struct("<HH"), struct.Struct("<i")
NOT_FOUND, NOT_STARTED = 127, 126
"""Statuses of a command that is not there, and of one that cannot be started, as in a shell."""


class TerminalError(Exception):
    """What came is no frame. Says why."""


def frame(kind: int, payload: bytes = b"") -> bytes:
    """A frame of the protocol."""
    return HEADER.pack(kind, len(payload)) + payload


class TerminalFrames:
    """Takes bytes as they come, gives whole frames."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def take(self, data: bytes) -> list[tuple[int, bytes]]:
        """The frames that are whole with these bytes. Raises TerminalError."""
        self._pending += data
        found = []
        while len(self._pending) >= HEADER.size:
            kind, length = HEADER.unpack_from(self._pending)
            if length > LARGEST_FRAME:
                raise TerminalError(f"a frame of {length} bytes was announced")
            end = HEADER.size + length
            if len(self._pending) < end:
                break
            found.append((kind, bytes(self._pending[HEADER.size : end])))
            del self._pending[:end]
        return found


def size(rows: int, columns: int) -> bytes:
    """What SIZE carries."""
    return _SIZE.pack(min(rows, 0xFFFF), min(columns, 0xFFFF))


def read_size(payload: bytes) -> tuple[int, int]:
    """Rows and columns."""
    rows, columns = _SIZE.unpack(payload)
    return rows, columns


def failed(status: int, why: str) -> bytes:
    """What FAILED carries."""
    return _STATUS.pack(status) + why.encode("utf-8", "replace")


def read_failed(payload: bytes) -> tuple[int, str]:
    """The status, and why. Raises TerminalError."""
    return read_ended(payload[: _STATUS.size]), payload[_STATUS.size :].decode("utf-8", "replace")


def ended(status: int) -> bytes:
    """What ENDED carries."""
    return _STATUS.pack(status)


def read_ended(payload: bytes) -> int:
    """The status, or minus the signal. Raises TerminalError."""
    if len(payload) != _STATUS.size:
        raise TerminalError(f"an end of {len(payload)} bytes came")
    (status,) = _STATUS.unpack(payload)
    return int(status)
