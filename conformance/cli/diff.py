"""`conformance diff`."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from conformance.cli.common import EXPECTATIONS_OPTION, read_expectations, results_directory
from conformance.run.errors import Exit, UsageError
from conformance.text import one_line, plural

if TYPE_CHECKING:  # imported when a comparison is made: `--help` needs none of it
    from conformance.matrix.history import Comparison, Moved, Pairs, Side
    from conformance.model import Expectation, Matrix, Record

LINES = 40
"""How long a report is unless all of it is asked for, or what must be seen is longer."""
NAMED = 3
"""How many modules are named of those whose cases are lost."""


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
    --condition 'kernel >= 6.2').

    \b
    Exit status, the gravest first:
      2  usage: there is no such run or target, or nothing to compare it with
      4  lost evidence, said first: a target that did not start, cases that only one run has, were not run or were
         redefined, or nothing that could be compared. Regressions are listed all the same.
      1  a regression, or a change that nobody has accepted
      0  everything is as before, better, or accepted
    """
    from conformance.matrix.history import compare  # noqa: PLC0415 - slow to import
    from conformance.run.selection import Selection  # noqa: PLC0415 - slow to import

    known = read_expectations(expectations)
    (old, old_target), (new, new_target) = map(_located, (before, after))
    old_run, new_run = _Run.read(old, known), _Run.read(new, known)
    chosen = _chosen(old_run, new_run, (old_target, new_target), pairs, common=common)
    takes = Selection(tuple(path.removeprefix("cases/") for path in paths)).takes
    found = [compare(old_run.side(one), new_run.side(other), takes, common=common) for one, other in chosen.pairs]
    lost = list(_lost(found, chosen, old_run, new_run, common=common))
    for line in _report(found, lost, chosen, full=full, width=_width()):
        click.echo(line)
    if lost:
        return Exit.INCOMPLETE
    return Exit.UNEXPECTED if any(_gates(each, flaky) for each in _all(found)) else Exit.EXPECTED


# -- what to compare


class _Run:
    """A run as it was read."""

    def __init__(self, name: str, matrix: Matrix, records: Sequence[Record]) -> None:
        self.name, self.matrix = name, matrix
        self.absent = {each.target.name: each.why for each in matrix.absent}
        self.records = {record.target.name: record for record in records}

    @staticmethod
    def read(directory: Path, known: Sequence[Expectation]) -> _Run:
        """From a results directory. Raises UserError."""
        from conformance.matrix.build import build  # noqa: PLC0415 - slow to import
        from conformance.run.results import read_plan, read_records  # noqa: PLC0415 - slow to import

        plan = read_plan(directory)
        records = read_records(directory, plan)
        matrix = replace(build(records, plan.reference, known), absent=plan.absent)
        return _Run(str(directory), matrix, records)

    def side(self, target: str) -> Side:
        """One of its targets. Raises UsageError."""
        from conformance.matrix.history import Side  # noqa: PLC0415 - slow to import

        if target not in self.records:
            raise UsageError(f"{self.name} has no target {target}; it has {', '.join(self.records)}")
        return Side(self.name, self.matrix, self.records[target])


def _located(given: str) -> tuple[Path, str]:
    """A run's directory and the target in it that is named, if one is. Raises UsageError."""
    name, separator, target = given.rpartition(":")
    if not separator or Path(given).is_dir():
        return results_directory(given), ""
    return results_directory(name), target


def _chosen(old: _Run, new: _Run, named: tuple[str, str], pairs: Sequence[str], *, common: bool) -> Pairs:
    """The pairs to compare. Raises UsageError when there are none, or more than one way to make them."""
    from conformance.matrix.history import Pairs, pairs_of  # noqa: PLC0415 - slow to import

    if pairs and any(named):
        raise UsageError("name the targets with RUN:TARGET or with --pair, not with both")
    if pairs:
        split = [each.partition("=") for each in pairs]
        for each, (one, separator, other) in zip(pairs, split, strict=True):
            if not one or not separator or not other:
                raise UsageError(f"--pair {each}: write OLD=NEW, a target of the first run and one of the second")
        return Pairs([(one, other) for one, _, other in split])
    found = pairs_of(old.matrix, new.matrix)
    if any(named):
        one, other = named
        by_default = next((pair for pair in found.pairs if one == pair[0] or other == pair[1]), ("", ""))
        return Pairs([(one or by_default[0] or other, other or by_default[1] or one)])
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


# -- what came of it


def _all(found: Iterable[Comparison]) -> Iterator[Moved]:
    for each in found:
        yield from each.moved


def _gates(moved: Moved, flaky: str | None) -> bool:
    """Whether a change makes exit status 1."""
    from conformance.matrix.history import Change  # noqa: PLC0415 - slow to import

    if moved.change is Change.FLAKY:
        return flaky == "fail"
    died = moved.after in ("crash", "hang")
    return moved.gates and not (flaky == "warn" and died and not moved.steady)


