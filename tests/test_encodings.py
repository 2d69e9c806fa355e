"""Whoever opens a text names its encoding: the locale's is ASCII for those who run with LC_ALL=POSIX."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PARTS = ("conformance", "cases", "runners", "reports", "benchmarks", "tools")
POSIX = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "POSIX"}
MODE_AT = {"open": 0, "makefile": 0, "fdopen": 1, "NamedTemporaryFile": 0, "TemporaryFile": 0}
"""Where the mode stands among the arguments of a method."""
BINARY_BY_DEFAULT = ("NamedTemporaryFile", "TemporaryFile")
MODE = re.compile(r"[rwxabt+]{1,3}")
PROCESSES = ("run", "Popen", "check_output", "check_call", "call")


def is_text(call: ast.Call, at: int, default: str) -> bool:
    """Whether a call opens a text, by its mode. An `open` of something else has something else in its place."""
    given = [call.args[at]] if len(call.args) > at else [each.value for each in call.keywords if each.arg == "mode"]
    if not given:
        return "b" not in default
    mode = given[0].value if isinstance(given[0], ast.Constant) else None
    return isinstance(mode, str) and MODE.fullmatch(mode) is not None and "b" not in mode


def needs_an_encoding(call: ast.Call) -> bool:
    """Whether a call reads or writes characters, with nothing said of how."""
    words = {each.arg for each in call.keywords}
    if words & {"encoding", None}:
        return False
    if isinstance(call.func, ast.Name):
        return call.func.id == "open" and is_text(call, 1, "r")
    return isinstance(call.func, ast.Attribute) and method_needs_an_encoding(call, call.func, words)


def method_needs_an_encoding(call: ast.Call, method: ast.Attribute, words: set[str | None]) -> bool:
    """The same for methods and functions of modules."""
    match method.attr:
        case "read_text":
            return not call.args
        case "write_text":
            return len(call.args) < 2
        case name if name in PROCESSES:
            return bool(words & {"text", "universal_newlines"})
        case name if name in MODE_AT and not ast.unparse(method.value).endswith("runner"):
            return is_text(call, MODE_AT[name], "rb" if name in BINARY_BY_DEFAULT else "r")
    return False


@pytest.mark.parametrize("part", PARTS)
def test_every_text_is_opened_with_an_encoding(part: str) -> None:
    """A list of places, which has to be empty."""
    assert [
        f"{path.relative_to(ROOT)}:{call.lineno}: {ast.unparse(call)[:80]}"
        for path in sorted((ROOT / part).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(call, ast.Call) and needs_an_encoding(call)
    ] == []


@pytest.mark.parametrize(
    "source",
    [
        "open('a')",
        "open('a', 'w')",
        "Path('a').open()",
        "path.open(mode='w')",
        "path.read_text()",
        "path.read_text(errors='replace')",
        "path.write_text('x')",
        "stream.makefile('rw')",
        "os.fdopen(3)",
        "subprocess.run(['x'], text=True)",
        "tempfile.NamedTemporaryFile('w')",
    ],
)
def test_the_test_sees_every_way_to_open_a_text(source: str) -> None:
    """And none that is binary, or has an encoding."""
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert needs_an_encoding(call)
    call.keywords.append(ast.keyword("encoding", ast.Constant("utf-8")))
    assert not needs_an_encoding(call)


@pytest.mark.parametrize("source", ["open('a', 'rb')", "path.open('wb')", "self._runner.open()", "os.open(b'a', 0)"])
def test_what_opens_no_text_needs_no_encoding(source: str) -> None:
    """Bytes have none, and a guest is no file."""
    call = ast.parse(source, mode="eval").body
    assert isinstance(call, ast.Call)
    assert not needs_an_encoding(call)


@pytest.mark.parametrize("arguments", [["targets"], ["report", "--help"], ["run", "--help"], ["nothing-of-that-name"]])
def test_the_command_works_where_the_locale_is_ascii(tmp_path: Path, arguments: list[str]) -> None:
    """Its own files are UTF-8, and what it prints is printed as far as it can be."""
    (tmp_path / "targets.toml").write_text(
        '[target.native]\ntitle = "this machine: a kernel \N{EN DASH} and more"\nrunner = "local"\n', encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "conformance", *arguments],
        cwd=tmp_path,
        env={**os.environ, **POSIX, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert b"Traceback" not in done.stderr, done.stderr
    assert done.returncode == (2 if arguments[0].startswith("nothing") else 0), done.stderr
