"""Programs as text under pytest: a file is collected by its names, and the executor runs each beside the tests."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from conformance.guest.definitions import below_cases, programs
from conformance.model import CaseResult, Outcome
from conformance.places import ROOT
from conformance.programs.cases import MACHINE, CaseProgram, Given, info_of
from conformance.programs.efforts import effort_of
from conformance.programs.execution import Execution
from conformance.programs.listed import Listed
from conformance.programs.notation.errors import NotationError
from conformance.programs.wire import LOST
from conformance.protocol.executor import ERROR, HELLO, RESULTS, Frames, ProtocolError, deadline_of, run_frame
from conformance.protocol.executor import split_results as outcomes_of

if TYPE_CHECKING:
    from conformance.programs.keeping import Kernel

INSIDE = ROOT / "bin" / "executor"
"""Where a guest's suite has it."""
SECONDS = 30.0
"""How long a program may take, before the machine's slowdown, until its executor is taken for dead."""


class ProgramFile(pytest.File):
    """A file of programs. `run` runs one, keeps its result with the item, and raises what came of it."""

    def __init__(self, *, run: Callable[[ProgramItem], None], **how: Any) -> None:
        super().__init__(**how)
        self.run = run

    def collect(self) -> Iterator[ProgramItem]:
        """See pytest."""
        try:
            found = programs(self.path)
        except (NotationError, OSError) as error:
            raise self.CollectError(str(error)) from error
        for each in found.values():
            yield ProgramItem.from_parent(self, name=each.name, listed=each, run=self.run)


class ProgramItem(pytest.Item):
    """A program as a test."""

    def __init__(self, *, listed: Listed, run: Callable[[ProgramItem], None], **how: Any) -> None:
        super().__init__(**how)
        self.listed = listed
        self._run = run

    def runtest(self) -> None:
        """See pytest."""
        self._run(self)

    def reportinfo(self) -> tuple[Path, int, str]:
        """See pytest."""
        return self.path, self.listed.line - 1, self.name


class Executor:
    """The executor on this machine, started when it is needed first."""

    def __init__(self, slowdown: float) -> None:
        self.path = prepare()
        """Empty where there is none: `python -m runners.payload.executor` says why."""
        self.slowdown = slowdown
        self._started: subprocess.Popen[bytes] | None = None
        self._frames = Frames()
        self._sequence = 0

    def lacking(self) -> str:
        """Why nothing can be run here; "" where it can."""
        if os.uname().machine != MACHINE:
            return f"written for {MACHINE}"
        return "" if self.path else "there is no executor here"

    def result(self, listed: Listed) -> CaseResult:
        """Run a program, and judge it. One that cannot be read, or run, is an error of the harness."""
        info = info_of(listed, below_cases(listed.path))
        try:
            case = CaseProgram(info, listed.listing())
        except NotationError as error:
            return CaseResult(info.id, info.hash, Outcome.ERROR, str(error))
        given = Given.here()
        if why := case.lacking(given) or self.lacking():
            return case.skipped(why)
        started = time.perf_counter()
        try:
            encoded = case.encoded(own=True)
            found = case.settled(Execution.read(encoded, self._run(encoded.data, 1.0)), self._run)
            return case.result(found, given, time.perf_counter() - started)
        except ProtocolError as error:
            return CaseResult(info.id, info.hash, Outcome.ERROR, f"the executor does not speak as it should: {error}")

    def _run(self, program: bytes, patience: float) -> bytes:
        """Its outcome; `LOST` where an executor dies of it twice. Raises ProtocolError."""
        for _ in range(2):
            try:
                return self._once(program, patience)
            except OSError:
                self.close()
        return LOST

    def run(self, programs: Sequence[bytes], patience: float) -> list[bytes]:
        """Run programs; their outcomes. Those of a batch that an executor dies of are run one by one, and what another
        dies of twice is `LOST`. Raises ProtocolError."""
        try:
            return self._all(programs, patience)
        except OSError:
            self.close()
            return [self._run(each, patience) for each in programs]

    def _once(self, program: bytes, patience: float) -> bytes:
        (outcome,) = self._all([program], patience)
        return outcome

    def _all(self, programs: Sequence[bytes], patience: float) -> list[bytes]:
        """Raises OSError when the executor dies, or falls silent; ProtocolError."""
        self._sequence += 1
        request = run_frame(self._sequence, deadline_of(self.slowdown, patience), programs)
        started = self._start()
        assert started.stdin is not None
        started.stdin.write(request)
        started.stdin.flush()
        while True:
            kind, payload = self._frame(started)
            if kind == ERROR:
                raise ProtocolError(payload.decode("utf-8", "replace"))
            if kind == RESULTS:
                sequence, outcomes = outcomes_of(payload)
                if sequence == self._sequence and len(outcomes) == len(programs):
                    return outcomes
                raise ProtocolError("the results are another program's")
            if kind != HELLO:
                raise ProtocolError(f"a frame of type {kind} came instead of results")

    def _frame(self, started: subprocess.Popen[bytes]) -> tuple[int, bytes]:
        assert started.stdout is not None
        end = time.monotonic() + SECONDS * self.slowdown
        while (found := self._frames.next()) is None:
            if not select.select([started.stdout], [], [], max(0.0, end - time.monotonic()))[0]:
                raise TimeoutError
            data = os.read(started.stdout.fileno(), 1 << 16)
            if not data:
                raise BrokenPipeError
            self._frames.add(data)
        return found

    def _start(self) -> subprocess.Popen[bytes]:
        if self._started is None:
            self._frames = Frames()
            self._started = subprocess.Popen(
                [self.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
            )
        return self._started

    def close(self) -> None:
        """End it, if it has been started."""
        started, self._started = self._started, None
        if started is not None:
            started.kill()
            with suppress(OSError), started:
                pass


def kernel(executor: Executor, effort: str) -> Kernel:
    """This machine's."""
    from conformance.programs.keeping import Kernel  # noqa: PLC0415 - as above

    return Kernel(executor.run, effort_of(effort, executor.slowdown))


def prepare() -> str:
    """The executor's path: in a guest it came along; elsewhere it is made, once. Empty where it cannot be."""
    if os.access(INSIDE, os.X_OK):
        return str(INSIDE)
    done = subprocess.run(
        [sys.executable, "-m", "runners.payload.executor"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
