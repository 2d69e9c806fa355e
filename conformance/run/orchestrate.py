"""A whole run: all targets side by side, the comparison, what is suspicious once more, the matrix."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from conformance.matrix.build import build, suspicious
from conformance.model import SCHEMA, Absent, Expectation, Matrix, Record, Target
from conformance.run import records
from conformance.run.errors import UsageError, UserError
from conformance.run.selection import Selection
from conformance.run.worker import Progress, Worker, raise_first_error
from runners.base import Runner

PLAN_FILE = "run.json"
TICK_SECONDS = 0.2
JOIN_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is: kept beside its records, so that it can be resumed and read later."""

    run: str
    reference: str
    targets: list[Target]
    selection: Selection
    kernels: dict[str, str]
    """Kernels given on the command line, by target."""
    absent: list[Absent] = field(default_factory=list)
    """Targets that were not asked for by name and cannot run here."""
    arguments: list[str] = field(default_factory=list)
    """See `Matrix.arguments`."""
    schema: int = SCHEMA

    def write(self, directory: Path) -> None:
        """Save beside the records. Raises UserError."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            (directory / PLAN_FILE).write_bytes(msgspec.json.format(msgspec.json.encode(self)))
        except OSError as error:
            raise UserError(f"the results directory {directory} cannot be written: {error.strerror}") from error


def read_plan(directory: Path) -> RunPlan:
    """The plan of an earlier run. Raises UserError when it is none, or a newer one."""
    path = directory / PLAN_FILE
    try:
        data = path.read_bytes()
        schema = msgspec.json.decode(data).get("schema")
        if isinstance(schema, int) and schema > SCHEMA:
            raise UsageError(
                f"{directory} has schema {schema}, and this version reads up to {SCHEMA}: update the suite to read it"
            )
        return msgspec.json.decode(data, type=RunPlan)
    except OSError as error:
        raise UsageError(
            f"{directory} is no results directory: {path.name} cannot be read: {error.strerror}"
        ) from error
    except (msgspec.MsgspecError, AttributeError) as error:
        raise UsageError(f"{path} is damaged: {error}; start the run anew") from error


def new_run_name() -> str:
    """The time, so that names sort by it."""
    return datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")


def read_records(directory: Path, plan: RunPlan) -> list[Record]:
    """The records of a run, a target that has none as one that failed."""
    found = []
    for target in plan.targets:
        found.append(
            records.read_if_begun(directory / f"{target.name}.jsonl")
            or records.empty(target, plan.run, "it was never started")
        )
    return found


def matrix_of(directory: Path, expectations: Sequence[Expectation] = ()) -> Matrix:
    """The matrix of a results directory, compared anew. Raises UserError."""
    plan = read_plan(directory)
    return _matrix(directory, plan, expectations)


def _matrix(directory: Path, plan: RunPlan, expectations: Sequence[Expectation]) -> Matrix:
    matrix = build(read_records(directory, plan), plan.reference, expectations)
    return replace(matrix, absent=plan.absent, arguments=plan.arguments)


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
        path = directory / f"{target.name}.jsonl"
        earlier = records.read_if_begun(path)
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
    return _matrix(directory, plan, expectations)


def _wait(workers: Sequence[Worker], done: Callable[[Worker], bool], tick: Callable[[], None]) -> None:
    """Until all workers are done, or one has failed in a way that ends the run."""
    while not all(done(worker) or not worker.is_alive() for worker in workers):
        raise_first_error(workers)
        tick()
        time.sleep(TICK_SECONDS)
    raise_first_error(workers)
    tick()
