"""Executors that misbehave on purpose: fakes that speak the protocol, and the real one behind somebody who lies."""

from __future__ import annotations

import errno
import queue
import struct
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import pytest

from conformance.programs.program import Argument, Memory, Program, ProgramCall
from conformance.protocol import executor as protocol
from conformance.search.bind import Call
from conformance.search.generate import Generator, Raw
from conformance.syscalls.files.opening import O_RDWR
from runners.base import About, Channel, Death, Ending, Guest, Inside, RunnerError
from runners.host.process import ProcessChannel
from runners.local import HostGuest, LocalRunner
from runners.lying import liars
from runners.payload.executor import executable
from tests.fakes import DEATH, Said

Answer = Callable[[int, list[bytes]], Iterable[Said]]
"""What is said to a batch: its number, and the names of its programs (see `named`)."""


def needs_executor() -> None:
    """Skip the test where the executor cannot be made."""
    try:
        executable()
    except RunnerError as error:
        pytest.skip(str(error))


def needs_lies() -> None:
    """Skip the test where this machine cannot lie."""
    with liars(1) as ((runner, _),):
        if lacking := runner.missing():
            pytest.skip(lacking)
    needs_executor()


# -- what is said


def hello(version: int = protocol.VERSION, release: str = "6.1.0") -> bytes:
    """What an executor says first."""
    head = protocol.HEAD_OF_HELLO.pack(version, 0, 4096, 1 << 45)
    return protocol.frame(protocol.HELLO, head + release.encode() + b"\0")


def named(*names: str) -> list[bytes]:
    """Programs that are nothing but a name."""
    return [struct.pack("<I", len(name)) + name.encode() for name in names]


def did(*names: str) -> list[bytes]:
    """The outcomes of such programs."""
    return [f"did {name}".encode() for name in names]


def results(number: int, outcomes: Iterable[bytes]) -> bytes:
    """A frame of outcomes."""
    outcomes = list(outcomes)
    body = b"".join(struct.pack("<I", len(each)) + each for each in outcomes)
    return protocol.frame(protocol.RESULTS, struct.pack("<II", number, len(outcomes)) + body)


def well_behaved(number: int, programs: list[bytes]) -> Iterable[Said]:
    """Does everything."""
    return [results(number, (b"did " + each for each in programs))]


def dying_of(*names: str, how: Said = DEATH) -> Answer:
    """Does everything, unless one of these is among it."""

    def answer(number: int, programs: list[bytes]) -> Iterable[Said]:
        return [how] if {name.encode() for name in names} & set(programs) else well_behaved(number, programs)

    return answer


# -- who says it


class FakeExecutor:
    """Says `first`, then what `answer` has to say to each batch, then nothing until it is killed."""

    def __init__(self, first: Iterable[Said], answer: Answer) -> None:
        self.batches: list[list[bytes]] = []
        self.deadlines: list[float] = []
        """Of the batches, in seconds."""
        self.killed = False
        self.ended = False
        """Whether the end of what it says has been read."""
        self._answer = answer
        self._said: queue.Queue[Said] = queue.Queue()
        for each in first:
            self._said.put(each)

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        said = self._said.get()
        if isinstance(said, TimeoutError):
            raise TimeoutError
        self.ended |= said == DEATH
        return said

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        if self.killed:
            raise BrokenPipeError
        _, kind, _ = protocol.FRAME.unpack_from(data)
        if kind != protocol.RUN:
            self._said.put(protocol.frame(protocol.ERROR, b"that is not asked of me"))
            return
        number, milliseconds, count = struct.unpack_from("<III", data, protocol.FRAME.size)
        at, programs = protocol.FRAME.size + 12, []
        for _ in range(count):
            (size,) = struct.unpack_from("<I", data, at)
            programs.append(data[at + 4 : at + 4 + size])
            at += 4 + size
        self.batches.append(programs)
        self.deadlines.append(milliseconds / 1000)
        for said in self._answer(number, programs):
            self._said.put(said)

    def close_input(self) -> None:
        """See `Channel`."""

    def wait(self, timeout: float | None = None) -> int:
        """See `Channel`."""
        return 0

    def kill(self) -> None:
        """See `Channel`."""
        self.killed = True
        self._said.put(DEATH)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class ExecutorGuest:
    """A guest in which fake executors are started, as often as wanted."""

    inside = Inside(("python",), "/conformance/cases", lambda: ("executor",))

    def __init__(self, runner: ExecutorRunner) -> None:
        self.channels: list[FakeExecutor] = []
        self.closed = False
        self.about = About("a fake", slowdown=runner.slowdown)
        self._runner = runner

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> Channel:
        """See `Guest`."""
        assert list(argv) == list(self.inside.executor)
        self.channels.append(FakeExecutor(self._runner.first, self._runner.answer))
        return self.channels[-1]

    def log(self) -> str:
        """See `Guest`."""
        return self._runner.log

    def death(self) -> Death | None:
        """See `Guest`."""
        dead = self._runner.taken_along and any(each.ended for each in self.channels)
        return Death(Ending.GONE) if dead else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        for channel in self.channels:
            channel.kill()


