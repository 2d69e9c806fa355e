"""The command as a user types it: what it says, and how it ends.

What takes but a moment is asked of the command in this process (see `Command`).
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import jsonschema
import pytest

from conformance.cli import COMMANDS
from conformance.run.errors import Exit
from tests.integration.command import QUICK, TWO_LOCAL, Command, conformance
from tests.integration.targets import runner
from tests.mounts import needs_root, on_small_disk
from tests.suite import SOURCES


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small run of this machine against itself."""
    folder = tmp_path_factory.mktemp("run")
    targets = folder / "targets.toml"
    targets.write_text(TWO_LOCAL)
    done = conformance("run", "--targets", targets, "-o", folder / "results", QUICK)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    assert re.search(r"Opening files +\d+ +=  +=", done.stdout)
    return folder / "results"


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(monkeypatch, capsys)


# -- what a run leaves


def test_run_writes_a_record_a_target_and_every_report(run: Path) -> None:
    names = {path.name for path in run.iterdir()}
    assert names >= {"run.json", "native.jsonl", "again.jsonl", "matrix.json", "matrix.html", "matrix.md", "matrix.xml"}


def test_json_report_satisfies_the_published_schema(run: Path, command: Command) -> None:
    schema = json.loads(command("schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    matrix = json.loads((run / "matrix.json").read_bytes())
    jsonschema.validate(matrix, schema)
    del matrix["comparisons"][0]["cells"]["again"]["verdict"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(matrix, schema)


def test_junit_report_has_a_suite_a_target(run: Path) -> None:
    suites = Xml.parse(run / "matrix.xml").getroot().findall("testsuite")
    assert [suite.get("name") for suite in suites] == ["native", "again"]
    assert all(int(suite.get("tests", 0)) > 5 and suite.get("failures") == "0" for suite in suites)


@pytest.mark.parametrize("form", ["text", "markdown", "json", "junit", "html"])
def test_report_of_an_earlier_run_can_be_had_in_every_format(
    run: Path, form: str, tmp_path: Path, command: Command
) -> None:
    output = tmp_path / "matrix"
    assert command("report", run, "-f", form, "-o", output).returncode == Exit.EXPECTED
    assert re.search(rb"test_open|Opening files", output.read_bytes())


def test_run_against_itself_has_no_regression(run: Path, command: Command) -> None:
    done = command("diff", run, run)
    assert done.returncode == Exit.EXPECTED, done.stdout + done.stderr
    assert all(line.endswith(" as before") for line in done.stdout.splitlines()), done.stdout


def test_regression_is_told_and_exits_with_1(run: Path, tmp_path: Path, command: Command) -> None:
    for name in ("run.json", "native.jsonl", "again.jsonl"):
        text = (run / name).read_text()
        if name == "again.jsonl":
            text = text.replace('"outcome":"passed"', '"outcome":"failed"')
        (tmp_path / name).write_text(text)
    done = command("diff", run, tmp_path)
    assert done.returncode == Exit.UNEXPECTED
    assert "regression" in done.stdout


def test_finished_run_can_be_resumed_and_runs_nothing(run: Path) -> None:
    before = (run / "again.jsonl").read_text().count('"result"')
    assert conformance("run", "--resume", run).returncode == Exit.EXPECTED
    assert (run / "again.jsonl").read_text().count('"result"') == before


# -- help


@pytest.mark.parametrize("name", [None, *COMMANDS])
def test_help_is_there(name: str | None, command: Command) -> None:
    done = command(*([name] if name else []), "--help")
    assert done.returncode == Exit.EXPECTED
    assert "Usage:" in done.stdout


def test_help_documents_the_exit_statuses() -> None:
    said = conformance("--help").stdout
    assert all(re.search(rf"^ *(\d+, )*{status:d}\b", said, re.MULTILINE) for status in Exit)


def test_targets_are_listed_with_what_they_lack(tmp_path: Path) -> None:
    done = conformance("targets", PATH=str(tmp_path))
    assert done.returncode == Exit.EXPECTED
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "yes" in lines["native"]
    for name, package in (("lts", "qemu-system-x86"), ("gvisor", "runsc")):
        assert " no " in lines[name]
        assert package in lines[name]


# -- bad input


def test_unknown_target_is_named(command: Command) -> None:
    command("run", "-t", "wsl3", QUICK).refuses(Exit.USAGE, "wsl3", "native, lts, wsl2, wsl1, gvisor")


def test_path_without_cases_is_named(command: Command) -> None:
    command("run", "no/such/area").refuses(Exit.USAGE, "no/such/area", "netlink")


def test_malformed_expression_is_named(command: Command) -> None:
    command("run", "-k", "a and").refuses(Exit.USAGE, "a and")


def test_no_case_selected_is_a_failure(tmp_path: Path, command: Command) -> None:
    done = command("run", "-t", "native", QUICK, "-k", "nothing_is_called_so", "-o", tmp_path / "results")
    assert done.returncode == Exit.USAGE
    assert "no case was selected" in done.stderr


def test_syntax_error_in_the_targets_is_placed(tmp_path: Path, command: Command) -> None:
    path = tmp_path / "targets.toml"
    path.write_text('[target.native]\nrunner = "local"\n\n[target.x]\nrunner = "quemu"\n')
    command("run", "--targets", path).refuses(Exit.USAGE, f"{path}:5", "target.x.runner", "quemu")


def test_kernel_that_is_none_is_a_column_that_says_so(tmp_path: Path) -> None:
    image = tmp_path / "bzImage"
    image.write_text("this is no kernel" * 1000)
    runner("lts")
    done = conformance("run", "-t", "lts", "--kernel", f"lts={image}", "-o", tmp_path / "results", QUICK)
    assert done.returncode == Exit.FAILED
    assert "is not a Linux kernel image" in " ".join(done.stdout.split())
    assert re.search(r"Opening files +\d+ +=", done.stdout)


def test_missing_runsc_is_a_column_that_says_so(tmp_path: Path) -> None:
    for name in ("sh", "setpriv", "cat", "rm"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    done = conformance("run", "-t", "gvisor", "-o", tmp_path / "results", QUICK, PATH=str(tmp_path))
    assert done.returncode == Exit.FAILED
    assert "conformance doctor --install" in " ".join(done.stdout.split())


def test_results_of_a_newer_version_are_refused(run: Path, tmp_path: Path, command: Command) -> None:
    for name in ("run.json", "native.jsonl", "again.jsonl"):
        (tmp_path / name).write_text(re.sub(r'"schema": *\d+', '"schema": 99', (run / name).read_text()))
    command("report", tmp_path).refuses(Exit.USAGE, "schema 99", "update the suite")


def test_record_that_was_cut_off_is_read_as_far_as_it_goes(run: Path, tmp_path: Path, command: Command) -> None:
    for name in ("run.json", "native.jsonl", "again.jsonl"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    record = tmp_path / "again.jsonl"
    lines = record.read_bytes().splitlines(keepends=True)
    results = [at for at, line in enumerate(lines) if b'"kind":"result"' in line]
    record.write_bytes(b"".join(lines[: results[2]]) + lines[results[2]][:100])
    done = command("report", tmp_path)
    assert done.returncode == Exit.EXPECTED
    assert re.search(r"again has \d+ cases without a verdict", done.stdout)
    assert re.search(r"^again +2 +\d", done.stdout, re.MULTILINE)
    assert conformance("run", "--resume", tmp_path).returncode == Exit.EXPECTED
    assert "error" not in command("report", tmp_path).stdout


@needs_root
def test_full_disk_is_one_sentence_and_loses_no_finished_case(tmp_path: Path) -> None:
    targets = tmp_path / "targets.toml"
    targets.write_text(TWO_LOCAL)
    disk = tmp_path / "disk"
    disk.mkdir()

    def fill() -> None:
        done = conformance("run", "--targets", targets, "-o", disk / "results", "sockets", "files", "-k", "test_")
        refuses_last_line(done, Exit.FAILED, "No space left on device", "make room")
        assert sum(path.read_text().count('"kind":"result"') for path in disk.glob("results/*.jsonl")) > 3

    on_small_disk(disk, "256k", fill)


def refuses_last_line(done: subprocess.CompletedProcess[str], status: Exit, *words: str) -> None:
    """As `refuses`, after lines of progress."""
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert all(word in last for word in words), last


# -- bad luck


@pytest.mark.parametrize("stream", ["pipe", "full"])
def test_who_reads_the_matrix_does_not_decide_the_verdict(stream: str, run: Path, tmp_path: Path) -> None:
    for path in run.glob("*.js*"):
        lines = path.read_text().splitlines(keepends=True)
        if path.name == "again.jsonl":  # a failure that was seen three times is not looked into once more
            failed = [line.replace('"outcome":"passed"', '"outcome":"failed"') for line in lines]
            lines = [each for line in failed for each in [line] * (3 if '"kind":"result"' in line else 1)]
        (tmp_path / path.name).write_text("".join(lines))
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "conformance", "run", "--resume", tmp_path],
        cwd=SOURCES,
        stdout=writing if stream == "pipe" else os.open("/dev/full", os.O_WRONLY),
        stderr=subprocess.PIPE,
        text=True,
        timeout=600,
        check=False,
    )
    os.close(writing)
    assert done.returncode == (Exit.UNEXPECTED if stream == "pipe" else Exit.FAILED), done.stderr
    assert "Traceback" not in done.stderr
    assert json.loads((tmp_path / "matrix.json").read_bytes())["comparisons"]
