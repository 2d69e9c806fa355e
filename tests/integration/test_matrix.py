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
from runners.qemu import snapshot
from tests.integration.command import Command, conformance, matrix_in
from tests.integration.targets import NAMES, runner
from tests.integration.twice import is_all_the_same

CASES = (
    "files/test_open.py::test_absent_file_is_enoent",
    "files/test_open.py::test_created_file_holds_what_was_written",
    "netlink/test_uevents.py::test_credentials_of_an_event_are_those_of_the_kernel",
    "netlink/test_uevents.py::test_filter_drops_the_events_that_it_does_not_let_through",
    "netlink/test_uevents.py::test_listener_hears_what_happened_to_which_device",
    "ptrace/test_attach.py::test_attach_stops_the_tracee_with_sigstop",
    "ptrace/test_attach.py::test_interrupt_stops_a_seized_tracee_with_an_event",
    "ptrace/test_attach.py::test_listening_tracee_tells_when_its_group_stop_ends",
    "ptrace/test_attach.py::test_seize_does_not_stop_the_tracee",
    "survey/test_entries.py::test_entries[dev]",
    "systemd/test_descriptors.py::test_descriptor_of_a_process_tells_its_end_and_waits_for_it",
    "systemd/test_descriptors.py::test_fanotify_hands_over_the_file_that_was_opened",
    "systemd/test_files.py::test_file_can_be_opened_by_its_handle",
    "systemd/test_files.py::test_openat2_does_not_follow_where_it_must_not[symlink]",
    "systemd/test_files.py::test_tmpfs_keeps_extended_attributes",
    "systemd/test_kernel_interfaces.py::test_pressure_is_told_for_some_and_for_all_processes[cpu]",
    "systemd/test_mounts.py::test_mount_is_made_before_it_has_a_place",
)
"""Of what a target lacks, a few of each kind, and some that none lacks: in an emulated machine each takes a third of a
second."""
PROMISES = "^(?!survey/)"
"""Not the lists of what there is: those of two releases differ."""
KERNELS = {"lts": {"version"}, "wsl2": {"version", "config"}}
"""Those that are real, and why they lack what they lack of that."""
AGAIN = (
    "netlink/test_uevents.py::test_credentials_of_an_event_are_those_of_the_kernel",
    "netlink/test_uevents.py::test_event_of_a_network_device_stays_in_its_namespace",
    "netlink/test_uevents.py::test_listener_hears_what_happened_to_which_device",
    "netlink/test_uevents.py::test_sequence_number_increases_with_every_event",
    "survey/test_entries.py",
)
"""What hangs on how a kernel came up, if anything does: what it tells of its devices, and all that it shows."""


def ran(folder: Path, *arguments: str) -> Path:
    """The results of a run, whatever it found."""
    done = conformance("run", "-o", folder, *arguments)
    assert done.returncode in (Exit.EXPECTED, Exit.UNEXPECTED), done.stdout + done.stderr
    return folder


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """A part of the main job, on every target."""
    for name in NAMES:
        runner(name)
    return matrix_in(ran(tmp_path_factory.mktemp("matrix") / "results", *CASES))


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
    assert set(lacks.values()) == KERNELS[target], lacks


def test_kernel_booted_twice_is_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it goes on from a snapshot, if it has left one, and as it boots when it is told to."""
    runner("wsl2")
    resumed = []
    usual = snapshot.resume

    def resume(monitor: snapshot.Monitor, remembered: snapshot.Snapshot) -> None:
        resumed.append(remembered)
        usual(monitor, remembered)

    monkeypatch.setattr(snapshot, "resume", resume)
    command = Command(monkeypatch, capsys)

    def record(folder: Path, *options: str) -> Record:
        done = command("run", "-o", folder, "-t", "wsl2", "--reference", "wsl2", *options, *AGAIN)
        assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
        (found,) = read_records(folder, read_plan(folder))
        return found

    one = record(tmp_path / "one")
    resumed.clear()
    other = record(tmp_path / "other", "--cold")
    assert not resumed
    assert {info.id for info in one.cases} == {info.id for info in other.cases}
    assert {case.partition("[")[0] for case in other.results} >= {case for case in AGAIN if "::" in case}
    is_all_the_same(build([one, replace(other, target=replace(other.target, name="again"))], "wsl2"))


SEIZING = "test_attach.*(seize_does|interrupt_stops|listening)"


@pytest.mark.parametrize("pattern", ["test_uevents.*filter", "test_uevents.*credentials", SEIZING])
def test_wsl1_is_not_the_same_where_it_is_known_to_lack(matrix: Matrix, pattern: str) -> None:
    found = {cell.verdict for _, cell in cells(matrix, "wsl1", pattern)}
    assert found
    assert found <= {Verdict.MISSING, Verdict.FAILS}


def test_every_row_about_systemd_lacks_something_on_wsl1(tmp_path: Path) -> None:
    runner("wsl1")
    found = cells(matrix_in(ran(tmp_path / "results", "-t", "wsl1", "systemd")), "wsl1")
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
    tried = set()
    for comparison, cell in cells(matrix, "gvisor"):
        tried |= used(comparison, "native") & lacks
        met = used(comparison, "gvisor") & lacks
        assert cell.verdict is not Verdict.SAME or not met, (comparison.case, met)
    assert len(tried) > 3


def used(comparison: Comparison, target: str) -> set[str]:
    """The calls that a case has made on a target, but for those that have failed."""
    trace = comparison.traces.get(target)
    made = [line for line in trace.calls if " = -1 " not in line] if trace else []
    return {line.rpartition("] ")[2].partition("(")[0] for line in made}
