"""pytest as a person starts it, on a small tree of cases."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from conformance.model import CaseInfo, CaseResult, Facts
from conformance.protocol.lines import FactsLine, Plan, ResultLine, Start, Trouble
from conformance.run.records import parse_line

SOURCES = Path(__file__).parents[1]
UNASKED = ("-p", "no:cacheprovider", "-p", "no:hypothesispytest")
"""Plugins that a run of cases does without unless it asks for them. Hypothesis's imports all of Hypothesis when a run
ends, for a summary that has nothing to say here: half of the time that a small run takes."""


@dataclass
class Written:
    """What a record file says, whatever its header."""

    facts: list[Facts] = field(default_factory=list)
    plan: list[CaseInfo] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    results: dict[str, CaseResult] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    def __getitem__(self, function: str) -> CaseResult:
        """The result of the one case with that name."""
        (found,) = (each for case, each in self.results.items() if case.partition("::")[2] == function)
        return found


def read(record: Path) -> Written:
    """A record file, strictly. A case that has two results is a mistake."""
    found = Written()
    for data in record.read_bytes().splitlines():
        match parse_line(data):
            case FactsLine(facts):
                found.facts.append(facts)
            case Plan(cases):
                found.plan += cases
            case Start(case):
                found.started.append(case)
            case ResultLine(result):
                assert result.case not in found.results
                found.results[result.case] = result
            case Trouble(message):
                found.troubles.append(message)
    return found


def write_cases(root: Path, **modules: str) -> Path:
    """Case modules by name, in `cases/area` below `root`; the folder `cases`."""
    area = root / "cases" / "area"
    area.mkdir(parents=True, exist_ok=True)
    for name, text in modules.items():
        (area / f"test_{name}.py").write_text(text)
    return root / "cases"


def environment() -> dict[str, str]:
    """As it is here, with the suite's packages."""
    return {**os.environ, "PYTHONPATH": str(SOURCES)}


def run_cases(cases: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pytest on them to its end."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(cases), "-q", *UNASKED, *arguments],
        cwd=cases.parent,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
