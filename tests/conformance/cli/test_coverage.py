"""`conformance coverage`: what its command line says, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.run.errors import Exit
from tests.conformance.cli.command import is_one_sentence, told
from tests.conformance.run.runs import Said, said, write


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """This machine reads; `lts` is refused."""
    return write(tmp_path / "run", native=Said(), lts=Said(said(error=9)))


def test_a_run_is_a_table_of_sums_and_one_of_areas(run: Path) -> None:
    done = told("coverage", run)
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert done.out.startswith("native (6.1.0), lts (6.1.0): 8 cases in 2 areas\n")
    assert [line.split()[0] for line in done.out.splitlines()[-3:]] == ["files", "netlink", "all"]


def test_one_target_and_one_area_can_be_asked_for(run: Path) -> None:
    done = told("coverage", run, "-t", "native", "--area", "netlink")
    assert done.out.startswith("native (6.1.0): 4 cases in 1 area\n")
    assert "files" not in done.out


def test_what_nothing_reaches_is_listed_when_it_is_asked_for(run: Path) -> None:
    assert "never succeeded" not in told("coverage", run).out
    assert "368 calls that never succeeded" in told("coverage", run, "--missing").out


@pytest.mark.parametrize("missing", [(), ("--missing",)])
def test_json_is_json(missing: tuple[str, ...], run: Path) -> None:
    data = json.loads(told("coverage", run, "-f", "json", *missing).out)
    assert data["met"]["documented"] == [{"call": "read", "errno": "EBADF"}]
    assert ("missing" in data) is bool(missing)


def test_lost_evidence_is_said_and_the_rest_is_counted(tmp_path: Path) -> None:
    done = told("coverage", write(tmp_path, native=Said(), lts=Said(complete=False)), "-f", "json")
    assert done.status == Exit.INCOMPLETE
    assert done.err == "lost evidence: lts: the run did not come to its end\n"
    assert json.loads(done.out)["met"]["calls"] == ["read"]


@pytest.mark.parametrize(
    "arguments", [("no-such",), ("{run}", "-t", "wsl3"), ("{run}", "--area", "sound")], ids=lambda each: each[-1]
)
def test_what_is_not_there_is_a_sentence(arguments: tuple[str, ...], run: Path) -> None:
    done = told("coverage", *(each.format(run=run) for each in arguments))
    assert (done.status, done.out, is_one_sentence(done.err)) == (Exit.USAGE, "", True), done.err
