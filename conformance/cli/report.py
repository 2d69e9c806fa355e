"""`conformance report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from conformance.cli.common import (
    EXPECTATIONS_OPTION,
    FORMAT,
    FULL_OPTION,
    coverage_for,
    read_expectations,
    terminal_width,
)
from conformance.run.naming import results_directory
from conformance.run.results import matrix_of
from conformance.run.whole import write_whole

WITHOUT_TRACES = ("text", "markdown")
"""Formats that show none."""


@click.command("report")
@click.argument("results")
@click.option("-f", "--format", "form", type=FORMAT, default="text", show_default=True, help="How to render it.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file [default: standard output]."
)
@FULL_OPTION
@EXPECTATIONS_OPTION
def command(results: str, form: str, output: Path | None, full: bool, expectations: Path | None) -> None:
    """Compare the records of a run anew and render the matrix.

    RESULTS is a results directory, the name of a run below results/, or LATEST, PREVIOUS, LATEST~2 …

    Text fits the terminal (COLUMNS says otherwise; 100 columns where there is none) and begins with what is wrong, all
    of it: lost evidence, unexpected differences, expectations that are out of date, flaky cells. Without --full the
    rest makes it 40 lines, and Markdown 65,000 bytes, which a comment on GitHub takes.

    \b
    conformance report LATEST --full                   every feature, every note
    conformance report LATEST -f markdown              for a comment on GitHub
    conformance report LATEST -f junit -o matrix.xml   for a build server

    Exit status 0: the matrix was rendered, whatever it says; `conformance run` and `conformance diff` judge.
    """
    from reports.registry import render  # noqa: PLC0415 - renderers are slow to import

    known = read_expectations(expectations)
    directory = results_directory(results)
    matrix = matrix_of(directory, known, traces=form not in WITHOUT_TRACES)
    data = render(matrix, form, full=full, width=terminal_width(), coverage=coverage_for(directory, form))
    if output:
        write_whole(output, data)
    else:
        sys.stdout.buffer.write(data)
