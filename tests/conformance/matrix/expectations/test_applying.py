from __future__ import annotations

import time
from dataclasses import replace

import pytest

from conformance.matrix.build import build
from conformance.matrix.expectations.accepting import dead
from conformance.matrix.expectations.applying import apply, outdated, unexpected
from conformance.matrix.expectations.entries import matches
from conformance.model import DIFFERENCES, GAINS, Cell, Expectation, ExpectationKind, Level, Outcome, Verdict
from tests.builders import CASE, passed, record, result
from tests.conformance.matrix.expectations.matrices import KNOWN, MISSING, TODAY, TOMORROW, YESTERDAY, cell, matrix


def test_a_difference_that_nobody_expects_is_unexpected() -> None:
    ((column, comparison, found),) = unexpected(matrix())
    assert (column.target.name, comparison.case, found.verdict) == ("wsl1", CASE, Verdict.MISSING)


def test_an_expected_difference_is_accepted_and_shown_as_such() -> None:
    found = matrix(KNOWN)
    assert cell(found).expected is KNOWN
    assert unexpected(found) == []


def test_an_expected_difference_that_has_vanished_is_out_of_date_and_not_unexpected() -> None:
    found = matrix(KNOWN, said=passed())
    assert (cell(found).verdict, cell(found).unmet) == (Verdict.SAME, KNOWN)
    assert [each for _, _, each in outdated(found)] == [cell(found)]
    assert unexpected(found) == []


def test_another_difference_than_the_expected_one_is_unexpected_and_not_out_of_date() -> None:
    found = matrix(KNOWN, said=result(Outcome.CRASH))
    assert cell(found).unmet is KNOWN
    assert len(unexpected(found)) == 1
    assert outdated(found) == []


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("expectation", ["met", "unmet", "none"])
def test_a_cell_is_unexpected_or_out_of_date_by_its_verdict_and_its_expectation(
    verdict: Verdict, expectation: str
) -> None:
    level = Level.OUTCOME if verdict in DIFFERENCES else None
    met, unmet = (KNOWN if expectation == each else None for each in ("met", "unmet"))
    found = Cell(verdict, level=level, expected=met, unmet=unmet)
    assert found.unexpected is (verdict in DIFFERENCES and expectation != "met")
    assert found.outdated is (verdict in GAINS and expectation == "unmet")


@pytest.mark.parametrize("known", [[], [KNOWN], [replace(KNOWN, verdict=Verdict.FAILS)]])
def test_whatever_is_expected_of_a_cell_its_own_message_stays(known: list[Expectation]) -> None:
    found = cell(matrix(*known))
    assert (found.message, found.level, found.verdict) == ("overlayfs", Level.OUTCOME, Verdict.MISSING)


def test_a_case_in_which_the_reference_fails_alike_neither_meets_nor_refutes_an_expectation() -> None:
    known = replace(KNOWN, verdict=Verdict.DIFFERS)
    found = build([record("native", MISSING), record("wsl1", MISSING)], "native", [known])
    assert (cell(found).unmet, unexpected(found), outdated(found)) == (None, [], [])
    assert dead(found, [known]) == []


def test_a_case_that_lacks_its_hardware_does_not_refute_an_expectation() -> None:
    known = replace(KNOWN, verdict=Verdict.DIFFERS)
    found = matrix(known, said=result(Outcome.MISSING, message="hardware: a second processor"))
    assert (cell(found).unmet, unexpected(found), outdated(found)) == (None, [], [])
    assert dead(found, [known]) == []


@pytest.mark.parametrize("outcome", [Outcome.SKIPPED, Outcome.ERROR])
def test_a_case_that_could_not_run_neither_meets_nor_refutes_an_expectation(outcome: Outcome) -> None:
    found = matrix(KNOWN, said=result(outcome))
    assert (cell(found).expected, cell(found).unmet) == (None, None)
    assert unexpected(found) == []
    assert dead(found, [KNOWN]) == []


def test_a_target_that_could_not_start_neither_meets_nor_refutes_an_expectation() -> None:
    found = build([record("native", passed()), record("wsl1", failed="no profile")], "native", [KNOWN])
    assert (cell(found).expected, cell(found).unmet) == (None, None)
    assert dead(found, [KNOWN]) == []


def test_an_expectation_speaks_of_its_target_only() -> None:
    assert len(unexpected(matrix(replace(KNOWN, target="gvisor")))) == 1


