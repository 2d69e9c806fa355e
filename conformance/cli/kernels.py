"""`conformance kernels`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from tabulate import tabulate

from conformance.cli.fetching import progress
from conformance.cli.targeting import TARGETS_OPTION
from conformance.run import targets as target_files
from conformance.run.errors import UserError
from conformance.text import one_line
from runners.base import RunnerError, sentence
from runners.kernels import cached, feed, images, microsoft, offered, pruning

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
    """Bring a kernel into the cache: Debian's of a SERIES (6.1, newest) or release (6.12.107), or Microsoft's for WSL2.

    WSL2's is the newest, or that of a version (6.18.33.2-2), a release (6.18.33.2) or a series (6.18). It comes from
    Microsoft's NuGet feed, about 150 MB, or from the one that CONFORMANCE_WSL2_FEED names; a download that was broken
    off is gone on with. A target then has it with `--kernel wsl2:VERSION`.
    """
    source, _, version = name.partition(":")
    try:
        if source == images.WSL2:
            with progress() as told:
                version, kernel = microsoft.take_from(file, version, told) if file else microsoft.fetch(version, told)
            click.echo(one_line(f"{images.WSL2}:{version}: {kernel.image} ({kernel.release}, from {kernel.origin})"))
        elif file:
            raise click.UsageError("--from is for WSL2's kernel: conformance kernels fetch wsl2 --from FILE")
        else:
            kernel = images.debian(name.removeprefix("debian:"))
            click.echo(f"{kernel.release}: {kernel.image} ({kernel.origin})")
    except RunnerError as error:
        raise UserError(one_line(str(error))) from error


@command.command("list")
@click.argument("series", required=False, default="")
@click.option("--cached", "only_cached", is_flag=True, help="Only what is in the cache; nobody is asked.")
def list_(series: str, only_cached: bool) -> None:
    """List the kernels that can be had, and those in the cache, by what `--kernel` takes.

    Of Debian's it is the newest of each series; with SERIES (6.12), every kernel of that. Debian's mirror and the feed
    of WSL2's kernel are asked, which takes some 30 seconds; who cannot be reached is told.
    """
    if series and not feed.VERSION.fullmatch(series):
        raise click.UsageError(f"{series} is no series of kernels; write one such as 6.12, or nothing")
    here = {each.name: each for each in cached.kept() if not series or feed.fits(_version(each), series)}
    if only_cached:
        _list_cached(list(here.values()))
        return
    there = _ask(series)
    rows = [_row(name, here.get(name), offer) for name, offer in _all(here, there.offers).items()]
    headers = ("kernel", "release", "cached", "download", "from")
    if rows:
        click.echo(tabulate(rows, headers=headers, maxcolwidths=[None, None, None, None, 50], disable_numparse=True))
    else:
        click.echo("There is no such kernel.")
    for each in there.unasked:
        click.echo(f"conformance: {one_line(each)}", err=True)


def _list_cached(here: Sequence[cached.Kept]) -> None:
    rows = [
        (each.name, one_line(each.kernel.release), megabytes(each.bytes), one_line(each.kernel.origin))
        for each in sorted(here, key=lambda each: offered.order(each.name))
    ]
    if not rows:
        click.echo("There are no such kernels in the cache: `conformance kernels fetch 6.12` brings one.")
        return
    headers = ("kernel", "release", "cached", "from")
    click.echo(tabulate(rows, headers=headers, maxcolwidths=[None, None, None, 64], disable_numparse=True))


def _ask(series: str) -> offered.Offered:
    with progress() as told:
        return offered.offered(series, lambda who: told(f"asking {who}", 0, None))


def _version(each: cached.Kept) -> str:
    """Of a kernel in the cache: that of the source that it is named by, or its release's."""
    version = each.name.partition(":")[2]
    return version if feed.VERSION.fullmatch(version) else re.split("[^0-9.]", each.kernel.release)[0]


def _all(here: Mapping[str, cached.Kept], there: Sequence[offered.Offer]) -> dict[str, offered.Offer | None]:
    """All kernels by name, in order, with what is offered of each."""
    offers = {each.name: each for each in there}
    return {name: offers.get(name) for name in sorted({*here, *offers}, key=offered.order)}


def _row(name: str, here: cached.Kept | None, offer: offered.Offer | None) -> tuple[str, str, str, str, str]:
    """A kernel in the list. What is in the cache is what is booted, whatever else there is by now."""
    release = here.kernel.release if here else offer.release if offer else ""
    where = offer.where if offer else here.kernel.origin.partition(", sha256")[0] if here else ""
    if here and offer and offer.where.startswith("Debian") and offer.release != release:
        where = f"{where}, which has {offer.release.removesuffix('-cloud-amd64')} by now"
    cells = (name, release, megabytes(here.bytes) if here else "-", megabytes(offer.bytes) if offer else "-", where)
    return cells[0], one_line(cells[1]), cells[2], cells[3], one_line(cells[4])


def megabytes(count: int) -> str:
    """A size, as people read it."""
    return f"{count / 1e6:.0f} MB"


@command.command("prune")
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@TARGETS_OPTION
def prune(dry_run: bool, targets_file: Path | None) -> None:
    """Remove from the cache the kernels that no target of targets.toml has.

    With each go the guests that were remembered on it; so do downloads that broke off. A kernel that only --kernel
    names is one that no target has; it comes back when it is asked for, if it is Debian's.
    """
    targets = target_files.load(targets_file or target_files.default_path()).values()
    sources = [str(each.options["kernel"]) for each in targets if "kernel" in each.options]
    freed = count = 0
    try:
        for each in pruning.unneeded(sources):
            size = each.bytes
            if dry_run or pruning.remove(each):
                freed, count = freed + size, count + 1
                click.echo(one_line(f"{each.name}: {megabytes(size)}"))
    except (RunnerError, OSError) as error:
        raise UserError(one_line(sentence(error) if isinstance(error, OSError) else str(error))) from error
    if count:
        click.echo(f"{megabytes(freed)} {'would be' if dry_run else 'are'} free by that")
    else:
        click.echo("There is nothing in the cache that no target has.")
