"""`conformance rebase`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from conformance.cli.common import (
    COLD_OPTION,
    EXPECTATIONS_OPTION,
    FULL_OPTION,
    OUTPUT_OPTION,
    read_expectations,
    terminal_width,
)
from conformance.cli.targeting import TARGETS_OPTION
from conformance.model import Target
from conformance.rebase.machine import beside
from conformance.rebase.report import ComparedKernel, Outlook, judge
from conformance.run import planning, rebasing
from conformance.run import targets as target_files
from conformance.run.conduct import USUAL
from conformance.run.display import Display
from conformance.run.errors import Exit, UsageError, UserError
from conformance.run.glancing import glance
from conformance.run.naming import RESULTS
from conformance.run.orchestrate import execute
from conformance.run.whole import write_whole
from runners.base import RunnerError
from runners.kernels import asked
from runners.kernels.images import WSL2
from runners.registry import runner_for

STATUS = {
    Outlook.FAILED: Exit.FAILED,
    Outlook.INCOMPLETE: Exit.INCOMPLETE,
    Outlook.NOTICED: Exit.UNEXPECTED,
    Outlook.UNNOTICED: Exit.EXPECTED,
}
FILE = click.Path(path_type=Path, dir_okay=False)


@click.command("rebase")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--from", "before", required=True, metavar="KERNEL", help="The kernel that users have.")
@click.option("--to", "after", required=True, metavar="KERNEL", help="The kernel that they are to get.")
@click.option("--from-config", "config_before", type=FILE, help="The configuration of the first, if it carries none.")
@click.option("--to-config", "config_after", type=FILE, help="The configuration of the second, if it carries none.")
@click.option("-k", "expression", default="", metavar="EXPR", help="Only cases that match, as in pytest -k.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "markdown", "json", "junit"]),
    default="text",
    show_default=True,
    help="What is printed. Markdown is made for a pull request: at most 60 lines.",
)
@click.option("--anew", is_flag=True, help="Take nothing over from an earlier run that had the same kernel.")
@OUTPUT_OPTION
@FULL_OPTION
@COLD_OPTION
@TARGETS_OPTION
@EXPECTATIONS_OPTION
def command(
    paths: tuple[str, ...],
    before: str,
    after: str,
    config_before: Path | None,
    config_after: Path | None,
    expression: str,
    form: str,
    anew: bool,
    output: Path | None,
    full: bool,
    cold: bool,
    targets_file: Path | None,
    expectations: Path | None,
) -> int:
    """Say what users will notice when their kernel becomes another: what is lost, changed, gained, and why.

    KERNEL is the path of an image (NAME.modules.tar.xz and NAME.config beside NAME.bzImage come along), a directory
    with an image and its lib/modules, debian:SERIES, wsl2:VERSION, or a target of targets.toml. PATH is an area, a
    module or a case; without one, all cases, programs and surveys are run.

    \b
    conformance rebase --from wsl2:6.6 --to wsl2:6.18        two of Microsoft's kernels, once they were fetched
    conformance rebase --from wsl2 --to ./bzImage ipc survey  the kernel that there is, and one that was built
    conformance rebase --from debian:6.12.107 --to debian:6.12 --format markdown > comment.md

    Both kernels are booted, side by side, in the same surroundings, and do the same. Whatever they do otherwise is
    one entry for each cause, with the cases that saw it. A cause is an option that differs between the two
    configurations and is known to show so, or the release that brought something; else it is unknown.

    A change is accepted by an expectation for the target `to` (conformance expect RUN -t to --reason WHY). Results are
    kept: rebase.json and rebase.md, and the records, for `conformance show CASE RUN`. A later gate on the same
    first kernel takes over what it did, where the suite and the case are the same.

    \b
    Exit status, the gravest first:
      2  usage: there is no such kernel, or it is none that could be booted
      3  a kernel did not boot, or the harness failed
      4  lost evidence: cases that were not run on one of the two, or that die on both
      1  something is lost or changed that nobody has accepted
      0  nothing will be noticed, but what is gained
    """
    from conformance.rebase.display import json, junit, markdown, text  # noqa: PLC0415 - slow to import

    known = read_expectations(expectations)
    named = target_files.load(targets_file or target_files.default_path())
    selection, _ = planning.select(planning.Choice(paths, expression), (), known)
    sides = (_given("--from", before, named), _given("--to", after, named))
    found = [_asked(each, config) for each, config in zip(sides, (config_before, config_after), strict=True)]
    like = named.get(WSL2) if any(each.is_wsl2s for each in found) else None
    targets = rebasing.sides(*sides, like)
    runners = {target.name: runner_for(target, cold=cold) for target in targets}
    for runner in runners.values():
        if lacking := runner.missing():
            raise UserError(lacking)
    folder = output.parent if output else RESULTS
    plan = planning.new_plan(
        targets,
        [],
        selection,
        USUAL,
        targets_file=targets_file,
        expectations=expectations,
        reference=rebasing.FROM,
        cold=cold,
        since=None if anew else rebasing.earlier(targets[0], folder),
    )
    directory = planning.begin(plan, output)
    try:
        with Display() as display:
            matrix = execute(directory, plan, runners, known, display, rebasing.failed)
    except KeyboardInterrupt as stop:
        click.echo(f"\nconformance: interrupted; the same command takes over what is in {directory}", err=True)
        return Exit.after(stop)
    if not matrix.comparisons and not rebasing.failed(matrix):
        raise UsageError("no case was selected; `conformance run --list` prints all")
    kernels = [
        ComparedKernel(each.named, about.release, about.options, about.unreadable)
        for each, about in zip(sides, found, strict=True)
    ]
    accepted = rebasing.acceptances(matrix)
    machine = [] if rebasing.failed(matrix) else beside(*(glance(runners[each.name]) for each in targets))
    diff = rebasing.difference(directory, plan, matrix)
    report = judge(diff, kernels[0], kernels[1], accepted.get, machine=machine)
    write_whole(directory / "rebase.json", json(report))
    write_whole(directory / "rebase.md", "\n".join([*markdown(report), ""]).encode())
    if form in ("json", "junit"):
        click.echo((json if form == "json" else junit)(report).decode())
    else:
        for line in markdown(report) if form == "markdown" else text(report, full=full, width=terminal_width()):
            click.echo(line)
    click.echo(f"written: {directory}/rebase.json, {directory}/rebase.md", err=True)
    return STATUS[report.verdict]


def _given(option: str, named: str, targets: Mapping[str, Target]) -> rebasing.GivenKernel:
    """Raises UsageError."""
    try:
        return rebasing.given(named, targets)
    except ValueError as error:
        raise UsageError(f"{option} {named}: {error}") from error


def _asked(given: rebasing.GivenKernel, configuration: Path | None) -> asked.Asked:
    """Raises UsageError for what is no kernel, UserError where one cannot be had."""
    try:
        return asked.ask(given.source, configuration)
    except RunnerError as error:
        if Path(given.source).is_absolute():
            raise UsageError(str(error)) from error
        raise UserError(str(error)) from error
