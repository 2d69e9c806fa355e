"""However a run is ended: nothing is left of it, and it can be finished."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from tests.integration.command import conformance, leftovers, started
from tests.integration.targets import runner
from tests.processes import eventually

ENDINGS = {
    "interrupted": (signal.SIGINT, Exit.INTERRUPTED),
    "terminated": (signal.SIGTERM, Exit.TERMINATED),
    "hung up": (signal.SIGHUP, Exit.HUNG_UP),
    "killed": (signal.SIGKILL, -signal.SIGKILL),
}
TARGETS = ("wsl1", "gvisor", "wsl2")
ENDED = [(name, how) for name in TARGETS for how in ENDINGS if name == TARGETS[0] or how in ("interrupted", "killed")]
"""By each signal, and on each target by one that the command sees and one that it does not: once it has seen one, it
goes on alike."""

SLOWEST_START = 400.0
"""Seconds until the suite is ready in a kernel that was not remembered, on a machine that is busy with others."""


@pytest.mark.parametrize(("name", "how"), ENDED)
def test_run_that_is_ended_leaves_nothing_and_can_be_finished(name: str, how: str, tmp_path: Path) -> None:
    """The reference, which runs on this machine itself, is ended and finished with each of them."""
    number, status = ENDINGS[how]
    runner(name)
    results = tmp_path / "results"
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    run = started("run", "-t", name, "-o", results, "files/test_open.py", "files/test_locks.py", TMPDIR=str(temporary))
    assert eventually(lambda: all(len(finished(results, each)) > 2 for each in ("native", name)), SLOWEST_START)
    run.send_signal(number)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == status, said
    if number != signal.SIGKILL:
        assert f"conformance run --resume {results}" in said
    assert eventually(lambda: not leftovers(temporary)), leftovers(temporary)
    before = {each: finished(results, each) for each in ("native", name)}
    done = conformance("run", "--resume", results)
    assert done.returncode in (Exit.EXPECTED, Exit.UNEXPECTED), done.stdout + done.stderr
    for each, cases in before.items():
        assert finished(results, each)[: len(cases)] == cases
        assert len(set(cases)) == len(cases)
    assert "not run" not in done.stdout


def finished(results: Path, name: str) -> list[str]:
    """The cases that a target has run so far."""
    record = results / f"{name}.jsonl"
    lines = record.read_text().splitlines() if record.exists() else []
    return [json.loads(line)["result"]["case"] for line in lines if '"kind":"result"' in line]
