"""The terminal's matrix."""

from __future__ import annotations

from collections.abc import Iterator

from tabulate import tabulate

from conformance.model import Matrix
from reports.summary import LEGEND, about, features, in_order, labels, printable, totals, words

SHOWN = 30
"""How many unexpected differences are listed; the other formats have them all."""
NOTES = 4
"""How many notes on a target are shown; the other formats have them all."""
CELL_WIDTH = 24


def render(matrix: Matrix) -> bytes:
    """The matrix as a table of features, then what is unexpected, then what a reader must know."""
    return printable("\n".join(_lines(matrix)) + "\n").encode()


def _lines(matrix: Matrix) -> Iterator[str]:
    yield table(matrix, "simple")
    yield ""
    yield from _unexpected(matrix)
    yield f"* the reference; run {matrix.run}. A cell counts the cases of its row:"
    present = {cell.verdict for _, _, cell in matrix.cells()}
    yield from (f"  {verdict}: {meaning}" for verdict, meaning in LEGEND.items() if verdict in present)
    for column in matrix.columns:
        yield f"{column.label}:"
        lines = about(column)
        yield from (f"  {line}" for line in lines[:NOTES])
        if len(lines) > NOTES:
            yield f"  … and {len(lines) - NOTES} more notes, in the other formats"
    yield from (f"warning: {each}" for each in matrix.warnings)


def table(matrix: Matrix, form: str) -> str:
    """Features against targets, with the totals at the end, as tabulate formats it."""
    rows, area = [], ""
    for feature in features(matrix):
        cells = [words(feature.tally(column.target.name)) for column in matrix.columns]
        rows.append([feature.area if feature.area != area else "", feature.title, *cells])
        area = feature.area
    sums = [
        ", ".join(f"{count} {verdict}" for verdict, count in in_order(totals(matrix, each))) for each in matrix.columns
    ]
    rows.append(["total", f"{len(matrix.rows)} cases", *sums])
    widths = [None, CELL_WIDTH + 10, *[CELL_WIDTH] * len(matrix.columns)] if form == "simple" else None
    return tabulate(rows, headers=["area", "feature", *labels(matrix)], tablefmt=form, maxcolwidths=widths)


def _unexpected(matrix: Matrix) -> Iterator[str]:
    found = [(column, row, cell) for column, row, cell in matrix.cells() if cell.unexpected]
    if not found:
        return
    yield f"{len(found)} unexpected differences:"
    for column, row, cell in found[:SHOWN]:
        cause = f" ({cell.cause})" if cell.cause else ""
        yield f"  {column.label}  {row.case}  {cell.verdict}{cause}: {cell.message}"[:200]
    if len(found) > SHOWN:
        yield f"  … and {len(found) - SHOWN} more, in the other formats"
    yield ""