def _lost(found: Sequence[Comparison], chosen: Pairs, old: _Run, new: _Run, *, common: bool) -> Iterator[list[str]]:
    """What is not known, and why: a sentence first, then the cases that it is about."""
    from conformance.matrix.history import Change  # noqa: PLC0415 - slow to import

    for sentence in dict.fromkeys(each for one in found for each in one.shortcomings()):
        yield [sentence]
    if not common:
        for names, run, other in ((chosen.only_before, old, new), (chosen.only_after, new, old)):
            yield from ([_alone(name, run, other)] for name in names)
    for one in found:
        by_reason: dict[str, list[Moved]] = {}
        for each in one.moved:
            if each.change is Change.LOST:
                by_reason.setdefault(each.message, []).append(each)
        for message, cases in by_reason.items():
            words = {f"{each.before} → {each.after}" for each in cases}
            told = f" ({next(iter(words))})" if len(words) == 1 else ""
            yield [
                f"{_title(one)}: {plural(len(cases), 'case')} cannot be compared{told}: {message}",
                *(each.case for each in cases),
            ]
    if not any(each.compared or each.silent for each in found):
        yield ["no case could be compared"]


def _alone(name: str, run: _Run, other: _Run) -> str:
    if why := other.absent.get(name):
        return f"{name} could not run in {other.name}: {why}"
    return f"{name} is in {run.name} only: name what to compare with --pair or RUN:TARGET, or give --common"


# -- how it is told


def _width() -> int | None:
    """Of the terminal; None where nobody looks at one."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() or "COLUMNS" in os.environ else None


def _report(
    found: Sequence[Comparison], lost: Sequence[Sequence[str]], chosen: Pairs, *, full: bool, width: int | None
) -> list[str]:
    """All lines: what is lost, sums, what gates; then as much of the rest as there is room for."""
    must = [*_told_of_lost(lost, full=full), *_sums(found, chosen)]
    may: list[str] = []
    for one in found:
        for each in one.moved:
            entry = list(_entry(each, one, f"{_title(one)} " if len(found) > 1 else "", full=full))
            (must if each.gates else may).extend(entry if str(each.change) != "lost evidence" else ())
    room = max(LINES - len(must) - 1, 0)
    cut = not full and len(may) > room
    lines = [_fitting(line, width) for line in [*must, *(may[: room - room % 2] if cut else may)]]
    if cut:
        lines.append(f"… and {plural((len(may) - room + 1) // 2, 'more entry', 'more entries')}: --full shows all")
    return lines


def _told_of_lost(lost: Sequence[Sequence[str]], *, full: bool) -> Iterator[str]:
    if lost:
        yield f"lost evidence ({plural(len(lost), 'reason')}):"
    for sentence, *cases in lost:
        yield f"  {sentence}"
        modules = list(dict.fromkeys(case.partition("::")[0] for case in cases))
        if full:
            yield from (f"    {case}" for case in cases)
        elif modules:
            more = f", and {len(modules) - NAMED} more modules" if len(modules) > NAMED else ""
            yield f"    {', '.join(modules[:NAMED])}{more}"


def _title(one: Comparison) -> str:
    old, new = one.before.name, one.after.name
    return new if old == new else f"{old} → {new}"


def _sums(found: Sequence[Comparison], chosen: Pairs) -> Iterator[str]:
    """What was compared with what, and how it came out, a line each; what else has moved."""
    from conformance.matrix.history import Change, moved_axes  # noqa: PLC0415 - slow to import

    if chosen.guessed:
        yield "note: {} and {} are compared: each is the only target that the other run has not".format(*chosen.guessed)
    for one in found:
        counts = [f"{one.same} as before"]
        for change in Change:
            of_it = [each for each in one.moved if each.change is change]
            accepted = sum(each.expected is not None for each in of_it)
            if of_it:
                word = f"{change}s" if change in (Change.REGRESSION, Change.GAIN) and len(of_it) != 1 else str(change)
                counts.append(f"{len(of_it)} {word}" + (f" ({accepted} accepted)" if accepted else ""))
        if one.silent:
            counts.append(f"{one.silent} skipped by both")
        yield f"{_title(one)}{_releases(one)}: {', '.join(counts)}"
        yield from (f"  note: {axis}" for axis in moved_axes(one.before.column, one.after.column))


def _releases(one: Comparison) -> str:
    releases = [each.column.facts.release if each.column.facts else "?" for each in (one.before, one.after)]
    return f" ({releases[0]})" if releases[0] == releases[1] else f" ({releases[0]} → {releases[1]})"


def _entry(moved: Moved, one: Comparison, title: str, *, full: bool) -> Iterator[str]:
    """Two lines of a change, and both calls where all is asked for."""
    yield f"{moved.change}: {title}{moved.case}"
    words = moved.before if moved.before == moved.after else f"{moved.before} → {moved.after}"
    cause = f" ({moved.cause})" if moved.cause else ""
    accepted = f"; accepted: {moved.expected.reason}" if moved.expected else ""
    once = "; seen once only" if moved.gates and moved.attempts == 1 else ""
    yield f"  {words}{cause}{': ' if moved.message else ''}{moved.message}{once}{accepted}"
    if full and moved.step is not None:
        for mark, side in (("-", one.before), ("+", one.after)):
            row = next(row for row in side.matrix.rows if row.case == moved.case)
            calls = row.traces[side.name].calls
            yield f"    {mark} {calls[moved.step] if moved.step < len(calls) else '(no more calls)'}"


def _fitting(line: str, width: int | None) -> str:
    """A line as a terminal can show it: what a guest said is in it."""
    indent = len(line) - len(line.lstrip())
    line = " " * indent + one_line(line)
    return line if width is None or len(line) <= width else line[: width - 1] + "…"
