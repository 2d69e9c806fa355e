"""This machine against itself: every case that is there run by the command, and some areas as a person runs pytest.

The areas are those whose cases see most of what is never twice the same: numbers of processes and of objects, indexes,
addresses, clocks. That a case of another area says the same twice is not shown: it is run once, by the command. What
runs cases, programs and models is the same whichever they are.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

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

AREAS = ("ipc", "netlink", "proc", "processes", "ptrace", "time")
"""What pytest is given."""


def is_given_to_pytest(case: str) -> bool:
    """Whether a case is one of those that are run in both ways."""
    return case.startswith(tuple(f"{area}/" for area in AREAS))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Record, Record]:
    """What the command has recorded, and what several workers of pytest have."""
    folder = tmp_path_factory.mktemp("twice")
    with started("run", "-t", "native", "-o", folder / "results") as run:
        done = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", *(f"cases/{area}" for area in AREAS)),
                *("-n", "2", "-q", "-p", "no:cacheprovider", f"--conformance-record={folder / 'record.jsonl'}"),
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


def test_all_cases_are_run_and_those_of_some_areas_in_both_ways(both: tuple[Record, Record]) -> None:
    for record, least in zip(both, (900, 300), strict=True):
        assert sum(not is_program(info.id) for info in record.cases) > least
        assert {info.id: info.hash for info in record.cases} == {
            case: results[-1].hash for case, results in record.results.items()
        }
    by_command, by_pytest = ({info.id: info.hash for info in record.cases} for record in both)
    assert {case: hash_ for case, hash_ in by_command.items() if is_given_to_pytest(case)} == by_pytest
    assert sum(map(is_program, by_pytest)) > 1000


def test_programs_are_thousands_and_meet_most_of_what_is_documented(both: tuple[Record, Record]) -> None:
    assert sum(is_program(info.id) for info in both[0].cases) >= 3000
    found = coverage_of(both[:1])
    assert len(found.met.pairs & found.pairs) >= 1100
    assert len(found.met.calls & found.table) >= 310


def test_machine_against_itself_is_all_the_same(both: tuple[Record, Record]) -> None:
    one, again = both
    cases = [info for info in one.cases if is_given_to_pytest(info.id)]
    is_all_the_same(build([replace(one, cases=cases), again], "native"))
