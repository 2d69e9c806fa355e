from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from conformance.cli.common import terminal_width
from conformance.model import Answers, CaseInfo, CaseResult, Outcome, Target
from conformance.protocol.lines import FactsLine, Header, Plan, ResultLine
from conformance.run.errors import Exit
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from tests.builders import facts, result
from tests.conformance.cli.command import told
from tests.suite import SOURCES

CASES = [f"area{n // 20}/test_part{n // 4}.py::test_case_with_a_name[{n}]" for n in range(400)]
NAMES = ("native", "lts", "wsl2", "wsl1", "gvisor")
HEAVY = ("rich", "tabulate", "hypothesis", "jinja2", "pytest", "_pytest", "asyncio", "runners", "elftools")


def said(case: str, target: str) -> CaseResult:
    """Every third case is missing beside the reference."""
    missing = target != "native" and CASES.index(case) % 3 == 0
    return result(Outcome.MISSING if missing else Outcome.PASSED, case=case, message="a feature" if missing else "")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a run; all that differs is expected."""
    folder = tmp_path_factory.mktemp("run")
    targets = [Target(name, "local", answers=Answers.HOST) for name in NAMES]
    RunPlan("20260101T000000Z", "native", targets, Selection()).write(folder)
    for target in targets:
        with RecordFile(folder / f"{target.name}.jsonl") as file:
            file.write(Header(target, "20260101T000000Z"))
            file.write(FactsLine(facts()))
            file.write(Plan([CaseInfo(case, "0123456789abcdef") for case in CASES]))
            for case in CASES:
                file.write(ResultLine(said(case, target.name)))
    (folder / "known").mkdir()
    for name in NAMES[1:]:
        table = '[[explained]]\ncase = "*"\nverdict = "missing"\nreason = "known"\n'
        (folder / f"known/{name}.toml").write_text(table)
    return folder


def report(run: Path, *arguments: str) -> list[str]:
    """The lines of the text."""
    done = told("report", run, "--expectations", run / "known", *arguments)
    assert done.status == Exit.EXPECTED, done.err
    return done.out.splitlines()


@pytest.mark.parametrize("columns", [155, 120, 80, 60])
def test_text_has_the_width_that_columns_says_and_40_lines_at_most(
    run: Path, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    lines = report(run)
    assert len(lines) <= 40
    assert max(map(len, lines)) <= columns
    assert lines[-1].endswith("shows all.")


def test_all_of_it_is_printed_when_it_is_asked_for(run: Path) -> None:
    lines = report(run, "--full")
    assert len(lines) > 100
    assert "shows all" not in lines[-1]
    assert len("\n".join(report(run, "-f", "markdown", "--full"))) > len("\n".join(report(run, "-f", "markdown")))


def test_width_is_that_of_the_terminal_and_100_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    ours, theirs = pty.openpty()
    program = "from conformance.cli.common import terminal_width as w; import sys; print(w(), file=sys.stderr)"

    def width(stdout: int) -> str:
        command = [sys.executable, "-c", program]
        return subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, text=True, cwd=SOURCES, check=True).stderr

    with os.fdopen(ours, "rb"), os.fdopen(theirs, "wb"):
        subprocess.run(["stty", "cols", "73", "rows", "20"], stdin=theirs, check=True)
        assert width(theirs) == "73\n"
    assert width(subprocess.DEVNULL) == "100\n"
    monkeypatch.setenv("COLUMNS", "61")
    assert terminal_width() == 61


def test_text_is_made_without_the_packages_that_it_does_not_need(run: Path) -> None:
    program = (
        "import sys; from conformance.cli import cli; cli.main(sys.argv[1:], standalone_mode=False);"
        f"print(sorted({{each.partition('.')[0] for each in sys.modules}} & {set(HEAVY)}), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "report", str(run), "--expectations", str(run / "known")],
        capture_output=True,
        text=True,
        cwd=SOURCES,
        check=True,
    )
    assert done.stderr == "[]\n"
