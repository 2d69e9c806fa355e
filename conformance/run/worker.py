"""One target's part of a run: a thread that keeps a session open, survives its guest's death, and writes the record."""

from __future__ import annotations

import queue
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from conformance.model import CaseInfo, CaseResult, Outcome, Record, Target
from conformance.protocol.lines import End, FactsLine, Header, Plan, ResultLine, Trouble
from conformance.run.conduct import Conduct
from conformance.run.errors import UserError
from conformance.run.programs import NO_PROGRAMS, Batches, CasePrograms
from conformance.run.records import RecordFile
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from conformance.text import plural
from runners.base import Runner, RunnerError, sentence

DEATHS = 20
"""How many guests of one target may die in the first pass before it is given up."""
IDLE_DEATHS = 3
"""How many may die one after another when they run no case."""
LOST_MODULES = 10
"""How many modules of cases may end the guests that import them before the target is given up."""
RECORD_BYTES = 2 << 30
"""How large a record may grow: what is larger is no evidence but a target that goes on talking."""


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
    """What a worker has done so far. Written by its thread, read by the display."""

    target: str
    stage: Stage = Stage.WAITING
    total: int = 0
    done: int = 0
    outcomes: dict[Outcome, int] = field(default_factory=dict)
    running: str = ""
    message: str = ""
    deaths: int = 0
    told: list[str] = field(default_factory=list)
    """What a person should hear at once, a sentence each: only ever appended to."""


class Stopped(Exception):
    """The run was interrupted."""


def start(
    runner: Runner,
    selection: Selection,
    conduct: Conduct,
    lost: dict[str, str],
    tell: Callable[[str], None] = lambda _: None,
) -> Session:
    """A guest with all cases but those of modules that end or stop the guest when they are imported.

    Those are added to `lost`, each with how that was, and `tell` is told at once. Raises RunnerError.
    """
    while True:
        try:
            return Session(runner, selection, conduct, tuple(lost))
        except Died as death:
            module = death.collecting
            if module is None or module in lost:
                raise RunnerError(f"the suite did not start in the guest: {death.message}") from death
            lost[module] = death.message
            if len(lost) > LOST_MODULES:
                said = plural(len(lost), "module")
                raise RunnerError(
                    f"{said} of cases ended the guests that imported them, the last {module}: {death.message}"
                ) from death
            tell(f"importing {module} ended its guest: {death.message}; it is left out")


def troubles_of(lost: Mapping[str, str], selection: Selection) -> list[Trouble]:
    """What a record says of modules that `start` had to leave out."""
    return [
        Trouble(
            f"{module} cannot be collected: importing it ends the guest: {how}",
            lost=module if selection.concerns(module) else "",
        )
        for module, how in lost.items()
    ]


