"""How the command starts: what must stand before anything that takes time to import."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence
from tests.conformance.cli.started import ENDING, command, environment
from tests.processes import eventually


@pytest.mark.parametrize("closed", [(0,), (1,), (2,), (0, 1, 2)])
def test_closed_standard_streams_harm_nothing(closed: tuple[int, ...], tmp_path: Path) -> None:
    redirections = " ".join(f"{descriptor}>&-" for descriptor in closed)
    words = " ".join(command("schema"))
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} {redirections}"], env=environment(), cwd=tmp_path, check=False
    )
    assert done.returncode == Exit.EXPECTED


def catches(process: subprocess.Popen[str], number: int) -> bool:
    """Whether a process has a handler of its own for a signal, Python's for SIGINT not counted: see proc(5)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt")), 16)
    return bool(caught >> (number - 1) & 1)


@pytest.mark.parametrize("number", ENDING)
@pytest.mark.parametrize("later", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_signal_at_any_moment_of_the_start_is_no_traceback(number: signal.Signals, later: float) -> None:
    with subprocess.Popen(
        command("run", "-t", "no-such-target"), env=environment(), stderr=subprocess.PIPE, text=True
    ) as process:
        # From when the command's first lines run: what comes before is the interpreter's own.
        assert eventually(lambda: process.poll() is not None or catches(process, signal.SIGHUP), 30)
        time.sleep(later)
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    # A shell calls both of the first two 128 + number: at its very end, the interpreter has put its handlers away.
    assert process.returncode in (128 + number, -number, Exit.USAGE)
    assert is_one_sentence(said.removeprefix("\n")), said  # click ends the line that a terminal shows ^C in
