"""`conformance report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from conformance.cli.common import EXPECTATIONS_OPTION, FORMAT, read_expectations, results_directory
from conformance.run.results import matrix_of
from conformance.run.whole import write_whole


@click.command("report")
@click.argument("results")
@click.option("-f", "--format", "form", type=FORMAT, default="text", show_default=True, help="How to render it.")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="A file [default: standard output]."
)
@EXPECTATIONS_OPTION
def command(results: str, form: str, output: Path | None, expectations: Path | None) -> None:
    """Compare the records of a run anew and render the matrix.

    RESULTS is a results directory, the name of a run below results/, or LATEST, PREVIOUS, LATEST~2 …
    """
    from reports.registry import render  # noqa: PLC0415 - renderers are slow to import

    data = render(matrix_of(results_directory(results), read_expectations(expectations)), form)
    if output:
        write_whole(output, data)
    else:
        sys.stdout.buffer.write(data)
