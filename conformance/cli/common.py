"""What several subcommands share."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from conformance.model import Expectation, Matrix
from conformance.run.errors import UsageError, UserError
from conformance.run.known import FOLDER, OLD, Known, default_place, load
from conformance.run.results import PLAN_FILE, planned, read_plan
from conformance.run.whole import write_whole
from conformance.text import plural

RESULTS = Path("results")


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


def runs(folder: Path) -> list[Path]:
    """The results directories in a folder, the newest run first, whatever they are called. Searches are none."""
    ages: dict[Path, tuple[float, float]] = {}
    for path in folder.glob(f"*/{PLAN_FILE}"):
        with suppress(UserError, OSError):
            written = path.stat().st_mtime
            ages[path.parent] = (planned(read_plan(path.parent)) or written, written)
    return sorted(ages, key=lambda each: ages[each], reverse=True)


def results_directory(name: str) -> Path:
    """A results directory by path, by the run's name below `results/`, or by how new it is.

    `LATEST` is the newest run, `PREVIOUS` or `LATEST~1` the one before it, and so on; `results/LATEST` is the same.
    Raises UsageError.
    """
    path = Path(name)
    with suppress(OSError):  # a name that no file can have
        if path.is_dir():
            return path
        if (RESULTS / name).is_dir():
            return RESULTS / name
    if (back := _runs_back(path.name)) is not None:
        folder = RESULTS if path.parent == Path() else path.parent
        found = runs(folder)
        if back < len(found):
            return found[back]
        have = plural(len(found), "run") if found else "no run"
        raise UsageError(f"there is no {path.name}: {folder} has {have}; name another, or make one: `conformance run`")
    raise UsageError(f"there are no results at {name}; give the directory that `conformance run` named, or LATEST")


def _runs_back(name: str) -> int | None:
    """How many runs before the newest a name means."""
    if name == "PREVIOUS":
        return 1
    found = re.fullmatch(r"LATEST(?:~(\d{1,6}))?", name, re.ASCII)
    return int(found[1] or 0) if found else None


def write_reports(matrix: Matrix, directory: Path, formats: Sequence[str]) -> list[Path]:
    """Write a matrix in several formats beside its records; the files."""
    from reports.registry import EXTENSIONS, render  # noqa: PLC0415 - renderers are slow to import

    written = []
    for name in formats:
        path = directory / f"matrix.{EXTENSIONS[name]}"
        write_whole(path, render(matrix, name))
        written.append(path)
    return written


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


FORMAT = click.Choice(["text", "markdown", "json", "junit", "html"])
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
