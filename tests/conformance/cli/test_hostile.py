"""What a user may hand the command that nobody would write: one sentence each, and never the status of a difference."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.model import Target
from conformance.run.errors import Exit
from conformance.run.results import PLAN_FILE, RunPlan
from conformance.run.selection import Selection
from tests.conformance.cli.command import is_one_sentence, told

DEEP = 100_000
NESTED = "[" * DEEP + "]" * DEEP
LONG = "x" * 5000
LONGER = "x" * 300
"""Longer than a file's name, and not than a path."""


def results(folder: Path, *lines: str) -> Path:
    """A run of one target with these lines behind its record's header."""
    RunPlan("run", "native", [Target("native", "local")], Selection()).write(folder)
    header = json.dumps({"kind": "header", "run": "run", "target": {"name": "native", "runner": "local"}, "schema": 1})
    (folder / "native.jsonl").write_text("\n".join([header, *lines]) + "\n")
    return folder


def refused(*arguments: str | Path) -> str:
    """What the command says when it takes something for wrong."""
    done = told(*arguments)
    assert done.status in (Exit.USAGE, Exit.FAILED), done.err
    assert "a fault of the suite's own" not in done.err
    assert is_one_sentence(done.err), done.err
    return done.err


@pytest.mark.parametrize(
    "arguments",
    [("replay", LONGER), ("run", "-o", LONGER, "-t", "native", "files"), ("run", "--runsc", f"a={LONGER}", "files")],
    ids=["replay", "run -o", "run --runsc"],
)
def test_a_name_that_no_file_can_have_is_a_matter_of_usage(arguments: tuple[str, ...]) -> None:
    done = told(*arguments)
    assert (done.status, "traceback" in done.err) == (Exit.USAGE, False), done.err


def test_a_plan_that_is_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / PLAN_FILE).write_text(NESTED)
    assert "is damaged" in refused("report", tmp_path)


@pytest.mark.parametrize("line", [NESTED, '{"kind": "header", "schema": ' + NESTED + "}", '{"kind":' * DEEP])
def test_a_record_that_is_nested_without_end_is_read_but_for_that_line(line: str, tmp_path: Path) -> None:
    done = told("report", results(tmp_path, line, json.dumps({"kind": "end"})))
    assert (done.status, done.err) == (Exit.EXPECTED, "")
    assert "line 2 of native.jsonl is malformed" in done.out


@pytest.mark.parametrize("text", [f"a = {NESTED}", "a = " + "{b=" * DEEP, "a" * (1 << 20)])
@pytest.mark.parametrize("option", ["--targets", "--expectations"])
def test_a_table_that_is_nested_without_end(option: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "file.toml").write_text(text)
    assert "file.toml" in refused("run", option, tmp_path / "file.toml")


def test_a_program_that_is_nested_without_end(tmp_path: Path) -> None:
    (tmp_path / "program.json").write_text(NESTED)
    assert "program.json" in refused("replay", tmp_path, "-t", "native")


@pytest.mark.parametrize("expression", ["and", "(", "(" * 20_000, "not " * 20_000, "a or", "\x01", "a(b=)"])
@pytest.mark.parametrize("path", [(), ("files",), ("files/test_open.py",)])
def test_an_expression_that_is_none(expression: str, path: tuple[str, ...]) -> None:
    assert "is no expression" in refused("run", "-k", expression, *path)


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", LONG),
        ("run", "-k", "a", LONG),
        ("run", "--resume", LONG),
        ("run", "--targets", LONG),
        ("run", "--expectations", LONG),
        ("run", "-o", LONG, "-t", "native", "files"),
        ("run", "\x80"),
        ("report", LONG),
        ("diff", LONG, LONG),
        ("expect", LONG, "--reason", "x"),
        ("replay", LONG),
        ("targets", "--targets", LONG),
    ],
    ids=lambda arguments: " ".join(arguments)[:30],
)
def test_a_name_that_no_file_can_have(arguments: tuple[str, ...]) -> None:
    refused(*arguments)


@pytest.mark.parametrize(("name", "further"), [("report", ()), ("diff", ("RUN",)), ("expect", ("--reason", "x"))])
def test_a_record_of_another_target_is_not_taken_for_this_ones(
    name: str, further: tuple[str, ...], tmp_path: Path
) -> None:
    folder = results(tmp_path)
    record = folder / "native.jsonl"
    record.write_text(record.read_text().replace('"name": "native"', '"name": "lts"'))
    said = refused(name, folder, *(str(folder) if each == "RUN" else each for each in further))
    assert "native.jsonl" in said
    assert "lts" in said
