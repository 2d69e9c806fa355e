from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from conformance.model import Cause
from conformance.programs.execution import Execution
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.run.lane import Lane
from conformance.search.compare import ProgramDifference, Signature
from conformance.search.display import LISTED, SearchDisplay, report
from conformance.search.finding import Finding, Flake
from conformance.search.loop import Search
from tests.executors import ExecutorRunner, Scripted, program

PROGRAM = program(("close", 40))


def finding(call: str = "close", target: str = "wsl2", *, field: str = "errno", said: str = "EINVAL") -> Finding:
    """A divergence."""
    difference = ProgramDifference(0, call, field, "EBADF", said)
    named = Signature(call, field, f"EBADF - {said}", "O_CREAT", Cause.ORDER, target)
    outcome = ProgramOutcome(State.DONE, results=((-9, ()),))
    run = Execution(encode(PROGRAM), outcome)
    return Finding(named, difference, run, run, "native", ("6.1.0", "5.15.0"))


def flake(call: str, why: str = "does not repeat in a process of its own") -> Flake:
    """A difference that did not repeat."""
    return Flake(PROGRAM, ProgramDifference(0, call, "result", "1", "2"), "wsl2", why)


@pytest.fixture
def search() -> Search:
    """A search that has come to something."""
    lanes = [Lane(name, ExecutorRunner()) for name in ("native", "native again", "wsl2")]
    for lane, release in zip(lanes, ("6.1.0", "6.1.0", "5.15.0"), strict=True):
        lane.release, lane.ran, lane.busy = release, 1000, 2.0
    lanes[2].deaths = 7
    search = Search(Scripted(), lanes[0], lanes[1], lanes[2:], lambda _: None)
    search.tally.programs = 1000
    search.tally.executions = 321
    search.tally.states.update({State.DONE: 990, State.BLOCKED: 8, State.DIED: 2})
    search.coverage.pairs.update({("open", 0), ("open", 2), ("close", 0), ("clone", 0)})
    return search


def section(said: str, head: str) -> list[str]:
    """The lines of a part of the report, without its head."""
    (part,) = (part for part in said.split("\n\n") if re.match(head, part))
    return part.splitlines()[1:]


# The report


def test_report_has_a_line_a_target_with_rate_and_deaths(search: Search) -> None:
    rows = [line.split() for line in report(search).split("\n\n")[0].splitlines()[2:]]
    assert rows == [
        ["native", "6.1.0", "1000", "500"],
        ["native", "again", "6.1.0", "1000", "500"],
        ["wsl2", "5.15.0", "1000", "500", "7"],
    ]


def test_report_has_what_was_run_and_met(search: Search) -> None:
    said = report(search)
    assert re.search(r"^1000 programs in \d+ s \(\d+/s\): 990 done, 8 blocked, 2 died$", said, re.MULTILINE)
    assert re.search(r"^2 of 3\d\d calls succeeded, 4 \(call, errno\) pairs; 321 executions to ", said, re.MULTILINE)


def test_report_says_what_was_left(search: Search) -> None:
    assert " left" not in report(search)
    search.tally.left = 12
    assert "\n\n12 differences left, which the time was too short to pursue\n\n" in report(search)


def test_report_of_nothing_says_so(search: Search) -> None:
    said = report(search)
    assert said.endswith("\n\nno divergence")
    assert "flaky" not in said
    assert "itself" not in said


def test_report_of_a_search_that_never_began_is_one(search: Search) -> None:
    search.tally.programs = 0
    search.tally.states.clear()
    for lane in search.lanes:
        lane.ran, lane.busy = 0, 0.0
    assert report(search).endswith("no divergence")