class ExecutorRunner:
    """Opens guests with fake executors in them, as often as `times`."""

    def __init__(
        self,
        answer: Answer = well_behaved,
        *,
        first: Iterable[Said] | None = None,
        log: str = "",
        slowdown: float = 1.0,
        taken_along: bool = False,
        times: int = 1000,
        lacking: str | None = None,
    ) -> None:
        """`taken_along`: a guest is dead once its executor is."""
        self.guests: list[ExecutorGuest] = []
        self.answer = answer
        self.first = [hello()] if first is None else list(first)
        self.log, self.slowdown, self.taken_along = log, slowdown, taken_along
        self._times, self._lacking = times, lacking

    @property
    def batches(self) -> list[list[str]]:
        """All that was asked of them, in order."""
        channels = [channel for guest in self.guests for channel in guest.channels]
        return [[name.decode() for name in batch] for channel in channels for batch in channel.batches]

    def missing(self) -> str | None:
        """See `Runner`."""
        return self._lacking

    def describe(self) -> list[str]:
        """See `Runner`."""
        return []

    def open(self) -> Guest:
        """See `Runner`."""
        if len(self.guests) >= self._times:
            raise RunnerError("the image has gone")
        self.guests.append(ExecutorGuest(self))
        return self.guests[-1]


# -- the real executor, and what it says turned round


Lie = Callable[[bytes], bytes]
"""Another outcome for an outcome."""


class Dies(Exception):
    """What a lie raises in place of an outcome when the program takes the executor along."""


class LyingChannel:
    """The executor of this machine; its outcomes are not what happened."""

    def __init__(self, channel: ProcessChannel, lie: Lie) -> None:
        self._channel, self._lie = channel, lie
        self._pending = b""

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`. Whole frames."""
        while len(self._pending) < protocol.FRAME.size or len(self._pending) < self._size():
            data = self._channel.read(timeout)
            if not data:
                return b""
            self._pending += data
        size = self._size()
        frame, self._pending = self._pending[:size], self._pending[size:]
        if protocol.FRAME.unpack_from(frame)[1] != protocol.RESULTS:
            return frame
        number, outcomes = protocol.split_results(frame[protocol.FRAME.size :])
        try:
            return results(number, map(self._lie, outcomes))
        except Dies:
            self._channel.kill()
            return DEATH

    def _size(self) -> int:
        return protocol.FRAME.size + int(protocol.FRAME.unpack_from(self._pending)[2])

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        self._channel.write(data)

    def close_input(self) -> None:
        """See `Channel`."""
        self._channel.close_input()

    def wait(self, timeout: float | None = None) -> int:
        """See `Channel`."""
        return self._channel.wait(timeout)

    def kill(self) -> None:
        """See `Channel`."""
        self._channel.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._channel.__exit__(kind, error, trace)


class _LyingGuest(HostGuest):
    def __init__(self, lie: Lie) -> None:
        super().__init__(About("a liar", versions={"liar": "7"}))
        self._lie = lie

    def spawn(  # type: ignore[override] # a channel as good as any
        self, argv: Sequence[str], env: Mapping[str, str] | None = None
    ) -> Channel:
        """See `Guest`."""
        channel = super().spawn(argv, env)
        return LyingChannel(channel, self._lie) if list(argv) == list(self.inside.executor) else channel


class LyingRunner(LocalRunner):
    """Opens guests of this machine whose executor's outcomes go through `lie`."""

    def __init__(self, lie: Lie) -> None:
        self._lie = lie

    def open(self) -> HostGuest:
        """See `Runner`."""
        return _LyingGuest(self._lie)


def says(wrong: int, right: int) -> Lie:
    """A kernel that fails with one errno in place of another; 0 is success."""
    return lambda outcome: outcome.replace(struct.pack("<q", -right), struct.pack("<q", -wrong))


def liar(outcome: bytes) -> bytes:
    """Says EACCES for ENOENT, and EINVAL for EBADF."""
    return says(errno.EINVAL, errno.EBADF)(says(errno.EACCES, errno.ENOENT)(outcome))


def dies(outcome: bytes) -> bytes:
    """A target that nothing survives."""
    raise Dies


class Moody:
    """Says one errno for another as `says` does, but not always: the nth time only if `moods[n % len(moods)]`."""

    def __init__(self, wrong: int, right: int, moods: Sequence[bool]) -> None:
        self._lie, self._mark, self._moods = says(wrong, right), struct.pack("<q", -right), moods
        self._met = 0

    def __call__(self, outcome: bytes) -> bytes:
        if self._mark not in outcome:
            return outcome
        self._met += 1
        return self._lie(outcome) if self._moods[(self._met - 1) % len(self._moods)] else outcome


# -- programs


def program(*calls: tuple[str, *tuple[Argument, ...]]) -> Program:
    """A program of calls, each a label and its arguments."""
    return Program(tuple(ProgramCall(label, tuple(args)) for label, *args in calls))


def text(content: str) -> Memory:
    """A C string."""
    return Memory(content.encode() + b"\0")


def room(size: int) -> Memory:
    """Memory for the kernel to fill."""
    return Memory(bytes(size), room=True)


ABSENT = program(("open", text("absent"), O_RDWR, 0o644))
"""ENOENT."""
BAD = program(("close", 40))
"""EBADF."""


class Scripted(Generator):
    """Draws the programs that it is given, in order, and then the plainest one there is."""

    def __init__(self, *programs: Program) -> None:
        super().__init__(("time",))
        self._script = list(programs)

    def batch(self, count: int) -> list[tuple[Raw, Program]]:
        """See `Generator`."""
        found, self._script = self._script[:count], self._script[count:]
        found += [program(("getpid",))] * (count - len(found))
        return [((Call("getpid", ()),), each) for each in found]


def lanes_left() -> list[str]:
    """The threads of lanes that have not ended."""
    return [each.name for each in threading.enumerate() if each.name.startswith("lane-")]
