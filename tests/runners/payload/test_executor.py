from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runners.base import About, RunnerError
from runners.gvisor import bundle_config
from runners.local import HostGuest
from runners.payload import executor, layers
from runners.payload.compiler import ready_made, source
from runners.payload.executor import executable

COMPILER = """#!/bin/sh
echo called >>"$(dirname "$0")/calls"
{body}
"""
COPY = 'while [ "$1" != -o ]; do shift; done; echo binary >"$2"'


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def compiler(directory: Path, body: str) -> Path:
    """A compiler that does what a test wants, and keeps count."""
    path = directory / "compiler"
    path.write_text(COMPILER.format(body=body))
    path.chmod(0o755)
    return path


def calls(directory: Path) -> int:
    """How often it was called."""
    return len((directory / "calls").read_text().splitlines())


def sources(directory: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """A folder with other sources, as the executor's."""
    folder = directory / "sources"
    folder.mkdir()
    (folder / "executor.c").write_text(text)
    monkeypatch.setattr(executor, "FOLDER", folder)
    return folder


def test_it_is_made_small_and_static_and_understands_the_end_of_input() -> None:
    path = executable()
    assert path.stat().st_size < 100_000
    done = subprocess.run([path], stdin=subprocess.DEVNULL, capture_output=True, timeout=60, check=True)
    assert done.stdout[:8] == b"SCX1\x10\0\0\0"


def test_it_is_made_once_for_a_source_and_a_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cc = compiler(tmp_path, COPY)
    monkeypatch.setenv("CC", str(cc))
    first = executable()
    assert executable() == first
    assert first.read_text() == "binary\n"
    assert calls(tmp_path) == 1
    monkeypatch.setenv("CC", f"{cc} -m64")
    assert executable() != first
    assert calls(tmp_path) == 2


def test_it_is_made_again_when_any_of_its_parts_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(compiler(tmp_path, COPY)))
    folder = sources(tmp_path, monkeypatch, "int main;")
    (folder / "part.h").write_text("int part;")
    made = [executable()]
    (folder / "part.h").write_text("int other;")
    made.append(executable())
    (folder / "part.h").rename(folder / "another.h")
    made.append(executable())
    (folder / "notes.txt").write_text("no source")
    assert len(set(made)) == 3
    assert executable() == made[-1]
    assert calls(tmp_path) == 3


def test_damaged_one_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(compiler(tmp_path, COPY)))
    executable().write_text("trash")
    assert executable().read_text() == "binary\n"


def test_one_that_came_along_needs_no_compiler(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sources(tmp_path, monkeypatch, "int main;")
    shipped = folder / ready_made(source(folder))
    shipped.write_text("ready-made")
    shipped.chmod(0o755)
    monkeypatch.setenv("CC", "/no/such/compiler")
    assert executable() == shipped


def test_one_that_came_along_with_another_source_is_not_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = sources(tmp_path, monkeypatch, "int main;")
    for name in (ready_made(source(folder)), f"executor-{os.uname().machine}"):
        (folder / name).write_text("stale")
        (folder / name).chmod(0o755)
    (folder / "part.c").write_text("int edited;")
    monkeypatch.setenv("CC", str(compiler(tmp_path, COPY)))
    assert executable().read_text() == "binary\n"


def test_without_a_compiler_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/compiler")
    with pytest.raises(RunnerError, match=r"^no C compiler: apt install gcc, or set CC; /no/such/compiler cannot be"):
        executable()


def test_failed_compilation_is_told_by_the_compilers_last_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, empty_cache: Path
) -> None:
    complaint = "echo 'x.c: In function'; echo 'x.c:1: error: no such type'; echo '  | ^~~' >&2; exit 1"
    monkeypatch.setenv("CC", str(compiler(tmp_path, complaint)))
    with pytest.raises(RunnerError, match=r"cannot compile the executor: x\.c:1: error: no such type$"):
        executable()
    assert not list(empty_cache.glob("executor/*/executor"))
    monkeypatch.setenv("CC", str(compiler(tmp_path, "exit 1")))
    with pytest.raises(RunnerError, match=r"it did not say why$"):
        executable()
    monkeypatch.setenv("CC", str(compiler(tmp_path, "echo killed; exit 0")))
    with pytest.raises(RunnerError, match=r"killed$"):
        executable()


def test_guest_of_this_machine_starts_it_by_its_path(tmp_path: Path) -> None:
    with HostGuest(About("a test")) as guest, guest.spawn(guest.inside.executor) as channel:
        assert channel.read(30)[:4] == b"SCX1"
        channel.close_input()
        assert channel.wait(30) == 0


def test_payload_has_it_where_guests_look_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", str(compiler(tmp_path, COPY)))
    monkeypatch.setattr(layers, "_sources", lambda: iter(()))
    monkeypatch.setattr(layers, "_compile_cases", lambda root: None)
    layers._make_suite(tmp_path / "tree")
    (command,) = layers.executor_command()
    assert (tmp_path / "tree" / command.lstrip("/")).read_text() == "binary\n"


def test_payload_does_without_it_and_guests_say_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/compiler")
    monkeypatch.setattr(layers, "_sources", lambda: iter(()))
    monkeypatch.setattr(layers, "_compile_cases", lambda root: None)
    layers._make_suite(tmp_path / "tree")
    assert list((tmp_path / "tree").rglob("*executor*")) == []
    with pytest.raises(RunnerError, match="no C compiler"):
        layers.executor_command()


def test_payload_leaves_the_sources_of_the_executor_out() -> None:
    names = [name for _, name in layers._sources()]
    assert "conformance/programs/wire.py" in names
    assert [name for name in names if name.endswith((".c", ".h"))] == []


def test_suite_of_another_executor_is_another_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = []
    layer = layers.Layer(tmp_path, tmp_path / "base-1" / "layer.cpio")
    monkeypatch.setattr(layers, "base", lambda: layer)
    monkeypatch.setattr(layers, "_layer", lambda name, make: names.append(name))
    monkeypatch.setattr(layers, "_sources", lambda: iter(()))
    for made in (COPY, COPY.replace("binary", "another"), "exit 1"):
        monkeypatch.setenv("CC", str(compiler(tmp_path, made)) + f" -D{len(names)}")
        layers.suite()
    assert len(set(names)) == 3


def test_sandbox_sees_the_directory_with_it(tmp_path: Path) -> None:
    mounts = bundle_config(tmp_path, tmp_path)["mounts"]
    assert isinstance(mounts, list)
    assert {f"{layers.SUITE}/{name}" for name in ("conformance", "cases", "bin")} <= {
        mount["destination"] for mount in mounts
    }
