"""A lane: the executor in one target's guest, which runs batches of programs while other lanes run the same ones.

A guest that dies in the middle of a batch is opened again, and the program that it died of is found by halving.
"""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from conformance.programs.wire import LOST
from conformance.protocol import executor as protocol
from runners.base import Channel, Guest, Runner, RunnerError

START_SECONDS = 60.0
"""How long an executor may take to say hello, before the guest's slowdown."""
PATIENCE = 30.0
"""How long a batch may be silent beyond what its deadlines allow, before the guest's slowdown."""
DEATHS = 25
"""How many executors of one target may die in a row, without an answer in between, before it is given up."""


class LaneError(Exception):
    """A target cannot go on. One sentence."""


class _Died(Exception):
    """The executor, or its guest, is gone or talks nonsense."""


@dataclass(frozen=True, slots=True, order=True)
class _Job:
    turn: tuple[int, int]
    """What comes first: what is urgent, then what was submitted first."""
    programs: list[bytes] = field(compare=False, default_factory=list)
    patience: float = field(compare=False, default=1.0)
    """Factor on the deadline of a call."""
    deadly: bool = field(compare=False, default=False)
    future: Future[list[bytes]] = field(compare=False, default_factory=Future)
    last: bool = field(compare=False, default=False)


class Lane:
    """Runs batches on one target, in a thread of its own. A context manager."""

    def __init__(self, name: str, runner: Runner) -> None:
        self.name = name
        self.release = ""
        self.ran = 0
        self.busy = 0.0
        """Seconds spent in running programs."""
        self.deaths = 0
        self.unexplained = 0
        """Deaths of which no program is to blame: tried again, none of those that were running died of it."""
        self.made_by = ""
        """What the guest was made with, as its runner says it."""
        self.versions: Mapping[str, str] = {}
        """What it is made of, by name, as its runner says it."""
        self.disposable = False
        self._runner = runner
        self._guest: Guest | None = None
        self._channel: Channel | None = None
        self._frames = protocol.Frames()
        self._sequence = 0
        self._jobs: queue.PriorityQueue[_Job] = queue.PriorityQueue()
        self._count = itertools.count()
        self._thread = threading.Thread(target=self._work, name=f"lane-{name}", daemon=True)
        self._opened: Future[None] = Future()
        self._closing = False
        self._in_a_row = 0
        """Deaths since the last answer."""
        self._given_up: LaneError | None = None

    # -- for the others

    def start(self) -> None:
        """Begin to open the guest; `ready` waits for it."""
        self._thread.start()

    @property
    def started(self) -> bool:
        """Whether it has been begun to open the guest."""
        return self._thread.ident is not None

    def ready(self) -> None:
        """Wait until the executor has said hello. Raises RunnerError."""
        self._opened.result()

    def submit(
        self, programs: Sequence[bytes], patience: float = 1.0, *, urgent: bool = False, deadly: bool = False
    ) -> Future[list[bytes]]:
        """Run programs, in order; the outcomes, one each. The future raises LaneError when the target is given up.

        `urgent`: before what has been submitted earlier and is not. `deadly`: each is expected to take the executor
        along, and so is run alone, and once; nobody is given up for it.
        """
        job = _Job((0 if urgent else 1, next(self._count)), list(programs), patience, deadly)
        self._jobs.put(job)
        return job.future

    def run(self, programs: Sequence[bytes], patience: float = 1.0) -> list[bytes]:
        """As `submit`, and wait."""
        return self.submit(programs, patience).result()

    def forks(self, count: int) -> float:
        """Seconds that `count` times fork, exit and wait take there, in C."""
        self.ready()
        self._write(protocol.forks_frame(count))
        kind, payload = self._frame(PATIENCE * self._slowdown + count * 0.1)
        if kind != protocol.FORKED:
            raise LaneError(f"{self.name}: the executor cannot tell its rate of forks")
        return protocol.read_forked(payload)

    def interrupt(self) -> None:
        """From another thread: let whoever waits for outcomes have a LaneError soon."""
        self._closing = True
        if channel := self._channel:
            channel.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        self._jobs.put(_Job((-1, 0), last=True))
        if kind is not None and self._channel is not None:
            self._channel.kill()
        self._thread.join(20)
        self._close()

    # -- the thread

    def _work(self) -> None:
        try:
            self._open()
            self._opened.set_result(None)
        except BaseException as error:
            self._close()
            self._opened.set_exception(error)
            return
        while not (job := self._jobs.get()).last:
            if not job.future.set_running_or_notify_cancel():
                continue
            try:
                run = self._run_apart if job.deadly else self._run
                job.future.set_result(run(job.programs, job.patience))
            except BaseException as error:
                job.future.set_exception(error)
        self._close()

    @property
    def _slowdown(self) -> float:
        return self._guest.about.slowdown if self._guest else 1.0

    def _open(self) -> None:
        if lacking := self._runner.missing():
            raise RunnerError(lacking)
        self._guest = self._runner.open()
        self.disposable = self._guest.about.disposable
        self.made_by = self._guest.about.made_by
        self.versions = self._guest.about.versions
        self._spawn()

    def _spawn(self) -> None:
        assert self._guest is not None
        self._frames = protocol.Frames()
        self._channel = self._guest.spawn(list(self._guest.inside.executor))
        try:
            kind, payload = self._frame(START_SECONDS * self._slowdown)
        except _Died as error:
            said = " / ".join(self._guest.log().strip().splitlines()[-3:])
            raise RunnerError(f"{self.name}: the executor did not start: {error}; {said}") from error
        try:
            if kind != protocol.HELLO:
                raise protocol.ProtocolError(f"a frame of type {kind} came instead of a hello")
            version, self.release = protocol.read_hello(payload)
        except protocol.ProtocolError as error:
            raise RunnerError(f"{self.name}: what was started is no executor") from error
        if version != protocol.VERSION:
            raise RunnerError(
                f"{self.name}: the executor there speaks version {version} of the protocol, and this suite version "
                f"{protocol.VERSION}: bring the same version of the suite there"
            )

    def _close(self) -> None:
        guest, channel = self._guest, self._channel
        self._guest = self._channel = None
        if channel is not None:
            channel.kill()  # the guest may be somebody else's, and go on
        if guest is not None:
            guest.__exit__(None, None, None)

    def _run(self, programs: list[bytes], patience: float) -> list[bytes]:
        """All outcomes. When the executor dies, the halves are run apart, until the culprit is alone."""
        if self._given_up is not None:
            raise self._given_up
        started = time.perf_counter()
        try:
            found = self._run_once(programs, patience)
            self.ran += len(programs)
            return found
        except (_Died, OSError, RunnerError) as error:
            self._revive(error)
        finally:
            self.busy += time.perf_counter() - started
        if len(programs) == 1:
            found = self._last_try(programs, patience)
        else:
            half = len(programs) // 2
            found = self._run(programs[:half], patience) + self._run(programs[half:], patience)
        self.unexplained += LOST not in found
        return found

    def _last_try(self, programs: list[bytes], patience: float) -> list[bytes]:
        """A program that an executor died of gets one more, alone; what that one dies of, too, is to blame."""
        try:
            return self._run_once(programs, patience)
        except (_Died, OSError, RunnerError) as error:
            self._revive(error)
            return [LOST]

    def _run_apart(self, programs: list[bytes], patience: float) -> list[bytes]:
        """All outcomes, of programs that will hardly leave the executor alive."""
        found: list[bytes] = []
        for each in programs:
            if self._given_up is not None:
                raise self._given_up
            try:
                found += self._run_once([each], patience)
            except (_Died, OSError, RunnerError) as error:
                self._revive(error, expected=True)
                found.append(LOST)
        return found

    def _revive(self, why: BaseException, *, expected: bool = False) -> None:
        """A new executor; in a new guest where the old one is gone. Raises LaneError."""
        if self._closing:
            raise LaneError(f"{self.name}: interrupted") from why
        self.deaths += 1
        self._in_a_row += not expected
        if self._in_a_row > DEATHS:
            self._given_up = LaneError(f"{self.name}: {DEATHS} executors have died in a row, the last of: {why}")
            raise self._given_up
        try:
            if self._channel is not None:
                self._channel.kill()
            if self._guest is not None and self._guest.death() is None:
                self._spawn()
                return
        except (RunnerError, OSError, _Died):
            pass
        self._close()
        try:
            self._open()
        except RunnerError as error:
            self._given_up = LaneError(f"{self.name}: cannot be opened again: {error}")
            raise self._given_up from error

    def _run_once(self, programs: list[bytes], patience: float) -> list[bytes]:
        if self._closing:
            raise LaneError(f"{self.name}: interrupted")
        self._sequence += 1
        deadline = protocol.deadline_of(self._slowdown, patience)
        self._write(protocol.run_frame(self._sequence, deadline, programs))
        kind, payload = self._frame(PATIENCE * self._slowdown + len(programs) * deadline * 3)
        if kind == protocol.ERROR:
            raise _Died(payload.decode("utf-8", "replace")[:300])
        try:
            if kind != protocol.RESULTS:
                raise protocol.ProtocolError(f"a frame of type {kind} came instead of results")
            sequence, outcomes = protocol.split_results(payload)
            if sequence != self._sequence or len(outcomes) != len(programs):
                raise protocol.ProtocolError("the results are another batch's")
        except protocol.ProtocolError as error:
            raise _Died(str(error)) from error
        self._in_a_row = 0
        return outcomes

    def _write(self, data: bytes) -> None:
        assert self._channel is not None
        self._channel.write(data)

    def _frame(self, timeout: float) -> tuple[int, bytes]:
        """The next frame. Raises _Died."""
        end = time.monotonic() + timeout
        while True:
            try:
                if frame := self._frames.next():
                    return frame
            except protocol.ProtocolError as error:
                raise _Died(str(error)) from error
            assert self._channel is not None
            try:
                data = self._channel.read(max(0.01, end - time.monotonic()))
            except TimeoutError:
                raise _Died(f"silent for {timeout:.0f} s") from None
            if not data:
                raise _Died("it ended")
            self._frames.add(data)
