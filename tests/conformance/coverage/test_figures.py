"""The figures that reports show."""

from __future__ import annotations

import errno

from conformance.coverage.counting import coverage_of
from conformance.coverage.figures import AREA_HEADS, WHOLE, AreaRow, Sum, area_rows, beside, grouped, sums
from conformance.coverage.missing import Lacking
from conformance.model import Outcome
from tests.builders import record, result, step
from tests.conformance.coverage.counted import counted

READ = step("read", 3, None, 4, result=4)
REFUSED = step("read", 3, None, 4, result=-1, errno=errno.EBADF)


def test_figures_of_others_are_those_of_the_calls_that_are_asked_for() -> None:
    assert beside(["read", "getpmsg"]) == {"ltp_calls": 1, "ltp_errnos": 5, "gvisor_calls": 1, "gvisor_errnos": 9}
    assert set(beside([]).values()) == {0}


def test_calls_are_held_against_the_table_and_only_what_is_alike_stands_side_by_side() -> None:
    found = {each.what: each for each in sums(counted(READ, REFUSED))}
    assert found["calls of x86_64 that succeeded"][1:] == (1, 369, 332, 271)
    assert found["documented errnos"] == Sum("documented errnos", 1, 2126)
    assert found["all errnos"] == Sum("all errnos", 1, None, 1154, 502)


def test_an_area_is_held_against_what_there_is_of_its_calls() -> None:
    [row] = area_rows(counted(READ, REFUSED))
    assert row == AreaRow("area", 1, 1, 1, 7, 0, 0, 0, 5, 9)
    assert len(row) == len(AREA_HEADS)


def test_what_two_areas_meet_is_counted_once_for_all() -> None:
    cases = [result(Outcome.PASSED, READ, case=f"{area}/test_a.py::test_b") for area in ("one", "two")]
    rows = {row.area: row.calls for row in area_rows(coverage_of([record("native", *cases)]))}
    assert rows == {"one": 1, "two": 1, WHOLE: 1}


def test_what_has_one_place_and_one_reason_is_one_row() -> None:
    lacking = [
        *(Lacking("open", name, "", "flags") for name in ("O_PATH", "O_SYNC")),
        *(Lacking("open", name, "", "mode") for name in ("S_IRWXU",)),
        *(Lacking("accept", "EBADF", ""), Lacking("accept", "ERESTARTSYS", "unseen"), Lacking("accept", "EFAULT", "")),
    ]
    assert grouped(lacking) == [
        ("open.flags", "O_PATH O_SYNC", ""),
        ("open.mode", "S_IRWXU", ""),
        ("accept", "EBADF EFAULT", ""),
        ("accept", "ERESTARTSYS", "unseen"),
    ]
