"""A whole run: all targets side by side, the comparison, what is suspicious once more, the matrix."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path

from conformance.matrix.build import build, suspicious
from conformance.model import CaseInfo, Expectation, Matrix
from conformance.protocol.lines import Trouble
from conformance.run.conduct import USUAL
from conformance.run.errors import UserError
from conformance.run.hands import start
from conformance.run.ledger import Progress
from conformance.run.naming import runs
from conformance.run.programs import CasePrograms, selected
from conformance.run.records import seconds_of
from conformance.run.results import RunPlan, compared, read_record, read_records
from conformance.run.selection import Selection
from conformance.run.taking import takings
from conformance.run.worker import Worker, raise_first_error, troubles_of
from runners.base import Runner, RunnerError

TICK_SECONDS = 0.2
JOIN_SECONDS = 10.0
WATCH_SECONDS = 1.0
"""How long a run goes on at least before it is looked at once more whether it has gone on long enough."""


def execute(
    directory: Path,
    plan: RunPlan,
    runners: dict[str, Runner],
    expectations: Sequence[Expectation],
    display: Callable[[Sequence[Progress]], None],
    enough: Callable[[Matrix], bool] | None = None,
) -> Matrix:
    """Run the plan, or what is left of it, and compare. Whatever happens, no guest is left when it returns.

    `display` is called some times a second with how far each target is, `enough` now and then with the matrix so far:
    once it says yes, the run ends, and what it has not come to is left. Raises UserError, KeyboardInterrupt.
    """
    programs: Future[CasePrograms] = Future()
    jobs = plan.jobs or max(1, len(os.sched_getaffinity(0)) // len(plan.targets))
    taking = takings(plan)
    workers = []
    for target in plan.targets:
        earlier = read_record(directory, plan, target)
        path = directory / f"{target.name}.jsonl"
        runner = runners[target.name]
        seconds = partial(_earlier_seconds, directory, target.name)
        given = (target, runner, path, plan.run, plan.selection, plan.conduct, earlier, programs.result, jobs, seconds)
        workers.append(Worker(*given, taking.get(target.name)))
    progress = [worker.progress for worker in workers]
    watch = _Watch(lambda: compared(directory, plan, expectations), enough)

    def tick() -> None:
        display(progress)
        watch()

    try:
        for worker in workers:
            worker.start()
        programs.set_result(selected(plan.selection, plan.conduct.effort))  # while guests start
        _wait(workers, lambda worker: worker.first_pass.wait(TICK_SECONDS), tick)
        seen = build(read_records(directory, plan), plan.reference, expectations, traces=False)
        again = suspicious(seen, expectations)
        for worker in workers:
            for _ in range(2):
                if cases := again.get(worker.name):
                    worker.again(cases)
            worker.again(None)
        _wait(workers, lambda worker: worker.join(TICK_SECONDS), tick)
    except _Enough:
        pass
    finally:
        programs.cancel()
        for worker in workers:
            worker.stop()
        for worker in workers:
            if worker.ident is not None:
                # One that is stuck in a guest's start is left to its end: its processes die with its thread.
                worker.join(JOIN_SECONDS)
    raise_first_error(workers)
    return compared(directory, plan, expectations)


def _earlier_seconds(directory: Path, target: str) -> dict[str, float]:
    """How long cases took on a target in the newest run beside this one, and in this one so far."""
    found: dict[str, float] = {}
    for run in runs(directory.parent):
        if run != directory and (found := seconds_of(run / f"{target}.jsonl")):
            break
    return found | seconds_of(directory / f"{target}.jsonl")


class _Enough(Exception):
    """The run has shown what it was to show."""


class _Watch:
    """Looks at the matrix so far, for a tenth of the time at most, since comparing takes time from the guests."""

    def __init__(self, matrix: Callable[[], Matrix], enough: Callable[[Matrix], bool] | None) -> None:
        self._matrix, self._enough = matrix, enough
        self._due = time.monotonic() + WATCH_SECONDS

    def __call__(self) -> None:
        """Look, if it is time. Raises _Enough."""
        begun = time.monotonic()
        if self._enough is None or begun < self._due:
            return
        if self._enough(self._matrix()):
            raise _Enough
        ended = time.monotonic()
        self._due = ended + max(WATCH_SECONDS, 9 * (ended - begun))


def _wait(workers: Sequence[Worker], done: Callable[[Worker], object], tick: Callable[[], None]) -> None:
    """Until all workers are done, or one has failed in a way that ends the run.

    `done` waits for a while until one is.
    """
    for worker in workers:
        while worker.is_alive() and not done(worker):
            raise_first_error(workers)
            tick()
    raise_first_error(workers)
    tick()


def listed(runner: Runner, selection: Selection) -> tuple[list[CaseInfo], list[Trouble]]:
    """The cases that a selection takes, as a guest finds them, and what went wrong there. Raises UserError."""
    lost: dict[str, str] = {}
    programs = selected(selection)
    try:
        with start(runner, selection, USUAL, lost) as session:
            troubles = [*session.troubles, *programs.troubles, *troubles_of(lost, selection)]
            return [*session.cases, *programs.infos], troubles
    except RunnerError as error:
        raise UserError(str(error)) from error
