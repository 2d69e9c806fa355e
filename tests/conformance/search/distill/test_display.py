"""What is said of a distillation."""

from __future__ import annotations

import re

import pytest

from conformance.search.distill.choosing import Chosen
from conformance.search.distill.display import LISTED, DistillDisplay, line, report
from conformance.search.distill.distilling import Distilled
from conformance.search.distill.facts import Goal, Sort
from conformance.search.distill.gathering import Gathered
from conformance.search.distill.promising import listing
from tests.conformance.search.distill.native_lane import OPEN, given


def some() -> Distilled:
    """One question with an answer, and one without."""
    done = Distilled(Gathered({Goal("openat", Sort.CALL), Goal("openat", Sort.ERRNO, ("ENOENT",))}))
    execution = given(OPEN, 0)
    done.gathered.learn(execution)
    done.chosen["openat"] = Chosen("openat")
    done.chosen["openat"].keep(listing("succeeds", execution), execution)
    return done


def test_a_line_says_how_far_it_is() -> None:
    assert "reading: 1 program run, 1 of 2 questions answered" in line(some())


def test_the_report_counts_what_was_met_of_what_was_asked() -> None:
    said = report(some()).splitlines()
    rows = {row[0]: row[1:] for row in (re.split(" {2,}", each) for each in said)}
    assert rows["calls that succeed"] == ["1", "1"]
    assert rows["flags"] == ["1", "0"]
    assert rows["documented errnos"] == ["0", "1"]
    assert any("1 program in 0 files" in each and "0 as before, 1 new" in each for each in said)


def test_programs_that_are_left_out_or_dropped_are_named_but_not_thousands() -> None:
    done = some()
    done.unsteady = [f"openat: one-{at}" for at in range(100)]
    done.dropped = ["openat: succeeds"]
    said = report(done)
    assert "100 programs left out that differ from run to run" in said
    assert said.count("one-") == LISTED
    assert "1 program dropped that did not keep what was promised\n  openat: succeeds" in said


def test_where_there_is_no_terminal_a_line_comes_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with DistillDisplay() as display:
        display(some())
        assert capsys.readouterr().err == ""
        monkeypatch.setattr("conformance.run.display.QUIET_SECONDS", 0)
        display(some())
    assert "1 of 2 questions answered" in " ".join(capsys.readouterr().err.split())
