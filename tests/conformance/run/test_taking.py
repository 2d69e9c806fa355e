from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.build import build
from conformance.model import Answers, CaseInfo, CaseResult, Outcome, Record, Target
from conformance.run import taking
from conformance.run.conduct import Conduct
from conformance.run.errors import UserError
from conformance.run.orchestrate import execute
from conformance.run.results import RunPlan, read_plan
from conformance.run.selection import Selection
from conformance.run.taking import SUITE, Taking, host, suite, takings
from tests.builders import facts, record, result
from tests.fakes import FakeRunner

pytestmark = pytest.mark.usefixtures("no_programs")

RUN = "20260101T000000Z"
LATER = "20260102T000000Z"
CASES = [f"a/test_b.py::test_{name}" for name in ("one", "two", "three")]


def named(case: str, outcome: Outcome = Outcome.PASSED) -> CaseResult:
    return result(outcome, case=case)


def of(*results: CaseResult) -> Record:
    return record("lts", *results)


# What holds


def test_every_attempt_of_a_case_that_is_defined_as_it_was_is_taken_and_marked() -> None:
    earlier = of(named(CASES[0]), named(CASES[0], Outcome.FAILED), named(CASES[1]))
    found, said = Taking(RUN, earlier).over(earlier.facts, earlier.cases)
    assert [(each.case, each.outcome, each.taken) for each in found] == [
        (CASES[0], Outcome.PASSED, RUN),
        (CASES[0], Outcome.FAILED, RUN),
        (CASES[1], Outcome.PASSED, RUN),
    ]
    assert said == f"2 of 2 cases are taken over from {RUN}"


def test_what_was_taken_over_itself_is_still_of_the_run_that_ran_it() -> None:
    earlier = of(replace(named(CASES[0]), taken="the first"))
    ((found,), _) = Taking(RUN, earlier).over(earlier.facts, earlier.cases)
    assert found.taken == "the first"


def test_a_case_that_is_defined_otherwise_or_new_or_was_lost_is_run() -> None:
    earlier = of(named(CASES[0]), named(CASES[1]), named(CASES[2]), named(CASES[2], Outcome.ERROR))
    cases = [replace(earlier.cases[0], hash="other"), *earlier.cases[1:], CaseInfo("a/test_b.py::test_new", "")]
    found, said = Taking(RUN, earlier).over(earlier.facts, cases)
    assert [each.case for each in found] == [CASES[1]]
    assert said == f"1 of 4 cases are taken over from {RUN}"


@pytest.mark.parametrize(
    ("changed", "axis"),
    [
        ({"release": "6.1.1"}, "its release was 6.1.0, and is 6.1.1"),
        ({"version": "#2 SMP"}, "its version was #1 SMP, and is #2 SMP"),
        ({"uid": 7}, "its uid was 0, and is 7"),
        ({"made_by": "another qemu"}, "its made by was , and is another qemu"),
        ({"versions": {"runsc": "2"}}, "its versions was {}, and is {'runsc': '2'}"),
    ],
)
def test_a_target_that_has_changed_is_run_and_it_is_said_how(changed: dict[str, object], axis: str) -> None:
    earlier = of(named(CASES[0]))
    now = replace(facts(), **changed)  # type: ignore[arg-type] # the fields' own types
    assert Taking(RUN, earlier).over(now, earlier.cases) == ([], f"everything is run: {axis}")


def test_a_target_of_which_nothing_is_known_is_run() -> None:
    earlier = of(named(CASES[0]))
    assert Taking(RUN, earlier).over(None, earlier.cases)[0] == []


# Which targets may take something


def planned(directory: Path, **changed: object) -> RunPlan:
    """A run of two targets, written with nothing but the record of the second."""
    targets = [Target("native", "local", answers=Answers.HOST), Target("lts", "qemu", answers=Answers.KERNEL)]
    plan = RunPlan(RUN, "native", targets, Selection(), suite="s", host="h")
    plan.write(directory)
    runner = FakeRunner(CASES)
    execute(directory, plan, {"native": runner, "lts": FakeRunner(CASES)}, [], lambda _: None)
    return replace(plan, run=LATER, since=str(directory), **changed)  # type: ignore[arg-type] # the fields' own types


def whys(plan: RunPlan) -> dict[str, str]:
    return {name: each.why for name, each in takings(plan).items()}


def test_nothing_is_taken_where_no_run_is_named(tmp_path: Path) -> None:
    assert takings(replace(planned(tmp_path), since="")) == {}


def test_the_same_again_takes_everything(tmp_path: Path) -> None:
    assert whys(planned(tmp_path)) == {"native": "", "lts": ""}


def test_another_machine_is_another_target_unless_that_has_a_kernel_of_its_own(tmp_path: Path) -> None:
    why = f"this machine is other, and that of {RUN} was h"
    assert whys(planned(tmp_path, host="other")) == {"native": why, "lts": ""}


def test_another_suite_or_conduct_takes_nothing(tmp_path: Path) -> None:
    assert set(whys(planned(tmp_path, suite="t")).values()) == {f"the suite is another than that of {RUN}"}
    for conduct in (Conduct(effort="nightly"), Conduct(timeout=7.0)):
        said = f"effort or time limit are others than those of {RUN}"
        assert set(whys(replace(planned(tmp_path / str(conduct.timeout)), conduct=conduct)).values()) == {said}