WIDE = replace(KNOWN, case="area/*", verdict=Verdict.CRASH)
BASELINE = replace(KNOWN, reason="", kind=ExpectationKind.BASELINE)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (KNOWN, WIDE),
        (KNOWN, replace(WIDE, case=f"{CASE}*")),
        (replace(WIDE, case="area/test_feature.py::*"), WIDE),
        (replace(BASELINE, verdict=Verdict.FAILS), WIDE),
        (KNOWN, replace(BASELINE, verdict=Verdict.FAILS)),
        (replace(WIDE, verdict=Verdict.MISSING), replace(BASELINE, case="area/*", verdict=Verdict.FAILS)),
    ],
)
def test_the_narrowest_expectation_counts_and_then_what_is_explained(first: Expectation, second: Expectation) -> None:
    for known in ([first, second], [second, first]):
        found = cell(matrix(*known))
        assert (found.expected or found.unmet) is first


def test_an_expectation_that_is_inert_stands_before_no_other() -> None:
    inert = replace(KNOWN, verdict=Verdict.CRASH, when="kernel >= 6.6")
    assert cell(matrix(inert, replace(KNOWN, case="area/*"))).expected is not None


@pytest.mark.parametrize(
    ("glob", "case", "expected"),
    [
        ("a/*", "a/test_b.py::test_c", True),
        ("a/test_b.py::*", "a/test_b.py::test_c[x]", True),
        ("*::test_c", "a/test_b.py::test_c", True),
        ("a/test_b.py::test_?", "a/test_b.py::test_c", True),
        ("a/test_b.py::test_c", "a/test_b.py::test_c[x]", False),
        ("a/test_b.py::test_c[x]", "a/test_b.py::test_c[x]", True),
        ("a/test_b.py::test_c[x]", "a/test_b.py::test_cx", False),
        ("a/test_b.py::test_c[*]", "a/test_b.py::test_c[x-y]", True),
        ("a/test_b.py::test_c[x-1]", "a/test_b.py::test_c[x-2]", False),
        ("b/*", "a/test_b.py::test_c", False),
    ],
)
def test_an_expectation_is_a_glob_in_which_brackets_are_parameters(glob: str, case: str, expected: bool) -> None:
    assert matches(glob, case) is expected
    said = result(Outcome.MISSING, case=case)
    assert (cell(matrix(replace(KNOWN, case=glob), said=said)).expected is not None) is expected


@pytest.mark.parametrize(("condition", "holds"), [("kernel >= 6.6", False), ("kernel < 6.6", True), ("", True)])
def test_an_expectation_holds_under_its_condition(condition: str, holds: bool) -> None:
    found = matrix(replace(KNOWN, when=condition), release="6.1.21")
    assert (cell(found).expected is not None) is holds


@pytest.mark.parametrize(("version", "holds"), [("20240729", True), ("20240805", False), ("", False)])
def test_an_expectation_holds_for_the_versions_of_what_runs_the_target(version: str, holds: bool) -> None:
    known = replace(KNOWN, when="runsc == 20240729")
    found = matrix(known, versions={"runsc": version} if version else {})
    assert (cell(found).expected is not None) is holds
    assert cell(found).unmet is None


def test_an_expectation_that_is_inert_is_not_met_by_another_version_and_makes_nothing_out_of_date() -> None:
    found = matrix(replace(KNOWN, when="runsc == 20240729"), said=passed(), versions={"runsc": "20240805"})
    assert (cell(found).unmet, outdated(found)) == (None, [])


@pytest.mark.parametrize(("expires", "holds"), [(YESTERDAY, False), (str(TODAY), False), (TOMORROW, True)])
def test_an_expectation_holds_until_the_day_on_which_it_expires(expires: str, holds: bool) -> None:
    assert (cell(matrix(replace(KNOWN, expires=expires))).expected is not None) is holds


def test_a_whole_matrix_is_held_against_many_expectations_in_little_time() -> None:
    """As many as a thousand cases have on four targets, of which hardly one is a glob."""
    cases = [f"area/test_{module}.py::test_{number}" for module in range(100) for number in range(10)]
    names = ("one", "two", "three", "four")
    records = [record(name, *[result(Outcome.FAILED, case=case) for case in cases]) for name in names]
    found = build([record("native", *[replace(passed(), case=case) for case in cases]), *records], "native")
    known = [Expectation(case, name, Verdict.FAILS, "known", when="kernel >= 6.1") for name in names for case in cases]
    begun = time.process_time()
    held = apply(found, known)
    assert time.process_time() - begun < 1
    assert unexpected(held) == []
