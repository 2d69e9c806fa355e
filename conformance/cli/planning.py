"""From the command line of `conformance run` to a plan: which targets, which cases, and how to say the same again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from conformance.cli.common import RESULTS, results_directory, runs
from conformance.matrix.expectations.applying import outdated
from conformance.model import Absent, Expectation, Target, Verdict
from conformance.places import CASES, SHIPPED
from conformance.run import targets as target_files
from conformance.run.called import calling
from conformance.run.conduct import USUAL, Conduct
from conformance.run.errors import UsageError
from conformance.run.gate import Attitude, failures
from conformance.run.results import matrix_of
from conformance.run.selection import Selection
from conformance.text import plural
from runners.base import Runner, RunnerError
from runners.registry import HOST, runner_for

REFERENCE = "native"


def able(targets: Sequence[Target], runners: Mapping[str, Runner], named: Iterable[str]) -> list[Absent]:
    """The targets that nobody asked for by name and that cannot run here, each with what would bring it."""
    asked = set(named)
    return [
        Absent(target, why)
        for target in targets
        if target.name not in asked and (why := _missing(runners[target.name])) is not None
    ]


def _missing(runner: Runner) -> str | None:
    try:
        return runner.missing()
    except (RunnerError, OSError) as error:  # what cannot even be found out will not run
        return str(error)


def arguments(
    *,
    targets: Sequence[Target],
    targets_file: Path | None,
    expectations: Path | None,
    reference: str,
    conduct: Conduct,
    cold: bool,
) -> list[str]:
    """What `conformance run` must be told, beside targets and cases, to do the same again from any directory."""
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
    return words


def here() -> Runner:
    """Who opens guests that are nothing but this machine, for what needs no target."""
    return runner_for(Target(REFERENCE, HOST))


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
    return sorted(path.name for path in CASES.iterdir() if path.is_dir() and any(path.glob("test_*.py")))


def check(selection: Selection) -> None:
    """Raises UsageError when -k cannot be understood."""
    try:
        selection.check()
    except SyntaxError as error:
        raise UsageError(f"-k {selection.expression!r} is no expression of names with and, or, not: {error}") from error


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
