from __future__ import annotations

import shutil
import signal
from pathlib import Path

import pytest

from conformance.run.errors import UsageError, UserError
from conformance.search.strace.reading import programs_of_log
from conformance.search.strace.recording import NO_SUCH_COMMAND, log_for, record

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace: apt install strace")


def test_a_log_is_called_as_its_command_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert log_for(["/bin/tar", "cf", "x"], None, force=False) == Path("tar.strace")
    assert log_for(["tar"], Path("mine.log"), force=False) == Path("mine.log")


def test_a_log_that_is_there_is_written_over_only_if_somebody_says_so(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("mine")
    with pytest.raises(UsageError, match=r"log is there already; name another with -o"):
        log_for(["tar"], log, force=False)
    assert log_for(["tar"], log, force=True) == log
    with pytest.raises(UsageError, match="is a directory"):
        log_for(["tar"], tmp_path, force=True)


@needs_strace
def test_what_a_command_does_becomes_programs_and_its_status_is_passed_on(tmp_path: Path) -> None:
    log = tmp_path / "deep" / "log"
    assert record(["sh", "-c", "cat /etc/hostname >/dev/null; exit 7"], log) == 7
    found = programs_of_log(log)
    assert {step.label for program in found.programs.values() for step in program.steps} > {"getuid", "brk"}


@needs_strace
def test_a_command_that_a_signal_ends_ends_as_in_a_shell(tmp_path: Path) -> None:
    assert record(["sh", "-c", "kill -9 $$"], tmp_path / "log") == 128 + signal.SIGKILL


@needs_strace
def test_a_command_that_there_is_not_is_a_sentence_and_leaves_no_log(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^there is no command no-such-command$") as caught:
        record(["no-such-command"], tmp_path / "log")
    assert caught.value.status == NO_SUCH_COMMAND
    assert not (tmp_path / "log").exists()


@needs_strace
def test_a_log_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"^the log .* cannot be written: "):
        record(["true"], tmp_path / "file" / "log")


def test_without_strace_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt install strace"):
        record(["true"], tmp_path / "log")
    assert not list(tmp_path.iterdir())
