"""The command as a user types it, and what comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from conformance.cli import main
from conformance.model import Matrix
from conformance.run.errors import Exit
from tests.suite import SOURCES

TWO_LOCAL = """
[target.native]
runner = "local"
[target.again]
runner = "local"
"""
QUICK = "files/test_open.py"


def conformance(*arguments: str | Path, cwd: Path = SOURCES, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "conformance", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def started(*arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
    """Start the command and go on."""
    return subprocess.Popen(
        [sys.executable, "-m", "conformance", *map(str, arguments)],
        cwd=SOURCES,
        env={**os.environ, "PYTHONPATH": str(SOURCES), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def refuses(done: subprocess.CompletedProcess[str], status: Exit, *words: str) -> None:
    """It ended with that status and one sentence that has these words in it."""
    said = done.stderr.strip()
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in said
    assert all(word in said for word in words), said
    assert len(said.splitlines()) == 1, said


@dataclass(frozen=True)
class Ended:
    """How the command ended."""

    returncode: int
    stdout: str
    stderr: str

    def refuses(self, status: Exit, *words: str) -> None:
        """It is that status and one sentence that has these words in it."""
        refuses(self, status, *words)  # type: ignore[arg-type] # it has what is asked of it


class Command:
    """The command, in this process: starting another one takes longer than what it does."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        for what in ("guard_streams", "end_tidily"):  # streams and signals are this process's own
            monkeypatch.setattr(f"conformance.cli.{what}", lambda: None)

    def __call__(self, *arguments: str | Path) -> Ended:
        self._monkeypatch.setattr(sys, "argv", ["conformance", *map(str, arguments)])
        status = main()
        said = self._capsys.readouterr()
        return Ended(status, said.out, said.err)


def matrix_in(directory: Path) -> Matrix:
    """What a run has found."""
    return msgspec.json.decode((directory / "matrix.json").read_bytes(), type=Matrix)


def leftovers(folder: Path) -> list[str]:
    """What still lies in a run's folder for temporary files, and the processes that were told to use it."""
    found = [str(path) for path in folder.iterdir()]
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if str(folder).encode() in (path / "environ").read_bytes() + (path / "cmdline").read_bytes():
                found.append((path / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")[:200])
    return found
