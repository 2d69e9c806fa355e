"""`conformance replay` as a user types it, on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance.model import Json
from conformance.programs.notation.parse import parse_file
from conformance.programs.notation.promises import Fails, Succeeds
from conformance.run.errors import Exit
from conformance.search import generate
from tests.conformance.cli.command import told
from tests.conformance.cli.searching import ABSENT, refuses, targets_in, written
from tests.conformance.search.strace.logs import CAT, PAIR
from tests.executors import needs_executor


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few programs at a time."""
    monkeypatch.setattr(generate, "DRAWN", 20)


@pytest.fixture
def targets(tmp_path: Path) -> Path:
    """This machine twice, and a target that needs a kernel."""
    return targets_in(tmp_path)


def test_replay_on_this_machine_agrees(targets: Path, tmp_path: Path) -> None:
    needs_executor()
    done = told("replay", written(tmp_path / "folder"), "-t", "again", "--targets", targets)
    assert done.status == Exit.EXPECTED, done.out + done.err
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["native", "again"]
    assert sum("ENOENT" in line for line in lines) == 2
    assert not any(line.startswith("  *") for line in lines)


def test_replay_takes_the_file_itself(tmp_path: Path) -> None:
    needs_executor()
    assert told("replay", written(tmp_path / "folder") / "program.json", "-t", "native").status == Exit.EXPECTED


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"format": 2}, ("has format 2", "update the suite")),
        ({"calls": []}, ("at least one call",)),
        ({"calls": [{"call": "reboot", "args": [0, 0, 0, 0]}]}, ("call 0, reboot, is one that no program makes",)),
    ],
)
def test_program_that_cannot_be_run_is_refused(
    members: dict[str, Json], words: tuple[str, ...], tmp_path: Path
) -> None:
    refuses(told("replay", written(tmp_path / "folder", ABSENT, **members)), Exit.USAGE, "program.json", *words)


def test_what_is_no_program_is_refused(tmp_path: Path) -> None:
    refuses(told("replay", tmp_path / "absent"), Exit.USAGE, "absent", "`conformance fuzz` wrote")
    refuses(told("replay", tmp_path), Exit.USAGE, "program.json", "`conformance fuzz` wrote")
    file = written(tmp_path / "folder") / "program.json"
    file.write_text(file.read_text()[:40])
    refuses(told("replay", file.parent), Exit.USAGE, "program.json", "cut short")
    file.write_text('{"schema": 1, "tests": []}')
    refuses(told("replay", file.parent), Exit.USAGE, "program.json", "this is no program")
    file.write_bytes(b"\x7fELF\x80\xff")
    refuses(told("replay", file.parent), Exit.USAGE, "program.json", "no JSON")


def test_program_is_kept_where_all_agree(targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    needs_executor()
    (tmp_path / "corpus").mkdir()
    monkeypatch.setattr("conformance.places.corpus_directory", lambda: tmp_path / "corpus")
    done = told("replay", written(tmp_path / "folder"), "-t", "again", "--targets", targets, "--keep")
    assert done.status == Exit.EXPECTED, done.out + done.err
    (path,) = (tmp_path / "corpus").rglob("*.calls")
    (kept,) = parse_file(path.read_text(), path.name).programs
    assert done.out.splitlines()[-1] == f"kept as {path}::{kept.name}"
    assert [step.promises[0].end for step in kept.steps] == [Fails(("ENOENT",)), Succeeds()]


def test_replay_of_several_has_a_summary_and_the_gravest_status(
    targets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    needs_executor()
    folders = [written(tmp_path / name) for name in ("one", "two")]
    done = told("replay", *folders, "-t", "again", "--targets", targets)
    assert done.status == Exit.EXPECTED, done.out + done.err
    assert [line for line in done.out.splitlines() if line.startswith("==")] == [f"== {each}" for each in folders]
    summary = ["2 programs:", "  one: native ran, again agrees", "  two: native ran, again agrees"]
    assert done.out.splitlines()[-3:] == summary
    statuses = iter([Exit.INCOMPLETE, Exit.UNEXPECTED])
    monkeypatch.setattr("conformance.search.replay.status_of_replay", lambda _: next(statuses))
    assert told("replay", *folders, "-t", "again", "--targets", targets).status == Exit.INCOMPLETE


def test_one_program_of_several_that_cannot_be_read_is_told_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "program.json").write_text("{")
    refuses(told("replay", written(tmp_path / "good"), tmp_path / "bad"), Exit.USAGE, "bad/program.json", "no JSON")


def test_imitation_is_no_witness(tmp_path: Path) -> None:
    done = told("replay", written(tmp_path / "folder"), "-t", "gvisor", "--keep")
    refuses(done, Exit.USAGE, "--keep: gvisor is no kernel", "no promise of Linux")


def test_installed_suite_keeps_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.places.ROOT", tmp_path / "site-packages")
    (tmp_path / "site-packages" / "cases" / "programs").mkdir(parents=True)
    done = told("replay", written(tmp_path / "folder"), "-t", "native", "--keep")
    refuses(done, Exit.USAGE, "--keep", "in a checkout of the suite")
    assert not list((tmp_path / "site-packages").rglob("*.json"))


@pytest.mark.parametrize("folder", ["\x1b[2J", "a'b; rm -rf c"])
def test_name_of_a_folder_does_not_reach_the_terminal_as_it_is(folder: str, targets: Path, tmp_path: Path) -> None:
    needs_executor()
    given = [written(tmp_path / name) for name in (folder, "other")]
    done = told("replay", *given, "-t", "again", "--targets", targets)
    assert done.status == Exit.EXPECTED
    assert "\x1b" not in done.out + done.err


# -- logs of strace


def test_a_log_of_strace_is_replayed_and_what_is_left_out_is_listed(targets: Path, tmp_path: Path) -> None:
    needs_executor()
    log = tmp_path / "cat.log"
    log.write_text(CAT)
    done = told("replay", "--strace", log, "-t", "again", "--targets", targets)
    assert done.status == Exit.EXPECTED, done.out + done.err
    lines = done.out.splitlines()
    assert [line.split()[0] for line in lines if not line.startswith(" ")] == ["native", "again", f"{log}:"]
    assert sum("ENOENT" in line for line in lines) == 2
    at = lines.index(f"{log}: 12 of 17 calls said; left out:")
    assert lines[at + 1 :][0] == "  line 1: execve: what it executes is not there"
    assert len(lines[at + 1 :]) == 5


def test_logs_and_folders_are_replayed_together(tmp_path: Path) -> None:
    needs_executor()
    log = tmp_path / "pair.log"
    log.write_text(PAIR)
    done = told("replay", written(tmp_path / "folder"), "--strace", log, "-t", "native")
    assert done.status == Exit.EXPECTED, done.out + done.err
    assert "2 programs:" in done.out
    assert "pair.log:1-8: native ran" in done.out


def test_what_is_no_log_is_refused(tmp_path: Path) -> None:
    refuses(told("replay"), Exit.USAGE, "nothing to replay", "--strace")
    refuses(told("replay", "--strace", tmp_path / "absent"), Exit.USAGE, "absent", "cannot be read")
    (tmp_path / "log").write_bytes(bytes(range(256)) * 10)
    refuses(told("replay", "--strace", tmp_path / "log"), Exit.USAGE, "no call that a program can make")
