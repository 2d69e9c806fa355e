"""How runs are named on the command line."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.run.errors import UsageError
from conformance.run.naming import results_directory, runs
from conformance.run.results import RunPlan
from conformance.run.selection import Selection


def planned(folder: Path, run: str, written: float = 0.0) -> Path:
    """A run that was planned then, in a folder of any name."""
    RunPlan(run, "native", [], Selection()).write(folder)
    os.utime(folder / "run.json", (written, written))
    return folder


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything in an empty folder."""
    monkeypatch.chdir(tmp_path)


def test_runs_are_in_the_order_in_which_they_were_planned_whatever_they_are_called() -> None:
    old = planned(Path("results/old"), "20260101T000000Z")
    newest = planned(Path("results/a"), "20260103T000000Z")
    middle = planned(Path("results/20260102T000000Z"), "20260102T000000Z", written=4e9)
    (Path("results/zzz")).mkdir()
    fuzz = Path("results/fuzz-20260104T000000Z")
    fuzz.mkdir()
    (fuzz / "search.json").write_text("{}")
    damaged = Path("results/damaged")
    damaged.mkdir()
    (damaged / "run.json").write_text("[")
    assert runs(Path("results")) == [newest, middle, old]
    names = ("LATEST", "LATEST~0", "PREVIOUS", "LATEST~1", "LATEST~2", "results/LATEST", "results/PREVIOUS")
    assert [results_directory(name) for name in names] == [newest, newest, middle, middle, old, newest, middle]


def test_a_run_with_a_name_that_is_no_time_is_as_old_as_its_plan() -> None:
    older = planned(Path("results/b"), "mine", written=1_000_000_000)
    newer = planned(Path("results/a"), "mine too", written=1_000_000_001)
    assert runs(Path("results")) == [newer, older]


def test_two_runs_of_the_same_second_are_told_apart_by_their_files() -> None:
    second = planned(Path("results/a"), "20260101T000000Z", written=20)
    first = planned(Path("results/b"), "20260101T000000Z", written=10)
    assert runs(Path("results")) == [second, first]


def test_a_run_is_found_by_path_and_by_name() -> None:
    found = planned(Path("results/old"), "20260101T000000Z")
    assert results_directory("old") == results_directory("results/old") == found
    assert results_directory(str(found.resolve())) == found.resolve()


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("LATEST", "no LATEST: results has no run"),
        ("PREVIOUS", "no PREVIOUS: results has no run"),
        ("elsewhere/LATEST", "no LATEST: elsewhere has no run"),
        ("LATEST~", "no results at LATEST~"),
        ("LATEST~x", "no results at"),
        ("latest", "no results at latest"),
    ],
)
def test_what_is_not_there_is_said(name: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        results_directory(name)


def test_going_back_too_far_says_how_many_runs_there_are() -> None:
    planned(Path("results/old"), "20260101T000000Z")
    with pytest.raises(UsageError, match=r"no PREVIOUS: results has 1 run;"):
        results_directory("PREVIOUS")