class Worker(threading.Thread):
    """Runs everything on one target, then waits for what is to be run again."""

    def __init__(
        self,
        target: Target,
        runner: Runner,
        path: Path,
        run: str,
        selection: Selection,
        conduct: Conduct,
        earlier: Record | None = None,
        programs: CasePrograms = NO_PROGRAMS,
    ) -> None:
        super().__init__(name=target.name, daemon=True)
        self.progress = Progress(target.name)
        self.first_pass = threading.Event()
        """Set when all cases were run once, or cannot be."""
        self.error: BaseException | None = None
        """What ended the worker that is nobody's verdict: a full disk, a fault of ours."""
        self._of, self._runner, self._path, self._run = target, runner, path, run
        self._selection, self._conduct = selection, conduct
        self._have = Counter({case: len(results) for case, results in earlier.results.items()} if earlier else {})
        self._resumed = earlier is not None
        self._hashes: dict[str, str] = {}
        self._requests: queue.Queue[list[str] | None] = queue.Queue()
        self._stopping = threading.Event()
        self._programs = programs
        self._session: Session | None = None
        self._batches: Batches | None = None
        self._file: RecordFile | None = None
        self._idle_deaths = 0
        self._lost: dict[str, str] = {}
        """Modules of cases that end or stop the guest when they are imported, and how that was."""

    # -- for the main thread

    def again(self, cases: list[str] | None) -> None:
        """Run cases once more after the first pass; None: there is nothing more to do."""
        self._requests.put(cases)

    def stop(self) -> None:
        """End as soon as may be."""
        self._stopping.set()
        self._requests.put(None)
        if session := self._session:
            session.interrupt()
        if batches := self._batches:
            batches.interrupt()

    # -- the thread

    def run(self) -> None:
        """See `threading.Thread`."""
        try:
            with RecordFile(self._path) as self._file:
                if not self._resumed:
                    self._file.write(Header(self._of, self._run))
                self._work()
        except Stopped:
            pass
        except BaseException as error:  # the main thread raises it again, after the others have been stopped
            self.error = error
            self.progress.stage = Stage.FAILED
        finally:
            self._close()
            self.first_pass.set()

    def _work(self) -> None:
        try:
            for times in range(1, self._conduct.repeat + 1):
                self._all_of(lambda cases, times=times: self._todo(cases, times))  # type: ignore[misc] # as below
            self.first_pass.set()
            self.progress.stage = Stage.IDLE
            while (cases := self._requests.get()) is not None:
                self.progress.stage = Stage.CONFIRMING
                self.progress.total += len(cases)
                left = list(cases)
                self._all_of(lambda _, left=left: left)  # type: ignore[misc] # bound now, not when it is called
                self.progress.stage = Stage.IDLE
            if self._stopping.is_set():
                return
            self._write(End())
            self.progress.stage = Stage.DONE
        except (RunnerError, OSError) as error:  # this target's, whatever the others do
            said = str(error) if isinstance(error, RunnerError) else sentence(error)
            self.progress.stage = Stage.FAILED
            self.progress.message = said
            self._write(Trouble(said, fatal=not self.progress.done))

    def _todo(self, cases: Sequence[CaseInfo], times: int) -> list[str]:
        """The cases that have been run fewer times than that."""
        return [info.id for info in cases if self._have[info.id] < times]

    def _all_of(self, choose: Callable[[Sequence[CaseInfo]], list[str]]) -> None:
        """Run what `choose` picks, in a fresh guest after each death. Raises RunnerError when there is no guest."""
        while True:
            session = self._open()
            cases = [*session.cases, *self._programs.infos]
            left = choose(cases)
            self.progress.total = max(self.progress.total, len(cases) * self._conduct.repeat)
            try:
                for line in session.run([case for case in left if case not in self._programs.by_id]):
                    if self._stopping.is_set():
                        raise Stopped
                    if isinstance(line, ResultLine):
                        self._write(line)
                        self._count(line.result, left)
                    elif isinstance(line, Trouble):
                        self._write(line)
                    else:
                        self.progress.running = getattr(line, "case", "")
            except Died as death:
                self._close()
                if self._stopping.is_set():
                    raise Stopped from None
                self._bury(death, left)
                continue
            self._run_programs(session, left)
            return

    def _run_programs(self, session: Session, left: list[str]) -> None:
        """Run those of some cases that are programs. Raises RunnerError when the target cannot go on."""
        wanted = [self._programs.by_id[case] for case in left if case in self._programs.by_id]
        if not wanted:
            return
        try:
            with Batches(self.name, self._runner, session.guest, session.facts) as self._batches:
                for result in self._batches.run(wanted, first=not self.first_pass.is_set(), running=self._is_running):
                    if self._stopping.is_set():
                        raise Stopped
                    self._write(ResultLine(result))
                    self._count(result, left)
                    if result.outcome is Outcome.CRASH:
                        self.progress.deaths += 1
                        self.progress.told.append(f"{result.outcome} in {result.case}: {result.message}; it goes on")
                if count := self._batches.unexplained:
                    said = f"{plural(count, 'executor')} died of programs, and not again of the same ones"
                    self._write(Trouble(said))
                    self.progress.told.append(said)
        except RunnerError:
            if self._stopping.is_set():
                raise Stopped from None
            raise
        finally:
            self._batches = None
        if session.guest.death() is not None:
            self._close()

    def _is_running(self, case: str) -> None:
        self.progress.running = case

    def _bury(self, death: Died, left: list[str]) -> None:
        """The guest died: that is the verdict of the case that was running; go on with the next."""
        self.progress.deaths += 1
        if death.case is None or death.case not in left:
            self._idle_deaths += 1
            if self._idle_deaths >= IDLE_DEATHS:
                raise RunnerError(f"the guest dies before it runs a case: {death.message}")
            self._write(Trouble(death.message))
            self.progress.told.append(f"its guest died before it ran a case: {death.message}; a fresh one is started")
            return
        self._idle_deaths = 0
        result = CaseResult(death.case, self._hashes.get(death.case, ""), death.outcome, death.message)
        self._write(ResultLine(result))
        self._count(result, left)
        if self.progress.deaths >= DEATHS and not self.first_pass.is_set():
            raise RunnerError(f"{DEATHS} guests died, the last in {death.case}: {death.message}")
        self.progress.told.append(f"{death.outcome} in {death.case}: {death.message}; it goes on in a fresh guest")

    def _open(self) -> Session:
        if self._session is None:
            if self._stopping.is_set():
                raise Stopped
            before, self.progress.stage = self.progress.stage, Stage.STARTING
            self._session = self._start()
            cases = [*self._session.cases, *self._programs.infos]
            self._hashes = {info.id: info.hash for info in cases}
            self.progress.stage = Stage.CONFIRMING if before is Stage.CONFIRMING else Stage.RUNNING
            if self._session.facts:
                self._write(FactsLine(self._session.facts))
            self._write(Plan(cases))
            for trouble in (*self._session.troubles, *self._programs.troubles):
                self._write(trouble)
            for trouble in troubles_of(self._lost, self._selection):
                self._write(trouble)
        return self._session

    def _start(self) -> Session:
        """A guest with all cases but those of modules that ended one. Raises RunnerError, Stopped."""
        return start(self._runner, self._selection, self._conduct, self._lost, self._left_out)

    def _left_out(self, said: str) -> None:
        self.progress.told.append(said)
        if self._stopping.is_set():
            raise Stopped

    def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.__exit__(None, None, None)

    def _count(self, result: CaseResult, left: list[str]) -> None:
        left.remove(result.case)
        self._have[result.case] += 1
        self.progress.done += 1
        self.progress.running = ""
        self.progress.outcomes[result.outcome] = self.progress.outcomes.get(result.outcome, 0) + 1

    def _write(self, line: Header | FactsLine | Plan | ResultLine | Trouble | End) -> None:
        assert self._file is not None
        self._file.write(line)
        if isinstance(line, ResultLine) and self._file.written > RECORD_BYTES:
            raise RunnerError(f"its guests have sent more than {RECORD_BYTES >> 20} MiB of results")


def raise_first_error(workers: Sequence[Worker]) -> None:
    """What ended a worker and is no verdict. Raises UserError."""
    for worker in workers:
        if isinstance(worker.error, UserError):
            raise worker.error
        if worker.error is not None:
            raise UserError(f"the worker of {worker.name} failed: {worker.error!r}") from worker.error
