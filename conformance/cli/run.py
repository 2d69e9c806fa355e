"""`conformance run`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click
from click.core import ParameterSource

from conformance.cli.common import (
    COLD_OPTION,
    EXPECTATIONS_OPTION,
    FULL_OPTION,
    OUTPUT_OPTION,
    REFERENCE_OPTION,
    TARGET_OPTION,
    WRITTEN,
    Seconds,
    read_expectations,
    terminal_width,
    write_reports,
)
from conformance.cli.fetching import bring
from conformance.cli.targeting import TARGETS_OPTION, available, given_options, name_of
from conformance.model import Expectation, Matrix, Target
from conformance.programs.efforts import EFFORTS
from conformance.run import planning
from conformance.run import targets as target_files
from conformance.run.conduct import USUAL, Conduct
from conformance.run.display import Display
from conformance.run.errors import Exit, UsageError
from conformance.run.gate import Attitude, Limit, begun, lost, lost_modules, status_of, status_of_early
from conformance.run.naming import results_directory
from conformance.run.orchestrate import execute, listed
from conformance.run.results import read_plan
from conformance.run.selection import Selection
from conformance.text import plural
from runners.registry import HOST, runner_for

ATTITUDE = click.Choice([each.value for each in Attitude])
MOST_JOBS = 256
"""How many guests a target may be asked to have."""
OF_A_NEW_RUN = (
    *("paths", "names", "expression", "calls", "failed", "reference", "targets_file", "timeout", "effort"),
    *("repeat", "listing", "output", "since", "offline"),
    *(name_of(flag) for flag, _, _ in target_files.flags()),
)
"""Options that a run which is resumed has got already."""


@click.command("run")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@TARGET_OPTION
@click.option("-k", "expression", default="", metavar="EXPR", help="Only cases that match, as in pytest -k.")
@click.option(
    "--call",
    "calls",
    metavar="CALL[,CALL]...",
    help="Only cases that make one of these system calls: as the last records saw them, else by their source.",
)
@click.option(
    "--failed-in",
    "failed",
    metavar="RUN",
    help="Only cases that were unexpected, flaky, out of date or lost in that run.",
)
@click.option(
    "--since",
    metavar="RUN",
    help="Run what could say something else than in that run: cases whose definition has changed, targets that have. "
    "The rest is taken over from it, and marked so.",
)
@click.option(
    "--only-changed", "changed", is_flag=True, help="With --since: print what has changed instead of the matrix."
)
@click.option("--list", "listing", is_flag=True, help="Print the cases that would be run, and run nothing.")
@REFERENCE_OPTION
@given_options
@TARGETS_OPTION
@click.option(
    "--timeout",
    type=Seconds(),
    default=USUAL.timeout,
    show_default=True,
    metavar="SECONDS",
    help="How long a case may take; multiplied for emulated guests.",
)
@click.option(
    "--effort",
    type=click.Choice(tuple(EFFORTS)),
    default=USUAL.effort,
    show_default=True,
    help="Examples for cases that have a model: the same everywhere and always; random, and 100 or 20 times as many.",
)
@click.option(
    "--repeat",
    type=click.IntRange(min=1),
    default=USUAL.repeat,
    show_default=True,
    metavar="N",
    help="Run each case N times; every attempt is recorded, and a cell whose attempts disagree says so.",
)
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(min=1, max=MOST_JOBS),
    metavar="N",
    help="Guests of each target at once, which share its cases [default: what the cores allow over all targets].",
)
@click.option(
    "--max-fail",
    type=click.IntRange(min=1),
    metavar="N",
    help="End the run once N cells fail; --resume runs the rest.",
)
@click.option(
    "--flaky",
    type=ATTITUDE,
    help="Whether cells fail the run whose attempts disagree [default: those that crashed or hung in one of them do].",
)
@click.option(
    "--outdated",
    type=ATTITUDE,
    default=Attitude.WARN.value,
    show_default=True,
    help="Whether cells fail the run that are better than an expectation says.",
)
@FULL_OPTION
@click.option("--resume", metavar="RUN", help="Finish a run that was killed: what it has is kept, what is left is run.")
@COLD_OPTION
@click.option("--offline", is_flag=True, help="Fetch no kernel that nobody has asked for.")
@OUTPUT_OPTION
@EXPECTATIONS_OPTION
@click.pass_context
def command(
    context: click.Context,
    paths: tuple[str, ...],
    names: tuple[str, ...],
    expression: str,
    calls: str | None,
    failed: str | None,
    since: str | None,
    changed: bool,
    listing: bool,
    reference: str,
    targets_file: Path | None,
    timeout: float,
    effort: str,
    repeat: int,
    jobs: int | None,
    max_fail: int | None,
    flaky: str | None,
    outdated: str,
    full: bool,
    resume: str | None,
    cold: bool,
    offline: bool,
    output: Path | None,
    expectations: Path | None,
) -> int:
    """Run cases on all targets, or those given with -t, side by side, compare, and print the matrix.

    PATH is an area, a module or a case below cases/: `netlink`, `cases/netlink/test_uevents.py`. Everything that the
    targets say is appended to results/RUN/TARGET.jsonl as it happens; the matrix and its reports are written beside.

    A target that cannot run here fails the run if it was asked for, with -t or --kernel, or is the reference; any other
    is listed with the command that brings what it lacks.

    Where there is no kernel of WSL2's, Microsoft's is fetched first, about 150 MB, if their feed can be reached.

    \b
    conformance run --call sendmsg,ppoll            the cases that make these calls
    conformance run --failed-in LATEST --repeat 10  once more, ten times, what was not as expected
    conformance run --max-fail 1 -t gvisor          until something is not as expected
    conformance run --since LATEST --only-changed   what could be otherwise by now, and what is

    \b
    Exit status, the gravest first: 3 a target or the harness failed, 4 incomplete (evidence is lost: a module that
    was not imported, cases that were not run), 2 usage, or no case was selected, 1 unexpected differences,
    0 all as expected. 129, 130, 143: ended by SIGHUP, SIGINT, SIGTERM; `--resume` goes on.
    """
    if changed and not (since or resume):
        raise UsageError("--only-changed says what has changed since a run: name it with --since RUN")
    known = read_expectations(expectations)
    if resume:
        _only_resumes(context)
        directory = results_directory(resume)
        plan = read_plan(directory)
        plan = replace(plan, jobs=jobs or plan.jobs)
        if changed and not plan.since:
            raise UsageError(f"--only-changed: {resume} was not begun with --since, so leave it out")
    else:
        found = available(context, targets_file)
        selection, said = planning.select(planning.Choice(paths, expression, calls, failed), names, known)
        if said:
            click.echo(said, err=True)
        chosen = target_files.choose(found.targets, (*names, *found.added) if names else (), reference)
        if listing:
            return _list(selection)
        bring([] if offline else chosen, runner_for, (*names, reference, *found.given))
        plan = planning.new_plan(
            chosen,
            [] if names else planning.unable(chosen, runner_for, (reference, *found.given)),
            selection,
            Conduct(timeout, effort, repeat),
            targets_file=targets_file,
            expectations=expectations,
            reference=reference,
            cold=cold,
            jobs=jobs,
            since=results_directory(since) if since else None,
        )
        directory = planning.begin(plan, output)
    attitude = Attitude(flaky) if flaky else None
    limit = Limit(max_fail, attitude) if max_fail else None
    again = f"`conformance run --resume {directory}`"
    runners = {target.name: runner_for(target, cold=cold) for target in plan.targets}
    try:
        with Display() as display:
            matrix = execute(directory, plan, runners, known, display, limit)
        if limit and limit.reached:
            matrix = begun(matrix)
        written = write_reports(matrix, directory, WRITTEN)
    except KeyboardInterrupt as stop:
        click.echo(f"\nconformance: interrupted; finish with {again}", err=True)
        return Exit.after(stop)
    if changed:
        _print_changes(plan.since, directory, known, full=full)
    else:
        _print(matrix, full=full)
    click.echo(f"\nwritten: {', '.join(map(str, written))}")
    if limit and limit.reached:
        said = plural(limit.reached, "cell fails", "cells fail")
        click.echo(f"conformance: ended early, since {said}; {again} runs the rest", err=True)
        for each in lost_modules(matrix):
            click.echo(f"conformance: lost: {each}", err=True)
        return status_of_early(matrix)
    return _told(matrix, status_of(matrix, attitude, Attitude(outdated)))


def _print_changes(since: str, directory: Path, known: Sequence[Expectation], *, full: bool) -> None:
    from conformance.run.comparing import compare_runs  # noqa: PLC0415 - slow to import
    from conformance.run.diff_display import report  # noqa: PLC0415 - slow to import

    found = compare_runs(since, str(directory), known, common=True, traces=full)
    for line in report(found.diffs, found.lost, found.notes, full=full, width=terminal_width()):
        click.echo(line)


def _only_resumes(context: click.Context) -> None:
    """Raises UsageError for an option that would make another run of it."""
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in OF_A_NEW_RUN and context.get_parameter_source(name) is not ParameterSource.DEFAULT:
            said = parameter.opts[-1] if isinstance(parameter, click.Option) else "PATH"
            raise UsageError(
                f"{said} cannot be given with --resume, which finishes a run as it was planned: leave it out"
            )


def _list(selection: Selection) -> int:
    """Print the cases that are selected; how that ends."""
    cases, troubles = listed(runner_for(Target(planning.REFERENCE, HOST)), selection)
    for each in troubles:
        click.echo(f"conformance: {each.message}", err=True)
    for case in cases:
        click.echo(case.id)
    if any(each.lost for each in troubles):
        return Exit.INCOMPLETE
    return Exit.EXPECTED if cases else _none_selected()


def _none_selected() -> Exit:
    click.echo("conformance: no case was selected; `conformance run --list` prints all", err=True)
    return Exit.USAGE


def _told(matrix: Matrix, status: Exit) -> Exit:
    """Say on standard error what the status means where that is not a matter of the matrix's cells."""
    for each in lost(matrix):
        click.echo(f"conformance: lost: {each}", err=True)
    return _none_selected() if status is Exit.USAGE else status


def _print(matrix: Matrix, *, full: bool) -> None:
    from reports.registry import render  # noqa: PLC0415 - renderers are slow to import

    click.echo(render(matrix, "text", full=full, width=terminal_width()).decode(), nl=False)
