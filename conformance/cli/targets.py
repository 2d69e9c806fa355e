"""`conformance targets`."""

from __future__ import annotations

from pathlib import Path

import click
from tabulate import tabulate

from conformance.cli.targeting import TARGETS_OPTION
from conformance.model import Target
from conformance.run import targets as target_files
from conformance.text import one_line
from runners.base import RunnerError
from runners.registry import runner_for


@click.command("targets")
@click.option("-v", "--verbose", is_flag=True, help="How guests are made, what is not emulated, what was measured.")
@TARGETS_OPTION
def command(verbose: bool, targets_file: Path | None) -> None:
    """List the targets, with whether each can run here and, if not, the one thing that is missing."""
    rows = []
    details = []
    for target in target_files.load(targets_file or target_files.default_path()).values():
        lacking, lines = _told(target, verbose=verbose)
        rows.append((target.name, target.runner, "no" if lacking else "yes", one_line(lacking or target.title)))
        if lines:
            details.append(f"\n{target.name}:\n" + "\n".join(f"  {one_line(line)}" for line in lines))
    click.echo(tabulate(rows, headers=("target", "runner", "runs", ""), maxcolwidths=[None, None, None, 90]))
    click.echo("\n".join(details), nl=bool(details))


def _told(target: Target, *, verbose: bool) -> tuple[str | None, list[str]]:
    """What keeps a target from running here, and what is to be said of it otherwise. One that fails hides no other."""
    runner = runner_for(target)
    try:
        lacking = runner.missing()
    except (RunnerError, OSError) as error:
        return str(error), []
    try:
        return lacking, runner.describe() if verbose and not lacking else []
    except (RunnerError, OSError) as error:
        return lacking, [f"cannot be described: {error}"]
