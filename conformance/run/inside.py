"""A person's command in a guest: its streams are ours, and so is its exit status."""

from __future__ import annotations

import os
import select
import shutil
import signal
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

from conformance.protocol.terminal import (
    ENDED,
    ERRORS,
    FAILED,
    INPUT,
    OUTPUT,
    SIGNAL,
    SIZE,
    TerminalError,
    TerminalFrames,
    frame,
    read_ended,
    read_failed,
    size,
)
from conformance.run.errors import Signalled
from runners.base import Channel, Guest, Runner, RunnerError

PIECE = 1 << 16
TYPE = "TERM"


@dataclass(frozen=True, slots=True)
class Streams:
    """The fds of whoever runs the command."""

    input: int = 0
    output: int = 1
    errors: int = 2


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    status: int
    """Its exit status; 128 and the signal's number where one ended it; 126 or 127 where it could not be started."""
    message: str = ""
    """Why it could not be started."""


def run_inside(runner: Runner, argv: Sequence[str], streams: Streams | None = None, *, terminal: bool = False) -> Ended:
    """Run a command in a guest of its own, to its end. An empty one is a shell.

    `terminal`: it has a terminal, which is ours. The first SIGINT is the command's, the second one ours. Raises
    RunnerError when there is no guest, or the guest dies, and Signalled.
    """
    if lacking := runner.missing():
        raise RunnerError(lacking)
    with runner.open() as guest:
        words = ["-m", "conformance.guest.terminal", *(["--terminal"] if terminal else []), "--", *argv]
        env = {TYPE: os.environ.get(TYPE, "dumb")} if terminal else {}
        with guest.spawn([*guest.inside.python, *words], env) as channel:
            return _Talk(guest, channel, streams or Streams(), terminal=terminal).until_the_end()


class _Talk:
    def __init__(self, guest: Guest, channel: Channel, streams: Streams, *, terminal: bool) -> None:
        self._guest, self._channel, self._streams, self._terminal = guest, channel, streams, terminal
        self._lock = threading.RLock()
        self._interrupted = False
        self._over, self._end = os.pipe2(os.O_CLOEXEC)

    def until_the_end(self) -> Ended:
        typist = threading.Thread(target=self._pass_input_on, daemon=True, name="input")
        with raw(self._streams.input) if self._terminal else unchanged():
            before = {signal.SIGINT: signal.signal(signal.SIGINT, self._interrupt)}
            if self._terminal:
                self._tell_size()
                before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: self._tell_size())
            typist.start()
            try:
                return self._pass_output_on()
            finally:
                os.close(self._end)
                typist.join(1)
                os.close(self._over)
                for number, handler in before.items():
                    signal.signal(number, handler)

    def _pass_output_on(self) -> Ended:
        """Write what the command writes, until it has ended. Raises RunnerError, Signalled."""
        frames = TerminalFrames()
        while True:
            data = self._read()
            try:
                for kind, payload in frames.take(data):
                    if (end := self._act(kind, payload)) is not None:
                        return end
            except TerminalError as error:
                raise RunnerError(f"the guest does not speak as it should: {error}") from error

    def _act(self, kind: int, payload: bytes) -> Ended | None:
        """What a frame says: something to be written, or how the command ended. Raises TerminalError."""
        if kind == OUTPUT:
            write(self._streams.output, payload)
        elif kind == ERRORS:
            write(self._streams.errors, payload)
        elif kind == FAILED:
            status, why = read_failed(payload)
            return Ended(status & 0xFF, why)
        elif kind == ENDED:
            status = read_ended(payload)
            return Ended(status & 0xFF if status >= 0 else min(128 - status, 0xFF))
        return None

    def _read(self) -> bytes:
        data = self._channel.read()
        if data:
            return data
        death = self._guest.death()
        if death is not None:
            why = ": ".join(filter(None, (death.ending, death.cause)))
            raise RunnerError(f"the guest died before the command had ended: {why}")
        said = " / ".join(self._guest.log().strip().splitlines()[-3:])
        raise RunnerError(f"the command's keeper ended in the guest{': ' + said if said else ''}")

    def _pass_input_on(self) -> None:
        """In a thread of its own: what is typed, or piped in, to the command."""
        poll = select.poll()
        for each in (self._streams.input, self._over):
            poll.register(each, select.POLLIN)
        with suppress(OSError):
            while all(fd != self._over for fd, _ in poll.poll()):
                data = os.read(self._streams.input, PIECE)
                self._say(INPUT, data)
                if not data:
                    return

    def _interrupt(self, number: int, _: FrameType | None) -> None:
        """The first time it is the command's affair. Raises Signalled."""
        if self._interrupted:
            raise Signalled(number)
        self._interrupted = True
        with suppress(OSError):
            self._say(SIGNAL, bytes((number,)))

    def _tell_size(self) -> None:
        columns, rows = shutil.get_terminal_size()
        with suppress(OSError):
            self._say(SIZE, size(rows, columns))

    def _say(self, kind: int, payload: bytes) -> None:
        with self._lock:
            self._channel.write(frame(kind, payload))


def write(fd: int, data: bytes) -> None:
    """All of it. A reader that has gone away changes nothing."""
    view = memoryview(data)
    with suppress(BrokenPipeError):
        while view:
            view = view[os.write(fd, view) :]


@contextmanager
def raw(fd: int) -> Iterator[None]:
    """A terminal that passes on every key, Ctrl-C too."""
    before = termios.tcgetattr(fd)
    tty.setraw(fd, termios.TCSADRAIN)  # what was typed ahead is kept
    try:
        yield
    finally:
        termios.tcsetattr(fd, termios.TCSADRAIN, before)


@contextmanager
def unchanged() -> Iterator[None]:
    """Streams that are no terminal's."""
    yield
