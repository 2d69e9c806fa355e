from __future__ import annotations

import errno
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from conformance.cli.diff import command
from conformance.model import Absent, CaseInfo, CaseResult, Outcome, Target
from conformance.protocol.lines import End, FactsLine, Header, Plan, ResultLine, Trouble
from conformance.run.conduct import Conduct
from conformance.run.diff_display import LINES
from conformance.run.errors import Exit, UserError
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan, read_plan
from conformance.run.selection import Selection
from tests.builders import facts, result, step

CASES = [f"{area}/test_{area}.py::test_{number}" for area in ("files", "netlink") for number in range(4)]
FIRST = CASES[0]


def said(outcome: Outcome = Outcome.PASSED, read: int = 4, error: int = 0, message: str = "") -> list[CaseResult]:
    """What a target says once of each case."""
    made = step("read", 0, None, 4, result=-1 if error else read, errno=error)
    return [result(outcome, made, case=case, message=message) for case in CASES]


@dataclass(frozen=True)
class Said:
    """A target's record as a run leaves it."""

    results: Sequence[CaseResult] = field(default_factory=said)
    release: str = "6.1.0"
    failed: str = ""
    lost: str = ""
    complete: bool = True
    cases: Sequence[CaseInfo] | None = None


def with_first(*attempts: CaseResult) -> list[CaseResult]:
    """All pass but the first case, of which these are the attempts."""
    return [*(replace(each, case=FIRST) for each in attempts), *said()[1:]]


