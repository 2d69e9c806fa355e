"""A sample on one guest and on several, on this machine: who runs a case, and beside what, changes nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.build import build
from conformance.model import Answers, Record, Target
from conformance.run import work
from conformance.run.orchestrate import execute
from conformance.run.results import RunPlan, read_record
from conformance.run.selection import Selection, is_program
from tests.integration.targets import runner, target
from tests.integration.twice import is_all_the_same

SAMPLE = ("signals", "events", "time", "files/test_positions.py", "files/call_openat.calls")


def record(room: Path, jobs: int) -> Record:
    """What native says of the sample, with so many guests."""
    plan = RunPlan("run", "native", [target("native")], Selection(SAMPLE), jobs=jobs)
    plan.write(room)
    execute(room, plan, {"native": runner("native")}, [], lambda _: None)
    found = read_record(room, plan, target("native"))
    assert found
    return found


def test_records_of_one_guest_and_of_three_say_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(work.PAYS, work.Task.CASES, 1)
    monkeypatch.setitem(work.PAYS, work.Task.PROGRAMS, 1)
    one, three = record(tmp_path / "one", 1), record(tmp_path / "three", 3)
    assert len({is_program(case) for case in one.results}) == 2
    assert len(one.results) > 500
    for found in (one, three):
        assert set(found.results) == {info.id for info in found.cases}
        assert (found.complete, found.failed, found.troubles, found.lost) == (True, None, [], [])
    assert (one.cases, one.facts) == (three.cases, three.facts)
    again = replace(three, target=Target("again", "local", answers=Answers.HOST))
    is_all_the_same(build([one, again], "native"))
    assert list(one.results) != list(three.results), "they are dealt out to three"
