from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Outcome
from conformance.run.conduct import Conduct
from conformance.run.diff_display import LINES
from conformance.run.errors import Exit
from conformance.run.results import read_plan
from tests.builders import result
from tests.conformance.run.runs import Said, diff, many, said, with_first, write


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of `lts` beside this machine, in which everything passes."""
    return write(tmp_path / "old", native=Said(), lts=Said())


def test_gains_are_cut_at_a_screen_and_full_shows_them(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / each, lts=many(of), reference="lts")
        for each, of in zip("ab", (Outcome.FAILED, Outcome.PASSED), strict=True)
    )
    status, output = diff(old, new)
    assert status == Exit.EXPECTED
    assert len(output.splitlines()) <= LINES
    hidden = re.search(r"… and (\d+) more entries: --full shows all$", output.strip())
    assert hidden
    assert int(hidden[1]) + output.count("gain: ") == 60
    assert diff(old, new, full=True)[1].count("gain: ") == 60


def test_what_is_worse_comes_first_of_all_targets(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(said(read=1)), lts=Said(with_first(*said(Outcome.FAILED)[:1])))
    lines = [line for line in diff(old, new)[1].splitlines() if line.startswith(("regression", "changed"))]
    assert [line.partition(":")[0] for line in lines] == ["regression", *["changed"] * 8]


def test_what_is_worse_is_never_cut(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / each, lts=many(of), reference="lts")
        for each, of in zip("ab", (Outcome.PASSED, Outcome.FAILED), strict=True)
    )
    assert diff(old, new)[1].count("regression: ") == 60


def test_why_evidence_is_lost_is_never_cut(old: Path, tmp_path: Path) -> None:
    why = "there is no QEMU here, nor anything that could be taken for one: apt install qemu-system-x86"
    new = write(tmp_path / "new", native=Said(), lts=Said(failed=why))
    lines = diff(old, new, width=60)[1].splitlines()
    assert why in " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 60


def test_what_does_not_fit_is_cut_unless_all_is_asked_for(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / each, lts=many(of, 1), reference="lts")
        for each, of in zip("ab", (Outcome.FAILED, Outcome.PASSED), strict=True)
    )
    short, whole = (diff(old, new, width=60, full=full)[1].splitlines() for full in (False, True))
    assert any(line.endswith("…") for line in short)
    assert not any(line.endswith("…") for line in whole)
    assert len(whole) > len(short)
    assert max(map(len, [*short, *whole])) <= 60


def test_what_a_guest_said_is_nothing_that_a_terminal_obeys(old: Path, tmp_path: Path) -> None:
    hostile = result(Outcome.FAILED, message="\x1b[2Jgone\r\nE   \x1b]0;title\x07")
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(hostile), release="6.1\x07\x9b2J"))
    output = diff(old, new, full=True)[1]
    assert all(each.isprintable() for each in output.splitlines())


def test_other_examples_and_other_limits_are_told(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said())
    replace(read_plan(new), conduct=Conduct(effort="nightly", timeout=5.0)).write(new)
    status, output = diff(old, new)
    assert status == Exit.EXPECTED
    assert output.splitlines()[:2] == [
        "note: the effort was gate and is nightly",
        "note: the timeout was 20.0 and is 5.0",
    ]


def test_both_calls_are_shown_where_all_is_asked_for(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(read=1)[:1])))
    lines = diff(old, new, full=True)[1].splitlines()
    assert lines[-2:] == ["    - read(0, NULL, 4) = 4", "    + read(0, NULL, 4) = 1"]
