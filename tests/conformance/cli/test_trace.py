from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from conformance.search.strace.recording import NO_SUCH_COMMAND
from tests.conformance.cli.command import told

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="there is no strace: apt install strace")


def test_the_status_is_the_commands_and_it_is_said_what_comes_next(tmp_path: Path) -> None:
    log = tmp_path / "log"
    done = told("trace", "-o", log, "--", "sh", "-c", "exit 7")
    assert done.status == 7
    assert done.err == f"conformance: {log}: next, `conformance replay --strace {log} -t TARGET`\n"
    assert "execve(" in log.read_text()


def test_a_log_that_is_there_is_kept(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("mine")
    assert told("trace", "-o", log, "--", "true").status == Exit.USAGE
    assert log.read_text() == "mine"
    assert told("trace", "-f", "-o", log, "--", "true").status == 0


def test_a_command_that_there_is_not_is_as_in_a_shell(tmp_path: Path) -> None:
    done = told("trace", "-o", tmp_path / "log", "--", "no-such-command")
    assert (done.status, done.err) == (NO_SUCH_COMMAND, "conformance: there is no command no-such-command\n")
