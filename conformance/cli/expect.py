"""`conformance expect`."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from conformance.cli.common import EXPECTATIONS, read_expectations, results_directory
from conformance.matrix.expectations import accept, apply, check, day_of, dead, dump, matches, parse
from conformance.model import Cause, Cell, Column, Comparison, Expectation, Verdict
from conformance.run.errors import UsageError
from conformance.run.results import matrix_of, read_plan
from conformance.run.selection import Selection
from conformance.run.whole import write_whole
from conformance.text import plural


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
    "--file",
    "path",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Where they are kept [default: expectations.toml here; if there is none, one begun with the suite's].",
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
    path: Path | None,
) -> None:
    """Accept the unexpected differences of a run, or drop expectations that are dead.

    RESULTS is the directory of a run, its name, or LATEST. Cases that say the same are accepted together, a whole
    module as MODULE::*. Expectations that what is accepted refutes are dropped.

    \b
    conformance expect LATEST -t gvisor --reason 'runsc 20240729: {message}'
    conformance expect LATEST -k 'netlink/*' --reason 'until the rebase' --expires 2030-12-31
    conformance expect LATEST --condition 'kernel < 6.6' --reason 'new in 6.6' --link https://…
    conformance expect LATEST --prune                      drop those that the run does not meet

    \b
    Exit status: 0 written, 2 usage: what a file of expectations may not say is refused, and nothing is written.
    """
    if not prune and not reason:
        raise UsageError("--reason is missing: say why the differences are accepted")
    like = _like(reason or "pruned", link, condition, expires)
    directory = results_directory(results)
    matrix = matrix_of(directory)
    labels = [column.target.name for column in matrix.columns]
    if unknown := next((name for name in names if name not in labels), None):
        raise UsageError(f"-t {unknown}: there is no such target in {directory}; its targets are {', '.join(labels)}")
    known = read_expectations(path) if path is None or path.exists() else []
    if prune:
        gone = {id(each) for each in dead(apply(matrix, known), known, whole=_whole(read_plan(directory).selection))}
        kept = [each for each in known if id(each) not in gone]
    else:

        def wanted(column: Column, comparison: Comparison, cell: Cell) -> bool:
            return (
                (not names or column.target.name in names)
                and (not causes or cell.cause in causes)
                and matches(pattern, comparison.case)
            )

        kept = accept(matrix, known, wanted, like)
    place = path or EXPECTATIONS
    if kept == known:
        click.echo(f"{place}: nothing was written, since nothing is {'dead' if prune else 'left to accept'}")
        return
    text = dump(kept)
    try:
        parse(text)
    except ValueError as error:  # such as a case's id, which is the record's
        raise UsageError(f"nothing was written, since it could not be read again: {error}") from error
    write_whole(place, text.encode())
    click.echo(f"{place}: {plural(len(known), 'expectation')} before, {len(kept)} now")


def _like(reason: str, link: str, condition: str, expires: str) -> Expectation:
    """What all new expectations share. Raises UsageError for what no file of expectations may say."""
    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    like = Expectation("*", "any", Verdict.DIFFERS, reason, link, condition, since=today, expires=expires)
    try:
        check(like)
        day = day_of(expires)
    except ValueError as error:
        raise UsageError(f"--{error}") from error
    if day is not None and day <= datetime.date.today():
        raise UsageError(f"--expires: {expires} has come already, so that nothing would be expected; name a later day")
    return like


def _whole(selection: Selection) -> bool:
    """Whether all cases were run."""
    return selection == Selection()
