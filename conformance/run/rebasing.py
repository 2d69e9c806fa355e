"""Two kernels in one run, side by side: as targets of that run, what an earlier one may stand in for, what they did."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from conformance.matrix.history import Diff, Side, compare
from conformance.model import Expectation, Matrix, Target
from conformance.run.errors import UserError
from conformance.run.naming import runs
from conformance.run.results import RunPlan, read_plan, read_records
from conformance.run.taking import suite
from conformance.run.targets import flags
from runners.declaration import Declaration

FROM, TO = "from", "to"
"""What the two kernels are called in their run."""
FLAG = "--kernel"
"""The option of whatever runner boots kernels."""
AROUND = ("commandline", "preload")
"""What belongs to a kernel's surroundings, of a target's options."""


@dataclass(frozen=True, slots=True)
class GivenKernel:
    """A kernel as the user named it."""

    named: str
    options: Mapping[str, str | int]
    """Of its target."""
    of_target: bool = False
    """Whether it was named as a target, whose surroundings are its own."""

    @property
    def source(self) -> str:
        """Where its image comes from."""
        return str(self.options[_booting()[1]])


def given(named: str, targets: Mapping[str, Target]) -> GivenKernel:
    """A target of the file that boots a kernel, else a kernel as `--kernel` takes it. Raises ValueError."""
    runner, key = _booting()
    target = targets.get(named)
    if target is None:
        return GivenKernel(named, {key: runner.options[key].whole(named)})
    if target.runner != runner.name:
        raise ValueError(f"the target {named} boots no kernel of its own; name one that does, or an image")
    return GivenKernel(named, target.taken, of_target=True)


def _booting() -> tuple[Declaration, str]:
    """The runner that boots kernels, and its option that names one."""
    return next((declaration, key) for flag, declaration, key in flags() if flag.name == FLAG)


def sides(before: GivenKernel, after: GivenKernel, like: Target | None) -> list[Target]:
    """Both as targets. Where a kernel has no surroundings of its own, both have those of the other, else those of
    `like`: what is compared are the kernels."""
    own = [each for each in (before, after) if each.of_target]
    taken: Mapping[str, str | int] = own[0].options if own else like.taken if like else {}
    around = {key: taken[key] for key in AROUND if key in taken}
    runner, _ = _booting()
    return [
        Target(
            name,
            runner.name,
            each.named,
            options=dict(each.options) if each.of_target else {**around, **each.options},
            answers=runner.answers,
        )
        for name, each in ((FROM, before), (TO, after))
    ]


def earlier(before: Target, folder: Path) -> Path | None:
    """The run in a folder that has most of the same older kernel by the same suite, the newest of several: its record
    holds."""
    found: dict[Path, int] = {}
    for path in runs(folder):
        with suppress(UserError, OSError):
            plan = read_plan(path)
            if plan.suite == suite() and before in plan.targets:
                found[path] = (path / f"{before.name}.jsonl").stat().st_size
    return max(found, key=lambda each: found[each], default=None)


def failed(matrix: Matrix) -> bool:
    """Whether one of the two could not be run, so that the other need not be."""
    return any(column.failed for column in matrix.columns)


def difference(directory: Path, plan: RunPlan, matrix: Matrix) -> Diff:
    """What the newer kernel does otherwise, of a run that has ended, and its matrix."""
    records = {record.target.name: record for record in read_records(directory, plan)}
    before, after = (Side(name, matrix, records[name]) for name in (FROM, TO))
    return compare(before, after)


def acceptances(matrix: Matrix) -> dict[str, Expectation]:
    """By case, who has accepted what the newer kernel does: the reference of the run is the older one."""
    found = ((each.case, each.cells[TO].expected) for each in matrix.comparisons if TO in each.cells)
    return {case: expected for case, expected in found if expected is not None}
