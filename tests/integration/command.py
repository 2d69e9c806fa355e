"""The command as a user types it, and what comes of it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec

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
