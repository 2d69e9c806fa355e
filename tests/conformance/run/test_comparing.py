from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Absent, CaseInfo, CaseResult, Expectation, Outcome, Target, Verdict
from conformance.run.errors import Exit
from conformance.run.results import read_plan
from tests.builders import result
from tests.conformance.run.runs import CASES, FIRST, Said, diff, said, with_first, write


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of `lts` beside this machine, in which everything passes."""
    return write(tmp_path / "old", native=Said(), lts=Said())


def test_a_run_beside_itself_is_as_before(old: Path, tmp_path: Path) -> None:
    status, output = diff(old, old)
    assert (status, output.splitlines()) == (
        Exit.EXPECTED,
        ["native (6.1.0): 8 as before", "lts (6.1.0): 8 as before"],
    )


LOST = {
    "a target that did not start": Said(failed="there is no such kernel"),
    "cases that are gone": Said(said()[:-1]),
    "an area that is gone": Said(said()[:4]),
    "cases that were not run": Said(said()[:-1], cases=[CaseInfo(case, said()[0].hash) for case in CASES]),
    "cases that the harness lost": Said(with_first(result(Outcome.ERROR, message="the channel broke"))),
    "cases that are skipped now": Said(with_first(result(Outcome.SKIPPED, message="needs root"))),
    "a module that cannot be imported": Said(said()[:4], lost="netlink/test_netlink.py"),
    "a module that neither can import": Said(lost="files/test_more.py"),
    "a run that did not end": Said(complete=False),
    "cases that were redefined": Said(with_first(replace(said(read=1)[0], hash="f" * 16))),
    "nothing at all": Said([]),
    "everything skipped": Said(said(Outcome.SKIPPED)),
}


@pytest.mark.parametrize("kind", LOST)
@pytest.mark.parametrize("way", ["of the newer run", "of the older run"])
def test_lost_evidence_never_ends_with_0_and_is_said_first(kind: str, way: str, old: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", native=Said(), lts=LOST[kind])
    status, output = diff(*((old, other) if way == "of the newer run" else (other, old)))
    assert status == Exit.INCOMPLETE
    assert output.startswith("lost evidence (")
    assert "lts" in output.splitlines()[1]


@pytest.mark.parametrize("silent", [Said([]), Said(said(Outcome.SKIPPED)), Said(said(Outcome.ERROR))])
def test_nothing_compared_never_ends_with_0(silent: Said, tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=silent)
    assert diff(run, run)[0] == Exit.INCOMPLETE


def test_why_a_target_did_not_start_comes_before_its_lost_cases(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(failed="there is no such kernel"))
    _, output = diff(old, new)
    assert output.splitlines()[:4] == [
        "lost evidence (2 reasons):",
        f"  lts in {new} could not be run: there is no such kernel",
        f"  lts: 8 cases cannot be compared (passed → no such case): lts in {new} could not be run",
        "    files/test_files.py, netlink/test_netlink.py",
    ]


def test_lost_evidence_is_graver_than_a_regression_which_is_listed_all_the_same(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1])[:-1]))
    status, output = diff(old, new)
    assert status == Exit.INCOMPLETE
    assert f"regression: lts {FIRST}" in output


def test_a_target_that_only_one_run_has_is_lost_evidence(old: Path, tmp_path: Path) -> None:
    less = write(tmp_path / "less", native=Said())
    for runs in ((old, less), (less, old)):
        status, output = diff(*runs)
        assert status == Exit.INCOMPLETE
        assert f"lts is in {old} only" in output
        assert diff(*runs, common=True)[0] == Exit.EXPECTED


def test_why_a_target_could_not_run_in_the_other_run_is_told(old: Path, tmp_path: Path) -> None:
    less = write(tmp_path / "less", native=Said())
    absent = [Absent(Target("lts", "qemu"), "there is no QEMU here: apt install qemu-system-x86")]
    replace(read_plan(less), absent=absent).write(less)
    status, output = diff(old, less)
    assert status == Exit.INCOMPLETE
    assert f"lts could not run in {less}: there is no QEMU here: apt install qemu-system-x86" in output


def test_runs_that_share_nothing_are_not_compared(old: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", "here", here=Said(), a=Said(), b=Said())
    status, output = diff(old, other)
    assert status == Exit.USAGE
    assert "--pair" in output


def test_two_kernels_that_were_run_one_by_one_are_compared(tmp_path: Path) -> None:
    old = write(tmp_path / "old", native=Said(), k61=Said())
    new = write(tmp_path / "new", native=Said(), k612=Said(said(error=errno.EPERM), release="6.12.1"))
    status, output = diff(old, new)
    assert status == Exit.UNEXPECTED
    assert "note: k61 and k612 are compared" in output
    assert "k61 → k612 (6.1.0 → 6.12.1): 0 as before, 8 regressions" in output


def test_a_restriction_that_the_reference_has_too_is_a_regression(tmp_path: Path) -> None:
    """The older kernel differs from the reference, the newer one does not: no verdict has become worse."""
    native = Said(said(error=errno.EPERM))
    old, new = (
        write(tmp_path / each, native=native, lts=Said(said(error=no))) for each, no in (("old", 0), ("new", 1))
    )
    status, output = diff(old, new)
    assert status == Exit.UNEXPECTED
    assert "read: EPERM, before success (native does so as well)" in output


@pytest.mark.parametrize(("named", "pairs"), [(("{0}:a", "{0}:b"), ()), (("{0}", "{0}"), ("a=b",))])
def test_targets_can_be_named(named: tuple[str, str], pairs: tuple[str, ...], tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=Said(), a=Said(), b=Said(said(read=1)))
    one, other = (each.format(run) for each in named)
    status, output = diff(one, other, pairs=pairs)
    assert status == Exit.UNEXPECTED
    assert output.splitlines()[0] == "a → b (6.1.0): 0 as before, 8 changed"


def test_a_target_that_is_named_once_is_meant_in_both_runs(old: Path, tmp_path: Path) -> None:
    for runs in ((f"{old}:lts", old), (old, f"{old}:lts")):
        assert diff(*runs) == (Exit.EXPECTED, "lts (6.1.0): 8 as before")


@pytest.mark.parametrize(
    ("named", "pairs"), [(("{0}:c", "{0}:a"), ()), (("{0}", "{0}"), ("a",)), (("{0}:a", "{0}"), ("a=b",))]
)
def test_targets_that_cannot_be_named_so_are_refused(
    named: tuple[str, str], pairs: tuple[str, ...], tmp_path: Path
) -> None:
    run = write(tmp_path / "run", native=Said(), a=Said(), b=Said())
    one, other = (each.format(run) for each in named)
    assert diff(one, other, pairs=pairs)[0] == Exit.USAGE


def test_only_the_cases_that_are_asked_for_are_compared(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(said()[:4]))
    assert diff(old, new, "files") == (Exit.EXPECTED, diff(old, old, "files")[1])
    assert diff(old, new, "netlink")[0] == Exit.INCOMPLETE
    status, output = diff(old, new, "no/such.py")
    assert status == Exit.INCOMPLETE
    assert "no case could be compared" in output


@pytest.mark.parametrize(
    ("attempts", "statuses"),
    [
        ([said()[0], said(read=1)[0], said()[0]], {"": 0, "warn": 0, "fail": 1}),
        ([said()[0], result(Outcome.CRASH, message="signal 11"), said()[0]], {"": 1, "warn": 0, "fail": 1}),
        ([said()[0], result(Outcome.HANG, message="20 s"), said()[0]], {"": 1, "warn": 0, "fail": 1}),
        ([result(Outcome.CRASH, message="signal 11")] * 3, {"": 1, "warn": 1, "fail": 1}),
        ([said()[0]] * 3, {"": 0, "warn": 0, "fail": 0}),
    ],
)
def test_what_does_not_agree_with_itself_has_a_status_that_can_be_chosen(
    attempts: list[CaseResult], statuses: dict[str, int], old: Path, tmp_path: Path
) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*attempts)))
    given = {each: diff(old, new, flaky=each or None)[0] for each in statuses}
    assert given == statuses


def test_an_expectation_for_the_newer_kernel_makes_the_gate_green(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1]), release="6.12.1"))
    known = Expectation(FIRST, "lts", Verdict.FAILS, "restricted", when="kernel >= 6.2")
    assert diff(old, new)[0] == Exit.UNEXPECTED
    status, output = diff(old, new, known=[known])
    assert status == Exit.EXPECTED
    assert "1 regression (1 accepted)" in output
    assert "accepted: restricted" in output
