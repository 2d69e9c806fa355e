from __future__ import annotations

import datetime
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.matrix.build import build
from conformance.matrix.expectations import (
    ExpectationError,
    accept,
    apply,
    check,
    dead,
    dump,
    load,
    matches,
    outdated,
    parse,
    unexpected,
)
from conformance.model import DIFFERENCES, GAINS, CaseResult, Cause, Cell, Expectation, Level, Matrix, Outcome, Verdict
from tests.builders import CASE, passed, record, result

FAILS = result(Outcome.FAILED, message="E   assert 1 == 2")
MISSING = result(Outcome.MISSING, message="overlayfs")
KNOWN = Expectation(CASE, "wsl1", Verdict.MISSING, "there is no overlayfs")
TODAY = datetime.date.today()
YESTERDAY, TOMORROW = (str(TODAY + datetime.timedelta(days)) for days in (-1, 1))


def matrix(*expectations: Expectation, said: CaseResult = MISSING, release: str = "6.1.0") -> Matrix:
    """One case that passes on `native`, on `wsl1` says `said`, and for which something is expected."""
    records = [record("native", replace(said, outcome=Outcome.PASSED)), record("wsl1", said, release=release)]
    return build(records, "native", expectations)


def cell(found: Matrix) -> Cell:
    """Of the one case on `wsl1`."""
    return found.comparisons[0].cells["wsl1"]


def file(tmp_path: Path, text: str) -> Path:
    """A file of expectations."""
    path = tmp_path / "expectations.toml"
    path.write_text(text)
    return path


# Accepting

LIKE = Expectation("", "", Verdict.SAME, "accepted: {message}", "https://example.org/")


def several(**said: CaseResult) -> Matrix:
    """Cases by their names (`b__c_1` is the module b's case c with the parameter 1) that pass on `native`."""
    cases = {"a/test_" + name.replace("__", ".py::test_", 1): each for name, each in said.items()}
    named = {f"{case[:-2]}[{case[-1]}]" if case[-2] == "_" else case: each for case, each in cases.items()}
    mine = [replace(each, case=case) for case, each in named.items()]
    return build(
        [record("native", *[replace(each, outcome=Outcome.PASSED) for each in mine]), record("wsl1", *mine)], "native"
    )


def accepted(found: Matrix, *known: Expectation, target: str = "wsl1") -> list[Expectation]:
    return accept(found, known, lambda column, _comparison, _cell: column.target.name == target, LIKE)


def test_accepted_differences_are_expected_from_then_on() -> None:
    found = several(b__c=MISSING, b__d=passed(), e__f=FAILS)
    assert len(unexpected(found)) == 2
    assert unexpected(apply(found, accepted(found))) == []


def test_reason_tells_what_differs() -> None:
    (each,) = accepted(several(b__c=MISSING, b__d=passed()))
    assert (each.reason, each.link, each.verdict) == ("accepted: overlayfs", "https://example.org/", Verdict.MISSING)


def test_module_or_function_that_says_one_thing_is_accepted_as_one() -> None:
    whole = several(b__c=MISSING, b__d=MISSING)
    assert [each.case for each in accepted(whole)] == ["a/test_b.py::*"]
    function = several(b__c_1=MISSING, b__c_2=MISSING, b__d=passed())
    assert [each.case for each in accepted(function)] == ["a/test_b.py::test_c[*"]
    part = several(b__c_1=MISSING, b__c_2=passed())
    assert [each.case for each in accepted(part)] == ["a/test_b.py::test_c[1]"]


def test_what_is_not_wanted_is_not_accepted() -> None:
    assert accepted(several(b__c=MISSING), target="gvisor") == []


def test_refuted_expectation_goes_and_what_else_it_covered_stays_expected() -> None:
    found = several(b__c=MISSING, b__d=FAILS)
    wide = Expectation("a/test_b.py::*", "wsl1", Verdict.MISSING, "long known")
    after = accepted(found, wide)
    assert wide not in after
    assert unexpected(apply(found, after)) == []
    assert {each.verdict for each in after} == {Verdict.MISSING, Verdict.FAILS}


# Applying


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


def test_an_expectation_that_a_wanted_gain_refutes_goes() -> None:
    assert accepted(several(b__c=passed()), replace(KNOWN, case="a/test_b.py::*")) == []


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


def test_the_first_expectation_that_speaks_of_a_cell_counts() -> None:
    later = replace(KNOWN, case="*", verdict=Verdict.CRASH)
    assert cell(matrix(KNOWN, later)).expected is KNOWN
    assert cell(matrix(later, KNOWN)).unmet is later


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
    found = matrix(replace(KNOWN, condition=condition), release="6.1.21")
    assert (cell(found).expected is not None) is holds


@pytest.mark.parametrize(("expires", "holds"), [(YESTERDAY, False), (str(TODAY), False), (TOMORROW, True)])
def test_an_expectation_holds_until_the_day_on_which_it_expires(expires: str, holds: bool) -> None:
    assert (cell(matrix(replace(KNOWN, expires=expires))).expected is not None) is holds


# What is dead


def test_an_expectation_that_is_met_is_alive() -> None:
    assert dead(matrix(KNOWN), [KNOWN]) == []


def test_an_expectation_that_its_cells_refute_is_dead() -> None:
    assert dead(matrix(KNOWN, said=passed()), [KNOWN]) == [KNOWN]


