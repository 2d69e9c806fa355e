from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.cli.run import command as run
from conformance.cli.targeting import GIVEN
from conformance.matrix.build import build
from conformance.model import CaseInfo, Cell, Expectation, ExpectationKind, Json, Level, Matrix, Verdict
from reports.summary import (
    GRAVITY,
    LEGEND,
    attempts,
    explained,
    lost_evidence,
    observation_text,
    repeat_command,
)
from tests.builders import passed, record
from tests.reports.matrices import CASE, matrix

ODD_NAMES = [
    "a/test_b.py::test_c",
    "a/test_b.py::test_c[x y]",
    "a/test_b.py::test_c['; rm -rf $HOME `id` \"]",
    "a/test_b.py::test_c[\n]",
    "--output=/etc/passwd",
]


def of(case: str, **changed: object) -> Matrix:
    """A matrix of one case."""
    (comparison, *_) = matrix().comparisons
    return replace(matrix(), comparisons=[replace(comparison, case=case)], **changed)  # type: ignore[arg-type] # its own types


def parsed(line: str) -> dict[str, object]:
    """What `conformance run` understands of a command line."""
    conformance, name, *words = shlex.split(line)
    assert (conformance, name) == ("conformance", "run")
    context = run.make_context("run", words)
    given = {flag.name: list(said) for flag, said in context.meta[GIVEN] if said}
    return {**context.params, "given": given}


@pytest.mark.parametrize("case", ODD_NAMES)
def test_command_that_repeats_a_case_is_one_word_for_the_shell_and_no_option(case: str) -> None:
    found = of(case)
    said = parsed(repeat_command(found, found.comparisons[0], "other"))
    assert said["paths"] == (case,)
    assert said["names"] == ("other",)
    assert said["output"] is None


def test_command_that_repeats_a_case_has_what_the_run_was_told() -> None:
    arguments = ["--kernel", "other=/a path/bzImage", "--targets", "x.toml"]
    found = of(CASE, arguments=arguments, reference="lts")
    said = parsed(repeat_command(found, found.comparisons[0], "other"))
    assert said["given"] == {"--kernel": ["other=/a path/bzImage"]}
    assert said["targets_file"] == Path("x.toml")
    assert said["reference"] == "lts"


def test_command_that_repeats_a_case_names_the_reference_once() -> None:
    found = of(CASE, arguments=["--reference", "lts"], reference="lts")
    assert repeat_command(found, found.comparisons[0], "other").count("--reference") == 1


def test_command_that_repeats_a_case_runs_the_target_that_stood_in_for_the_reference() -> None:
    found = of(CASE)
    (comparison,) = found.comparisons
    comparison = replace(
        comparison, cells={**comparison.cells, "other": replace(comparison.cells["other"], reference="lts")}
    )
    assert parsed(repeat_command(found, comparison, "other"))["names"] == ("other", "lts")


def test_repeating_a_cell_runs_no_build_but_the_cells_own() -> None:
    found = replace(matrix(), arguments=["--runsc", "other=/new", "--cold", "--runsc", "old=/old runsc"])
    said = repeat_command(found, found.comparisons[0], "other")
    assert said.startswith("conformance run --runsc other=/new --cold -t other")


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_place_and_its_meaning(verdict: Verdict) -> None:
    assert GRAVITY.count(verdict) == 1
    assert LEGEND[verdict]


def test_message_of_a_case_stands_before_the_reason_that_it_shares() -> None:
    known = Expectation(CASE, "other", Verdict.FAILS, "runsc: several things")
    assert explained(Cell(Verdict.FAILS, "its own", expected=known)) == "its own; expected: runsc: several things"
    assert explained(Cell(Verdict.CRASH, "died", unmet=known)) == "died; expected fails: runsc: several things"
    assert explained(Cell(Verdict.FAILS, "its own")) == "its own"
    assert explained(Cell(Verdict.FAILS, expected=known)) == "expected: runsc: several things"


def test_reason_that_ends_in_the_message_does_not_repeat_it() -> None:
    known = Expectation(CASE, "other", Verdict.FAILS, "runsc 20240729: no such call")
    assert explained(Cell(Verdict.FAILS, "no such call", expected=known)) == "no such call; expected: runsc 20240729"
    same = replace(known, reason="no such call")
    assert explained(Cell(Verdict.FAILS, "no such call", expected=same)) == "no such call; expected"


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ("no such call", ""),
        ("no such call; no such file", ""),
        ("no such file", ": no such file"),
        ("", ""),
    ],
)
def test_baseline_is_called_that_and_shows_what_was_seen_if_that_is_something_else(seen: str, told: str) -> None:
    known = Expectation(CASE, "other", Verdict.FAILS, since="2026-01-01", message=seen, kind=ExpectationKind.BASELINE)
    said = explained(Cell(Verdict.FAILS, "no such call", expected=known))
    assert said == f"no such call; expected: baseline, as seen on 2026-01-01{told}"
    gain = explained(Cell(Verdict.SAME, unmet=known))
    assert gain == "expected fails: baseline, as seen on 2026-01-01"


def test_unsteady_cell_says_how_often_it_was_tried() -> None:
    assert attempts(Cell(Verdict.CRASH, attempts=3, steady=False, level=Level.OUTCOME)) == "in 3 attempts"
    assert attempts(Cell(Verdict.FLAKY, attempts=1)) == "in 1 attempt"
    assert attempts(Cell(Verdict.CRASH, attempts=3)) == ""


def test_lost_evidence_has_targets_modules_and_cases() -> None:
    found = matrix()
    native, other, absent = found.columns
    comparison = found.comparisons[0]
    comparison = replace(
        comparison, cells={**comparison.cells, "other": Cell(Verdict.ERROR, "the guest spoke out of turn")}
    )
    lost = lost_evidence(
        replace(
            found,
            comparisons=[comparison, *found.comparisons[1:]],
            columns=[native, replace(other, lost=["a/test_x.py"]), absent],
        )
    )
    told = [(each.column.target.name, each.what, each.cases) for each in lost]
    assert told[0][:2] == ("other", "lost a/test_x.py: it could not be collected, no case of it was run")
    assert told[1] == ("other", "has 1 case without a verdict: the guest spoke out of turn", [comparison.case])
    assert told[2] == ("absent", "could not be run: it is not installed: apt install it", [])


def test_lost_case_is_lost_evidence_and_a_whole_target_is_told_once() -> None:
    cases = [CaseInfo(f"a/test_b.py::test_{each}", "0") for each in range(3)]
    short = record("lts", replace(passed(), case=cases[0].id), cases=cases)
    (lost,) = lost_evidence(
        build([record("native", *(replace(passed(), case=each.id) for each in cases)), short], "native")
    )
    assert lost.cases == [cases[1].id, cases[2].id]


@pytest.mark.parametrize("deep", [list, dict])
def test_observation_of_any_depth_can_be_shown(deep: type) -> None:
    value: Json = 1
    for _ in range(100_000):
        value = [value] if deep is list else {"a": value}
    assert "…" in observation_text(value)
    assert observation_text({"a": [1, "é"]}) == '{"a": [1, "é"]}'
