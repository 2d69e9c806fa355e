"""The matrix as Markdown: the table, and every cell that is not `same`, folded away."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tabulate import tabulate

from conformance.model import Column, Matrix, Verdict
from reports.summary import LEGEND, about, printable, repeat_command
from reports.text import table


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`."""
    return printable("\n".join(_lines(matrix)) + "\n").encode()


def _lines(matrix: Matrix) -> Iterator[str]:
    yield f"# Compatibility matrix, run {plain(matrix.run)}\n"
    yield table(matrix, "github")
    yield "\n\\* the reference. A cell counts the cases of its row.\n"
    yield from (f"- **{verdict}**: {meaning}" for verdict, meaning in LEGEND.items())
    yield ""
    for column in matrix.columns:
        yield f"## {plain(column.label)}\n"
        yield from (f"- {plain(line)}" for line in about(column))
        yield from _differences(matrix, column)
    if matrix.warnings:
        yield "\n## Warnings\n"
        yield from (f"- {plain(each)}" for each in matrix.warnings)


def _differences(matrix: Matrix, column: Column) -> Iterator[str]:
    target = column.target.name
    rows = [
        (
            f"`{row.case}`",
            f"**{cell.verdict}**" if cell.unexpected else str(cell.verdict),
            cell.cause or "",
            plain(cell.expected.reason if cell.expected else cell.message),
        )
        for row in matrix.rows
        if (cell := row.cells[target]).verdict is not Verdict.SAME
    ]
    if rows and not column.failed:
        example = next(row for row in matrix.rows if row.cells[target].verdict is not Verdict.SAME)
        yield f"\n<details><summary>{len(rows)} cases that are not same</summary>\n"
        yield tabulate(rows, headers=("case", "verdict", "cause", "what differs"), tablefmt="github")
        yield f"\nBold: unexpected. Again: `{repeat_command(matrix, example, target)}`\n\n</details>"
    yield ""


def plain(text: str) -> str:
    """Text from a guest, with nothing in it that Markdown or HTML would take for its own."""
    return re.sub(r"([\\`*_\[\]<>|#&])", r"\\\1", " ".join(text.split()))
