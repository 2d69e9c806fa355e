from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.places import cache_root
from runners.base import RunnerError
from runners.host.cache import MANIFEST, entry, intact, locked, seal
from tests.mounts import needs_root, on_small_disk
from tests.suite import environment


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of our own, in which nothing half-made is left."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    yield tmp_path / "cache"
    assert list(tmp_path.rglob("*.partial")) == []


class Maker:
    """Makes an entry of one file, and counts how often."""

    def __init__(self, content: str = "made") -> None:
        self.count = 0
        self._content = content

    def __call__(self, into: Path) -> None:
        self.count += 1
        (into / "file").write_text(self._content)
        (into / "tree").mkdir()


def test_the_cache_is_where_the_environment_says_or_in_the_users(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cache_root() == cache
    monkeypatch.delenv("CONFORMANCE_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_root() == Path("/somewhere/syscall-conformance")


def test_an_entry_is_made_once(cache: Path) -> None:
    make = Maker()
    assert entry("kernels/debian-6.1", make) == entry("kernels/debian-6.1", make) == cache / "kernels" / "debian-6.1"
    assert make.count == 1
    assert (cache / "kernels/debian-6.1/file").read_text() == "made"


def test_entries_whose_names_differ_after_a_dot_are_two() -> None:
    make = Maker()
    assert entry("kernels/debian-6.1", make) != entry("kernels/debian-6.12", make)
    assert make.count == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: (path / "file").write_text("maDe"), id="changed"),
        pytest.param(lambda path: (path / "file").write_text("ma"), id="cut off"),
        pytest.param(lambda path: (path / "file").unlink(), id="removed"),
        pytest.param(lambda path: (path / MANIFEST).unlink(), id="without a manifest"),
        pytest.param(lambda path: (path / MANIFEST).write_text('{"file": ['), id="with half a manifest"),
        pytest.param(lambda path: (path / MANIFEST).write_text('["file"]'), id="with another manifest"),
        pytest.param(lambda path: (path / MANIFEST).write_text('{"file": 5}'), id="with a damaged manifest"),
        pytest.param(lambda path: (path / MANIFEST).write_bytes(b"\xff\xfe"), id="with a binary manifest"),
    ],
)
def test_a_damaged_entry_is_made_anew(damage: object) -> None:
    make = Maker()
    path = entry("thing", make)
    damage(path)  # type: ignore[operator] # one of the functions above
    assert not intact(path)
    assert entry("thing", make) == path
    assert make.count == 2
    assert intact(path)


def test_an_entry_that_is_a_file_is_replaced(cache: Path) -> None:
    cache.mkdir()
    (cache / "thing").mkdir()
    (cache / "thing" / "old").write_text("old")
    assert [path.name for path in sorted(entry("thing", Maker()).iterdir())] == ["file", MANIFEST, "tree"]


def test_an_entry_that_could_not_be_made_is_not_there(cache: Path) -> None:
    def fail(into: Path) -> None:
        (into / "half").write_text("half")
        raise RunnerError("the mirror is gone")

    with pytest.raises(RunnerError, match="the mirror is gone"):
        entry("thing", fail)
    assert not (cache / "thing").exists()
    assert entry("thing", Maker()).exists()


def test_what_another_process_left_half_made_is_no_hindrance(cache: Path) -> None:
    (cache / "thing.partial").mkdir(parents=True)
    (cache / "thing.partial" / "half").write_text("half")
    assert not (entry("thing", Maker()) / "half").exists()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(RunnerError, match="could not be made: Not a directory; free some space or point CONFORMANCE_"):
        entry("thing", Maker())


@needs_root
def test_a_full_disk_is_one_sentence_and_leaves_nothing_behind(cache: Path) -> None:
    cache.mkdir()

    def body() -> None:
        with pytest.raises(RunnerError, match="thing could not be made: No space left on device; free some space"):
            entry("thing", Maker("x" * 100_000))
        assert [path.name for path in cache.iterdir()] == ["thing.lock"]
        assert entry("thing", Maker("small")).exists()

    on_small_disk(cache, "64k", body)


def test_two_processes_that_want_the_same_entry_make_it_once(cache: Path, tmp_path: Path) -> None:
    script = """
import os, sys, time
from pathlib import Path
from runners.host.cache import entry
def make(into):
    with open(sys.argv[1], "a") as log:
        log.write("made\\n")
    (into / "file").write_text("x" * 1000)
    time.sleep(0.2)
path = entry("thing", make)
assert (path / "file").read_text() == "x" * 1000
"""
    log = tmp_path / "log"
    command = [sys.executable, "-c", script, str(log)]
    started = [subprocess.Popen(command, env=environment()) for _ in range(4)]
    assert [each.wait(60) for each in started] == [0] * 4
    assert log.read_text() == "made\n"


def test_a_lock_ends_with_the_process_that_holds_it(tmp_path: Path) -> None:
    pid = os.fork()
    if pid == 0:
        with locked(tmp_path / "lock"):
            os.kill(os.getpid(), 9)
    os.waitpid(pid, 0)
    with locked(tmp_path / "lock"):
        pass


def test_a_seal_covers_the_files_of_a_directory_and_not_its_trees(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "inner").write_text("y")
    seal(tmp_path)
    assert list(json.loads((tmp_path / MANIFEST).read_text())) == ["file"]
    (tmp_path / "tree" / "inner").write_text("z")
    assert intact(tmp_path)
