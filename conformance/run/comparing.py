"""Two runs beside each other: which of their targets are compared, and what that comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.matrix.build import build
from conformance.matrix.history import Diff, Lost, Side, TargetPairs, compare, lost, pairs_of
from conformance.model import Comparison, Expectation, Matrix, Record
from conformance.run.conduct import Conduct
from conformance.run.errors import Exit, UsageError
from conformance.run.naming import results_directory
from conformance.run.results import read_plan, read_records
from conformance.run.selection import Selection


@dataclass(frozen=True, slots=True)
class TwoRuns:
    """What two runs are beside each other."""

    diffs: list[Diff]
    """A pair of targets each."""
    lost: list[Lost]
    """What cannot be compared, and why."""
    notes: list[str]
    """What a reader must know of the comparison as a whole."""

    def status(self, flaky: str | None = None) -> Exit:
        """What the comparison deserves. `flaky` as in `Moved.fails`: what does not agree with itself."""
        if self.lost:
            return Exit.INCOMPLETE
        worse = any(each.fails(flaky or "") for one in self.diffs for each in one.moved)
        return Exit.UNEXPECTED if worse else Exit.EXPECTED


def compare_runs(
    before: str,
    after: str,
    known: Sequence[Expectation] = (),
    *,
    paths: Sequence[str] = (),
    pairs: Sequence[str] = (),
    common: bool = False,
    traces: bool = False,
) -> TwoRuns:
    """Compare what two runs did, `RUN` or `RUN:TARGET` each. Raises UserError.

    `paths`: only these areas, modules or cases. `pairs`: only these targets, `OLD=NEW` each. `common`: what only one of
    them has is left out instead of lost. `traces`: with both sides' calls as text.
    """
    (old, old_target), (new, new_target) = map(_located, (before, after))
    old_run, new_run = (RunRead.read(each, known, traces=traces) for each in (old, new))
    chosen = _chosen(old_run, new_run, (old_target, new_target), pairs, common=common)
    takes = Selection(tuple(path.removeprefix("cases/") for path in paths)).takes
    found = [compare(old_run.side(one), new_run.side(other), takes, common=common) for one, other in chosen.pairs]
    alone = [] if common else [old_run.alone(each, new_run) for each in chosen.only_before]
    alone += [] if common else [new_run.alone(each, old_run) for each in chosen.only_after]
    return TwoRuns(found, [*map(Lost, alone), *lost(found)], _notes(old_run, new_run, chosen))


@dataclass(frozen=True, slots=True)
class RunRead:
    """A run as it was read."""

    name: str
    matrix: Matrix
    """Without comparisons: those that are asked for are made then."""
    records: Mapping[str, Record]
    selection: Selection
    conduct: Conduct
    known: Sequence[Expectation]
    traces: bool

    @staticmethod
    def read(directory: Path, known: Sequence[Expectation], *, traces: bool) -> RunRead:
        """From a results directory. Raises UserError."""
        plan = read_plan(directory)
        records = read_records(directory, plan)
        silent = [replace(record, cases=[], results={}) for record in records]
        matrix = replace(build(silent, plan.reference), absent=plan.absent)
        by_name = {record.target.name: record for record in records}
        return RunRead(str(directory), matrix, by_name, plan.selection, plan.conduct, known, traces)

    def comparison(self, case: str) -> Comparison | None:
        """What the matrix of the run says of a case."""
        records = [
            replace(
                record,
                cases=[info for info in record.cases if info.id == case],
                results={case: record.results[case]} if case in record.results else {},
            )
            for record in self.records.values()
        ]
        comparisons = build(records, self.matrix.reference, self.known, traces=self.traces).comparisons
        return comparisons[0] if comparisons else None

    def side(self, target: str) -> Side:
        """One of its targets. Raises UsageError."""
        if target not in self.records:
            raise UsageError(f"{self.name} has no target {target}; it has {', '.join(self.records)}")
        return Side(self.name, self.matrix, self.records[target], self.selection.takes, self.comparison)

    def alone(self, name: str, other: RunRead) -> str:
        """Why a target of this run is compared with nothing."""
        why = next((each.why for each in other.matrix.absent if each.target.name == name), "")
        if why:
            return f"{name} could not run in {other.name}: {why}"
        return f"{name} is in {self.name} only: name what to compare with --pair or RUN:TARGET, or give --common"


def _notes(old: RunRead, new: RunRead, chosen: TargetPairs) -> list[str]:
    """What a reader must know of the comparison as a whole."""
    notes = []
    if chosen.guessed:
        one, other = chosen.guessed
        notes.append(f"{one} and {other} are compared: each is the only target that the other run has not")
    for axis in ("effort", "timeout"):
        was, now = getattr(old.conduct, axis), getattr(new.conduct, axis)
        if was != now:
            notes.append(f"the {axis} was {was} and is {now}")
    return notes


def _located(given: str) -> tuple[Path, str]:
    """A run's directory and the target in it that is named, if one is. Raises UsageError."""
    name, separator, target = given.rpartition(":")
    if not separator or Path(given).is_dir():
        return results_directory(given), ""
    return results_directory(name), target


def _chosen(old: RunRead, new: RunRead, named: tuple[str, str], pairs: Sequence[str], *, common: bool) -> TargetPairs:
    """The pairs to compare. Raises UsageError when there are none, or more than one way to make them."""
    if pairs and any(named):
        raise UsageError("name the targets with RUN:TARGET or with --pair, not with both")
    if pairs:
        split = [each.partition("=") for each in pairs]
        for each, (one, separator, other) in zip(pairs, split, strict=True):
            if not one or not separator or not other:
                raise UsageError(f"--pair {each}: write OLD=NEW, a target of the first run and one of the second")
        return TargetPairs([(one, other) for one, _, other in split])
    found = pairs_of(old.matrix, new.matrix)
    if any(named):
        one, other = named
        by_default = next((pair for pair in found.pairs if one == pair[0] or other == pair[1]), ("", ""))
        return TargetPairs([(one or by_default[0] or other, other or by_default[1] or one)])
    if common and found.pairs:
        return found
    between = {name for pair in found.pairs for name in pair} - {old.matrix.reference, new.matrix.reference}
    if not between and found.only_before and found.only_after:
        raise UsageError(
            f"{old.name} and {new.name} share no target beside the reference ({', '.join(found.only_before)}; "
            f"{', '.join(found.only_after)}): say which are compared with --pair {found.only_before[0]}="
            f"{found.only_after[0]}"
        )
    return found
