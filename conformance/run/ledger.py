"""What one target says in a run: written into its record, and counted for the display."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.model import CaseInfo, CaseResult, Facts, Outcome, Record
from conformance.protocol.lines import FactsLine, Line, Plan, ResultLine, Trouble
from conformance.run.pace import Pace
from conformance.run.records import RecordFile
from conformance.run.session import Died
from conformance.text import plural
from runners.base import RunnerError

DEATHS = 20
"""How many guests of one target may die in the first pass before it is given up."""
IDLE_DEATHS = 3
"""How many may die one after another when they run no case."""
RECORD_BYTES = 2 << 30
"""How large a record may grow: what is larger is no evidence but a target that goes on talking."""


class GivenUp(RunnerError):
    """The target has taken more than it is given, whichever of its guests did."""


class Stage(StrEnum):
    """What a worker is doing, for the progress display."""

    WAITING = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    IDLE = "idle"
    CONFIRMING = "confirming"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Progress:
    """What a target has done so far. Written by its ledger and its worker, read by the display."""

    target: str
    stage: Stage = Stage.WAITING
    total: int = 0
    done: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    running: str = ""
    message: str = ""
    deaths: int = 0
    pace: Pace | None = None
    """Of the pass that is being made."""
    told: list[str] = field(default_factory=list)
    """What a person should hear at once, a sentence each: only ever appended to."""

    def left(self, now: float) -> float | None:
        """How many seconds the pass will go on; None before that is known. `now`: by time.monotonic()."""
        if self.pace is None or self.stage not in (Stage.RUNNING, Stage.CONFIRMING):
            return None
        return self.pace.seconds_left(now)


class Ledger:
    """Takes down what a target's hands have to say. Any of them may call it at any time. A context manager."""

    def __init__(self, target: str, path: Path, earlier: Record | None = None) -> None:
        self.progress = Progress(target)
        self._path = path
        self._have = Counter({case: len(results) for case, results in earlier.results.items()} if earlier else {})
        self._file: RecordFile | None = None
        self._lock = threading.RLock()
        self._plan: Sequence[Line] = ()
        self._hashes: dict[str, str] = {}
        self._idle_deaths = 0
        self._unexplained = 0

    def attempts(self, case: str) -> int:
        """How often a case has been run."""
        return self._have[case]

    def plan(self, facts: Facts | None, cases: Sequence[CaseInfo], troubles: Sequence[Trouble]) -> None:
        """What a guest has that was opened, if that is news."""
        lines: list[Line] = [*([FactsLine(facts)] if facts else []), Plan(list(cases)), *troubles]
        with self._lock:
            if lines == self._plan:
                return
            self._plan = lines
            self._hashes = {info.id: info.hash for info in cases}
            for line in lines:
                self.write(line)

    def pass_begins(self, weighed: Mapping[str, float], passes: int = 1) -> None:
        """All of these are run now, and as often again as there are passes. `weighed`: see `pace.weights`."""
        self.progress.pace = Pace(weighed, time.monotonic(), passes)

    def begins(self, case: str) -> None:
        """A case is being run."""
        self.progress.running = case

    def result(self, result: CaseResult) -> None:
        """What came of a case. Raises GivenUp."""
        with self._lock:
            self.write(ResultLine(result))
            progress = self.progress
            self._have[result.case] += 1
            progress.done += 1
            if progress.pace:
                progress.pace.result(result.case, time.monotonic())
            progress.running = ""
            progress.outcomes[result.outcome] = progress.outcomes.get(result.outcome, 0) + 1

    def program_result(self, result: CaseResult) -> None:
        """The same of a program, of which one may take the guest along. Raises GivenUp."""
        self.result(result)
        if result.outcome is Outcome.CRASH:
            with self._lock:
                self.progress.deaths += 1
            self.tell(f"{result.outcome} in {result.case}: {result.message}; it goes on")

    def death(self, death: Died, case: str | None, *, first: bool) -> None:
        """A guest died: that is the verdict of the case that it ran, if it ran one. Raises GivenUp.

        `first`: in the first pass.
        """
        with self._lock:
            self.progress.deaths += 1
            if case is None:
                self._idle_deaths += 1
                if self._idle_deaths >= IDLE_DEATHS:
                    raise GivenUp(f"the guest dies before it runs a case: {death.message}")
                self.write(Trouble(death.message))
                self.tell(f"its guest died before it ran a case: {death.message}; a fresh one is started")
                return
            self._idle_deaths = 0
            self.result(CaseResult(case, self._hashes.get(case, ""), death.outcome, death.message))
            if self.progress.deaths >= DEATHS and first:
                raise GivenUp(f"{DEATHS} guests died, the last in {case}: {death.message}")
            self.tell(f"{death.outcome} in {case}: {death.message}; it goes on in a fresh guest")

    def unexplained(self, deaths: int) -> None:
        """So many executors have died of which no program is to blame."""
        with self._lock:
            self._unexplained += deaths

    def tell_unexplained(self) -> None:
        """Say how many there were since it was said last."""
        count, self._unexplained = self._unexplained, 0
        if count:
            said = f"{plural(count, 'executor')} died of programs, and not again of the same ones"
            self.write(Trouble(said))
            self.tell(said)

    def tell(self, said: str) -> None:
        """What a person should hear at once."""
        self.progress.told.append(said)

    def write(self, line: Line) -> None:
        """Append to the record. Raises GivenUp, UserError."""
        with self._lock:
            assert self._file is not None
            self._file.write(line)
            if isinstance(line, ResultLine) and self._file.written > RECORD_BYTES:
                raise GivenUp(f"its guests have sent more than {RECORD_BYTES >> 20} MiB of results")

    def __enter__(self) -> Self:
        """Raises UserError."""
        self._file = RecordFile(self._path)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._file is not None
        self._file.__exit__(kind, error, trace)
