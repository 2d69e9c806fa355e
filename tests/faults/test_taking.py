"""What the machine cannot spare is never taken, on any runner, and whoever tries has not crashed."""

from __future__ import annotations

import re
import resource

import pytest

from conformance.model import Outcome
from tests.faults.driver import TARGETS, Faults, faults

TAKEN = {
    "test_forks_for_ever": "processes|memory",
    "test_forks_for_ever_in_sessions_of_their_own": "processes|memory",
    "test_eats_memory": "memory",
    "test_eats_memory_in_many_processes": "memory",
    "test_eats_memory_by_files": "memory",
    "test_has_a_child_that_eats_memory_by_files_and_sees_to_it": "memory",
    "test_fills_its_disk": "is full",
    "test_prints_10_gigabytes": "it printed more than 1 MiB",
    "test_prints_10_gigabytes_of_lines_as_errors": "it printed more than 1 MiB",
}
"""Cases, and what is said of them. Processes are memory: which of them is short first depends on the machine."""
ENDS = {
    "test_is_killed": (Outcome.CRASH, "killed by signal 9"),
    "test_crashes": (Outcome.CRASH, "killed by signal 11"),
    "test_kills_everybody": (Outcome.CRASH, "killed by signal 9"),
    "test_hangs_with_children": (Outcome.HANG, "did not end within"),
    "test_ends_well": (Outcome.PASSED, ""),
    "test_takes_nothing": (Outcome.PASSED, ""),
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Faults:
    return faults(tmp_path_factory.mktemp("taking"), TARGETS, "taking", "ending")


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("case", TAKEN)
def test_who_takes_too_much_is_stopped_and_has_not_crashed(run: Faults, name: str, case: str) -> None:
    found = run.result(name, case)
    assert found.outcome is Outcome.ERROR, found.message
    assert re.search(TAKEN[case], found.message)


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("case", ENDS)
def test_who_ends_badly_is_told_apart_from_that(run: Faults, name: str, case: str) -> None:
    found = run.result(name, case)
    outcome, message = ENDS[case]
    assert (found.outcome, message in found.message) == (outcome, True), found.message


@pytest.mark.parametrize("name", TARGETS)
def test_every_case_has_a_result(run: Faults, name: str) -> None:
    run.result(name, "test_takes_nothing")
    record = run.records[name]
    assert record.complete
    assert record.failed is None
    assert set(record.results) == {info.id for info in record.cases}
    assert len(record.cases) == len(TAKEN) + len(ENDS)


def test_nothing_is_left_of_them(run: Faults) -> None:
    assert run.left == []


def test_little_of_the_host_was_used(run: Faults) -> None:
    assert run.bytes_written < 4 << 20
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss < 1 << 20, "KiB of this process, at most"
