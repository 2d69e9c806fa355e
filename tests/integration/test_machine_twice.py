"""This machine against itself, by every case there is."""

from __future__ import annotations

from pathlib import Path

from conformance.run.errors import Exit
from tests.integration.command import TWO_LOCAL, conformance, matrix_in
from tests.integration.twice import is_all_the_same


def test_machine_against_itself_is_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(TWO_LOCAL)
    done = conformance("run", "--targets", tmp_path / "targets.toml", "-o", tmp_path / "results")
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    is_all_the_same(matrix_in(tmp_path / "results"))
