"""From what a command asks for to a plan: which targets, which cases, and how to say the same again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.matrix.expectations.applying import outdated
from conformance.model import Absent, Expectation, Target, Verdict
from conformance.places import CALLS, CASES, SHIPPED
from conformance.run import targets as target_files
from conformance.run.called import calling
from conformance.run.conduct import USUAL, Conduct
from conformance.run.errors import UsageError
from conformance.run.gate import Attitude, failures
from conformance.run.naming import RESULTS, results_directory, runs
from conformance.run.results import PLAN_FILE, RunPlan, matrix_of, new_run_name
from conformance.run.selection import Selection
from conformance.run.taking import host, suite
from conformance.text import plural
from runners.base import Runner, RunnerError

REFERENCE = "native"
"""What the others are held against unless it is told otherwise."""


def unable(targets: Sequence[Target], runners: Callable[[Target], Runner], asked: Iterable[str]) -> list[Absent]:
    """The targets that nobody asked for by name and that cannot run here, each with what would bring it."""
    named = set(asked)
    return [
        Absent(target, why)
        for target in targets
        if target.name not in named and (why := _missing(runners(target))) is not None
    ]


def _missing(runner: Runner) -> str | None:
    try:
        return runner.missing()
    except (RunnerError, OSError) as error:  # what cannot even be found out will not run
        return str(error)


def new_plan(
    chosen: Sequence[Target],
    absent: Sequence[Absent],
    selection: Selection,
    conduct: Conduct,
    *,
    targets_file: Path | None = None,
    expectations: Path | None = None,
    reference: str = REFERENCE,
    cold: bool = False,
    jobs: int | None = None,
    since: Path | None = None,
) -> RunPlan:
    """A new run of the chosen targets but those that are absent, and what it takes to do the same again."""
    gone = {each.target.name for each in absent}
    targets = [target for target in chosen if target.name not in gone]
    words = target_files.given_words(targets, with_environment=True)
    found = targets_file or target_files.default_path()
    if targets_file or not any(found.resolve() == folder / found.name for folder in SHIPPED):
        words += ["--targets", str(found.resolve())]
    if expectations:
        words += ["--expectations", str(expectations.resolve())]
    if reference != REFERENCE:
        words += ["--reference", reference]
    if conduct.effort != USUAL.effort:
        words += ["--effort", conduct.effort]
    if conduct.timeout != USUAL.timeout:
        words += ["--timeout", f"{conduct.timeout:g}"]
    if cold:
        words += ["--cold"]
    return RunPlan(
        new_run_name(),
        reference,
        targets,
        selection,
        conduct,
        list(absent),
        words,
        jobs=jobs,
        since=str(since.resolve()) if since else "",
        suite=suite(),
        host=host(),
    )


def begin(plan: RunPlan, output: Path | None) -> Path:
    """The results directory of a new run, with its plan: the one that is named, else one by the time.

    Raises UsageError where a run is already.
    """
    directory = output or RESULTS / plan.run
    if (directory / PLAN_FILE).exists():
        raise UsageError(f"{directory} has a run already; choose another -o, or finish it with --resume {directory}")
    plan.write(directory)
    return directory


def case_path(given: str) -> str:
    """A path as the guest will know it: below the folder of cases. Raises UsageError when there is no such case."""
    path, separator, name = given.partition("::")
    for candidate in (Path(path), CASES / path):
        try:
            found = candidate.resolve()
            if found.exists() and (found == CASES or CASES in found.parents):
                return str(found.relative_to(CASES)) + separator + name
        except OSError:
            continue  # no file can have that name
    raise UsageError(f"there are no cases at {given}; the areas are {', '.join(areas())}")


def areas() -> list[str]:
    """The folders of cases."""
    return sorted(
        path.name
        for path in CASES.iterdir()
        if path.is_dir() and (any(path.glob("test_*.py")) or any(path.glob(f"*{CALLS}")))
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """Which cases a command asks for, as it was said."""

    paths: Sequence[str] = ()
    expression: str = ""
    calls: str | None = None
    """Names of system calls, with commas between: only cases that make one of them."""
    failed_in: str | None = None
    """A run: only cases that would be run again for what they did there."""


def select(choice: Choice, targets: Sequence[str], known: Sequence[Expectation]) -> tuple[Selection, str]:
    """The cases that are asked for, and from where it is known which cases make a call. Raises UsageError.

    `targets` are those whose failures count, all where there are none.
    """
    cases: set[str] | None = None
    said = ""
    if choice.calls is not None:
        found, said = with_calls(choice.calls)
        cases = set(found)
    if choice.failed_in is not None:
        again = failed_in(choice.failed_in, targets, known)
        cases = set(again) if cases is None else {each for each in again if not cases.isdisjoint(_of(each))}
    selection = Selection(
        tuple(map(case_path, choice.paths)), choice.expression, None if cases is None else tuple(sorted(cases))
    )
    try:
        selection.check()
    except SyntaxError as error:
        raise UsageError(f"-k {selection.expression!r} is no expression of names with and, or, not: {error}") from error
    return selection, said


def _of(case: str) -> tuple[str, str]:
    return case, case.partition("[")[0]


def with_calls(calls: str) -> tuple[list[str], str]:
    """The cases that make any of these calls (`sendmsg,ppoll`), and where that is known from. Raises UsageError."""
    wanted = calls.replace(",", " ").split()
    if not wanted:
        raise UsageError("--call names no system call; write --call sendmsg,ppoll")
    found = calling(wanted, runs(RESULTS), CASES)
    seen, by_source = len(found.seen), len(found.by_source)
    parts = []
    if seen:
        parts.append(f"{plural(seen, 'case')} made the call in the records of {', '.join(found.runs)}")
    if by_source or not seen:
        unseen = "no record has them" if found.runs else "there are no records"
        parts.append(f"{plural(by_source, 'function')} that may make it, by the source, since {unseen}")
    return sorted({*found.seen, *found.by_source}), f"--call {','.join(wanted)}: " + ", and ".join(parts)


def failed_in(name: str, targets: Sequence[str], known: Sequence[Expectation]) -> list[str]:
    """The cases that a run would be made again for: unexpected, unsteady, out of date or lost. Raises UsageError."""
    matrix = matrix_of(results_directory(name), known)
    named = [column.target.name for column in matrix.columns if not targets or column.target.name in targets]
    if not named:
        raise UsageError(f"--failed-in {name}: that run has none of the targets {', '.join(targets)}")
    failed = [*failures(matrix, Attitude.FAIL), *failures(matrix), *outdated(matrix)]
    failed += [found for found in matrix.cells() if found[2].verdict is Verdict.ERROR]
    cases = {comparison.case for column, comparison, _ in failed if column.target.name in named}
    cases |= {module for column in matrix.columns if column.target.name in named for module in column.lost}
    if not cases:
        raise UsageError(f"--failed-in {name}: nothing failed there on {', '.join(named)}, so there is nothing to run")
    return sorted(cases)
