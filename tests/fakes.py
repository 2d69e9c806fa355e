"""Guests that are none: they say what a test tells them to, and misbehave on purpose."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import TracebackType
from typing import Self

import msgspec

from conformance.model import CaseInfo, CaseResult, Outcome
from conformance.protocol.lines import Collecting, End, FactsLine, Line, Plan, ResultLine, Start, requested
from runners.base import About, Death, Inside, RunnerError
from tests.builders import facts

SILENCE = TimeoutError()
"""The guest says nothing, for longer than anybody waits."""
DEATH = b""
"""The end of the stream."""
Said = bytes | TimeoutError
Answer = Callable[[list[str]], Iterable[Said]]


def line(value: Line) -> bytes:
    """A line as a guest sends it."""
    return msgspec.json.encode(value) + b"\n"


def says(case: str, outcome: Outcome = Outcome.PASSED) -> bytes:
    """That a case began and how it ended."""
    return line(Start(case)) + line(ResultLine(CaseResult(case, "", outcome)))


def well_behaved(cases: list[str]) -> Iterable[Said]:
    """Everything that was asked for passes."""
    return [*map(says, cases), line(End())]


def greeting(cases: Sequence[str]) -> list[Said]:
    """What a guest with the suite in it says first."""
    return [line(FactsLine(facts())), line(Plan([CaseInfo(case, "") for case in cases]))]


class FakeChannel:
    """Says `first`, then what `answer` has to say to each request, then nothing until it is killed."""

    def __init__(self, first: Iterable[Said], answer: Answer) -> None:
        self.requests: list[list[str]] = []
        self.fresh: list[bool] = []
        """Whether each request began something new."""
        self.killed = False
        self.broken = False
        self._answer = answer
        self._said: queue.Queue[Said] = queue.Queue()
        self._say(first)

    def _say(self, what: Iterable[Said]) -> None:
        for each in what:
            self._said.put(each)

    def read(self, timeout: float | None = None) -> bytes:
        """See `Channel`."""
        said = self._said.get()
        if isinstance(said, TimeoutError):
            raise TimeoutError
        return said

    def write(self, data: bytes) -> None:
        """See `Channel`."""
        if self.broken:
            raise BrokenPipeError
        cases, fresh = requested(data)
        self.requests.append(cases)
        self.fresh.append(fresh)
        self._say(self._answer(self.requests[-1]))

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


class FakeGuest:
    """A guest whose one process is a fake channel."""

    about = About("a fake")
    inside = Inside(("python",), "/conformance/cases", lambda: ("executor",))
    is_kept = False

    def __init__(self, channel: FakeChannel, log: str = "", death: Death | None = None) -> None:
        self.channel = channel
        self.spawned: list[str] = []
        self.closed = False
        self.is_ready = False
        self._log = log
        self._death = death

    def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FakeChannel:
        """See `Guest`."""
        self.spawned = list(argv)
        return self.channel

    def remember(self) -> None:
        """See `Remembers`."""
        self.is_ready = True

    def log(self) -> str:
        """See `Guest`."""
        return self._log

    def death(self) -> Death | None:
        """See `Guest`."""
        return self._death

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed = True
        self.channel.kill()


class FakeRunner:
    """Opens guests with `cases`; the nth answers as the nth of `answers` does, later ones as the last."""

    def __init__(self, cases: Sequence[str], *answers: Answer, first: Iterable[Said] | None = None) -> None:
        self.guests: list[FakeGuest] = []
        self._first = list(greeting(cases) if first is None else first)
        self._answers = answers or (well_behaved,)

    def missing(self) -> str | None:
        """See `Runner`."""
        return None

    def describe(self) -> list[str]:
        """See `Runner`."""
        return []

    def open(self) -> FakeGuest:
        """See `Runner`."""
        answer = self._answers[min(len(self.guests), len(self._answers) - 1)]
        self.guests.append(FakeGuest(FakeChannel(self._first, answer)))
        return self.guests[-1]


def importing(module: str, end: Said = DEATH) -> list[Said]:
    """A guest that does not survive a module."""
    return [line(Collecting("a/test_b.py")), line(Collecting(module)), end]


class Importing(FakeRunner):
    """Guests that import `modules`, each of which ends the guest, unless they are told not to."""

    def __init__(self, cases: Sequence[str], modules: Sequence[str], end: Said = DEATH) -> None:
        super().__init__(cases)
        self._cases, self._modules, self._end = cases, modules, end

    def open(self) -> FakeGuest:
        """See `Runner`."""
        cases, modules, end = self._cases, self._modules, self._end

        class Guest(FakeGuest):
            def spawn(self, argv: Sequence[str], env: Mapping[str, str] | None = None) -> FakeChannel:
                left = [each for each in modules if f"--ignore={self.inside.cases}/{each}" not in argv]
                first = importing(left[0], end) if left else greeting(cases)
                self.channel = FakeChannel(first, well_behaved)
                return super().spawn(argv, env)

        self.guests.append(Guest(FakeChannel([], well_behaved)))
        return self.guests[-1]


class BrokenRunner(FakeRunner):
    """Never opens a guest."""

    def __init__(self, why: str) -> None:
        super().__init__(())
        self._why = why

    def open(self) -> FakeGuest:
        """See `Runner`."""
        raise RunnerError(self._why)
