"""What the tests of `conformance.run.inside` do not see from outside."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from conformance.guest.terminal import at_terminal, shell
from tests.programs import put


def test_a_shell_is_what_the_guest_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path, {"sh": "exit 0"})
    monkeypatch.setenv("PATH", str(tmp_path))
    assert shell() == [str(tmp_path / "sh"), "-i"]
    (tmp_path / "sh").unlink()
    assert shell() == [sys.executable, "-i"]


def test_a_command_that_is_not_there_is_found_out_before_there_is_a_terminal() -> None:
    before = sorted(Path("/proc/self/fd").iterdir())
    with pytest.raises(FileNotFoundError):
        at_terminal(["no-such-command"])
    assert sorted(Path("/proc/self/fd").iterdir()) == before
