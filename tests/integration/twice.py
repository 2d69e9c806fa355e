"""What a run says of two targets that are the same."""

from __future__ import annotations

from pathlib import Path

from conformance.model import Verdict
from conformance.run.errors import Exit
from tests.integration.command import conformance, matrix_in

NO_MEASURE = (Verdict.INVALID, Verdict.MISSING, Verdict.SKIPPED)
"""What a reference says of a case that it cannot be a measure for."""


def says_the_same(folder: Path, targets: str, *arguments: str) -> None:
    """A run of such targets, the first of which is the reference, finds no difference and none that comes and goes."""
    (folder / "targets.toml").write_text(targets)
    done = conformance("run", "--targets", folder / "targets.toml", "-o", folder / "results", *arguments)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    matrix = matrix_in(folder / "results")
    reference, other = (column.target.name for column in matrix.columns)
    assert reference == matrix.reference
    for row in matrix.rows:
        measure, cell = row.cells[reference], row.cells[other]
        assert measure.verdict is not Verdict.FLAKY
        assert cell.verdict is Verdict.SAME or measure.verdict in NO_MEASURE, (row.case, cell)
        assert not cell.unexpected, (row.case, cell)
