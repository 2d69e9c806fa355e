"""What commands say while something is fetched, and what `conformance run` fetches without being asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager

import click

from conformance.model import Target
from conformance.text import one_line
from runners.base import Brings, Runner, RunnerError


def bring(targets: Sequence[Target], runners: Callable[[Target], Runner], asked: Collection[str]) -> None:
    """Fetch what targets lack and can be had, once it was said; whoever lacks it still is told of by `planning`.

    What cannot be had is one sentence: those that nobody asked for by name are done without.
    """
    for target in targets:
        runner = runners(target)
        if not isinstance(runner, Brings):
            continue
        try:
            if lacking := runner.lacking():
                click.echo(one_line(f"conformance: {target.name}: fetching {lacking}; --offline does not"), err=True)
                with progress() as told:
                    runner.bring(told)
        except RunnerError as error:
            what = "what it lacks" if target.name in asked else "the run goes on without it: what it lacks"
            click.echo(one_line(f"conformance: {target.name}: {what} could not be fetched: {error}"), err=True)


@contextmanager
def progress() -> Iterator[Callable[[str, int, int | None], None]]:
    """A bar on standard error; where that is no terminal, a line for each thing that is done."""
    from rich.console import Console  # noqa: PLC0415 - slow to import, and seldom needed
    from rich.progress import (  # noqa: PLC0415 - likewise
        BarColumn,
        DownloadColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines()
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("asking for what there is", total=None)
        yield lambda stage, done, total: shown.update(task, description=stage, completed=done, total=total)


def _lines() -> Callable[[str, int, int | None], None]:
    told = set()

    def tell(stage: str, _: int, total: int | None) -> None:
        if stage not in told:
            told.add(stage)
            click.echo(f"{stage} ({total / 1e6:.0f} MB)" if total else stage, err=True)

    return tell
