from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.matrix.build import build
from conformance.matrix.expectations.accepting import accept, dead
from conformance.matrix.expectations.applying import apply, unexpected
from conformance.matrix.expectations.files import TargetFile, dump, parse
from conformance.model import Expectation, ExpectationKind, Matrix, Verdict
from tests.builders import passed, record
from tests.conformance.matrix.expectations.matrices import (
    FAILS,
    KNOWN,
    MISSING,
    YESTERDAY,
    cell,
    matrix,
    several,
)

EXPLAINED = Expectation("", "", Verdict.SAME, "so it is", "https://example.org/", since="2026-01-01")
BASELINE = Expectation("", "", Verdict.SAME, since="2026-01-01", kind=ExpectationKind.BASELINE)


def accepted(
    found: Matrix, *known: Expectation, target: str = "wsl1", like: Expectation = EXPLAINED, case: str = ""
) -> list[Expectation]:
    """What is known when all that a target says, or says in one case, is accepted."""
    return accept(
        found,
        known,
        lambda column, comparison, _cell: column.target.name == target and case in ("", comparison.case),
        like,
    )


def test_accepted_differences_are_expected_from_then_on() -> None:
    found = several(b__c=MISSING, b__d=passed(), e__f=FAILS)
    assert len(unexpected(found)) == 2
    assert unexpected(apply(found, accepted(found))) == []


def test_what_is_explained_has_the_reason_and_no_message() -> None:
    (each,) = accepted(several(b__c=MISSING, b__d=passed()))
    assert (each.kind, each.reason, each.message) == (ExpectationKind.EXPLAINED, "so it is", "")
    assert (each.link, each.verdict, each.when) == ("https://example.org/", Verdict.MISSING, "")


def test_a_baseline_has_the_message_as_it_was_seen_and_no_reason() -> None:
    (each,) = accepted(several(b__c=MISSING, b__d=passed()), like=BASELINE)
    assert (each.kind, each.reason, each.message) == (ExpectationKind.BASELINE, "", "overlayfs")
    assert each.why == "baseline, as seen on 2026-01-01"


@pytest.mark.parametrize(("versions", "when"), [({"runsc": "20240729"}, "runsc == 20240729"), ({}, "kernel == 6.1")])
def test_a_baseline_holds_for_the_versions_only_that_it_was_seen_with(versions: dict[str, str], when: str) -> None:
    (each,) = accepted(several(b__c=MISSING, versions=versions), like=BASELINE)
    assert each.when == when


@pytest.mark.parametrize(
    ("common", "kind", "when"),
    [
        ("runsc >= 2024", ExpectationKind.BASELINE, "runsc >= 2024"),
        ("runsc == 2023", ExpectationKind.BASELINE, "runsc == 20240729"),
        ("runsc >= 2024", ExpectationKind.EXPLAINED, "runsc >= 2024"),
        ("runsc == 2023", ExpectationKind.EXPLAINED, ""),
    ],
)
def test_what_is_new_has_what_the_targets_entries_have_in_common_a_condition_if_it_holds(
    common: str, kind: ExpectationKind, when: str
) -> None:
    found = several(b__c=MISSING, versions={"runsc": "20240729"})
    like = BASELINE if kind is ExpectationKind.BASELINE else replace(EXPLAINED, link="")
    new = accept(found, [], lambda *_: True, like, lambda *_: {"when": common, "link": "https://example.org/all"})
    assert [(each.when, each.link) for each in new] == [(when, "https://example.org/all")]


@pytest.mark.parametrize("like", [EXPLAINED, BASELINE])
def test_what_is_new_always_holds_if_that_is_said(like: Expectation) -> None:
    found = several(b__c=MISSING)
    (each,) = accept(found, [], lambda *_: True, like, lambda *_: {"when": "kernel == 6.1"}, always=True)
    assert each.when == ""


def test_a_reason_takes_the_place_of_the_baseline_that_it_explains() -> None:
    found = several(b__c=MISSING, b__d=passed())
    baseline = accepted(found, like=BASELINE)
    assert accepted(found, *baseline, like=BASELINE) == baseline
    (each,) = accepted(found, *baseline)
    assert (each.kind, each.reason) == (ExpectationKind.EXPLAINED, "so it is")


def test_a_reason_for_one_case_leaves_the_baseline_to_the_others() -> None:
    found = several(b__c=MISSING, b__d=MISSING)
    (wide,) = accepted(found, like=BASELINE)
    after = accepted(found, wide, case="a/test_b.py::test_c")
    assert [(each.case, each.kind) for each in after] == [
        ("a/test_b.py::*", ExpectationKind.BASELINE),
        ("a/test_b.py::test_c", ExpectationKind.EXPLAINED),
    ]
    assert unexpected(apply(found, after)) == []


def test_module_or_function_that_says_one_thing_is_accepted_as_one() -> None:
    whole = several(b__c=MISSING, b__d=MISSING)
    assert [each.case for each in accepted(whole)] == ["a/test_b.py::*"]
    function = several(b__c_1=MISSING, b__c_2=MISSING, b__d=passed())
    assert [each.case for each in accepted(function)] == ["a/test_b.py::test_c[*"]
    part = several(b__c_1=MISSING, b__c_2=passed())
    assert [each.case for each in accepted(part)] == ["a/test_b.py::test_c[1]"]


def test_kept_programs_of_one_folder_that_say_one_thing_are_accepted_as_one() -> None:
    kept = "programs/test_kept.py::test_program"
    said = {f"{kept}[{name}]": each for name, each in {"files/a": FAILS, "files/b": FAILS, "time/a": MISSING}.items()}
    found = build(
        [
            record("native", *[replace(passed(), case=case) for case in said]),
            record("wsl1", *[replace(each, case=case) for case, each in said.items()]),
        ],
        "native",
    )
    assert [(each.case, each.verdict) for each in accepted(found)] == [
        (f"{kept}[files/*", Verdict.FAILS),
        (f"{kept}[time/*", Verdict.MISSING),
    ]
    assert unexpected(apply(found, accepted(found))) == []


