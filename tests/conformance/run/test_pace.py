from __future__ import annotations

from pathlib import Path

import pytest

from conformance.programs.cases import CaseProgram
from conformance.run.pace import PROGRAM, Pace, weights
from conformance.run.programs import selected
from conformance.run.selection import Selection

CASES = [f"a/test_b.py::test_{at}" for at in range(10)]
PROGRAMS = [f"a/x.calls::p{at}" for at in range(10)]


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[CaseProgram]:
    monkeypatch.setattr("conformance.places.CASES", tmp_path)
    (tmp_path / "area").mkdir()
    (tmp_path / "area" / "x.calls").write_text("one:\n    umask(0)\n\ntwo:\n    umask(0)\n")
    return list(selected(Selection()).by_id.values())


def test_what_took_long_weighs_much_and_what_is_new_as_much_as_others_do(programs: list[CaseProgram]) -> None:
    found = weights(CASES[:3], programs, {CASES[0]: 9.0, CASES[1]: 1.0})
    assert [found[case] for case in CASES[:3]] == [9.0, 1.0, 5.0]
    assert {found[each.info.id] for each in programs} == {5.0 * PROGRAM}


@pytest.mark.parametrize("seconds", [{}, {CASES[0]: 0.0}])
def test_where_nothing_is_known_all_cases_weigh_the_same(seconds: dict[str, float]) -> None:
    assert set(weights(CASES, (), seconds).values()) == {1.0}


def test_what_is_left_goes_on_as_what_is_done() -> None:
    pace = Pace({CASES[0]: 3.0, CASES[1]: 1.0}, 100.0, passes=2)
    assert pace.seconds_left(130.0) is None
    pace.result(CASES[1], 130.0)
    assert pace.seconds_left(130.0) == 30 * 7
    assert pace.seconds_left(140.0) == 30 * 7 - 10
    assert pace.seconds_left(1e6) == 0


def test_programs_and_cases_go_on_each_at_their_own_pace() -> None:
    pace = Pace(dict.fromkeys(CASES + PROGRAMS, 1.0), 0.0)
    pace.result(PROGRAMS[0], 1.0)
    assert pace.seconds_left(1.0) is None
    pace.result(PROGRAMS[1], 2.0)
    assert pace.seconds_left(2.0) == 18, "those of which none is done: as the others"
    pace.result(CASES[0], 12.0)
    assert pace.seconds_left(12.0) == 9 * 10 + 8 * 1