def test_report_lists_divergences_in_order_with_cause_and_flags(search: Search) -> None:
    search.tally.findings += [
        finding("openat", "wsl2"),
        finding("close", "wsl2", said="x" * 100),
        finding("close", "gvisor"),
    ]
    lines = [line.split() for line in section(report(search), "3 divergences")]
    assert lines[0] == ["target", "call", "field", "reference", "there", "cause", "flags"]
    assert [line[:2] for line in lines[2:]] == [["gvisor", "close"], ["wsl2", "close"], ["wsl2", "openat"]]
    assert lines[-1] == ["wsl2", "openat", "errno", "EBADF", "EINVAL", "order", "O_CREAT"]
    assert max(len(word) for line in lines[2:] for word in line) == 28
    assert "no divergence" not in report(search)


def test_report_of_very_many_divergences_is_not_endless(search: Search) -> None:
    search.tally.findings += [finding(f"call{at}") for at in range(LISTED + 50)]
    assert len(section(report(search), f"{LISTED + 50} divergences")) == LISTED + 2


def test_report_says_that_the_comparison_is_at_fault_where_the_reference_differs_from_itself(search: Search) -> None:
    search.tally.holes.append(finding("times", "native again"))
    said = report(search)
    assert section(said, "1 difference of the reference from itself: the comparison is at fault") == [
        "  times/errno/EBADF - EINVAL/O_CREAT: EBADF - EINVAL"
    ]
    assert said.endswith("no divergence")


def test_report_counts_what_was_flaky(search: Search) -> None:
    search.tally.flakes += [flake("read"), flake("poll"), flake("poll"), flake("x" * 400)]
    lines = section(report(search), "4 flaky")
    assert lines[0] == "  2 wsl2: poll, result: does not repeat in a process of its own"
    assert len(lines) == 3
    assert all(len(line) <= 200 for line in lines)


# While it goes on


def shown(search: Search, capsys: pytest.CaptureFixture[str], seconds: Sequence[float]) -> list[str]:
    """The lines that are printed, where there is no terminal, at these moments."""
    with pytest.MonkeyPatch.context() as patch:
        clock = [100.0]
        patch.setattr(time, "monotonic", lambda: clock[0])
        search.tally.started = 100.0
        with SearchDisplay() as display:
            for each in seconds:
                clock[0] = 100.0 + each
                display(search)
    said = capsys.readouterr()
    assert not said.out
    return said.err.splitlines()


def test_without_a_terminal_a_line_is_printed_now_and_then(search: Search, capsys: pytest.CaptureFixture[str]) -> None:
    search.tally.findings.append(finding())
    search.tally.flakes.append(flake("read"))
    lines = shown(search, capsys, [1, 14, 16, 20, 32])
    assert [line.split()[0] for line in lines] == ["[16", "[32"]
    assert lines[0].startswith("[16 s] 1000 programs, 62/s; 1 divergence, 1 flaky; 2 of ")


def test_on_a_terminal_there_is_a_table_with_a_line_a_target(search: Search) -> None:
    search.tally.findings += [
        finding(),
        finding("open"),
        replace(finding(), signature=finding(target="gvisor").signature),
    ]
    display = SearchDisplay()
    table = display._table(search)
    columns = {str(column.header): list(column.cells) for column in table.columns}
    assert columns["target"] == ["native", "native again", "wsl2"]
    assert columns["divergences"] == ["0", "0", "2"]
    assert columns["deaths"] == ["", "", "7"]
    assert columns["per second"] == ["500"] * 3


def test_what_a_guest_calls_its_kernel_cannot_reach_the_terminal(search: Search) -> None:
    search.lanes[2].release = "[/red]\x1b[2J\n5.15"
    search.tally.findings.append(finding(said="'\x1b]0;x\x07'"))
    search.tally.flakes.append(flake("read", "\x1b[31m"))
    assert all(each.isprintable() or each == "\n" for each in report(search))
    console = Console(file=StringIO(), width=200)
    console.print(SearchDisplay()._table(search))
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    assert "[/red]\ufffd[2J 5.15" in said
    assert "\x1b" not in said
