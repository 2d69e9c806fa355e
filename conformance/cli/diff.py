"""`conformance diff`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.common import EXPECTATIONS_OPTION, read_expectations, results_directory
from conformance.run.errors import Exit, UsageError

if TYPE_CHECKING:  # imported when a comparison is made: `--help` needs none of it
    from conformance.matrix.history import Side, TargetPairs
    from conformance.model import Comparison, Expectation, Matrix, Record
    from conformance.run.conduct import Conduct
    from conformance.run.selection import Selection


@click.command("diff")
@click.argument("before", metavar="RUN[:TARGET]")
@click.argument("after", metavar="RUN[:TARGET]")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--pair",
    "pairs",
    multiple=True,
    metavar="OLD=NEW",
    help="Compare this target of the first run with that one of the second; may be given several times, and then "
    "nothing else is compared.",
)
@click.option(
    "--common",
    is_flag=True,
    help="Only the targets and the cases that both runs have. Without it, what only one has is lost evidence.",
)
@click.option(
    "--flaky",
    type=click.Choice(["fail", "warn"]),
    help="Whether cases that do not agree with themselves make exit status 1. Without it, only those do that crash "
    "or hang in some attempt.",
)
@click.option("--full", is_flag=True, help="All of it, with both calls where two traces differ, however long.")
@EXPECTATIONS_OPTION
def command(
    before: str,
    after: str,
    paths: tuple[str, ...],
    pairs: tuple[str, ...],
    common: bool,
    flaky: str | None,
    full: bool,
    expectations: Path | None,
) -> int:
    """Compare what two kernels did: what has become worse, what has changed, what is better.

    RUN is a results directory, the name of a run below results/, or LATEST. Targets of the same name are compared, and
    the only two others, or those that RUN:TARGET or --pair name. Both runs may be the same. PATH is an area, a module
    or a case: only those are compared.

    \b
    conformance diff old new                   two runs, before a rebase and after it
    conformance diff LATEST:k61 LATEST:k612    two kernels of one run
    conformance diff old new --pair lts=next   two targets of other names
    conformance diff old new netlink           one area

    What the kernels did is compared, call by call; the references of the runs say which side is right, and why. A
    change is accepted by an expectation that holds for the newer kernel and not for the older one (conformance expect
    --when 'kernel >= 6.2').

    \b
    Exit status, the gravest first:
      2  usage: there is no such run or target, or nothing to compare it with
      4  lost evidence, said first: a target that did not start, cases that only one run has, were not run or were
         redefined, or nothing that could be compared. Regressions are listed all the same.
      1  a regression, or a change that nobody has accepted
      0  everything is as before, better, or accepted
    """
    from conformance.matrix.history import Lost, compare, lost  # noqa: PLC0415 - slow to import
    from conformance.run.diff_display import report  # noqa: PLC0415 - slow to import
    from conformance.run.selection import Selection  # noqa: PLC0415 - slow to import

    known = read_expectations(expectations)
    (old, old_target), (new, new_target) = map(_located, (before, after))
    old_run, new_run = (_Run.read(each, known, traces=full) for each in (old, new))
    chosen = _chosen(old_run, new_run, (old_target, new_target), pairs, common=common)
    takes = Selection(tuple(path.removeprefix("cases/") for path in paths)).takes
    found = [compare(old_run.side(one), new_run.side(other), takes, common=common) for one, other in chosen.pairs]
    alone = [] if common else [old_run.alone(each, new_run) for each in chosen.only_before]
    alone += [] if common else [new_run.alone(each, old_run) for each in chosen.only_after]
    gone = [*map(Lost, alone), *lost(found)]
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None
    for line in report(found, gone, _notes(old_run, new_run, chosen), full=full, width=width):
        click.echo(line)
    if gone:
        return Exit.INCOMPLETE
    worse = any(each.fails(flaky or "") for one in found for each in one.moved)
    return Exit.UNEXPECTED if worse else Exit.EXPECTED


# -- what to compare


@dataclass(frozen=True)
class _Run:
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
    def read(directory: Path, known: Sequence[Expectation], *, traces: bool) -> _Run:
        """From a results directory. Raises UserError."""
        from conformance.matrix.build import build  # noqa: PLC0415 - slow to import
        from conformance.run.results import read_plan, read_records  # noqa: PLC0415 - slow to import

        plan = read_plan(directory)
        records = read_records(directory, plan)
        silent = [replace(record, cases=[], results={}) for record in records]
        matrix = replace(build(silent, plan.reference), absent=plan.absent)
        by_name = {record.target.name: record for record in records}
        return _Run(str(directory), matrix, by_name, plan.selection, plan.conduct, known, traces)

    def comparison(self, case: str) -> Comparison | None:
        """What the matrix of the run says of a case."""
        from conformance.matrix.build import build  # noqa: PLC0415 - slow to import

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
        from conformance.matrix.history import Side  # noqa: PLC0415 - slow to import

        if target not in self.records:
            raise UsageError(f"{self.name} has no target {target}; it has {', '.join(self.records)}")
        return Side(self.name, self.matrix, self.records[target], self.selection.takes, self.comparison)

    def alone(self, name: str, other: _Run) -> str:
        """Why a target of this run is compared with nothing."""
        why = next((each.why for each in other.matrix.absent if each.target.name == name), "")
        if why:
            return f"{name} could not run in {other.name}: {why}"
        return f"{name} is in {self.name} only: name what to compare with --pair or RUN:TARGET, or give --common"


def _notes(old: _Run, new: _Run, chosen: TargetPairs) -> list[str]:
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


def _chosen(old: _Run, new: _Run, named: tuple[str, str], pairs: Sequence[str], *, common: bool) -> TargetPairs:
    """The pairs to compare. Raises UsageError when there are none, or more than one way to make them."""
    from conformance.matrix.history import TargetPairs, pairs_of  # noqa: PLC0415 - slow to import

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
