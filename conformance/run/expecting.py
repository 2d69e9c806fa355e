"""What `conformance expect` does to the expectations of a place: a run's differences, others' lists."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from conformance.matrix.expectations.accepting import accept, dead
from conformance.matrix.expectations.applying import apply
from conformance.matrix.expectations.entries import check, day_of, matches
from conformance.matrix.expectations.files import ExpectationError, with_common
from conformance.matrix.expectations.foreign.formats import SUFFIXES, Format, Wanted, read, write
from conformance.matrix.expectations.foreign.notes import Unread
from conformance.matrix.expectations.moving import Move, move
from conformance.model import Cell, Column, Comparison, Expectation, ExpectationKind, Matrix, Verdict
from conformance.places import CASES
from conformance.run.called import functions
from conformance.run.errors import UsageError
from conformance.run.known import Known
from conformance.run.results import compared, read_plan
from conformance.run.selection import Selection
from conformance.text import plural


@dataclass(frozen=True, slots=True)
class Run:
    """A run whose differences are looked at."""

    directory: Path
    selection: Selection
    matrix: Matrix
    """Held against no expectations yet."""
    targets: tuple[str, ...]
    """Those that were named; none: all."""

    @staticmethod
    def of(directory: Path, targets: tuple[str, ...]) -> Run:
        """From a results directory. Raises UsageError where it does not have a target that is named."""
        plan = read_plan(directory)
        matrix = compared(directory, plan, ())
        there = [column.target.name for column in matrix.columns]
        if unknown := next((name for name in targets if name not in there), None):
            raise UsageError(
                f"-t {unknown}: there is no such target in {directory}; its targets are {', '.join(there)}"
            )
        return Run(directory, plan.selection, matrix, targets)

    def takes(self, target: str) -> bool:
        """Whether a target is meant."""
        return not self.targets or target in self.targets


# -- what a run shows


def like(reason: str | None, link: str, when: str, expires: str, day: str) -> Expectation:
    """What all new expectations share. Raises UsageError for what no file of expectations may say."""
    kind = ExpectationKind.BASELINE if reason is None else ExpectationKind.EXPLAINED
    found = Expectation("*", "any", Verdict.DIFFERS, reason or "", link, when, since=day, expires=expires, kind=kind)
    try:
        check(found)
        ends = day_of(expires)
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    if ends is not None and ends <= datetime.date.today():
        raise UsageError(f"--expires: {expires} has come already, so that nothing would be expected; name a later day")
    return found


def accepted(
    run: Run, known: Known, new: Expectation, pattern: str, causes: Sequence[str], *, always: bool = False
) -> Known:
    """What is known when what a run shows is, of cases that match a pattern, for these causes (none: for any).

    `always`: what is new has the condition of `new`, even if that is none.
    """

    def wanted(column: Column, comparison: Comparison, cell: Cell) -> bool:
        return (
            run.takes(column.target.name) and (not causes or cell.cause in causes) and matches(pattern, comparison.case)
        )

    has_all = run.selection.has_all
    entries = accept(run.matrix, known.expectations, wanted, new, known.usual, always=always, has_all=has_all)
    return known.with_entries(entries)


def pruned(run: Run, known: Known) -> Known:
    """What is known without what a run does not meet."""
    found = dead(apply(run.matrix, known.expectations), known.expectations, run.selection.has_all)
    gone = {id(each) for each in found}
    return known.with_entries(each for each in known.expectations if id(each) not in gone or not run.takes(each.target))


def on_to(run: Run, known: Known, day: str) -> tuple[Known, list[str]]:
    """What is known when the baselines are moved on to the versions of a run, and what has been done, in lines.

    Raises UsageError where a target did not run to its end.
    """
    lines = []
    for column in run.matrix.columns:
        name = column.target.name
        if name == run.matrix.reference or not run.takes(name):
            continue
        if column.failed or not column.complete:
            raise UsageError(
                f"{name} did not run to its end in {run.directory}, so that it tells too little of a baseline: finish "
                f"it with `conformance run --resume {run.directory}`, or name others with -t"
            )
        done = move(run.matrix, known.of(name), day, run.selection.has_all)
        known = known.with_file(done.file)
        lines += _told(done)
    return known, lines


def _told(done: Move) -> list[str]:
    explained = len(done.file.of(ExpectationKind.EXPLAINED))
    of = f"{done.file.target}: the baseline is that of {done.when or 'any version'}"
    lines = [f"{of}: {done.kept} as before, {done.new} new, {done.dropped} dropped; {explained} explained stay"]
    if done.aside:
        entries = plural(done.aside, "entry", "entries")
        lines.append(f"  {entries} of cases that this run does not have: kept, for the versions they were seen with")
    if cases := done.explained_otherwise:
        more = ", …" if len(cases) > 3 else ""
        lines.append(
            f"  {plural(len(cases), 'case does', 'cases do')} otherwise than is explained, and a human must say why: "
            f"{', '.join(cases[:3])}{more}"
        )
    return lines


# -- what others keep


def imported(
    known: Known, source: Path, form: str | None, targets: Sequence[str], environment: str, verdict: Verdict, day: str
) -> tuple[Known, list[Unread]]:
    """What is known with a list that others keep, and what of that is no expectation. Raises UsageError."""
    kind = _format(source, form, "--from")
    if kind is not Format.TOML:
        _one_target(targets, f"--from {source}")
    try:
        text = source.read_text(encoding="utf-8")
        found: list[Expectation] = []
        unread: list[Unread] = []
        for target in targets or ("",):
            its, left = read(
                kind, text, str(source), Wanted(target, environment or target, verdict, day), functions(CASES)
            )
            found += its
            unread += left
    except ExpectationError as error:
        raise UsageError(str(error)) from error
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{source}: {error}") from error
    return _with(known, found), unread


def _with(known: Known, found: Sequence[Expectation]) -> Known:
    """What is known with other entries: those of the same case, kind and condition are replaced."""
    same = {(each.target, each.case, each.kind, each.when): each for each in known.expectations}
    same |= {(each.target, each.case, each.kind, each.when): each for each in found}
    there = {file.target for file in known.files}
    after = known.with_entries(same.values())
    return replace(after, files=[file if file.target in there else with_common(file) for file in after.files])


def exported(known: Known, sink: Path, form: str | None, targets: Sequence[str]) -> tuple[str, int, list[Expectation]]:
    """What is known of a target as others keep it, of how many entries, and those that cannot be written so.

    Raises UsageError.
    """
    kind = _format(sink, form, "--to")
    file = known.of(_one_target(targets, f"--to {sink}"))
    if not file.entries:
        raise UsageError(f"--to {sink}: nothing is expected of {file.target} in {known.path}, so there is no list")
    text, left = write(kind, file)
    return text, len(file.entries) - len(left), left


def _one_target(targets: Sequence[str], option: str) -> str:
    if len(targets) != 1:
        raise UsageError(f"{option}: say of which target the list is, with one -t TARGET")
    return targets[0]


def _format(path: Path, form: str | None, option: str) -> Format:
    found = Format(form) if form else SUFFIXES.get(path.suffix)
    if found is None:
        raise UsageError(f"{option} {path}: its name does not tell its format; say --format {', '.join(Format)}")
    return found
