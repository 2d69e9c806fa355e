from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.guest import machine


def test_this_machine_is_told_in_a_line_of_json() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "conformance.guest.machine"], capture_output=True, text=True, timeout=60, check=True
    )
    found = json.loads(done.stdout)
    assert set(found) == set(machine.facts())
    assert "/dev/null" in found["device nodes"]
    assert any(each.startswith("MemFree:") for each in found["memory"])
    assert all(isinstance(each, str) for values in found.values() for each in values)


def test_only_what_the_kernel_itself_complains_of_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = [
        b"4,1,100,-;a warning\n SUBSYSTEM=x\n",
        b"6,2,100,-;a note\n",
        b"12,3,100,-;of a daemon\n",
        b"3,4,1,-;worse;\n",
    ]
    said = iter([*records, BrokenPipeError(), b"2,5,1,-;bad\n", BlockingIOError()])

    def read(_: int, __: int) -> bytes:
        each = next(said)
        if isinstance(each, OSError):
            raise each
        assert isinstance(each, bytes)
        return each

    monkeypatch.setattr(os, "read", read)
    monkeypatch.setattr(os, "open", lambda *_: -1)
    assert list(machine.messages()) == ["a warning", "worse;", "bad"]


def test_what_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    assert machine.text(str(tmp_path / "absent")) == ""
    assert machine.names(str(tmp_path / "absent")) == []
