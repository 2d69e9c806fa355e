"""Many processes of a guest over one byte stream: the host's end of the agent's frames."""

from __future__ import annotations

import os
import queue
import signal
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from conformance.protocol import agent
from conformance.protocol.agent import AWAKE, DATA, END_OF_INPUT, EXIT, HEADER, HELLO, KILL, LARGEST_FRAME, SPAWN
from runners.base import RunnerError

SEND_SECONDS = 10
"""How long a guest may not read before it counts as gone."""
WAITING_BYTES = 4 << 20
"""How much of a process's output may wait to be read. The guest is not listened to while there is more: its process
then waits, as it would at a pipe that is full."""
REMEMBERED_BYTES = 16 << 20
"""How much a process may say before its guest is remembered; one that says more is not worth it."""


def bound_sending(stream: socket.socket) -> None:
    """Let no write to a guest take longer: one that reads nothing any more must not keep us from killing it."""
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", SEND_SECONDS, 0))


class Multiplexer:
    """Reads frames in a thread and hands them to their channels."""

    def __init__(self, stream: socket.socket) -> None:
        self._stream = stream
        bound_sending(stream)
        self._channels: dict[int, FramedChannel] = {}
        self._lock = threading.Lock()
        self._next = 1
        self.hello: queue.Queue[dict[str, str] | None] = queue.Queue()
        """What the guest says of itself, once; None when it is gone."""
        self._greeted = False
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
        self.send(number, SPAWN, agent.spawn(argv, env))
        return channel

    def awake(self, said: bytes) -> FramedChannel:
        """After a snapshot was resumed: its one process, which had said `said`. Tells the guest the time."""
        self.send(0, AWAKE, agent.awake(time.time(), os.urandom(32)))
        with self._lock:
            number, self._next = self._next, self._next + 1
            channel = self._channels[number] = FramedChannel(self, number)
        channel.deliver(DATA, said)
        return channel

    def send(self, channel: int, kind: int, payload: bytes = b"") -> None:
        """Write a frame. Raises RunnerError when the guest is gone."""
        try:
            with self._lock:
                self._stream.sendall(agent.frame(channel, kind, payload))
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
                each.deliver(EXIT, agent.ended(-signal.SIGKILL))

    def _exactly(self, count: int) -> bytes:
        data = bytearray()
        while len(data) < count:
            chunk = self._stream.recv(count - len(data))
            if not chunk:
                raise EOFError
            data += chunk
        return bytes(data)

    def _deliver(self, channel: int, kind: int, payload: bytes) -> None:
        if kind == HELLO and not self._greeted:
            self._greeted = True
            self.hello.put(agent.read_hello(payload))
        elif target := self._channels.get(channel):
            target.deliver(kind, payload)

    def forget(self, number: int) -> None:
        """A channel that nobody reads any more."""
        self._channels.pop(number, None)

    def close(self) -> None:
        """Nobody reads any more from any channel: what still comes is dropped."""
        for each in list(self._channels.values()):
            each.drop()


class FramedChannel:
    """One process (see `Channel`)."""

    def __init__(self, multiplexer: Multiplexer, number: int) -> None:
        self._multiplexer = multiplexer
        self._number = number
        self._changed = threading.Condition()
        """Guards what follows, up to `_said`."""
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._status: int | None = None
        self._unwanted = False
        """Whether nobody is going to read any more."""
        self._said: bytearray | None = bytearray()

    @property
    def said(self) -> bytes | None:
        """Everything that the process has said, until `forget_said`; None when that was too much."""
        with self._changed:
            return None if self._said is None else bytes(self._said)

    def forget_said(self) -> None:
        """No snapshot will be taken any more."""
        with self._changed:
            self._said = None

    def deliver(self, kind: int, payload: bytes) -> None:
        """From the reading thread: output, or the end. Waits while too much is unread."""
        with self._changed:
            if kind == DATA and payload and self._status is None:
                if self._said is not None:
                    self._said += payload
                    self._said = self._said if len(self._said) <= REMEMBERED_BYTES else None
                self._changed.wait_for(lambda: self._unwanted or self._waiting_bytes < WAITING_BYTES)
                if not self._unwanted:
                    self._waiting.append(payload)
                    self._waiting_bytes += len(payload)
            elif kind == EXIT and self._status is None:
                self._status = agent.read_ended(payload)
            self._changed.notify_all()

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting or self._status is not None, timeout):
                raise TimeoutError
            data = self._waiting.popleft() if self._waiting else b""
            self._waiting_bytes -= len(data)
            self._changed.notify_all()
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
        with self._changed:
            if not self._changed.wait_for(lambda: self._status is not None, timeout):
                raise TimeoutError
            assert self._status is not None
            return self._status

    def kill(self) -> None:
        """See `Channel`. What is unread stays; what comes from now on is dropped."""
        self.drop()
        self._try(KILL)

    def drop(self) -> None:
        """Nobody waits for what comes from now on."""
        with self._changed:
            self._unwanted = True
            self._changed.notify_all()

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
        if self._status is None:
            self.kill()
        self._multiplexer.forget(self._number)
