"""`conformance targets`."""

from __future__ import annotations

from pathlib import Path

import click
from tabulate import tabulate

from conformance.run import targets as target_files
from runners.registry import runner_for


@click.command("targets")
@click.option("-v", "--verbose", is_flag=True, help="How guests are made, what is not emulated, what was measured.")
@click.option(
    "--targets", "targets_file", type=click.Path(path_type=Path, dir_okay=False), help="Another targets.toml."
)
def command(verbose: bool, targets_file: Path | None) -> None:
    """List the targets, with whether each can run here and, if not, the one thing that is missing."""
    rows = []
    details = []
    for target in target_files.load(targets_file or target_files.default_path()).values():
        runner = runner_for(target)
        lacking = runner.missing()
        rows.append((target.name, target.runner, "no" if lacking else "yes", lacking or target.title))
        if verbose and not lacking:
            details.append(f"\n{target.name}:\n" + "\n".join(f"  {line}" for line in runner.describe()))
    click.echo(tabulate(rows, headers=("target", "runner", "runs", ""), maxcolwidths=[None, None, None, 90]))
    click.echo("\n".join(details), nl=bool(details))
