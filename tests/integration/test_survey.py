"""The survey beside find(1): what is absent on gVisor is absent for both; a machine beside itself lacks nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cases.survey._rules import left_out
from conformance.model import Matrix, Verdict
from conformance.run.errors import Exit
from tests.integration.command import conformance, matrix_in
from tests.integration.targets import runner

FIND = (
    "find /proc/self/ /proc/thread-self/ /proc/net/ -maxdepth 4; find /proc/sys; "
    "find /proc -maxdepth 4 -path '/proc/[0-9]*' -prune -o -print; find /sys -maxdepth 4; true"
)
"""Everything that the survey walks below /proc and /sys, to the same depth."""
TWINS = "".join(f'[target.{name}]\nrunner = "local"\n' for name in ("native", "second", "third"))


@pytest.fixture(scope="module")
def matrix(tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """What the survey finds of files, on this machine and on gVisor."""
    runner("gvisor")
    folder = tmp_path_factory.mktemp("survey") / "results"
    done = conformance("run", "-t", "native", "-t", "gvisor", "-o", folder, "survey/test_entries.py")
    assert done.returncode in (Exit.EXPECTED, Exit.UNEXPECTED), done.stdout + done.stderr
    return matrix_in(folder)


def found_in(target: str) -> set[str]:
    """What find(1) finds in a guest, without what is the machine's."""
    done = conformance("exec", target, "--", "sh", "-c", FIND)
    assert done.returncode == 0, done.stderr
    paths = {path.rstrip("/") for path in done.stdout.splitlines()}
    return {path for path in paths if not left_out(path)}


def surveyed(matrix: Matrix, target: str) -> Mapping[str, object]:
    """Every entry that the survey has."""
    return {
        name: said for comparison in matrix.comparisons for name, said in comparison.traces[target].observations.items()
    }


def test_every_absence_that_find_finds_on_gvisor_is_found(matrix: Matrix) -> None:
    absent = found_in("native") - found_in("gvisor")
    assert len(absent) > 500
    mine, reference = surveyed(matrix, "gvisor"), surveyed(matrix, "native")
    assert {path for path in absent if path not in reference} == set()
    assert {path for path in absent if path in mine} == set()


def test_an_absence_that_is_found_is_one_for_find_as_well(matrix: Matrix) -> None:
    mine, reference = surveyed(matrix, "gvisor"), surveyed(matrix, "native")
    files = {name for name in reference if name not in mine and " " not in name and name.startswith(("/proc", "/sys"))}
    assert len(files) > 500
    assert files & found_in("gvisor") == set()


def test_a_machine_beside_itself_shows_the_same_three_times(tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(TWINS)
    done = conformance("run", "--targets", tmp_path / "targets.toml", "-o", tmp_path / "results", "survey")
    assert done.returncode == Exit.EXPECTED, done.stdout
    found = matrix_in(tmp_path / "results")
    assert len(found.comparisons) > 25
    differing = {
        (comparison.case, name): cell
        for comparison in found.comparisons
        for name, cell in comparison.cells.items()
        if cell.verdict not in (Verdict.SAME, Verdict.SKIPPED, Verdict.MISSING)
    }
    assert differing == {}
