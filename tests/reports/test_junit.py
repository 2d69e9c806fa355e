from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as Xml

import pytest

from conformance.model import Cause, Cell, Expectation, Level, Matrix, Verdict
from reports.junit import LINE_WIDTH, TRACE_LINES, render
from tests.builders import facts
from tests.reports.matrices import CASE, HOSTILE, matrix

KNOWN = Expectation(CASE, "other", Verdict.MISSING, "runsc: known for long")
DIFFERENCES = (Verdict.DIFFERS, Verdict.MISSING, Verdict.FAILS, Verdict.CRASH, Verdict.HANG)
CELLS: list[tuple[str, Cell]] = [
    *((f"unexpected {each}", Cell(each, "m", Cause.SEMANTIC, Level.OUTCOME)) for each in DIFFERENCES),
    *((f"expected {each}", Cell(each, "m", level=Level.OUTCOME, expected=KNOWN)) for each in DIFFERENCES),
    *((f"as on the reference: {each}", Cell(each, "as on native: m")) for each in DIFFERENCES),
    *((f"environment: {each}", Cell(each, "m", Cause.ENVIRONMENT, Level.OUTCOME)) for each in DIFFERENCES),
    ("another than expected", Cell(Verdict.FAILS, "m", level=Level.OUTCOME, unmet=KNOWN)),
    ("an unsteady crash", Cell(Verdict.CRASH, "m", level=Level.OUTCOME, attempts=3, steady=False)),
    ("same", Cell(Verdict.SAME)),
    ("new", Cell(Verdict.NEW)),
    ("gain", Cell(Verdict.SAME, unmet=KNOWN)),
    ("gain that is new", Cell(Verdict.NEW, unmet=KNOWN)),
    *((str(each), Cell(each, "m")) for each in (Verdict.FLAKY, Verdict.SKIPPED, Verdict.INVALID, Verdict.ERROR)),
]


def tag_of(name: str) -> str | None:
    """What a testcase must have for a cell of `CELLS`; None: it passes."""
    if name.startswith(("unexpected", "another", "an unsteady")):
        return "failure"
    if name == "error":
        return "error"
    return None if name.startswith(("same", "new", "gain")) else "skipped"


def with_cell(cell: Cell) -> Matrix:
    """The matrix with this cell in its first comparison."""
    first, *others = matrix().comparisons
    return replace(matrix(), comparisons=[replace(first, cells={**first.cells, "other": cell}), *others])


def suite(found: Matrix, name: str = "other") -> Xml.Element:
    """A target's suite."""
    (element,) = [each for each in Xml.fromstring(render(found)).findall("testsuite") if each.get("name") == name]
    return element


def first_case(found: Matrix) -> Xml.Element:
    """The testcase of the first comparison."""
    element = suite(found).find("testcase")
    assert element is not None
    return element


@pytest.mark.parametrize(("name", "cell"), CELLS, ids=[name for name, _ in CELLS])
def test_only_what_is_as_on_the_reference_or_ahead_of_it_passes(name: str, cell: Cell) -> None:
    case = first_case(with_cell(cell))
    found = [each.tag for each in case if each.tag in ("failure", "error", "skipped")]
    assert found == ([tag_of(name)] if tag_of(name) else [])


def test_every_verdict_is_decided_here() -> None:
    assert {cell.verdict for _, cell in CELLS} == set(Verdict)


def test_known_difference_is_skipped_with_its_message_and_its_reason() -> None:
    skipped = first_case(with_cell(Cell(Verdict.MISSING, "no uevents", level=Level.OUTCOME, expected=KNOWN))).find("*")
    assert skipped is not None
    assert skipped.get("message") == "missing: no uevents; expected: runsc: known for long"


def test_gain_passes_and_says_that_its_expectation_is_out_of_date() -> None:
    case = first_case(with_cell(Cell(Verdict.SAME, unmet=KNOWN)))
    told = case.find("properties/property[@name='outdated']")
    assert told is not None
    assert told.get("value") == "expected missing: runsc: known for long"
    assert "out of date" in (case.findtext("system-out") or "")


def test_lost_modules_and_targets_are_errors() -> None:
    found = matrix()
    native, other, absent = found.columns
    found = replace(found, columns=[native, replace(other, lost=["a/test_x.py"]), absent])
    lost = suite(found).find("testcase[@classname='a/test_x.py']/error")
    assert lost is not None
    assert "could not be collected" in (lost.get("message") or "")
    failed = suite(found, "absent").find("testcase[@classname='target']/error")
    assert failed is not None
    assert "it is not installed: apt install it" in (failed.get("message") or "")
    assert suite(replace(found, comparisons=[]), "absent").get("errors") == "1"


def test_suites_and_their_cases_are_counted() -> None:
    root = Xml.fromstring(render(matrix()))
    kinds = ("tests", "failures", "skipped", "errors")
    assert {each.get("name"): [each.get(kind) for kind in kinds] for each in root.findall("testsuite")} == {
        "native": ["3", "0", "0", "0"],
        "other": ["3", "2", "1", "0"],
        "absent": ["4", "0", "0", "4"],
    }
    assert [root.get(kind) for kind in kinds] == ["10", "2", "1", "4"]


def test_times_are_there_and_add_up() -> None:
    found = matrix()
    first, *others = found.comparisons
    comparison = replace(first, cells={name: replace(cell, seconds=1.25) for name, cell in first.cells.items()})
    found = replace(found, comparisons=[comparison, *others])
    assert first_case(found).get("time") == "1.250"
    assert suite(found).get("time") == "1.250"
    assert Xml.fromstring(render(found)).get("time") == "3.750"


def test_suite_is_named_by_its_target_and_says_what_it_ran_on() -> None:
    found = matrix()
    native, other, absent = found.columns
    other = replace(other, label="other (6.1)", facts=replace(facts("6.1.9"), made_by="runsc 1"))
    element = suite(replace(found, columns=[native, other, absent]))
    properties = {each.get("name"): each.get("value") for each in element.findall("properties/property")}
    assert properties["label"] == "other (6.1)"
    assert properties["release"] == "6.1.9"
    assert properties["made_by"] == "runsc 1"
    assert properties["run"] == "20260101T000000Z"


def test_failed_case_has_both_traces_and_its_command() -> None:
    said = first_case(matrix()).findtext("system-out") or ""
    assert f"conformance run -t other '{CASE}'" in said
    own, _, reference = said.partition("native:")
    assert "other:\n* read(" in own
    assert "= 1" in own
    assert "* read(" in reference
    assert "= 4" in reference


@pytest.mark.parametrize("step", [None, 0, 500, 999])
def test_trace_of_a_failed_case_is_bounded_and_has_the_first_difference(step: int | None) -> None:
    found = matrix()
    comparison = found.comparisons[0]
    trace = replace(comparison.traces["other"], calls=[f"call{at}({'x' * 10_000})" for at in range(1000)])
    comparison = replace(
        comparison,
        traces={"other": trace},
        cells={**comparison.cells, "other": Cell(Verdict.FAILS, "m", level=Level.OUTCOME, step=step, attempts=1)},
    )
    said = first_case(replace(found, comparisons=[comparison])).findtext("system-out") or ""
    assert len(said) < 2 * TRACE_LINES * LINE_WIDTH
    assert ("* call" in said) == (step is not None)
    assert f"call{999 if step is None else step}(" in said


def test_nothing_of_a_guest_is_more_than_text() -> None:
    said = render(matrix()).decode()
    assert "\x1b" not in said
    assert "<script>" not in said
    assert HOSTILE.partition("\x1b")[0] in (first_case(matrix())[0].get("message") or "")