def test_targets_that_are_new_or_defined_otherwise_take_nothing(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    native, lts = plan.targets
    other = replace(lts, given={"kernel": "debian:6.12"})
    new = replace(lts, name="next")
    around = replace(lts, options={**lts.options, "commandline": "quirk=1"})
    assert whys(replace(plan, targets=[around])) == {"lts": f"lts is defined otherwise than in {RUN}"}
    assert whys(replace(plan, targets=[native, other, new])) == {
        "native": "",
        "lts": f"lts is defined otherwise than in {RUN}",
        "next": f"{RUN} has nothing of next",
    }


def test_a_target_is_another_once_a_file_that_it_is_made_of_was_written_anew(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.touch()
    later = planned_for(tmp_path / "one", image, "29990101T000000Z")
    assert whys(later)["lts"] == ""
    earlier = planned_for(tmp_path / "two", image, "20200101T000000Z")
    assert whys(earlier)["lts"] == f"{image}, of which lts is made, was written after 20200101T000000Z had begun"


def planned_for(directory: Path, image: Path, run: str) -> RunPlan:
    """A run since one of that name, of a kernel that is given by its path."""
    lts = Target("lts", "qemu", answers=Answers.KERNEL, given={"kernel": str(image)})
    plan = RunPlan(run, "lts", [lts], Selection(), suite="s", host="h")
    plan.write(directory)
    execute(directory, plan, {"lts": FakeRunner(CASES)}, [], lambda _: None)
    return replace(plan, run=LATER, since=str(directory))


def test_a_run_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there are no results at"):
        takings(replace(planned(tmp_path), since=str(tmp_path / "gone")))


# The whole way


def test_a_run_since_another_asks_its_guests_for_the_rest_and_comes_to_the_same_matrix(tmp_path: Path) -> None:
    plan = planned(tmp_path / "one")
    again = tmp_path / "two"
    plan.write(again)
    native, lts = FakeRunner([*CASES, "a/test_b.py::test_zero"]), FakeRunner([*CASES, "a/test_b.py::test_zero"])
    matrix = execute(again, read_plan(again), {"native": native, "lts": lts}, [], lambda _: None)
    assert [each.channel.requests for each in (*native.guests, *lts.guests)] == [[["a/test_b.py::test_zero"]]] * 2
    taken = {comparison.case: comparison.cells["lts"].taken for comparison in matrix.comparisons}
    assert taken == {**dict.fromkeys(CASES, RUN), "a/test_b.py::test_zero": ""}
    assert matrix.warnings == [
        f"what 3 of 4 cases on {name} did was not seen in this run, but taken over from {RUN}"
        for name in ("native", "lts")
    ]
    whole = tmp_path / "whole"
    fresh = replace(plan, since="")
    fresh.write(whole)
    runners = {name: FakeRunner([*CASES, "a/test_b.py::test_zero"]) for name in ("native", "lts")}
    ran = execute(whole, fresh, dict(runners), [], lambda _: None)
    cells = [replace(cell, taken="") for _, _, cell in matrix.cells()]
    assert cells == [cell for _, _, cell in ran.cells()]


def test_what_was_taken_over_is_not_run_or_taken_again_when_the_run_is_resumed(tmp_path: Path) -> None:
    plan = planned(tmp_path / "one")
    again = tmp_path / "two"
    plan.write(again)
    for _ in range(2):
        runners = {name: FakeRunner(CASES) for name in ("native", "lts")}
        matrix = execute(again, plan, dict(runners), [], lambda _: None)
        assert [guest.channel.requests for each in runners.values() for guest in each.guests] == [[], []]
        assert {cell.attempts for _, _, cell in matrix.cells()} == {1}


def test_records_say_of_which_run_a_result_is() -> None:
    both = [record("native", replace(named(CASES[0]), taken=RUN)), of(named(CASES[0]))]
    cells = {column.target.name: cell for column, _, cell in build(both, "native").cells()}
    assert {name: cell.taken for name, cell in cells.items()} == {"native": RUN, "lts": ""}


@pytest.mark.parametrize("changed", ["conformance/guest/a.py", "conformance/model.py", "runners/b.toml"])
def test_another_suite_is_one_whose_sources_say_something_else(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("conformance/guest/a.py", "conformance/model.py", "runners/b.toml", "cases/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    for name in SUITE:
        if "." not in name:
            (tmp_path / "conformance" / name).mkdir(exist_ok=True)
        else:
            (tmp_path / "conformance" / name).touch()
    monkeypatch.setattr(taking, "ROOT", tmp_path)
    monkeypatch.setattr(taking, "PACKAGE", tmp_path / "conformance")

    def now() -> str:
        suite.cache_clear()
        return suite()

    before = now()
    (tmp_path / "cases/c.py").write_text("2")
    assert now() == before
    (tmp_path / changed).write_text("2")
    assert now() != before
    suite.cache_clear()


def test_host_is_what_uname_says() -> None:
    assert host().split()[:2] == ["Linux", os.uname().release]
