"""`conformance show`."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from conformance.model import CaseInfo, Outcome, Step, Target
from conformance.protocol.lines import End, FactsLine, Header, Plan, ResultLine
from conformance.run.errors import Exit
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from tests.builders import facts, result, step
from tests.conformance.cli.command import Answered, told

CASES = ("files/test_open.py::test_absent", "files/test_open.py::test_mode[x]", "files/test_open.py::test_mode[xy]")
OPENED = [step("openat", -100, "absent", 0, 0, result=-1, errno=2)]
OTHER = [step("openat", -100, "absent", 0, 0, result=-1, errno=13)]


@pytest.fixture(autouse=True)
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs of two targets, which differ in the newer one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "expectations").mkdir()
    for name, other in (("20260101T000000Z", OPENED), ("20260102T000000Z", OTHER)):
        write(tmp_path / "results" / name, name, {"native": OPENED, "other": other})
    return tmp_path / "results"


def write(folder: Path, run: str, traces: dict[str, list[Step]]) -> None:
    """A results directory in which each target has made the same calls in every case."""
    targets = [Target(name, "local") for name in traces]
    RunPlan(run, "native", targets, Selection()).write(folder)
    for target in targets:
        steps = traces[target.name]
        with RecordFile(folder / f"{target.name}.jsonl") as record:
            record.write(Header(target, run))
            record.write(FactsLine(facts()))
            record.write(Plan([CaseInfo(case, "0" * 16) for case in CASES]))
            for case in CASES:
                record.write(ResultLine(result(Outcome.PASSED, *steps, case=case)))
            record.write(End())


def show(*arguments: str) -> Answered:
    """Show a case."""
    return told("show", *arguments)


@pytest.mark.parametrize("name", [CASES[0], "test_absent", "open.py::test_abs", "mode[x]", CASES[1]])
def test_a_case_is_found_by_its_id_its_end_or_a_part_of_it(name: str) -> None:
    done = show(name)
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert done.out.splitlines()[0] in CASES
    assert name in done.out.splitlines()[0]


def test_a_name_of_several_cases_names_them() -> None:
    done = show("test_mode")
    assert done.status == Exit.USAGE
    assert "may be any of 2 cases" in done.err
    assert all(case in done.err for case in CASES[1:])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nothing",), "there is no case nothing in the run"),
        (("test_absent", "LATEST~2"), "results has 2 runs"),
        (("test_absent", "-t", "gvisor"), "no target gvisor"),
        (("test_absent", "-o", "x.c"), "give --c as well"),
        (("test_absent", "--c", "-t", "native", "-t", "other"), "name one target"),
    ],
)
def test_what_is_not_there_is_said(arguments: tuple[str, ...], words: str) -> None:
    done = show(*arguments)
    assert (done.status, words in done.err) == (Exit.USAGE, True), done


def test_the_newest_run_is_shown_unless_another_is_named() -> None:
    assert "-1 EACCES" in show("test_absent").out
    assert "-1 EACCES" not in show("test_absent", "PREVIOUS").out


def test_the_command_that_repeats_it_is_there() -> None:
    assert "conformance run -t other files/test_open.py::test_absent" in show("test_absent").out
    assert "'files/test_open.py::test_mode[x]'" in show("mode[x]").out


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
@pytest.mark.parametrize(("target", "status"), [("native", 0), ("other", 1)])
def test_a_c_file_compiles_and_makes_the_calls(target: str, status: int, tmp_path: Path) -> None:
    done = show("test_absent", "--c", "-t", target, "-o", "it.c")
    assert (done.status, done.out) == (Exit.EXPECTED, "")
    assert f"files/test_open.py::test_absent on {target} (6.1.0)" in Path("it.c").read_text()
    subprocess.run(["cc", "-o", "it", "it.c"], check=True, timeout=60)
    made = subprocess.run([tmp_path / "it"], capture_output=True, text=True, timeout=30, check=False)
    assert made.returncode == status
    assert made.stdout.splitlines()[0] == "openat = -1 ENOENT"


def test_a_c_file_is_the_references_unless_a_target_is_named_and_goes_to_standard_output() -> None:
    assert "test_absent on native" in show("test_absent", "--c").out


def test_a_trace_that_can_be_no_c_file_is_refused_with_the_reason(run: Path) -> None:
    child = Step("getpid", [], 5, process=1)
    write(run / "20260103T000000Z", "20260103T000000Z", {"native": [child], "other": [child]})
    done = show("test_absent", "--c")
    assert done.status == Exit.USAGE
    assert (
        "no C program can be made of files/test_open.py::test_absent on native: it is of several processes" in done.err
    )
