"""What several subcommands share."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from conformance.model import Expectation, Matrix
from conformance.run.known import FOLDER, OLD, Known, default_place, load
from conformance.run.whole import write_whole
from reports.registry import COVERING, EXTENSIONS, render

if TYPE_CHECKING:
    from conformance.coverage.facts import Coverage


def read_expectations(path: Path | None) -> list[Expectation]:
    """The expectations of a folder or a file; when none is named, of `expectations/` here, else of the one that ships.

    Says on standard error which they are where they are not those here. Raises UsageError.
    """
    found = known_expectations(path)
    return found.expectations if found else []


def known_expectations(path: Path | None) -> Known | None:
    """As `read_expectations`, with the files; None where there are none."""
    place = path or default_place()
    if place is None:
        click.echo("note: there are no expectations, here or with the suite: every difference is unexpected", err=True)
        return None
    found = load(place)
    if found.old:
        click.echo(
            f"note: {place} has a form that only this release still reads: `conformance expect --from {place}` makes "
            "a file a target of it",
            err=True,
        )
    if path is None and place not in (FOLDER, OLD):
        click.echo(f"note: expectations are those that ship with the suite, {place}", err=True)
    return found


def write_reports(matrix: Matrix, directory: Path, formats: Sequence[str]) -> list[Path]:
    """Write a matrix in several formats beside its records; the files."""
    written = []
    for name in formats:
        path = directory / f"matrix.{EXTENSIONS[name]}"
        write_whole(path, render(matrix, name, coverage=coverage_for(directory, name)))
        written.append(path)
    return written


def coverage_for(directory: Path, form: str) -> Coverage | None:
    """What a run has met, for the formats that have it. Raises UserError."""
    if form not in COVERING:
        return None
    from conformance.run.covering import covered  # noqa: PLC0415 - imports all descriptions

    return covered(directory).coverage


def terminal_width() -> int:
    """Columns of the terminal; of COLUMNS, if that is set; 100 where there is no terminal."""
    return shutil.get_terminal_size((100, 40)).columns


class Seconds(click.FloatRange):
    """Some time that a clock can count: more than none, a day at most."""

    def __init__(self) -> None:
        super().__init__(0, 86_400, min_open=True)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """See click."""
        found = float(super().convert(value, param, ctx))
        if math.isnan(found):  # which is in no range, nor out of it
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return found


FORMAT = click.Choice(list(EXTENSIONS))
EXPECTATIONS_OPTION = click.option(
    "--expectations",
    metavar="PATH",
    type=click.Path(path_type=Path),
    help="A folder, or a file, of differences that are known and accepted [default: expectations/ here, else the "
    "suite's].",
)
TARGET_OPTION = click.option(
    "-t",
    "--target",
    "names",
    multiple=True,
    metavar="TARGET",
    help="A target of targets.toml; may be given several times.",
)
REFERENCE_OPTION = click.option(
    "--reference", default="native", show_default=True, metavar="TARGET", help="What the others are held against."
)
FULL_OPTION = click.option("--full", is_flag=True, help="Leave nothing out, however long it is.")
COLD_OPTION = click.option("--cold", is_flag=True, help="Boot every guest instead of resuming one that was remembered.")
OUTPUT_OPTION = click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, file_okay=False),
    help="Results directory [default: results/TIME].",
)
WRITTEN = ("json", "html", "markdown", "junit")
"""The reports that are written beside the records of a run."""
