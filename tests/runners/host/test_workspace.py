from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runners.host.workspace import DIE_WITH_PARENT, workspace
from tests.processes import eventually
from tests.suite import environment


def test_a_workspace_is_there_while_it_is_open_and_gone_with_what_is_in_it_afterwards() -> None:
    with workspace("test") as room:
        assert room.name.startswith("conformance-test-")
        assert room.stat().st_mode & 0o777 == 0o700
        (room / "deep").mkdir()
        (room / "deep" / "file").write_text("x")
    assert not room.exists()


def test_an_exception_closes_it_as_well() -> None:
    with pytest.raises(ZeroDivisionError), workspace("test") as room:
        raise ZeroDivisionError
    assert not room.exists()


def test_the_janitor_does_not_outlive_the_workspace() -> None:
    before = Path("/proc/thread-self/children").read_text()
    with workspace("test"):
        assert Path("/proc/thread-self/children").read_text() != before
    assert Path("/proc/thread-self/children").read_text() == before


OWNER = """
import subprocess, sys, time
from runners.host.workspace import workspace
with workspace("owned") as room:
    guest = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    (room / "guest.pid").write_text(str(guest.pid))
    (room / "many.pid").write_text(f"{guest.pid}\\n{guest.pid}")
    (room / "image").write_text("x" * 100_000)
    print(room, guest.pid, flush=True)
    time.sleep(1000)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_however_its_owner_ends_neither_directory_nor_processes_stay(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={**environment(), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        room, pid = owner.stdout.readline().split()
        assert Path(room, "image").exists()
        os.kill(owner.pid, number)
    assert eventually(lambda: not Path(room).exists())
    if number != signal.SIGINT:  # then the owner clears up itself, and what it started is its own business
        assert eventually(lambda: not is_running(int(pid)))
    else:
        os.kill(int(pid), signal.SIGKILL)


def is_running(pid: int) -> bool:
    """Whether a process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_the_janitor_survives_the_kill_of_its_owners_group(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER],
        env={**environment(), "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as owner:
        assert owner.stdout is not None
        room, pid = owner.stdout.readline().split()
        os.killpg(owner.pid, signal.SIGKILL)
    assert eventually(lambda: not Path(room).exists() and not is_running(int(pid)))


def test_a_command_with_the_prefix_dies_with_who_started_it() -> None:
    script = f"""
import subprocess, time
guest = subprocess.Popen([*{DIE_WITH_PARENT!r}, "sleep", "1000"], start_new_session=True)
print(guest.pid, flush=True)
time.sleep(1000)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        assert eventually(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
        owner.kill()
    assert eventually(lambda: not is_running(pid))
