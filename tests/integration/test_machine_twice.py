"""This machine against itself, by every case there is: run by the command, and as a person runs pytest."""

from __future__ import annotations

import subprocess
import sys

import pytest

from conformance.coverage.counting import coverage_of
from conformance.matrix.build import build
from conformance.model import Answers, Record, Target
from conformance.run import records
from conformance.run.errors import Exit
from conformance.run.selection import is_program
from tests.integration.command import started
from tests.integration.twice import is_all_the_same
from tests.suite import SOURCES, environment, read


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Record]:
    """What the command has recorded, and what several workers of pytest have."""
    folder = tmp_path_factory.mktemp("twice")
    with started("run", "-t", "native", "-o", folder / "results") as run:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "cases", "-n", "2", "-q", "-p", "no:cacheprovider"),
                f"--conformance-record={folder / 'record.jsonl'}",
            ],
            cwd=SOURCES,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        said, complained = run.communicate(timeout=900)
    assert run.returncode == Exit.EXPECTED, said + complained
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert done.returncode in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout[-3000:]
    one = records.read(folder / "results" / "native.jsonl")
    found = read(folder / "record.jsonl")
    results = {case: [result] for case, result in found.results.items()}
    again = Target("again", "local", answers=Answers.HOST)
    return one, Record(again, one.run, found.facts[-1], found.plan, results, found.troubles, complete=True)


def test_all_cases_are_run_in_both_ways(both: tuple[Record, Record]) -> None:
    for record in both:
        assert len(record.cases) > 900
        assert {info.id: info.hash for info in record.cases} == {
            case: results[-1].hash for case, results in record.results.items()
        }
    assert {info.id: info.hash for info in both[0].cases} == {info.id: info.hash for info in both[1].cases}


def test_programs_are_thousands_and_meet_most_of_what_is_documented(both: tuple[Record, Record]) -> None:
    assert sum(is_program(info.id) for info in both[0].cases) >= 3000
    found = coverage_of(both[:1])
    assert len(found.met.pairs & found.pairs) >= 1100
    assert len(found.met.calls & found.table) >= 310


def test_machine_against_itself_is_all_the_same(both: tuple[Record, Record]) -> None:
    is_all_the_same(build(both, "native"))
