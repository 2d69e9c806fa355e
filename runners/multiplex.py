"""Many processes of a guest over one byte stream: the host's end of `conformance/guest/init.py`."""

from __future__ import annotations

import json
import os
import queue
import socket
import struct
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from runners.base import RunnerError

HEADER = struct.Struct("<IBI")
SPAWN, DATA, END_OF_INPUT, EXIT, KILL, HELLO, AWAKE = range(1, 8)
SEND_SECONDS = 10
"""How long a guest may not read before it counts as gone."""
LARGEST_FRAME = 1 << 22
"""A guest that announces more is broken or hostile."""


class Multiplexer:
    """Reads frames in a thread and hands them to their channels."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        # A guest that reads nothing any more must not keep us from killing it.
        stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", SEND_SECONDS, 0))
        self._channels: dict[int, FramedChannel] = {}
        self._lock = threading.Lock()
        self._next = 1
        self.hello: queue.Queue[dict[str, str] | None] = queue.Queue()
        self.broken = threading.Event()
        self._thread = threading.Thread(target=self._read_all, daemon=True, name="multiplexer")
        self._thread.start()

    def spawn(self, argv: Sequence[str], env: Mapping[str, str]) -> FramedChannel:
        """Start a process in the guest. Raises RunnerError when the guest is gone."""
        with self._lock:
            number, self._next = self._next, self._next + 1
            channel = self._channels[number] = FramedChannel(self, number)
        if self.broken.is_set():  # nobody would tell the channel that it has ended
            raise RunnerError("the guest is gone")
        self.send(number, SPAWN, json.dumps({"argv": list(argv), "env": dict(env)}).encode())
        return channel

    def awake(self, said: bytes) -> FramedChannel:
        """After a snapshot was resumed: its one process, which had said `said`. Tells the guest the time."""
        self.send(0, AWAKE, struct.pack("<d", time.time()) + os.urandom(32))
        with self._lock:
            number, self._next = self._next, self._next + 1
            channel = self._channels[number] = FramedChannel(self, number)
        channel.deliver(DATA, said)
        return channel

    def send(self, channel: int, kind: int, payload: bytes = b"") -> None:
        """Write a frame. Raises RunnerError when the guest is gone."""
        try:
            with self._lock:
                self._stream.sendall(HEADER.pack(channel, kind, len(payload)) + payload)
        except OSError as error:
            raise RunnerError("the guest is gone") from error

    def _read_all(self) -> None:
        try:
            while True:
                channel, kind, length = HEADER.unpack(self._exactly(HEADER.size))
                if length > LARGEST_FRAME:
                    break
                self._deliver(channel, kind, self._exactly(length))
        except (OSError, EOFError, ValueError):
            pass  # it is gone, or no longer speaks our language
        finally:
            self.broken.set()
            self.hello.put(None)
            for each in list(self._channels.values()):
                each.deliver(EXIT, struct.pack("<i", -9))

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self._stream.recv(count - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    def _deliver(self, channel: int, kind: int, payload: bytes) -> None:
        if kind == HELLO:
            said = json.loads(payload)
            self.hello.put({str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else {})
        elif target := self._channels.get(channel):
            target.deliver(kind, payload)

    def forget(self, number: int) -> None:
        """A channel that nobody reads any more."""
        self._channels.pop(number, None)


class FramedChannel:
    """One process (see `Channel`)."""

    def __init__(self, multiplexer: Multiplexer, number: int) -> None:
        self._multiplexer = multiplexer
        self._number = number
        self._data: queue.Queue[bytes] = queue.Queue()
        self._status: int | None = None
        self._ended = threading.Event()
        self._at_end = False
        self.said = bytearray()
        """Everything that the process has said, until `forget_said`."""
        self._remembers = True

    def forget_said(self) -> None:
        """No snapshot will be taken any more."""
        self._remembers = False
        self.said.clear()

    def deliver(self, kind: int, payload: bytes) -> None:
        """From the reading thread: output, or the end."""
        if kind == DATA:
            if self._remembers:
                self.said += payload
            self._data.put(payload)
        elif kind == EXIT and not self._ended.is_set():
            (self._status,) = struct.unpack("<i", payload[:4].ljust(4, b"\0"))
            self._data.put(b"")
            self._ended.set()

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        if self._at_end:
            return b""
        try:
            data = self._data.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError from None
        self._at_end = not data
        return data

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        try:
            self._multiplexer.send(self._number, DATA, data)
        except RunnerError as error:
            raise BrokenPipeError(str(error)) from error

    def close_input(self) -> None:
        """See `Channel`."""
        self._try(END_OF_INPUT)

    def wait(self, timeout: float | None = None) -> int:
        """See `Channel`."""
        if not self._ended.wait(timeout):
            raise TimeoutError
        assert self._status is not None
        return self._status

    def kill(self) -> None:
        """See `Channel`."""
        self._try(KILL)

    def _try(self, kind: int) -> None:
        try:
            self._multiplexer.send(self._number, kind)
        except RunnerError:
            return

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._ended.is_set():
            self.kill()
        self._multiplexer.forget(self._number)
