"""The matrix of all shipped targets shows what is known of them."""

from __future__ import annotations

import csv
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.build import build
from conformance.model import Cell, Comparison, Matrix, Record, Verdict
from conformance.run.errors import Exit
from conformance.run.results import read_plan, read_records
from runners.gvisor import examine
from tests.integration.command import conformance, matrix_in
from tests.integration.targets import NAMES, runner
from tests.integration.twice import is_all_the_same

AREAS = ("netlink/test_uevents.py", "ptrace/test_attach.py", "systemd", "files/test_open.py", "survey/test_entries.py")
PROMISES = "^(?!survey/)"
"""Not the lists of what there is: those of two releases differ."""
KERNELS = ("lts", "wsl2")
AGAIN = ("netlink/test_uevents.py", "files/test_open.py", "survey/test_entries.py")
"""What hangs on how a kernel came up, if anything does: what it tells of its devices, and all that it shows."""


def ran(folder: Path, *arguments: str) -> Path:
    """The results of a run, whatever it found."""
    done = conformance("run", "-o", folder, *arguments)
    assert done.returncode in (Exit.EXPECTED, Exit.UNEXPECTED), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A part of the main job, on every target."""
    for name in NAMES:
        runner(name)
    return ran(tmp_path_factory.mktemp("matrix") / "results", *AREAS)


@pytest.fixture(scope="module")
def matrix(results: Path) -> Matrix:
    return matrix_in(results)


def record_of(results: Path, name: str) -> Record:
    """What a target has said in a run."""
    (found,) = (record for record in read_records(results, read_plan(results)) if record.target.name == name)
    return found


def cells(matrix: Matrix, target: str, pattern: str = "") -> list[tuple[Comparison, Cell]]:
    """A target's cells of the cases that match."""
    return [
        (comparison, comparison.cells[target])
        for comparison in matrix.comparisons
        if re.search(pattern, comparison.case)
    ]


def test_every_target_has_run_everything(matrix: Matrix) -> None:
    assert {column.target.name for column in matrix.columns} == set(NAMES)
    assert all(column.complete and not column.failed for column in matrix.columns)
    assert Verdict.ERROR not in {cell.verdict for _, _, cell in matrix.cells()}


def test_kernel_that_was_built_is_not_called_wsl2(matrix: Matrix) -> None:
    runsc = examine()
    gvisor = f"gvisor ({runsc.release}, {runsc.platforms[0]})"
    assert {column.label for column in matrix.columns} == {"native", "lts", "wsl2 (config)", "wsl1", gvisor}


@pytest.mark.parametrize("target", KERNELS)
def test_real_kernel_keeps_every_promise_or_lacks_the_feature(matrix: Matrix, target: str) -> None:
    departs = {
        comparison.case: cell
        for comparison, cell in cells(matrix, target, PROMISES)
        if cell.verdict not in (Verdict.SAME, Verdict.MISSING)
    }
    assert departs == {}


@pytest.mark.parametrize("target", KERNELS)
def test_what_a_real_kernel_lacks_has_a_cause(matrix: Matrix, target: str) -> None:
    lacks = {
        comparison.case: cell.cause
        for comparison, cell in cells(matrix, target, PROMISES)
        if cell.verdict is Verdict.MISSING
    }
    assert set(lacks.values()) <= {"version", "config", "hardware"}, lacks


def test_kernel_booted_twice_is_all_the_same(results: Path, tmp_path: Path) -> None:
    one = record_of(results, "lts")
    other = record_of(ran(tmp_path / "again", "--cold", "-t", "lts", "--reference", "lts", *AGAIN), "lts")
    known = {info.id for info in other.cases}
    assert {info.id for info in one.cases} >= known
    assert {case.partition("::")[0] for case in known} == set(AGAIN)
    cases = [info for info in one.cases if info.id in known]
    again = replace(other, target=replace(other.target, name="again"))
    is_all_the_same(build([replace(one, cases=cases), again], "lts"))


SEIZING = "test_attach.*(seize_does|interrupt_stops|listening)"


@pytest.mark.parametrize("pattern", ["test_uevents.*filter", "test_uevents.*credentials", SEIZING])
def test_wsl1_is_not_the_same_where_it_is_known_to_lack(matrix: Matrix, pattern: str) -> None:
    found = {cell.verdict for _, cell in cells(matrix, "wsl1", pattern)}
    assert found
    assert found <= {Verdict.MISSING, Verdict.FAILS}


def test_every_row_about_systemd_lacks_something_on_wsl1(matrix: Matrix) -> None:
    found = cells(matrix, "wsl1", "^systemd/")
    modules = {comparison.module for comparison, _ in found}
    assert len(modules) >= 5
    assert {
        comparison.module for comparison, cell in found if cell.verdict in (Verdict.MISSING, Verdict.FAILS)
    } == modules


def test_gvisor_is_not_the_same_where_its_own_table_says_unimplemented(matrix: Matrix) -> None:
    table = subprocess.run(["runsc", "help", "syscalls", "-format", "csv"], capture_output=True, text=True, check=True)
    lines = csv.DictReader(table.stdout.splitlines())
    lacks = {line["Name"] for line in lines if line["Arch"] == "amd64" and line["Support"] == "Unimplemented"}
    assert lacks
    for comparison, cell in cells(matrix, "gvisor"):
        made = (
            [line for line in comparison.traces["gvisor"].calls if " = -1 " not in line]
            if "gvisor" in comparison.traces
            else []
        )
        used = {line.rpartition("] ")[2].partition("(")[0] for line in made}
        assert cell.verdict is not Verdict.SAME or not used & lacks, (comparison.case, used & lacks)
