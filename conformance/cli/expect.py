"""`conformance expect`."""

from __future__ import annotations

import datetime
import fnmatch
from pathlib import Path

import click

from conformance.cli.common import EXPECTATIONS, read_expectations, results_directory
from conformance.matrix.expectations import accept, apply, dead, dump
from conformance.model import Cause, Cell, Column, Expectation, Row, Verdict
from conformance.run.errors import UsageError
from conformance.run.orchestrate import matrix_of, read_plan
from conformance.run.whole import write_whole


@click.command("expect")
@click.argument("results")
@click.option("-t", "--target", "names", multiple=True, metavar="TARGET", help="Only differences on this target.")
@click.option("-k", "pattern", default="*", metavar="GLOB", help="Only cases whose id matches.")
@click.option(
    "--cause",
    "causes",
    multiple=True,
    type=click.Choice([each.value for each in Cause]),
    help="Only differences that have this cause.",
)
@click.option(
    "--reason", help="Why they are accepted; {message} stands for what differs. Needed unless --prune is given."
)
@click.option("--link", default="", help="Where that is said.")
@click.option("--condition", default="", metavar="COND", help="Only while this holds, for example 'kernel < 6.6'.")
@click.option("--expires", default="", metavar="DATE", help="Only until this day (YYYY-MM-DD).")
@click.option("--prune", is_flag=True, help="Drop the expectations that this run does not meet.")
@click.option(
    "--file", "path", type=click.Path(path_type=Path, dir_okay=False), default=EXPECTATIONS, show_default=True
)
def command(
    results: str,
    names: tuple[str, ...],
    pattern: str,
    causes: tuple[str, ...],
    reason: str | None,
    link: str,
    condition: str,
    expires: str,
    prune: bool,
    path: Path,
) -> None:
    """Accept the unexpected differences of a run, or drop expectations that are dead."""
    known = read_expectations(path) if path.exists() else []
    directory = results_directory(results)
    matrix = matrix_of(directory)
    if prune:
        selection = read_plan(directory).selection
        whole = not selection.paths and not selection.expression
        gone = {id(each) for each in dead(apply(matrix, known), known, whole=whole)}
        kept = [each for each in known if id(each) not in gone]
    elif reason:
        today = datetime.datetime.now(datetime.UTC).date().isoformat()
        like = Expectation("", "", Verdict.SAME, reason, link, condition, since=today, expires=expires)

        def wanted(column: Column, row: Row, cell: Cell) -> bool:
            return (
                (not names or column.target.name in names)
                and (not causes or cell.cause in causes)
                and fnmatch.fnmatchcase(row.case, pattern)
            )

        kept = accept(matrix, known, wanted, like)
    else:
        raise UsageError("--reason is missing: say why the differences are accepted")
    write_whole(path, dump(kept).encode())
    click.echo(f"{path}: {len(known)} expectations before, {len(kept)} now")
