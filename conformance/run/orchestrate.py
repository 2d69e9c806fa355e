"""A whole run: all targets side by side, the comparison, what is suspicious once more, the matrix."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from conformance.matrix.build import build, suspicious
from conformance.model import Expectation, Matrix
from conformance.run.results import RunPlan, compared, read_record, read_records
from conformance.run.worker import Progress, Worker, raise_first_error
from runners.base import Runner

TICK_SECONDS = 0.2
JOIN_SECONDS = 10.0


def execute(
    directory: Path,
    plan: RunPlan,
    runners: dict[str, Runner],
    expectations: Sequence[Expectation],
    display: Callable[[Sequence[Progress]], None],
) -> Matrix:
    """Run the plan, or what is left of it, and compare. Whatever happens, no guest is left when it returns.

    `display` is called some times a second with how far each target is. Raises UserError, KeyboardInterrupt.
    """
    workers = []
    for target in plan.targets:
        earlier = read_record(directory, plan, target)
        path = directory / f"{target.name}.jsonl"
        workers.append(Worker(target, runners[target.name], path, plan.run, plan.selection, earlier))
    progress = [worker.progress for worker in workers]
    try:
        for worker in workers:
            worker.start()
        _wait(workers, lambda worker: worker.first_pass.is_set(), lambda: display(progress))
        again = suspicious(build(read_records(directory, plan), plan.reference, expectations))
        for worker in workers:
            for _ in range(2):
                if cases := again.get(worker.name):
                    worker.again(cases)
            worker.again(None)
        _wait(workers, lambda worker: not worker.is_alive(), lambda: display(progress))
    finally:
        for worker in workers:
            worker.stop()
        for worker in workers:
            if worker.ident is not None:
                # One that is stuck in a guest's start is left to its end: its processes die with its thread.
                worker.join(JOIN_SECONDS)
    raise_first_error(workers)
    return compared(directory, plan, expectations)


def _wait(workers: Sequence[Worker], done: Callable[[Worker], bool], tick: Callable[[], None]) -> None:
    """Until all workers are done, or one has failed in a way that ends the run."""
    while not all(done(worker) or not worker.is_alive() for worker in workers):
        raise_first_error(workers)
        tick()
        time.sleep(TICK_SECONDS)
    raise_first_error(workers)
    tick()