def test_an_expectation_that_has_expired_is_dead() -> None:
    expired = replace(KNOWN, expires=YESTERDAY)
    assert dead(matrix(expired), [expired]) == [expired]


def test_an_expectation_for_another_kernel_is_not_dead() -> None:
    newer = replace(KNOWN, condition="kernel >= 6.6")
    assert dead(matrix(newer), [newer]) == []


def test_an_expectation_for_a_target_that_was_not_run_is_not_dead() -> None:
    elsewhere = replace(KNOWN, target="gvisor")
    assert dead(matrix(elsewhere), [elsewhere], whole=True) == []


def test_an_expectation_for_a_case_that_was_not_run_is_dead_only_when_all_were() -> None:
    elsewhere = replace(KNOWN, case="other/*")
    assert dead(matrix(elsewhere), [elsewhere]) == []
    assert dead(matrix(elsewhere), [elsewhere], whole=True) == [elsewhere]


def test_an_expectation_for_a_module_that_was_lost_is_not_dead() -> None:
    elsewhere = replace(KNOWN, case="other/*")
    found = matrix(elsewhere)
    lost = [replace(column, lost=["other/test_x.py"]) for column in found.columns]
    assert dead(replace(found, columns=lost), [elsewhere], whole=True) == []


# Files

TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t"))
SAID = TEXT.filter(lambda text: text.strip())
EVERYTHING = st.builds(
    Expectation,
    case=SAID,
    target=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]*", fullmatch=True),
    verdict=st.sampled_from(Verdict),
    reason=SAID,
    link=TEXT,
    condition=st.sampled_from(["", "kernel >= 6.6", "kernel > 5.10 and kernel < 6"]),
    cause=st.none() | st.sampled_from(Cause),
    since=TEXT,
    expires=st.dates().map(str) | st.just(""),
)


@settings(deadline=None)
@given(st.lists(EVERYTHING))
def test_what_was_dumped_is_loaded(tmp_path_factory: pytest.TempPathFactory, expectations: list[Expectation]) -> None:
    path = tmp_path_factory.getbasetemp() / "expectations.toml"
    path.write_text(dump(expectations), encoding="utf-8")
    assert load(path) == expectations


@settings(deadline=None)
@given(st.builds(Expectation, st.text(), st.text(), st.sampled_from(Verdict), st.text(), *[st.text()] * 2))
def test_what_is_not_refused_when_it_is_made_is_not_refused_when_it_is_read(each: Expectation) -> None:
    try:
        check(each)
    except ValueError:
        with pytest.raises(ValueError, match=r"expectation 1: |missing required field"):
            parse(dump([each]))
    else:
        assert parse(dump([each])) == [each]


@settings(deadline=None)
@given(st.text())
def test_whatever_a_guest_says_can_be_the_reason_why_it_is_accepted(message: str) -> None:
    found = matrix()
    said = replace(cell(found), message=message)
    comparison = replace(found.comparisons[0], cells={**found.comparisons[0].cells, "wsl1": said})
    new = accepted(replace(found, comparisons=[comparison]))
    assert parse(dump(new)) == new
    assert len(new) == 1


def test_a_file_without_expectations_has_none(tmp_path: Path) -> None:
    assert load(file(tmp_path, "# nothing yet\n")) == []


TABLE = '[[expectation]]\ncase = "a/*"\ntarget = "wsl1"\nverdict = "missing"\nreason = "so"\n'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[[expectation]\n", "line 1"),
        ('[[expectation]]\ncase = "a/*"\n', "missing required field `target` - at `$[0]`"),
        (TABLE + TABLE.replace("missing", "wrong"), "Invalid enum value 'wrong' - at `$[1].verdict`"),
        (TABLE + "link = 5\n", "at `$[0].link`"),
        (TABLE + TABLE + 'condition = "kernel => 6"\n', "expectation 2: condition: 'kernel => 6' is not a condition"),
        (TABLE + 'expires = "soon"\n', "expectation 1: expires: 'soon' is no date such as 2030-12-31"),
        (TABLE + 'expires = "2030-02-30"\n', "expectation 1: expires: '2030-02-30' is no date"),
        (TABLE.replace('"so"', '"\\u001b[31m"'), "expectation 1: reason: there is a character in it that cannot be"),
        (TABLE.replace("a/*", "a\\u0085"), "case: there is a character in it that cannot be shown, U+0085"),
        (TABLE.replace('"so"', '" "'), "reason: it is empty"),
        (TABLE.replace("wsl1", ""), "target: it is empty"),
        (TABLE.replace("wsl1", "wsl*"), "target: 'wsl*' is no target's name"),
        (TABLE + 'expire = "2026-01-01"\n', "expectation 1 has the key expire, which is none of"),
        (TABLE.replace("[[expectation]]", "[[expectations]]"), "expectations is not known here"),
    ],
)
def test_a_malformed_file_is_told_with_its_name_and_what_is_wrong(tmp_path: Path, text: str, told: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(ExpectationError) as found:
        load(path)
    assert str(found.value).startswith(f"{path}: ")
    assert told in str(found.value)


def test_a_file_that_is_no_text_or_not_there_is_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe\0")
    for name in ("binary", "absent"):
        with pytest.raises(ExpectationError, match=name):
            load(tmp_path / name)
