"""What `conformance expect` does to a place; as a user types it, in `tests/conformance/cli/test_expect.py`."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from conformance.model import ExpectationKind, Outcome, Verdict
from conformance.run.errors import UsageError
from conformance.run.expecting import Run, accepted, exported, imported, like, on_to, pruned
from conformance.run.known import Known
from tests.builders import result
from tests.conformance.run.runs import FIRST, Said, said, with_first, write

NEW = like("there is none", "", "", "", "2026-01-01")


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run in which the first case fails on `lts` and on `wsl2`."""
    failing = Said(with_first(result(Outcome.FAILED, message="no")))
    return Run.of(write(tmp_path / "run", native=Said(), lts=failing, wsl2=failing), ())


def only(run: Run, *targets: str) -> Run:
    """The run, of which some targets were named."""
    return Run.of(run.directory, targets)


def test_a_target_that_a_run_does_not_have_is_told_with_those_that_it_has(run: Run) -> None:
    with pytest.raises(
        UsageError, match=r"^-t wsl3: there is no such target in .*; its targets are native, lts, wsl2$"
    ):
        only(run, "lts", "wsl3")


@pytest.mark.parametrize("reason", ["so it is", None])
def test_what_has_a_reason_is_explained_and_anything_else_a_baseline(reason: str | None) -> None:
    found = like(reason, "", "kernel < 6.6", "", "2026-01-01")
    assert found.kind is (ExpectationKind.BASELINE if reason is None else ExpectationKind.EXPLAINED)
    assert (found.reason, found.when, found.since) == (reason or "", "kernel < 6.6", "2026-01-01")


@pytest.mark.parametrize(
    ("when", "expires", "words"),
    [
        ("nonsense", "", "^--when: "),
        ("", "tomorrow", "^--expires: 'tomorrow' is no date"),
        ("", datetime.date.today().isoformat(), "has come already"),
    ],
)
def test_what_no_file_may_say_is_refused_by_the_option_s_name(when: str, expires: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        like("so", "", when, expires, "2026-01-01")


@pytest.mark.parametrize(
    ("targets", "pattern", "causes", "accepts"),
    [
        ((), "*", (), {"lts", "wsl2"}),
        (("lts",), "*", (), {"lts"}),
        ((), "netlink/*", (), set()),
        ((), "*", ("hardware",), set()),
    ],
)
def test_what_is_asked_for_of_a_run_is_accepted_and_nothing_else(
    targets: tuple[str, ...], pattern: str, causes: tuple[str, ...], accepts: set[str], run: Run, tmp_path: Path
) -> None:
    found = accepted(only(run, *targets), Known(tmp_path / "own"), NEW, pattern, causes)
    assert {each.target for each in found.expectations} == accepts
    assert all(each.verdict is Verdict.FAILS and each.reason == "there is none" for each in found.expectations)


def test_what_a_run_does_not_meet_is_dropped_of_the_targets_that_are_named(run: Run, tmp_path: Path) -> None:
    known = accepted(run, Known(tmp_path / "own"), NEW, "*", ())
    assert len(pruned(run, known).expectations) == 2
    well = Run.of(write(tmp_path / "well", native=Said(), lts=Said(), wsl2=Said()), ("lts",))
    assert [each.target for each in pruned(well, known).expectations] == ["wsl2"]


def test_a_baseline_is_moved_on_to_what_a_run_shows(run: Run, tmp_path: Path) -> None:
    known, lines = on_to(only(run, "lts"), Known(tmp_path / "own"), "2026-01-01")
    (each,) = known.expectations
    assert (each.target, each.kind, each.since) == ("lts", ExpectationKind.BASELINE, "2026-01-01")
    assert lines[0].endswith("0 as before, 1 new, 0 dropped; 0 explained stay")
    again, lines = on_to(only(run, "lts"), known, "2026-02-02")
    assert (again.expectations, lines[0].partition(": ")[2].partition(": ")[2]) == (
        known.expectations,
        "1 as before, 0 new, 0 dropped; 0 explained stay",
    )


def test_a_run_that_did_not_end_moves_nothing(tmp_path: Path) -> None:
    run = Run.of(write(tmp_path / "run", native=Said(), lts=Said(said(), complete=False)), ())
    with pytest.raises(UsageError, match="lts did not run to its end"):
        on_to(run, Known(tmp_path / "own"), "2026-01-01")


def test_a_list_is_written_and_taken_over_as_it_was(run: Run, tmp_path: Path) -> None:
    known = accepted(only(run, "lts"), Known(tmp_path / "own"), NEW, FIRST, ())
    text, count, left = exported(known, tmp_path / "known.toml", None, ("lts",))
    assert (count, left) == (1, [])
    (tmp_path / "known.toml").write_text(text)
    found, unread = imported(
        Known(tmp_path / "other"), tmp_path / "known.toml", None, ("lts",), "", Verdict.FAILS, "2026-01-01"
    )
    assert (found.expectations, unread) == (known.expectations, [])


@pytest.mark.parametrize(
    ("name", "targets", "words"),
    [
        ("known.txt", ("lts",), "its name does not tell its format"),
        ("known.skip", (), "say of which target the list is"),
        ("known.skip", ("lts", "wsl2"), "say of which target the list is"),
        ("known.skip", ("gvisor",), "nothing is expected of gvisor"),
    ],
)
def test_a_list_that_cannot_be_written_is_refused(
    name: str, targets: tuple[str, ...], words: str, run: Run, tmp_path: Path
) -> None:
    known = accepted(run, Known(tmp_path / "own"), NEW, "*", ())
    with pytest.raises(UsageError, match=words):
        exported(known, tmp_path / name, None, targets)
