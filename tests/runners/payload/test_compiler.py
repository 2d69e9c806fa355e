from __future__ import annotations

import os
import platform
import time
from pathlib import Path

import pytest

from runners.payload import compiler as module
from runners.payload.compiler import FLAGS, CompilerError, command, compile_executor, ready_made, source
from tests.processes import eventually


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Sources of an executor."""
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "executor.c").write_text("int main;")
    (tmp_path / "sources" / "part.h").write_text("int part;")
    return tmp_path / "sources"


def compiler(tmp_path: Path, body: str) -> list[str]:
    """A compiler that does what a test wants."""
    path = tmp_path / "compiler"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)
    return [str(path)]


COPY = 'while [ "$1" != -o ]; do shift; done; cp "$3" "$2"'


@pytest.mark.parametrize(
    ("given", "words"), [("", ["cc"]), ("gcc -m64", ["gcc", "-m64"]), ("'/a b/cc' -O1", ["/a b/cc", "-O1"])]
)
def test_the_compiler_is_what_the_environment_says_with_our_flags(
    given: str, words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CC", given)
    assert command() == [*words, *FLAGS]


def test_sources_are_the_c_files_with_their_names(folder: Path) -> None:
    before = source(folder)
    (folder / "notes.txt").write_text("no source")
    assert source(folder) == before
    (folder / "part.h").rename(folder / "other.h")
    assert source(folder) != before


def test_what_came_along_is_for_one_machine_and_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready_made(b"one").startswith(f"executor-{platform.machine()}-")
    assert ready_made(b"one") == ready_made(b"one") != ready_made(b"two")
    before = ready_made(b"one")
    monkeypatch.setattr(module, "FLAGS", (*FLAGS, "-O3"))
    assert ready_made(b"one") != before


def test_the_main_source_is_compiled_behind_the_prefix(tmp_path: Path, folder: Path) -> None:
    compile_executor(compiler(tmp_path, COPY), folder, tmp_path / "made", ("/usr/bin/env", f"OUT={tmp_path / 'seen'}"))
    assert (tmp_path / "made").read_text() == "int main;"


def test_a_compiler_that_is_not_there_is_told_whatever_the_prefix(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(CompilerError, match=r"apt install gcc, or set CC; /no/cc cannot be started \(No such file"):
        compile_executor(["/no/cc"], folder, tmp_path / "made", ("/usr/bin/env",))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("echo 'a.c:1: error: no'; echo '  ^~~'; exit 1", r"a\.c:1: error: no$"),
        ("echo first; echo last; exit 1", "last$"),
        ("exit 1", "it did not say why$"),
        ("exit 0", "it did not say why$"),
    ],
)
def test_why_it_does_not_compile_is_told_in_a_line(body: str, said: str, tmp_path: Path, folder: Path) -> None:
    with pytest.raises(CompilerError, match=said):
        compile_executor(compiler(tmp_path, body), folder, tmp_path / "made")


def test_a_compiler_that_does_not_end_is_ended_with_all_that_it_started(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "COMPILE_SECONDS", 0.3)
    before = time.monotonic()
    with pytest.raises(CompilerError, match="did not compile the executor in"):
        compile_executor(compiler(tmp_path, f"sleep 60 & echo $! >{tmp_path}/pid; wait"), folder, tmp_path / "made")
    assert time.monotonic() - before < 30
    pid = (tmp_path / "pid").read_text().strip()
    assert eventually(lambda: ended(pid), 5)


def ended(pid: str) -> bool:
    """Whether a process runs no more; who should take note of it may not have done so."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return not os.path.exists(f"/proc/{pid}")  # noqa: PTH110 - an OSError would be swallowed
