"""All cases on this machine, as a person runs them in parallel."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.suite import SOURCES, environment, read


def test_all_cases_can_be_run_by_several_workers(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "cases", "-n", "2", "-q", "-p", "no:cacheprovider"),
            f"--conformance-record={record}",
        ],
        cwd=SOURCES,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert "INTERNALERROR" not in done.stdout + done.stderr
    assert done.returncode in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED), done.stdout[-3000:]
    found = read(record)
    assert len(found.plan) > 900
    assert {info.id: info.hash for info in found.plan} == {case: each.hash for case, each in found.results.items()}