def write(directory: Path, reference: str = "native", **targets: Said) -> Path:
    """A results directory."""
    known = [Target(name, "local" if name == "native" else "qemu") for name in targets]
    RunPlan("20260101T000000Z", reference, known, Selection()).write(directory)
    for target in known:
        of = targets[target.name]
        with RecordFile(directory / f"{target.name}.jsonl") as file:
            file.write(Header(target, "20260101T000000Z"))
            if of.failed:
                file.write(Trouble(of.failed, fatal=True))
                continue
            file.write(FactsLine(facts(of.release)))
            ran = {each.case: CaseInfo(each.case, each.hash) for each in of.results}
            cases = list(ran.values()) if of.cases is None else list(of.cases)
            file.write(Plan(cases))
            if of.lost:
                file.write(Trouble(f"{of.lost} cannot be collected", lost=of.lost))
            for each in of.results:
                file.write(ResultLine(each))
            if of.complete:
                file.write(End())
    return directory


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A run of `lts` beside this machine, in which everything passes."""
    return write(tmp_path / "old", native=Said(), lts=Said())


def diff(tmp_path: Path, *arguments: str | Path) -> tuple[int, str]:
    """The status and the output of `conformance diff`, without expectations."""
    empty = tmp_path / "none.toml"
    empty.touch()
    done = CliRunner().invoke(
        command, [*map(str, arguments), "--expectations", str(empty)], standalone_mode=False, terminal_width=200
    )
    if isinstance(done.exception, UserError):
        return done.exception.status, str(done.exception)
    if done.exception:
        raise done.exception
    return done.return_value, done.output


# -- what a gate lets through, and what not


def test_a_run_beside_itself_is_as_before(old: Path, tmp_path: Path) -> None:
    status, output = diff(tmp_path, old, old)
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
    status, output = diff(tmp_path, *((old, other) if way == "of the newer run" else (other, old)))
    assert status == Exit.INCOMPLETE
    assert output.startswith("lost evidence (")
    assert "lts" in output.splitlines()[1]


@pytest.mark.parametrize("silent", [Said([]), Said(said(Outcome.SKIPPED)), Said(said(Outcome.ERROR))])
def test_nothing_compared_never_ends_with_0(silent: Said, tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=silent)
    assert diff(tmp_path, run, run)[0] == Exit.INCOMPLETE


def test_why_a_target_did_not_start_comes_before_its_lost_cases(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(failed="there is no such kernel"))
    _, output = diff(tmp_path, old, new)
    assert output.splitlines()[:4] == [
        "lost evidence (2 reasons):",
        f"  lts in {new} could not be run: there is no such kernel",
        f"  lts: 8 cases cannot be compared (passed → no such case): lts in {new} could not be run",
        "    files/test_files.py, netlink/test_netlink.py",
    ]


def test_lost_evidence_is_graver_than_a_regression_which_is_listed_all_the_same(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1])[:-1]))
    status, output = diff(tmp_path, old, new)
    assert status == Exit.INCOMPLETE
    assert f"regression: lts {FIRST}" in output


def test_a_target_that_only_one_run_has_is_lost_evidence(old: Path, tmp_path: Path) -> None:
    less = write(tmp_path / "less", native=Said())
    for runs in ((old, less), (less, old)):
        status, output = diff(tmp_path, *runs)
        assert status == Exit.INCOMPLETE
        assert f"lts is in {old} only" in output
        assert diff(tmp_path, *runs, "--common")[0] == Exit.EXPECTED


def test_why_a_target_could_not_run_in_the_other_run_is_told(old: Path, tmp_path: Path) -> None:
    less = write(tmp_path / "less", native=Said())
    absent = [Absent(Target("lts", "qemu"), "there is no QEMU here: apt install qemu-system-x86")]
    replace(read_plan(less), absent=absent).write(less)
    status, output = diff(tmp_path, old, less)
    assert status == Exit.INCOMPLETE
    assert f"lts could not run in {less}: there is no QEMU here: apt install qemu-system-x86" in output


def test_runs_that_share_nothing_are_not_compared(old: Path, tmp_path: Path) -> None:
    other = write(tmp_path / "other", "here", here=Said(), a=Said(), b=Said())
    status, output = diff(tmp_path, old, other)
    assert status == Exit.USAGE
    assert "--pair" in output


def test_two_kernels_that_were_run_one_by_one_are_compared(tmp_path: Path) -> None:
    old = write(tmp_path / "old", native=Said(), k61=Said())
    new = write(tmp_path / "new", native=Said(), k612=Said(said(error=errno.EPERM), release="6.12.1"))
    status, output = diff(tmp_path, old, new)
    assert status == Exit.UNEXPECTED
    assert "note: k61 and k612 are compared" in output
    assert "k61 → k612 (6.1.0 → 6.12.1): 0 as before, 8 regressions" in output


def test_a_restriction_that_the_reference_has_too_is_a_regression(tmp_path: Path) -> None:
    """The older kernel differs from the reference, the newer one does not: no verdict has become worse."""
    native = Said(said(error=errno.EPERM))
    old, new = (
        write(tmp_path / each, native=native, lts=Said(said(error=no))) for each, no in (("old", 0), ("new", 1))
    )
    status, output = diff(tmp_path, old, new)
    assert status == Exit.UNEXPECTED
    assert "read: EPERM, before success (native does so as well)" in output


@pytest.mark.parametrize("arguments", [["{0}:a", "{0}:b"], ["{0}", "{0}", "--pair", "a=b"]])
def test_targets_can_be_named(arguments: list[str], tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=Said(), a=Said(), b=Said(said(read=1)))
    status, output = diff(tmp_path, *(each.format(run) for each in arguments))
    assert status == Exit.UNEXPECTED
    assert output.splitlines()[0] == "a → b (6.1.0): 0 as before, 8 changed"


def test_a_target_that_is_named_once_is_meant_in_both_runs(old: Path, tmp_path: Path) -> None:
    for runs in ((f"{old}:lts", old), (old, f"{old}:lts")):
        assert diff(tmp_path, *runs) == (Exit.EXPECTED, "lts (6.1.0): 8 as before\n")


@pytest.mark.parametrize(
    "arguments", [["{0}:c", "{0}:a"], ["{0}", "{0}", "--pair", "a"], ["{0}:a", "{0}", "--pair", "a=b"]]
)
def test_targets_that_cannot_be_named_so_are_refused(arguments: list[str], tmp_path: Path) -> None:
    run = write(tmp_path / "run", native=Said(), a=Said(), b=Said())
    assert diff(tmp_path, *(each.format(run) for each in arguments))[0] == Exit.USAGE


def test_only_the_cases_that_are_asked_for_are_compared(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(said()[:4]))
    assert diff(tmp_path, old, new, "files") == (Exit.EXPECTED, diff(tmp_path, old, old, "files")[1])
    assert diff(tmp_path, old, new, "netlink")[0] == Exit.INCOMPLETE
    status, output = diff(tmp_path, old, new, "no/such.py")
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
    given = {each: diff(tmp_path, old, new, *([f"--flaky={each}"] if each else []))[0] for each in statuses}
    assert given == statuses


def test_an_expectation_for_the_newer_kernel_makes_the_gate_green(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(Outcome.FAILED)[:1]), release="6.12.1"))
    known = tmp_path / "lts.toml"
    known.write_text(
        f'[[explained]]\ncase = "{FIRST}"\nverdict = "fails"\nreason = "restricted"\nwhen = "kernel >= 6.2"\n'
    )
    assert diff(tmp_path, old, new)[0] == Exit.UNEXPECTED
    done = CliRunner().invoke(command, [str(old), str(new), "--expectations", str(known)], standalone_mode=False)
    assert done.return_value == Exit.EXPECTED
    assert "1 regression (1 accepted)" in done.output
    assert "accepted: restricted" in done.output


# -- how it is told


def many(outcome: Outcome, count: int = 60) -> Said:
    """A target that says the same of many cases."""
    return Said([replace(said(outcome)[0], case=f"a/test_b.py::test_{n}", message="why " * 80) for n in range(count)])


def test_gains_are_cut_at_a_screen_and_full_shows_them(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / each, lts=many(of), reference="lts")
        for each, of in zip("ab", (Outcome.FAILED, Outcome.PASSED), strict=True)
    )
    status, output = diff(tmp_path, old, new)
    assert status == Exit.EXPECTED
    assert len(output.splitlines()) <= LINES
    hidden = re.search(r"… and (\d+) more entries: --full shows all$", output.strip())
    assert hidden
    assert int(hidden[1]) + output.count("gain: ") == 60
    assert diff(tmp_path, old, new, "--full")[1].count("gain: ") == 60


def test_what_is_worse_comes_first_of_all_targets(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(said(read=1)), lts=Said(with_first(*said(Outcome.FAILED)[:1])))
    lines = [line for line in diff(tmp_path, old, new)[1].splitlines() if line.startswith(("regression", "changed"))]
    assert [line.partition(":")[0] for line in lines] == ["regression", *["changed"] * 8]


def test_what_is_worse_is_never_cut(tmp_path: Path) -> None:
    old, new = (
        write(tmp_path / each, lts=many(of), reference="lts")
        for each, of in zip("ab", (Outcome.PASSED, Outcome.FAILED), strict=True)
    )
    assert diff(tmp_path, old, new)[1].count("regression: ") == 60


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_lines_fit_the_terminal(columns: int, old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    other = Said([*many(Outcome.FAILED).results, *said(read=1)])
    new = write(tmp_path / "new", native=Said(), lts=other)
    lines = diff(tmp_path, old, new, "--full")[1].splitlines()
    assert max(map(len, lines)) <= columns


def test_why_evidence_is_lost_is_never_cut(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    why = "there is no QEMU here, nor anything that could be taken for one: apt install qemu-system-x86"
    new = write(tmp_path / "new", native=Said(), lts=Said(failed=why))
    assert why in " ".join(diff(tmp_path, old, new)[1].split())


def test_what_a_guest_said_is_nothing_that_a_terminal_obeys(old: Path, tmp_path: Path) -> None:
    hostile = result(Outcome.FAILED, message="\x1b[2Jgone\r\nE   \x1b]0;title\x07")
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(hostile), release="6.1\x07\x9b2J"))
    output = diff(tmp_path, old, new, "--full")[1]
    assert all(each.isprintable() for each in output.splitlines())


def test_other_examples_and_other_limits_are_told(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said())
    replace(read_plan(new), conduct=Conduct(effort="nightly", timeout=5.0)).write(new)
    status, output = diff(tmp_path, old, new)
    assert status == Exit.EXPECTED
    assert output.splitlines()[:2] == [
        "note: the effort was gate and is nightly",
        "note: the timeout was 20.0 and is 5.0",
    ]


def test_both_calls_are_shown_where_all_is_asked_for(old: Path, tmp_path: Path) -> None:
    new = write(tmp_path / "new", native=Said(), lts=Said(with_first(*said(read=1)[:1])))
    lines = diff(tmp_path, old, new, "--full")[1].splitlines()
    assert lines[-2:] == ["    - read(0, NULL, 4) = 4", "    + read(0, NULL, 4) = 1"]
