"""The coverage of a results directory: which records are counted, and what is missed in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import CaseInfo, Outcome
from conformance.run.covering import covered
from conformance.run.errors import Exit, UsageError
from tests.builders import result
from tests.conformance.run.runs import FIRST, Said, said, with_first, write


def test_a_run_that_came_to_its_end_has_lost_nothing(tmp_path: Path) -> None:
    found = covered(write(tmp_path, native=Said(), lts=Said(said(error=9))))
    assert (found.lost, found.status) == ([], Exit.EXPECTED)
    assert found.coverage.met.cases == 8
    assert found.coverage.met.calls == {"read"}
    assert len(found.coverage.met.pairs) == 1


def test_only_the_targets_that_are_named_count(tmp_path: Path) -> None:
    found = covered(write(tmp_path, native=Said(), lts=Said(said(error=9), complete=False)), ["native"])
    assert (found.lost, found.coverage.met.pairs) == ([], frozenset())
    assert found.coverage.targets == {"native": "6.1.0"}


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (Said(failed="no KVM"), "lts: no KVM"),
        (Said(complete=False), "lts: the run did not come to its end"),
        (Said(said()[1:], cases=[CaseInfo(each.case, each.hash) for each in said()]), "lts: 1 case not run"),
        (Said(with_first(result(Outcome.ERROR))), "lts: 1 case not run"),
        (Said(lost="test_x.py"), "lts: test_x.py could not be collected, none of its cases was run"),
    ],
)
def test_what_a_target_was_to_say_and_has_not_is_a_sentence(record: Said, sentence: str, tmp_path: Path) -> None:
    found = covered(write(tmp_path, native=Said(), lts=record))
    assert (found.lost, found.status) == ([sentence], Exit.INCOMPLETE)
    assert found.coverage.met.calls == {"read"}


def test_a_target_that_was_never_started_is_lost(tmp_path: Path) -> None:
    directory = write(tmp_path, native=Said(), lts=Said())
    (directory / "lts.jsonl").unlink()
    assert covered(directory).lost == ["lts: it was never started"]


def test_a_case_that_was_run_again_is_not_lost(tmp_path: Path) -> None:
    assert covered(write(tmp_path, native=Said(with_first(result(Outcome.ERROR), said()[0])))).lost == []


def test_of_one_area_only_its_cases_count_and_can_be_lost(tmp_path: Path) -> None:
    assert FIRST.startswith("files/")
    directory = write(tmp_path, native=Said(with_first(result(Outcome.ERROR))))
    found = covered(directory, area="netlink")
    assert found.coverage.areas.keys() == {"netlink"}
    assert found.lost == []
    assert covered(directory, area="files").lost == ["native: 1 case not run"]


@pytest.mark.parametrize(
    ("names", "area", "words"),
    [
        (["wsl3"], "", "there is no target wsl3 in the run 20260101T000000Z; it has native"),
        ([], "sound", "there is no area sound in this run; it has files, netlink"),
    ],
)
def test_what_a_run_does_not_have_is_a_wrong_command_line(
    names: list[str], area: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=words):
        covered(write(tmp_path, native=Said()), names, area)
