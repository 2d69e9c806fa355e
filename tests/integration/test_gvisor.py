"""The runner `gvisor` on real sandboxes: two builds side by side, and how a sandbox dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from runners.base import Channel, Death, Ending, RunnerError
from runners.gvisor import GvisorGuest, GvisorRunner, examine
from runners.host.cache import entry
from runners.kernels.debian import Suite, unpack
from tests.integration.targets import dead, runner
from tests.processes import eventually
from tests.suite import environment

PATIENCE = 60.0
EATER = "held = []\nwhile True: held.append(bytearray(b'1') * (16 << 20))"
AFS = "import ctypes; ctypes.CDLL(None).syscall(183)"
"""afs_syscall(2), at which a sandbox panics that was told to."""


@pytest.fixture(scope="session")
def old() -> Path:
    """The runsc of Debian 12 itself, of 2022; skips the test where there is no mirror."""

    def fetch(into: Path) -> None:
        suite = Suite("bookworm")
        suite.update()
        unpack(suite.download("runsc", into), into)

    try:
        return entry("tests/runsc-bookworm", fetch) / "usr/bin/runsc"
    except RunnerError as error:
        pytest.skip(str(error))


@pytest.fixture
def guest() -> Iterator[GvisorGuest]:
    runner("gvisor")
    with GvisorRunner(memory=512).open() as opened:
        yield opened


def everything(channel: Channel) -> bytes:
    """All that a process says, to its end."""
    said = bytearray()
    while data := channel.read(PATIENCE):
        said += data
    return bytes(said)


def test_two_builds_stand_side_by_side_in_one_run(old: Path, tmp_path: Path) -> None:
    runner("gvisor")
    new, earlier = examine(), examine(str(old))
    assert new.release != earlier.release
    done = subprocess.run(
        [
            *(sys.executable, "-m", "conformance", "run", "-t", "gvisor", "--runsc", f"old={old}"),
            *("files/test_open.py", "-o", str(tmp_path / "run")),
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    matrix = json.loads((tmp_path / "run" / "matrix.json").read_text())
    labels = [column["label"] for column in matrix["columns"]]
    assert labels[1:] == [f"gvisor ({new.release}, {new.platforms[0]})", f"old ({earlier.release}, ptrace)"]
    assert not any(column["failed"] for column in matrix["columns"])


def test_a_sandbox_that_takes_more_than_its_memory_is_no_crash_of_the_target(guest: GvisorGuest) -> None:
    if guest._group is None:
        pytest.skip("this machine has no memory control group to give")
    with guest.spawn([*guest.inside.python, "-c", EATER]) as channel:
        everything(channel)
        assert guest.death() == Death(Ending.LIMIT, "the sandbox took more than its 512 MiB of memory")


def test_a_sandbox_that_was_killed_says_by_which_signal(guest: GvisorGuest) -> None:
    for pid in next(guest._room.glob("*.pid")).read_text().split():
        if b"runsc-sandbox" in Path(f"/proc/{pid}/cmdline").read_bytes():
            os.kill(int(pid), signal.SIGKILL)
    assert dead(guest, Ending.GONE) == "the sandbox was ended by SIGKILL"


def test_a_case_that_says_that_it_panics_is_believed_nothing(guest: GvisorGuest) -> None:
    with guest.spawn(["/bin/sh", "-c", "echo panic: I am the kernel >&2; echo panic: here too; exit 2"]) as channel:
        everything(channel)
    assert guest.death() is None
    guest._sandbox.kill()
    dead(guest, Ending.GONE)


def test_a_panic_of_the_sandbox_is_told_with_its_cause(monkeypatch: pytest.MonkeyPatch) -> None:
    runner("gvisor")
    usual = GvisorGuest._runsc
    monkeypatch.setattr(
        GvisorGuest,
        "_runsc",
        lambda self, *words: [*usual(self)[:1], "--TESTONLY-afs-syscall-panic", *usual(self, *words)[1:]],
    )
    with GvisorRunner().open() as opened:
        with opened.spawn([*opened.inside.python, "-c", AFS]) as channel:
            everything(channel)
        cause = dead(opened, Ending.PANIC)
        assert cause.startswith("panic: User workload triggered a panic via afs_syscall")
        assert cause.endswith(", in linux.AFSSyscall")


def test_nothing_is_left_of_a_sandbox_whose_host_process_was_killed() -> None:
    """Its control group, too."""
    runner("gvisor")
    program = (
        "from runners.gvisor import GvisorRunner\nimport time\n"
        "guest = GvisorRunner().open()\n"
        "print(guest._group and guest._group.path, guest._room, flush=True)\ntime.sleep(1000)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environment(), stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        group, room = owner.stdout.readline().split()
        owner.kill()
    assert eventually(lambda: not Path(room).exists())
    assert not Path(group).exists()