def test_what_is_not_wanted_is_not_accepted() -> None:
    assert accepted(several(b__c=MISSING), target="gvisor") == []


def test_refuted_expectation_goes_and_what_else_it_covered_stays_expected() -> None:
    found = several(b__c=MISSING, b__d=FAILS)
    wide = Expectation("a/test_b.py::*", "wsl1", Verdict.MISSING, "long known")
    after = accepted(found, wide)
    assert wide not in after
    assert unexpected(apply(found, after)) == []
    assert {(each.verdict, each.reason) for each in after} == {
        (Verdict.MISSING, "long known"),
        (Verdict.FAILS, "so it is"),
    }


def test_what_does_otherwise_and_is_not_wanted_stays_unexpected() -> None:
    found = several(b__c=MISSING, b__d=FAILS, b__e=FAILS)
    wide = Expectation("a/test_b.py::*", "wsl1", Verdict.MISSING, "long known")
    after = accepted(found, wide, case="a/test_b.py::test_d")
    assert [comparison.case for _, comparison, _ in unexpected(apply(found, after))] == ["a/test_b.py::test_e"]


def test_an_expectation_that_a_wanted_gain_refutes_goes() -> None:
    assert accepted(several(b__c=passed()), replace(KNOWN, case="a/test_b.py::*")) == []


@settings(deadline=None)
@given(st.text())
def test_whatever_a_guest_says_can_be_the_message_of_a_baseline(message: str) -> None:
    found = matrix()
    said = replace(cell(found), message=message)
    comparison = replace(found.comparisons[0], cells={**found.comparisons[0].cells, "wsl1": said})
    new = accepted(replace(found, comparisons=[comparison]), like=BASELINE)
    assert parse(dump(TargetFile("wsl1", new)), "wsl1", "wsl1.toml").entries == tuple(new)
    assert len(new) == 1


def test_of_a_run_that_has_not_all_of_a_module_no_glob_is_written() -> None:
    found = several(b__c_1=MISSING, b__c_2=MISSING)
    new = accept(found, [], lambda *_: True, EXPLAINED, has_all=lambda _module: False)
    assert [each.case for each in new] == ["a/test_b.py::test_c[1]", "a/test_b.py::test_c[2]"]


@pytest.mark.parametrize("kind", ExpectationKind)
def test_a_glob_over_more_than_a_run_has_stays_and_what_is_narrower_counts_before_it(kind: ExpectationKind) -> None:
    found = several(b__c=FAILS)
    wide = Expectation("a/test_b.py::*", "wsl1", Verdict.MISSING, "long known")
    if kind is ExpectationKind.BASELINE:
        wide = replace(wide, verdict=Verdict.FAILS, reason="", kind=kind)
    after = accept(found, [wide], lambda *_: True, EXPLAINED, has_all=lambda _module: False)
    assert [each.case for each in after] == ["a/test_b.py::*", "a/test_b.py::test_c"]
    (((_, _, held),)) = [each for each in apply(found, after).cells() if each[0].target.name == "wsl1"]
    assert held.expected is after[1]


# -- what is dead


def test_a_glob_that_a_case_refutes_is_dead_only_if_the_run_has_all_of_its_module() -> None:
    wide = replace(KNOWN, case="area/test_feature.py::*")
    found = matrix(wide, said=passed())
    assert dead(found, [wide], lambda module: module == "area/test_feature.py") == [wide]
    assert dead(found, [wide]) == []


def test_an_expectation_that_is_met_is_alive() -> None:
    assert dead(matrix(KNOWN), [KNOWN]) == []


def test_an_expectation_that_its_cells_refute_is_dead() -> None:
    assert dead(matrix(KNOWN, said=passed()), [KNOWN]) == [KNOWN]


def test_an_expectation_that_has_expired_is_dead() -> None:
    expired = replace(KNOWN, expires=YESTERDAY)
    assert dead(matrix(expired), [expired]) == [expired]


def test_an_expectation_for_another_kernel_is_not_dead() -> None:
    newer = replace(KNOWN, when="kernel >= 6.6")
    assert dead(matrix(newer), [newer]) == []


@pytest.mark.parametrize("when", ["runsc == 20240729", "kernel >= 6.6"])
@pytest.mark.parametrize("case", [KNOWN.case, "gone/*"])
def test_an_expectation_that_is_inert_is_not_dead_even_if_all_was_run(when: str, case: str) -> None:
    inert = replace(KNOWN, case=case, when=when)
    assert dead(matrix(inert, said=passed()), [inert], lambda _module: True) == []


def test_an_expectation_for_a_target_that_was_not_run_is_not_dead() -> None:
    elsewhere = replace(KNOWN, target="gvisor")
    assert dead(matrix(elsewhere), [elsewhere], lambda _module: True) == []


def test_an_expectation_for_a_case_that_was_not_run_is_dead_only_when_all_were() -> None:
    elsewhere = replace(KNOWN, case="other/*")
    assert dead(matrix(elsewhere), [elsewhere]) == []
    assert dead(matrix(elsewhere), [elsewhere], lambda _module: True) == [elsewhere]


def test_an_expectation_for_a_module_that_was_lost_is_not_dead() -> None:
    elsewhere = replace(KNOWN, case="other/*")
    found = matrix(elsewhere)
    lost = [replace(column, lost=["other/test_x.py"]) for column in found.columns]
    assert dead(replace(found, columns=lost), [elsewhere], lambda _module: True) == []
