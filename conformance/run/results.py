"""What a run leaves behind, and how it is found and read again: its plan, its records, its matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from conformance.matrix.build import build
from conformance.model import Absent, Expectation, Matrix, Record, Target
from conformance.run import records
from conformance.run.conduct import USUAL, Conduct
from conformance.run.errors import UsageError, UserError
from conformance.run.selection import Selection

PLAN_FILE = "run.json"
PLAN_SCHEMA = 2
"""Version of a plan. A reader refuses a newer one and reads every older one. 2: `conduct` where 1 had `timeout`,
`repeat` and, as `profile`, the effort in `selection`; targets know the kernels given to them, where 1 had `kernels`."""
RUN_NAME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a run is: kept beside its records, so that it can be resumed and read later."""

    run: str
    reference: str
    targets: list[Target]
    selection: Selection
    conduct: Conduct = USUAL
    absent: list[Absent] = field(default_factory=list)
    """Targets that were not asked for by name and cannot run here."""
    arguments: list[str] = field(default_factory=list)
    """See `Matrix.arguments`."""
    jobs: int | None = None
    """How many guests each target may have at once; None: what the cores allow. What is seen is the same."""
    since: str = ""
    """The run that results are taken over from, as results_directory finds it; "" where all is run."""
    suite: str = ""
    """See `taking.suite`; "" where that was not written down."""
    host: str = ""
    """See `taking.host`."""
    schema: int = PLAN_SCHEMA

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
        plan = msgspec.json.decode(data)
        schema = plan.get("schema")
        if isinstance(schema, int) and schema > PLAN_SCHEMA:
            raise UsageError(
                f"{directory} has schema {schema}, and this version reads up to {PLAN_SCHEMA}: "
                "update the suite to read it"
            )
        return msgspec.convert(_as_of_today(plan) if schema == 1 else plan, RunPlan)
    except OSError as error:
        raise UsageError(
            f"{directory} is no results directory: {path.name} cannot be read: {error.strerror}"
        ) from error
    except (msgspec.MsgspecError, AttributeError, KeyError, TypeError, RecursionError) as error:
        raise UsageError(f"{path} is damaged: {error}; start the run anew") from error


def _as_of_today(plan: dict[str, Any]) -> dict[str, Any]:
    """A plan of schema 1 as one of `PLAN_SCHEMA`. Raises AttributeError, KeyError, TypeError."""
    selection, kernels = plan.get("selection", {}), plan.get("kernels", {})
    names = {"timeout": "timeout", "profile": "effort", "repeat": "repeat"}
    conduct = {name: selection[former] for former, name in names.items() if former in selection}
    arguments = ["--effort" if each == "--profile" else each for each in plan.get("arguments", [])]
    targets = [
        {**each, "given": {"kernel": kernels[each["name"]], **each.get("given", {})}}
        if each["name"] in kernels
        else each
        for each in plan["targets"]
    ]
    return {**plan, "targets": targets, "conduct": conduct, "arguments": arguments, "schema": PLAN_SCHEMA}


def new_run_name() -> str:
    """The time, so that names sort by it."""
    return datetime.now(UTC).strftime(RUN_NAME)


def planned(plan: RunPlan) -> float | None:
    """When a run was planned, in seconds since the epoch; None where its name does not say so."""
    try:
        return datetime.strptime(plan.run, RUN_NAME).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return None


def read_records(directory: Path, plan: RunPlan) -> list[Record]:
    """The records of a run, a target that has none as one that failed. Raises UserError."""
    return [
        read_record(directory, plan, target) or records.empty(target, plan.run, "it was never started")
        for target in plan.targets
    ]


def read_record(directory: Path, plan: RunPlan, target: Target) -> Record | None:
    """What a target has said in a run so far; None when it has not begun. Raises UserError.

    Its file may have been copied there: a record of something else says nothing about this target.
    """
    path = directory / f"{target.name}.jsonl"
    record = records.read_if_begun(path)
    if record is None:
        return None
    if record.target.name != target.name:
        raise UserError(f"{path} is a record of {record.target.name}, not of {target.name}: put the right one there")
    if record.run != plan.run:
        raise UserError(f"{path} is a record of the run {record.run}, not of {plan.run}: put the right one there")
    return record


def matrix_of(directory: Path, expectations: Sequence[Expectation] = (), *, traces: bool = True) -> Matrix:
    """The matrix of a results directory, compared anew. Raises UserError."""
    return compared(directory, read_plan(directory), expectations, traces=traces)


def compared(directory: Path, plan: RunPlan, expectations: Sequence[Expectation], *, traces: bool = True) -> Matrix:
    """As `matrix_of`, of a plan that has been read already."""
    matrix = build(read_records(directory, plan), plan.reference, expectations, traces=traces)
    return replace(matrix, absent=plan.absent, arguments=plan.arguments)
