"""`conformance survey`."""

from __future__ import annotations

from pathlib import Path

import click

from conformance.cli.common import (
    COLD_OPTION,
    EXPECTATIONS_OPTION,
    FULL_OPTION,
    OUTPUT_OPTION,
    REFERENCE_OPTION,
    TARGET_OPTION,
    WRITTEN,
    read_expectations,
    terminal_width,
    write_reports,
)
from conformance.cli.targeting import TARGETS_OPTION, available, given_options
from conformance.model import Target
from conformance.run import planning
from conformance.run import targets as target_files
from conformance.run.conduct import USUAL
from conformance.run.display import Display
from conformance.run.errors import Exit, UserError
from conformance.run.gate import lost, status_of
from conformance.run.orchestrate import execute, listed
from conformance.run.selection import Selection
from conformance.run.surveying import AREA, branch_name, branches, called, chosen
from runners.registry import HOST, runner_for


@click.command("survey")
@click.argument("names_of_branches", nargs=-1, metavar="[BRANCH]...")
@TARGET_OPTION
@click.option("--list", "listing", is_flag=True, help="Print the branches, and look at nothing.")
@REFERENCE_OPTION
@given_options
@TARGETS_OPTION
@FULL_OPTION
@COLD_OPTION
@OUTPUT_OPTION
@EXPECTATIONS_OPTION
@click.pass_context
def command(
    context: click.Context,
    names_of_branches: tuple[str, ...],
    names: tuple[str, ...],
    listing: bool,
    reference: str,
    targets_file: Path | None,
    full: bool,
    cold: bool,
    output: Path | None,
    expectations: Path | None,
) -> int:
    """List what kernels show, hold the lists against each other, and print what differs, entry by entry.

    The survey is of what is there or not: call numbers; files below /proc, /sys and /dev with their types, modes,
    keys, columns and the errnos of open and read; families and protocols of sockets; file systems and their mount
    options; what else a kernel is made of. It looks, and changes nothing. What is the machine's is left out (pids,
    devices, sizes, what is loaded), by rules that each have a reason: cases/survey/_rules.py.

    BRANCH is a part of it, with those below it: `proc-sys`, `families`; all where none is named. The cases are those
    of the area `survey`: `conformance run survey` has them as rows of the matrix, with causes and expectations, and
    `conformance show` has every entry of one.

    \b
    conformance survey -t gvisor               everything, on gvisor beside this machine
    conformance survey -t lts proc-sys numbers settings, and call numbers
    conformance survey -t gvisor --full dev    leave nothing out
    conformance survey --list                  the branches

    \b
    Exit status, as that of `conformance run`: 3 a target or the harness failed, 4 incomplete (evidence is lost),
    2 usage, or no such branch, 1 what differs is not expected, 0 nothing differs, or just what is expected.
    """
    cases = _cases()
    if listing:
        click.echo("\n".join(branches(cases)))
        return Exit.EXPECTED
    selection = chosen(cases, names_of_branches)
    known = read_expectations(expectations)
    found = available(context, targets_file)
    targets = target_files.choose(found.targets, (*names, *found.added) if names else (), reference)
    plan = planning.new_plan(
        targets,
        [] if names else planning.unable(targets, runner_for, (reference, *found.given)),
        selection,
        USUAL,
        targets_file=targets_file,
        expectations=expectations,
        reference=reference,
        cold=cold,
    )
    directory = planning.begin(plan, output)
    try:
        with Display() as display:
            runners = {target.name: runner_for(target, cold=cold) for target in plan.targets}
            matrix = execute(directory, plan, runners, known, display)
        written = write_reports(matrix, directory, WRITTEN)
    except KeyboardInterrupt as stop:
        click.echo(f"\nconformance: interrupted; finish with `conformance run --resume {directory}`", err=True)
        return Exit.after(stop)
    from reports.survey import Names, render  # noqa: PLC0415 - renderers are slow to import

    click.echo(render(matrix, terminal_width(), Names(branch_name, called()), full=full), nl=False)
    click.echo(f"\nwritten: {', '.join(map(str, written))}")
    for each in lost(matrix):
        click.echo(f"conformance: lost: {each}", err=True)
    return status_of(matrix)


def _cases() -> list[str]:
    """The ids of the survey's cases. Raises UserError."""
    cases, troubles = listed(runner_for(Target(planning.REFERENCE, HOST)), Selection((AREA,)))
    if any(each.lost for each in troubles):
        raise UserError("; ".join(each.message for each in troubles))
    return [case.id for case in cases]
