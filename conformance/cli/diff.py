"""`conformance diff`."""

from __future__ import annotations

import click
from tabulate import tabulate

from conformance.cli.common import results_directory
from conformance.matrix.history import Change, changes, moved_axes
from conformance.run.errors import Exit
from conformance.run.results import matrix_of


@click.command("diff")
@click.argument("before")
@click.argument("after")
def command(before: str, after: str) -> int:
    """Compare two runs: what has become worse, what better, and what else has moved.

    BEFORE and AFTER are results directories, names of runs below results/, or LATEST. Exits 1 when a cell that was
    `same` is not any more.
    """
    old, new = matrix_of(results_directory(before)), matrix_of(results_directory(after))
    for axis in moved_axes(old, new):
        click.echo(f"note: {axis}")
    found = changes(old, new)
    rows = [
        (
            each.change,
            each.target,
            each.case,
            each.before.verdict if each.before else "-",
            each.after.verdict if each.after else "-",
            each.after.message[:80] if each.after else "",
        )
        for each in found
    ]
    if rows:
        click.echo(tabulate(rows, headers=("change", "target", "case", "before", "after", "what differs")))
    counts = {change: sum(each.change is change for each in found) for change in Change}
    told = ", ".join(f"{count} {change}" for change, count in counts.items() if count)
    click.echo(told or "nothing has changed")
    return Exit.UNEXPECTED if counts[Change.REGRESSION] else Exit.EXPECTED
