"""The tables of a coverage, and its JSON."""

from __future__ import annotations

import errno
import re

import pytest

from conformance.coverage.counting import coverage_of
from conformance.coverage.display import as_data, report
from conformance.coverage.documents import peers
from conformance.coverage.facts import Coverage
from conformance.model import Outcome
from conformance.syscalls.files.opening import O_PATH
from tests.builders import record, result, step
from tests.conformance.coverage.counted import counted


@pytest.fixture
def coverage() -> Coverage:
    """Two areas: one reads, one opens and is refused, once as the manual has it."""
    opened = step("openat", -100, "a", O_PATH, result=3)
    refused = [step("openat", -100, "a", 0, result=-1, errno=each) for each in (errno.ENOENT, errno.EDOM)]
    results = [
        result(Outcome.PASSED, step("read", 3, None, 4, result=4), case="files/test_a.py::test_b"),
        result(Outcome.PASSED, opened, *refused, case="paths/test_c.py::test_d"),
    ]
    return coverage_of([record("native", *results, release="6.12.1")])


def row(text: str, name: str) -> list[str]:
    """The cells of the line that begins with a name."""
    [line] = [line for line in text.splitlines() if line.startswith(f"{name} ")]
    return line.removeprefix(name).split()


def test_sums_say_what_is_met_of_what_there_is_and_what_others_have(coverage: Coverage) -> None:
    text = report(coverage)
    assert text.startswith("native (6.12.1): 2 cases in 2 areas\n")
    assert row(text, "calls of x86_64 that succeeded") == ["2", "369", "332", "271"]
    assert row(text, "documented errnos") == ["1", "2126"]
    assert row(text, "errnos that no page documents") == ["1"]
    assert row(text, "all errnos") == ["2", "1154", "502"]
    assert row(text, "flags") == ["1", str(len(coverage.flags))]
    assert row(text, "operations") == ["1", str(len(coverage.operations))]


def test_an_area_is_held_against_the_manual_and_others_by_the_calls_that_it_makes(coverage: Coverage) -> None:
    openat = sum(each.call == "openat" for each in coverage.documented)
    others = [str(peers()["openat"].ltp_errnos), str(peers()["openat"].gvisor_errnos)]
    assert row(report(coverage), "paths") == ["1", "1", "1", str(openat), "1", "1", "1", *others]
    assert report(coverage).splitlines()[-1].split()[:3] == ["all", "2", "2"]


def test_one_area_needs_no_sum() -> None:
    assert report(counted(step("read", result=1))).splitlines()[-1].split()[:3] == ["area", "1", "1"]


def test_nothing_at_all_is_a_table_too() -> None:
    text = report(coverage_of([]))
    assert text.startswith("no target: 0 cases in 0 areas\n")
    assert row(text, "documented errnos") == ["0", "2126"]


def test_what_nothing_reaches_is_listed_when_it_is_asked_for(coverage: Coverage) -> None:
    assert "never succeeded" not in report(coverage)
    text = report(coverage, missing=True)
    assert "367 calls that never succeeded\n" in text
    assert "2125 documented errnos not met\n" in text
    assert re.search(r"^reboot +ends the machine$", text, re.MULTILINE)
    assert f"{len(coverage.flags) - 1} flags not met\n" in text
    assert f"{len(coverage.operations) - 1} operations not met\n" in text
    assert max(map(len, text.splitlines())) <= 125


def test_what_a_guest_says_of_itself_stays_on_its_line() -> None:
    assert report(counted(step("read"), release="6.1\nall 9\x1b[2J")).splitlines()[0] == (
        "native (6.1 all 9\N{REPLACEMENT CHARACTER}[2J): 1 case in 1 area"
    )


def test_json_has_the_facts_themselves(coverage: Coverage) -> None:
    data = as_data(coverage)
    met = data["met"]
    assert isinstance(met, dict)
    assert met["calls"] == ["openat", "read"]
    assert met["documented"] == [{"call": "openat", "errno": "ENOENT"}]
    assert met["undocumented"] == [{"call": "openat", "errno": "EDOM"}]
    assert met["flags"] == [{"call": "openat", "argument": "flags", "name": "O_PATH"}]
    assert "missing" not in data


def test_json_has_what_nothing_reaches_with_its_reason(coverage: Coverage) -> None:
    missing = as_data(coverage, missing=True)["missing"]
    assert isinstance(missing, dict)
    assert {"call": "reboot", "reason": "ends the machine"} in missing["calls"]
    assert {"call": "openat", "errno": "EBADF", "reason": ""} in missing["documented"]
    assert {"call": "openat", "argument": "flags", "name": "O_CREAT", "reason": ""} in missing["flags"]
    assert {"call": "kcmp", "operation": "kcmp_file", "reason": "the call is not made"} in missing["operations"]
