from __future__ import annotations

import io

import pytest
from rich.console import Console

from conformance.model import Outcome
from conformance.run import display as displays
from conformance.run.display import Display
from conformance.run.worker import Progress, Stage

PROGRESS = [
    Progress("native", Stage.RUNNING, 10, 4, {Outcome.PASSED: 3, Outcome.FAILED: 1}, "a/test_b.py::test_c"),
    Progress("lts", Stage.FAILED, message="its kernel is no image"),
    Progress("wsl2"),
]


def shown(*, terminal: bool) -> str:
    """What a display writes about `PROGRESS`."""
    display = Display()
    sink = io.StringIO()
    display._console = display._live.console = Console(file=sink, force_terminal=terminal, width=120, color_system=None)
    with display:
        display(PROGRESS)
    return sink.getvalue()


def test_a_terminal_shows_a_row_a_target() -> None:
    said = shown(terminal=True)
    rows = {words[0]: words[1:] for line in said.splitlines() if (words := line.split())}
    assert "4/10" in rows["native"]
    assert rows["native"][-2:] == ["1", "a/test_b.py::test_c"]
    assert "0/?" in rows["lts"]
    assert rows["wsl2"][-1] == "waiting"
    assert "its kernel is no image" in said


def test_elsewhere_nothing_is_said_for_a_while_then_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shown(terminal=False) == ""
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    assert shown(terminal=False) == "[0 s] native 4/10 running, lts 0/? failed, wsl2 0/? waiting\n"


def test_brackets_are_text() -> None:
    display, sink = Display(), io.StringIO()
    display._console = display._live.console = Console(file=sink, force_terminal=True, width=120, color_system=None)
    running = [Progress("lts", Stage.RUNNING, running="a/test_b.py::test_c[x]")]
    with display:
        display([*running, Progress("x", Stage.RUNNING, running="[/x]")])
    assert "test_c[x]" in sink.getvalue()
