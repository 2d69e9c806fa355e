"""What several subcommands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from conformance.matrix.expectations import ExpectationError, load
from conformance.model import Expectation, Matrix, Target
from conformance.run.errors import UsageError
from conformance.run.shipped import default_path
from conformance.run.whole import write_whole

EXPECTATIONS = Path("expectations.toml")
RESULTS = Path("results")


def read_expectations(path: Path | None) -> list[Expectation]:
    """The expectations of a file; when none is named, of `expectations.toml` here, else of the one that ships.

    Says on standard error which one it is where that is not the one here. Raises UsageError.
    """
    found = path or default_path(EXPECTATIONS.name)
    if found is None:
        click.echo("note: there are no expectations, here or with the suite: every difference is unexpected", err=True)
        return []
    try:
        expectations = load(found)
    except ExpectationError as error:
        raise UsageError(str(error)) from error
    if path is None and found != EXPECTATIONS:
        click.echo(f"note: expectations are those that ship with the suite, {found}", err=True)
    return expectations


def results_directory(name: str) -> Path:
    """A results directory by path, by the run's name below `results/`, or `LATEST`."""
    path = Path(name)
    if path.is_dir():
        return path
    if path.name == "LATEST" and (runs := sorted(RESULTS.glob("*/run.json"))):
        return runs[-1].parent
    if (RESULTS / name).is_dir():
        return RESULTS / name
    raise UsageError(f"there are no results at {name}; give the directory that `conformance run` named")


def write_reports(matrix: Matrix, directory: Path, formats: Sequence[str]) -> list[Path]:
    """Write a matrix in several formats beside its records; the files."""
    from reports.registry import EXTENSIONS, render  # noqa: PLC0415 - renderers are slow to import

    written = []
    for name in formats:
        path = directory / f"matrix.{EXTENSIONS[name]}"
        write_whole(path, render(matrix, name))
        written.append(path)
    return written


def kernels_of(given: tuple[str, ...], available: dict[str, Target]) -> dict[str, str]:
    """The kernels that `--kernel` names, by target. Raises UsageError."""
    found = {}
    for each in given:
        name, separator, image = each.partition("=")
        if not separator or not image:
            raise UsageError(f"--kernel {each}: write TARGET=IMAGE, for example wsl2=/path/to/bzImage")
        if name not in available or available[name].runner != "qemu":
            fitting = [target.name for target in available.values() if target.runner == "qemu"]
            raise UsageError(f"--kernel {each}: {name} is no target with a kernel; those are {', '.join(fitting)}")
        found[name] = image if image.startswith("debian:") else str(Path(image).resolve())
    return found


FORMAT = click.Choice(["text", "markdown", "json", "junit", "html"])
EXPECTATIONS_OPTION = click.option(
    "--expectations",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Differences that are known and accepted [default: expectations.toml here, else the suite's].",
)
KERNEL_OPTION = click.option(
    "--kernel",
    "kernels",
    multiple=True,
    metavar="TARGET=IMAGE",
    help="Boot this image (a path, or debian:SERIES) for a target.",
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
TARGETS_OPTION = click.option(
    "--targets", "targets_file", type=click.Path(path_type=Path, dir_okay=False), help="Another targets.toml."
)
