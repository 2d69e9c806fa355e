"""Coverages of records that are made by hand."""

from __future__ import annotations

from conformance.coverage.counting import coverage_of
from conformance.coverage.facts import Coverage
from conformance.model import Step
from tests.builders import passed, record


def counted(*steps: Step, release: str = "6.12.1") -> Coverage:
    """What one case has met that passed and made these calls."""
    return coverage_of([record("native", passed(*steps), release=release)])
