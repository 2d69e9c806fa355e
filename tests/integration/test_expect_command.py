"""`conformance expect` as a user types it, on a run of this machine in which something differs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.expectations import load
from conformance.model import Outcome, Verdict
from conformance.places import SHIPPED
from conformance.protocol.lines import End, FactsLine, Header, Line, Plan, ResultLine
from conformance.run.errors import Exit
from conformance.run.records import RecordFile
from conformance.run.results import RunPlan
from conformance.run.selection import Selection
from tests.builders import facts, passed, record, result
from tests.integration.test_fuzz_command import Command, Ended

CASE = "a/test_b.py::test_c[x]"
"""It lacks its feature on `wsl1`, and passes natively."""


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, in which there are no expectations."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


Run = Callable[..., Path]


@pytest.fixture
def run(here: Path) -> Run:
    """Writes a run of one case."""

    def written(case: str = CASE, outcome: Outcome = Outcome.MISSING, message: str = "overlayfs") -> Path:
        folder = here / "run"
        folder.mkdir(exist_ok=True)
        said = result(outcome, case=case, message=message)
        found = [record("native", replace(passed(), case=case)), record("wsl1", said)]
        targets = [each.target for each in found]
        RunPlan("test", "native", targets, Selection()).write(folder)
        for each in found:
            with RecordFile(folder / f"{each.target.name}.jsonl") as writer:
                lines: list[Line] = [Header(each.target, "test"), FactsLine(facts()), Plan(each.cases)]
                for line in (*lines, *(ResultLine(last) for (last,) in each.results.values()), End()):
                    writer.write(line)
        return folder

    return written


def test_what_differs_is_accepted_and_no_longer_unexpected(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "-t", "wsl1", "--reason", "known: {message}", "--file", here / "own.toml")
    assert (done.returncode, done.stdout) == (Exit.EXPECTED, f"{here / 'own.toml'}: 0 expectations before, 1 now\n")
    (known,) = load(here / "own.toml")
    assert (known.case, known.target, known.verdict) == ("a/test_b.py::*", "wsl1", Verdict.MISSING)
    assert known.reason == "known: overlayfs"


def test_where_nothing_is_left_to_accept_no_copy_of_the_suites_expectations_is_made(
    command: Command, run: Run, here: Path
) -> None:
    done = command("expect", run(outcome=Outcome.PASSED), "--reason", "known")
    assert (done.returncode, "nothing was written" in done.stdout) == (Exit.EXPECTED, True)
    assert not (here / "expectations.toml").exists()


@pytest.mark.parametrize(
    ("option", "value", "told"),
    [
        ("--expires", "tomorrow", "--expires: 'tomorrow' is no date such as 2030-12-31"),
        ("--expires", "2030-02-30", "--expires: '2030-02-30' is no date"),
        ("--expires", "2001-01-01", "--expires: 2001-01-01 has come already"),
        ("--condition", "nonsense", "--condition: 'nonsense' is not a condition such as"),
        ("--condition", "kernel >= 6 or kernel < 5", "--condition: 'kernel >= 6 or kernel < 5' is not a condition"),
        ("--link", "https://example.org/\x1b[31m", "--link: there is a character in it that cannot be shown, U+001B"),
        ("--reason", "so\x07", "--reason: there is a character in it that cannot be shown, U+0007"),
        ("--reason", "so\udcff", "--reason: there is a character in it that cannot be shown, U+DCFF"),
        ("--reason", " ", "--reason: it is empty"),
        ("-t", "gvisor", "-t gvisor: there is no such target"),
    ],
)
def test_what_no_file_may_say_is_refused_before_anything_is_written(
    command: Command, run: Run, here: Path, option: str, value: str, told: str
) -> None:
    done = command("expect", run(), "--file", here / "own.toml", "--reason", "so", option, value)
    done.refuses(Exit.USAGE, told)
    assert not (here / "own.toml").exists()


def test_case_that_no_file_may_name_is_refused_before_anything_is_written(
    command: Command, run: Run, here: Path
) -> None:
    done = command("expect", run("a/test_\x1b.py::test_c"), "--file", here / "own.toml", "-k", "*", "--reason", "so")
    done.refuses(Exit.USAGE, "nothing was written")
    assert not (here / "own.toml").exists()


def test_cases_parameters_in_a_glob_are_themselves(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "--file", here / "own.toml", "-k", CASE, "--reason", "so")
    assert done.returncode == Exit.EXPECTED
    assert len(load(here / "own.toml")) == 1


# -- whose expectations


def shipped() -> Path:
    """The suite's expectations."""
    return SHIPPED[0] / "expectations.toml"


def report(command: Command, run: Path, *arguments: str | Path) -> Ended:
    """The run's report."""
    done = command("report", run, *arguments)
    assert done.returncode == Exit.EXPECTED
    return done


def test_in_another_directory_the_suites_expectations_are_used_and_that_is_said(
    command: Command, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = run()
    assert f"note: expectations are those that ship with the suite, {shipped()}" in report(command, place).stderr
    monkeypatch.chdir(shipped().parent)
    assert "expectations are" not in report(command, place).stderr


def test_that_there_are_no_expectations_is_said(
    command: Command, run: Run, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.places.SHIPPED", (here,))
    assert "note: there are no expectations" in report(command, run()).stderr


def test_expectations_that_are_begun_here_are_begun_with_the_suites(command: Command, run: Run, here: Path) -> None:
    done = command("expect", run(), "--reason", "so")
    assert done.returncode == Exit.EXPECTED
    assert load(here / "expectations.toml")[:-1] == load(shipped())
    assert "ship with the suite" in done.stderr
