"""What a run says of two targets that are the same."""

from __future__ import annotations

from conformance.model import Matrix, Verdict

NO_MEASURE = (Verdict.INVALID, Verdict.MISSING, Verdict.SKIPPED)
"""What a reference says of a case that it cannot be a measure for."""


def is_all_the_same(matrix: Matrix) -> None:
    """It has a reference and one more target, and no difference between them, nor one that comes and goes."""
    reference, other = (column.target.name for column in matrix.columns)
    assert reference == matrix.reference
    for comparison in matrix.comparisons:
        measure, cell = comparison.cells[reference], comparison.cells[other]
        assert measure.verdict is not Verdict.FLAKY
        assert cell.verdict is Verdict.SAME or measure.verdict in NO_MEASURE, (comparison.case, cell)
        assert not cell.unexpected, (comparison.case, cell)
