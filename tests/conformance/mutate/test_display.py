"""What is said of a measurement."""

from __future__ import annotations

import re

import pytest

from conformance.mutate.conduct import Measurement
from conformance.mutate.display import MutateDisplay, as_data, percent, report
from conformance.mutate.hunting import Fate, Upshot
from conformance.mutate.mutants import LeftOut, Mutant, mutants_of


@pytest.fixture
def what() -> Measurement:
    """Of openat and close, in which one flag of openat has survived and one is in no case."""
    found = [each for label in ("openat", "close") for each in mutants_of(label)]
    mutants = [each for each in found if isinstance(each, Mutant)]
    measured = Measurement(
        mutants, [each for each in found if isinstance(each, LeftOut)], [], ["files/test_x.py::test_y"]
    )
    ends = {"O_NOCTTY": Upshot.SURVIVED, "O_PATH": Upshot.NOT_EXERCISED}
    for each in mutants:
        end = ends.get(each.what, Upshot.CAUGHT)
        by, said = ("files/a.calls::b", "it differs") if end is Upshot.CAUGHT else ("", "")
        measured.settle(Fate(each, end, by, said, 2))
    return measured


def test_there_is_a_row_a_chapter_and_one_a_fault_and_survivors_are_named(what: Measurement) -> None:
    said = report(what)
    total = len(what.mutants)
    assert re.search(rf"^files +{total} +{total - 2} +\d\d\.\d +1 +1$", said, re.MULTILINE)
    assert re.search(r"^nothing done +2 +2 +100 ", said, re.MULTILINE)
    assert "1 fault survived:\n  openat: flag dropped (O_NOCTTY)\n" in said
    assert "1 fault not exercised:\n  openat: flag dropped (O_PATH)\n" in said
    assert "1 fault left out: Linux itself could show the same" in said
    assert "1 case left out, which without a fault" in said


def test_data_has_every_fault_and_by_whom_it_was_caught(what: Measurement) -> None:
    data = as_data(what)
    assert isinstance(data, dict)
    assert isinstance(data["faults"], list)
    assert len(data["faults"]) == len(what.mutants)
    assert data["faults"][0] == {
        "chapter": "files",
        "call": "close",
        "fault": "another errno",
        "what": "",
        "end": "caught",
        "by": "files/a.calls::b",
        "said": "it differs",
        "cases": 2,
    }
    assert data["unsteady"] == ["files/test_x.py::test_y"]
    assert data["left_out"] == [
        {
            "call": "openat",
            "fault": "flag dropped",
            "what": "O_LARGEFILE",
            "why": "x86_64 sets it by itself (force_o_largefile)",
        }
    ]


def test_nothing_is_caught_whole() -> None:
    assert percent([]) == 100


def test_progress_is_a_line(
    what: Measurement, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.run.display.QUIET_SECONDS", 0)
    with MutateDisplay() as display:
        display(what)
    total = len(what.mutants)
    assert capsys.readouterr().err == f"{total - 2} of {total} faults caught; 1 case, 0 steady so far\n"
