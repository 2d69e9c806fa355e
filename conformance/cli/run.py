"""`conformance run`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.common import (
    EXPECTATIONS_OPTION,
    KERNEL_OPTION,
    REFERENCE_OPTION,
    RESULTS,
    TARGET_OPTION,
    TARGETS_OPTION,
    kernels_of,
    read_expectations,
    write_reports,
)
from conformance.guest.profiles import EFFORT, GATE
from conformance.matrix.expectations import unexpected
from conformance.model import Matrix, Verdict
from conformance.run import targets as target_files
from conformance.run.display import Display
from conformance.run.errors import Exit, UsageError
from conformance.run.orchestrate import execute
from conformance.run.results import RunPlan, new_run_name, read_plan
from conformance.run.selection import Selection
from runners.registry import runner_for

CASES = Path(__file__).resolve().parent.parent.parent / "cases"
WRITTEN = ("json", "html", "markdown", "junit")


@click.command("run")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@TARGET_OPTION
@click.option("-k", "expression", default="", metavar="EXPR", help="Only cases that match, as in pytest -k.")
@REFERENCE_OPTION
@KERNEL_OPTION
@TARGETS_OPTION
@click.option(
    "--timeout",
    default=20.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a case may take; multiplied for emulated guests.",
)
@click.option(
    "--profile",
    type=click.Choice(tuple(EFFORT)),
    default=GATE,
    show_default=True,
    help="Examples for cases that have a model: the same everywhere and always; random, and 20 or 4 times as many.",
)
@click.option("--resume", metavar="RUN", help="Finish a run that was killed: what it has is kept, what is left is run.")
@click.option("--cold", is_flag=True, help="Boot every guest instead of resuming one that was remembered.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Results directory [default: results/TIME].",
)
@EXPECTATIONS_OPTION
def command(
    paths: tuple[str, ...],
    names: tuple[str, ...],
    expression: str,
    reference: str,
    kernels: tuple[str, ...],
    targets_file: Path | None,
    timeout: float,
    profile: str,
    resume: str | None,
    cold: bool,
    output: Path | None,
    expectations: Path | None,
) -> int:
    """Run cases on all targets, or those given with -t, side by side, compare, and print the matrix.

    PATH is an area, a module or a case below cases/: `netlink`, `cases/netlink/test_uevents.py`. Everything that the
    targets say is appended to results/RUN/TARGET.jsonl as it happens; the matrix and its reports are written beside.

    \b
    Exit status: 0 all as expected, 1 unexpected differences, 2 usage, 3 a target failed, 4 incomplete,
    130 interrupted. No case selected is a failure.
    """
    known = read_expectations(expectations)
    if resume:
        directory = _directory(resume)
        plan = read_plan(directory)
    else:
        available = target_files.load(targets_file or target_files.default_path())
        plan = RunPlan(
            new_run_name(),
            reference,
            target_files.choose(available, names, reference),
            Selection(tuple(map(_case_path, paths)), expression, timeout, profile),
            kernels_of(kernels, available),
        )
        _check(plan.selection)
        directory = output or RESULTS / plan.run
        if (directory / "run.json").exists():
            raise UsageError(
                f"{directory} has a run already; choose another -o, or finish it with --resume {directory}"
            )
        plan.write(directory)
    runners = {target.name: runner_for(target, plan.kernels.get(target.name), cold=cold) for target in plan.targets}
    try:
        with Display() as display:
            matrix = execute(directory, plan, runners, known, display)
    except KeyboardInterrupt as stop:
        click.echo(f"\nconformance: interrupted; finish with `conformance run --resume {directory}`", err=True)
        return Exit.after(stop)
    written = write_reports(matrix, directory, WRITTEN)
    _print(matrix)
    click.echo(f"\nwritten: {', '.join(map(str, written))}")
    return status_of(matrix)


def _print(matrix: Matrix) -> None:
    from reports.registry import render  # noqa: PLC0415 - renderers are slow to import

    click.echo(render(matrix, "text").decode(), nl=False)


def status_of(matrix: Matrix) -> Exit:
    """The exit status that a matrix deserves, the gravest first."""
    if not matrix.rows:
        if any(column.failed for column in matrix.columns):
            return Exit.FAILED
        click.echo("conformance: no case was selected; see `pytest --collect-only cases/`", err=True)
        return Exit.USAGE
    if any(column.failed for column in matrix.columns):
        return Exit.FAILED
    if any(cell.verdict is Verdict.ERROR for _, _, cell in matrix.cells()):
        return Exit.INCOMPLETE
    return Exit.UNEXPECTED if unexpected(matrix) else Exit.EXPECTED


def _directory(name: str) -> Path:
    from conformance.cli.common import results_directory  # noqa: PLC0415 - beside its only use

    return results_directory(name)


def _case_path(given: str) -> str:
    """A path as the guest will know it: below the folder of cases. Raises UsageError when there is no such case."""
    path, separator, name = given.partition("::")
    for candidate in (Path(path), CASES / path):
        found = candidate.resolve()
        if found.exists() and (found == CASES or CASES in found.parents):
            return str(found.relative_to(CASES)) + separator + name
    raise UsageError(f"there are no cases at {given}; the areas are {', '.join(areas())}")


def _check(selection: Selection) -> None:
    """Raises UsageError when -k cannot be understood."""
    try:
        selection.check()
    except SyntaxError as error:
        raise UsageError(f"-k {selection.expression!r} is no expression of names with and, or, not: {error}") from error


def areas() -> list[str]:
    """The folders of cases."""
    return sorted(path.name for path in CASES.iterdir() if path.is_dir() and any(path.glob("test_*.py")))
