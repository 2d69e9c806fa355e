"""`conformance kernels`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from tabulate import tabulate

from conformance.run.errors import UserError
from conformance.text import one_line
from runners.base import RunnerError
from runners.kernels import cached, images, microsoft

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
@click.argument("name", metavar="SERIES|wsl2[:VERSION]")
@click.option(
    "--from",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Take WSL2's kernel out of this .nupkg, .msi, .msix or .msixbundle, instead of downloading it.",
)
def fetch(name: str, file: Path | None) -> None:
    """Bring a kernel into the cache: Debian's cloud kernel of a SERIES (6.1, 6.12, newest), or Microsoft's for WSL2.

    WSL2's is the newest, or that of a version (6.18.33.2-2), a release (6.18.33.2) or a series (6.18). It comes from
    Microsoft's NuGet feed, about 150 MB, or from the one that CONFORMANCE_WSL2_FEED names; a download that was broken
    off is gone on with. A target then has it with `--kernel wsl2:VERSION`.
    """
    source, _, version = name.partition(":")
    try:
        if source == images.WSL2:
            with _progress() as progress:
                version, kernel = (
                    microsoft.take_from(file, version, progress) if file else microsoft.fetch(version, progress)
                )
            click.echo(one_line(f"{images.WSL2}:{version}: {kernel.image} ({kernel.release}, from {kernel.origin})"))
        elif file:
            raise click.UsageError("--from is for WSL2's kernel: conformance kernels fetch wsl2 --from FILE")
        else:
            kernel = images.debian(name.removeprefix("debian:"))
            click.echo(f"{kernel.release}: {kernel.image} ({kernel.origin})")
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error


@command.command("list")
def list_() -> None:
    """List the kernels in the cache, by what `--kernel` takes, with where each is from and its size there."""
    rows = [
        (each.name, each.kernel.release, f"{each.bytes / 1e6:.0f} MB", one_line(each.kernel.origin))
        for each in cached.kept()
    ]
    if not rows:
        click.echo("There are no kernels in the cache: `conformance kernels fetch 6.12` brings one.")
        return
    headers = ("kernel", "release", "size", "from")
    click.echo(tabulate(rows, headers=headers, maxcolwidths=[None, None, None, 70], disable_numparse=True))


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar on standard error; where that is no terminal, a line for each thing that is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("asking for what there is", total=None)
        yield lambda stage, done, total: progress.update(task, description=stage, completed=done, total=total)


def _lines() -> Callable[[str, int, int | None], None]:
    told = set()

    def tell(stage: str, _: int, total: int | None) -> None:
        if stage not in told:
            told.add(stage)
            click.echo(f"{stage} ({total / 1e6:.0f} MB)" if total else stage, err=True)

    return tell
