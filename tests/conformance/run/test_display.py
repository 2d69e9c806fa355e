from __future__ import annotations

import io
import re
import time
from collections.abc import Sequence

import pytest
from rich.cells import cell_len
from rich.console import Console

from conformance.model import Outcome
from conformance.run import display as displays
from conformance.run.display import Display
from conformance.run.ledger import Progress, Stage
from conformance.run.pace import Pace

PROGRESS = [
    Progress("native", Stage.RUNNING, 10, 4, {Outcome.PASSED: 3, Outcome.FAILED: 1}, "a/test_b.py::test_c"),
    Progress("lts", Stage.FAILED, message="its kernel is no image"),
    Progress("wsl2"),
]
LONG = "netlink/test_netlink_sockets.py::test_what_has_a_very_long_name_indeed[and-a-parameter-that-is-long-as-well]"
WHOLE = [
    Progress("native", Stage.RUNNING, 1534, 1201, {Outcome.FAILED: 12}, LONG),
    Progress("lts", Stage.STARTING, 1534),
    Progress("wsl2", Stage.CONFIRMING, 1534, 1533, {}, LONG),
    Progress("wsl1", Stage.DONE, 1534, 1534),
    Progress("gvisor", Stage.FAILED, 1534, 3, message=f"runsc is gone, {LONG}, apt install it"),
]


class Screen:
    """A display whose console is a string."""

    def __init__(self, *, terminal: bool, width: int = 120) -> None:
        self.display = Display()
        self.sink = io.StringIO()
        console = Console(file=self.sink, force_terminal=terminal, width=width, color_system=None)
        self.display._console = self.display._live.console = console

    def after(self, *progress: Sequence[Progress]) -> str:
        """What is written when the targets are so far, one after the other."""
        with self.display:
            for each in progress:
                self.display(each)
        return self.sink.getvalue()


def test_a_terminal_shows_a_row_a_target() -> None:
    said = Screen(terminal=True).after(PROGRESS)
    rows = {words[0]: words[1:] for line in said.splitlines() if (words := line.split())}
    assert "4/10" in rows["native"]
    assert rows["native"][-2:] == ["1", "a/test_b.py::test_c"]
    assert "0/?" in rows["lts"]
    assert rows["wsl2"][-1] == "waiting"
    assert "its kernel is no image" in said


def test_elsewhere_nothing_is_said_for_a_while_then_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Screen(terminal=False).after([PROGRESS[0], PROGRESS[2]]) == ""
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    assert Screen(terminal=False).after([PROGRESS[0], PROGRESS[2]]) == "[0 s] native 4/10 wsl2 waiting\n"


def going_on(done: int, seconds: float) -> Progress:
    """A target that has done so many of its 40 cases in so many seconds."""
    cases, now = [f"a/test_b.py::test_{at}" for at in range(40)], time.monotonic()
    pace = Pace(dict.fromkeys(cases, 1.0), now - seconds)
    for case in cases[:done]:
        pace.result(case, now)
    return Progress("lts", Stage.RUNNING, 40, done, pace=pace)


def test_what_is_left_is_told_by_the_slowest_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    slow, fast, young = going_on(10, 30.0), going_on(20, 30.0), going_on(1, 30.0)
    assert Screen(terminal=False).after([fast, slow, young]).splitlines()[-1].endswith(" lts 1/40 (90 s left)")
    assert "left" not in Screen(terminal=False).after([young, PROGRESS[1]])
    assert "10/40 0 15 min" in " ".join(Screen(terminal=True).after([going_on(10, 300.0)]).split())
    monkeypatch.setattr(slow, "stage", Stage.IDLE)
    assert slow.left(time.monotonic()) is None


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("terminal", [True, False])
def test_no_line_is_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch, width: int, *, terminal: bool) -> None:
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    screen = Screen(terminal=terminal, width=width)
    lines = re.sub(r"\x1b\[[?0-9;]*[A-Za-z]", "", screen.after(WHOLE)).splitlines()
    assert max(map(cell_len, lines)) <= width
    said = " ".join(" ".join(lines).split())
    for name in ("native", "lts", "wsl2", "wsl1", "gvisor"):
        assert name in said
    assert "1201/1534" in said
    assert "apt install it" in said


def test_a_line_breaks_between_targets_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    assert Screen(terminal=False, width=80).after([*WHOLE[:4], Progress("gvisor", Stage.RUNNING, 1534, 3)]) == (
        "[0 s] native 1201/1534 lts starting wsl2 confirming 1533/1534 wsl1 done\n    gvisor 3/1534\n"
    )


@pytest.mark.parametrize("terminal", [True, False])
def test_why_a_target_failed_is_said_when_it_happens_and_once(*, terminal: bool) -> None:
    screen = Screen(terminal=terminal)
    assert "lts: failed" not in screen.after([Progress("lts", Stage.STARTING)])
    said = screen.after(PROGRESS, PROGRESS)
    assert said.count("lts: failed: its kernel is no image") == 1


@pytest.mark.parametrize("terminal", [True, False])
def test_a_guest_that_dies_is_said_when_it_happens_and_once(*, terminal: bool) -> None:
    screen = Screen(terminal=terminal)
    one = Progress("lts", Stage.STARTING, told=["crash in a/test_b.py::test_c: the guest is gone"])
    assert "lts: crash in a/test_b.py::test_c: the guest is gone" in screen.after([one], [one])
    one.told.append("hang in a/test_b.py::test_d: the guest is silent")
    said = screen.after([one])
    assert said.count("lts: crash") == said.count("lts: hang") == 1


def test_brackets_are_text() -> None:
    running = [Progress("lts", Stage.RUNNING, running="a/test_b.py::test_c[x]", told=["[/y]"])]
    said = Screen(terminal=True).after([*running, Progress("x", Stage.RUNNING, running="[/x]")])
    assert "test_c[x]" in said
    assert "lts: [/y]" in said


HOSTILE = "\x1b[2J\x1b]0;owned\x07\nwsl2: failed: a lie\r\u202e"


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize(
    "progress",
    [
        Progress("lts", Stage.RUNNING, running=HOSTILE),
        Progress("lts", Stage.CONFIRMING, running=HOSTILE),
        Progress("lts", Stage.FAILED, message=HOSTILE),
        Progress("lts", Stage.STARTING, message=HOSTILE),
        Progress("lts", Stage.RUNNING, told=[HOSTILE]),
    ],
    ids=["start line", "start line again", "failure", "message", "death"],
)
def test_nothing_that_a_terminal_obeys_comes_from_a_guest(
    monkeypatch: pytest.MonkeyPatch, progress: Progress, *, terminal: bool
) -> None:
    monkeypatch.setattr(displays, "QUIET_SECONDS", -1.0)
    said = Screen(terminal=terminal).after([progress])
    assert not any(each in said for each in ("\x1b[2J", "\x1b]", "\x07", "\u202e"))
    assert not any(line.startswith("wsl2:") for line in said.splitlines())
