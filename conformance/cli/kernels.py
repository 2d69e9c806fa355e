"""`conformance kernels`."""

from __future__ import annotations

import click
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from conformance.run.errors import UserError
from runners.base import RunnerError
from runners.kernels import images

FILES_COMPILED = 2900
"""About how many files WSL2's configuration compiles; the bar's full length."""


@click.group("kernels")
def command() -> None:
    """Find, fetch and build kernel images."""


@command.command("build")
@click.argument("name", type=click.Choice(["wsl2"]))
def build(name: str) -> None:
    """Build a kernel with WSL2's configuration from Debian's linux-source-6.1, once (about 20 minutes on two cores)."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns) as progress:
            task = progress.add_task("starting", total=FILES_COMPILED)
            image = images.build_wsl2(lambda stage, done: progress.update(task, description=stage, completed=done))
    except RunnerError as error:
        raise UserError(str(error)) from error
    click.echo(f"{name}: {image}")


@command.command("fetch")
@click.argument("series")
def fetch(series: str) -> None:
    """Download Debian's cloud kernel of a SERIES (6.1, 6.12, newest) into the cache."""
    try:
        kernel = images.debian(series)
    except RunnerError as error:
        raise UserError(str(error)) from error
    click.echo(f"{kernel.release}: {kernel.image} ({kernel.origin})")
