"""`conformance survey`: what its command line says, and how it ends."""

from __future__ import annotations

from pathlib import Path

from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence, told

TWICE = '[target.native]\nrunner = "local"\n[target.again]\nrunner = "local"\n'


def test_the_branches_can_be_listed() -> None:
    done = told("survey", "--list")
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert {"numbers-syscall", "proc-sys-net", "sys", "dev", "families", "mount-options"} <= set(done.out.splitlines())


def test_a_machine_beside_itself_is_the_same(tmp_path: Path) -> None:
    (tmp_path / "targets.toml").write_text(TWICE)
    done = told("survey", "--targets", tmp_path / "targets.toml", "-o", tmp_path / "out", "proc-sys", "dev")
    assert done.status == Exit.EXPECTED, done.out + done.err
    assert "the same: dev, proc-sys-fs, proc-sys-kernel, proc-sys-net, proc-sys-vm, proc-sys" in " ".join(
        done.out.split()
    )
    assert (tmp_path / "out" / "matrix.json").exists()
    again = told("survey", "--targets", tmp_path / "targets.toml", "-o", tmp_path / "out", "dev")
    assert (again.status, is_one_sentence(again.err)) == (Exit.USAGE, True)


def test_what_is_no_branch_is_a_sentence() -> None:
    done = told("survey", "proc-net", "nowhere")
    assert (done.status, done.out, is_one_sentence(done.err)) == (Exit.USAGE, "", True), done.err
