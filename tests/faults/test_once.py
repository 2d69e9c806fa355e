"""What goes wrong once and then never again has gone wrong."""

from __future__ import annotations

import pytest

from conformance.model import Matrix, Outcome, Verdict
from tests.faults.driver import Faults, whole_run
from tests.integration.targets import runner

ONCE = {"test_crashes_once": (Outcome.CRASH, Verdict.CRASH), "test_hangs_once": (Outcome.HANG, Verdict.HANG)}


@pytest.fixture(scope="module", params=["native", "wsl1", "gvisor"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Matrix, Faults]:
    runner(request.param)  # or says why it cannot run
    return whole_run(tmp_path_factory.mktemp("once"), [request.param], "once", timeout=5.0)


@pytest.mark.parametrize("case", ONCE)
def test_every_attempt_is_recorded_and_the_gravest_is_the_verdict(run: tuple[Matrix, Faults], case: str) -> None:
    matrix, found = run
    outcome, verdict = ONCE[case]
    (record,) = found.records.values()
    (attempts,) = (each for id, each in record.results.items() if id.endswith(f"::{case}"))
    assert [each.outcome for each in attempts] == [outcome, Outcome.PASSED, Outcome.PASSED]
    (comparison,) = (comparison for comparison in matrix.comparisons if comparison.name == case)
    (cell,) = comparison.cells.values()
    assert (cell.verdict, cell.steady) == (verdict, False)


def test_nothing_is_left_of_them(run: tuple[Matrix, Faults]) -> None:
    assert run[1].left == []
