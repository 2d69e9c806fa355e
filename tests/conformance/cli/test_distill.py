"""`conformance distill` as a user types it, on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.run.errors import Exit
from conformance.search.distill.distilling import Distilled
from conformance.search.distill.facts import goals
from conformance.search.distill.gathering import Gathered
from tests.conformance.cli.command import told
from tests.conformance.cli.searching import refuses, targets_in
from tests.executors import needs_executor


def test_help_says_what_a_fact_is_with_examples_and_exit_statuses() -> None:
    done = told("distill", "--help")
    assert done.status == Exit.EXPECTED
    said = " ".join(done.out.split())
    assert "A fact is that a call succeeds" in said
    assert "conformance distill openat" in said
    assert "Exit status: 0 done, 1 " in said


def test_calls_that_there_are_not_or_that_no_program_makes_are_named(tmp_path: Path) -> None:
    refuses(told("distill", "opneat", "-o", tmp_path), Exit.USAGE, "there is no call opneat", "openat")
    refuses(told("distill", "fork", "-o", tmp_path), Exit.USAGE, "could run away")
    refuses(told("distill", "openat", "-t", "wsl3", "-o", tmp_path), Exit.USAGE, "wsl3")


def test_files_are_written_and_stay_as_they_are(tmp_path: Path) -> None:
    needs_executor()
    targets = targets_in(tmp_path)
    asked = ("distill", "dup", "--seconds", "0", "--seed", "1", "--targets", targets, "-o", tmp_path)
    done = told(*asked)
    assert done.status == Exit.EXPECTED
    assert "seed 1; files go to" in done.err
    assert "0 as before" in done.out
    (file,) = tmp_path.rglob("*.calls")
    text = file.read_text()
    again = told(*asked)
    assert "0 new" in again.out
    assert file.read_text() == text
    file.write_text(text.replace("EBADF", "EPERM"))
    done = told(*asked)
    assert done.status == Exit.UNEXPECTED
    assert "dropped that did not keep what was promised" in done.out
    assert file.read_text() == text


def test_programs_that_were_there_and_are_kept_no_more_end_it_with_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def losing(*_: object) -> Distilled:
        return Distilled(Gathered(goals(["dup"])), already={("dup", "succeeds")})

    monkeypatch.setattr("conformance.search.distill.distilling.distill_on", losing)
    assert told("distill", "dup", "-o", tmp_path).status == Exit.UNEXPECTED
