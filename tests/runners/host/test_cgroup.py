from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.host import cgroup
from runners.host.cgroup import Group, memory_limit
from tests.processes import eventually

EATER = (
    "for _ in range(4): held = bytearray(b'1') * (64 << 20)\nheld = [bytearray(b'1') * (16 << 20) for _ in range(64)]"
)


@pytest.fixture
def group() -> Iterator[Group]:
    with memory_limit(96, "test") as found:
        if found is None:
            pytest.skip("this machine has no memory control group to give")
        yield found


def test_what_takes_more_than_the_limit_is_killed_and_that_is_known(group: Group) -> None:
    done = subprocess.run(group.entering([sys.executable, "-c", EATER]), check=False)
    assert done.returncode == -9
    assert group.exceeded()


def test_what_keeps_to_the_limit_notices_nothing(group: Group) -> None:
    done = subprocess.run(group.entering(["/bin/echo", "two  words"]), capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"two  words\n")
    assert not group.exceeded()


def test_nothing_is_left_of_a_group_and_of_what_is_in_it() -> None:
    with memory_limit(96, "test") as found:
        if found is None:
            pytest.skip("this machine has no memory control group to give")
        child = subprocess.Popen(found.entering(["sleep", "1000"]))
        assert eventually(lambda: str(child.pid) in (found.path / "cgroup.procs").read_text().split())
    assert child.wait() == -9
    assert not found.path.exists()


def test_without_a_group_there_is_no_limit_and_no_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(cgroup, "MOUNTS", tmp_path / "mounts")
    with memory_limit(96, "test") as found:
        assert found is None
    (tmp_path / "mounts").write_text(f"cgroup2 {tmp_path}/absent cgroup2 rw 0 0\n")
    with memory_limit(96, "test") as found:
        assert found is None


def test_a_group_of_version_2_has_its_files(tmp_path: Path) -> None:
    """As cgroup-v2.rst names them; the group dies as a whole."""
    made = Group(tmp_path, unified=True)
    made.limit(64)
    assert (tmp_path / "memory.max").read_text() == str(64 << 20)
    assert (tmp_path / "memory.oom.group").read_text() == "1"
    (tmp_path / "memory.events").write_text("low 0\nmax 12\noom 0\noom_kill 0\noom_group_kill 0\n")
    assert not made.exceeded()
    (tmp_path / "memory.events").write_text("low 0\nmax 12\noom 1\noom_kill 3\noom_group_kill 1\n")
    assert made.exceeded()
