"""What every runner promises of its guests, on the real ones."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from runners.base import Ending, Guest
from runners.kernels.images import find
from runners.qemu import snapshot
from runners.qemu.accelerator import accelerator
from runners.qemu.machine import SHIPPED
from runners.qemu.runner import QemuGuest
from runners.qemu.surroundings import Surroundings
from tests.contract import PATIENCE, GuestContract, everything, python
from tests.integration.targets import dead, runner


# The one that a test asks for by name is first, in its list and here: such tests share the guest.
@pytest.fixture(scope="module", params=("lts", "native", "wsl1", "gvisor"))
def guest(request: pytest.FixtureRequest) -> Iterator[Guest]:
    with runner(request.param).open() as opened:
        yield opened


class TestGuests(GuestContract):
    """One of each runner that ships."""


def test_guest_that_has_no_memory_left_is_no_crash_of_the_target() -> None:
    """Which of its processes the guest kills is its own affair; here it may kill none but the suite's."""
    eater = (
        "open('/proc/self/oom_score_adj', 'w').write('-1000')\nheld = []\n"
        "while True: held.append(bytearray(b'1') * (8 << 20))"
    )
    with runner("wsl2").open() as guest:
        with python(guest, eater) as channel:
            everything(channel)
        cause = dead(guest, Ending.LIMIT, PATIENCE)
        assert cause.startswith("the guest's 1024 MiB of memory did not suffice: ")


def test_virtual_machines_that_begin_with_one_snapshot_share_its_memory_and_nothing_that_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each is nobody's process, which may start none, whatever the path of the snapshot has in it."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / 'it\'s, a "cache"'))
    target = runner("wsl2")
    with target.open() as first, first.spawn(["/bin/cat"]) as channel:
        assert isinstance(first, QemuGuest)
        assert is_nobodys(first)
        alone = memory_of(first)
        channel.write(b"here")
        assert channel.read(PATIENCE) == b"here"
        first.remember()
    with target.open() as one, target.open() as two:
        for guest, written in ((one, "one"), (two, "two")):
            assert isinstance(guest, QemuGuest)
            assert "resumed" in guest._stream
            assert is_nobodys(guest)
            with python(guest, f"open('/tmp/{written}', 'w').close()") as channel:
                everything(channel)
        for guest, own in ((one, b"['one']"), (two, b"['two']")):
            with python(guest, "import os; print(os.listdir('/tmp'))") as channel:
                assert everything(channel).strip() == own
        assert isinstance(one, QemuGuest)
        assert isinstance(two, QemuGuest)
        assert memory_of(one) + memory_of(two) < alone


def is_nobodys(guest: QemuGuest) -> bool:
    """Whether a virtual machine is a process without rights that starts no other."""
    status = Path(f"/proc/{guest._machine.process.pid}/status").read_text()
    return {"Uid:\t65534\t65534\t65534\t65534", "NoNewPrivs:\t1", "Seccomp:\t2"} <= set(status.splitlines())


def memory_of(guest: QemuGuest) -> int:
    """The KiB of this machine's memory that are a guest's alone, those that it shares in part."""
    rollup = Path(f"/proc/{guest._machine.process.pid}/smaps_rollup").read_text()
    return int(rollup.partition("\nPss:")[2].split()[0])


@pytest.mark.parametrize("guest", ["lts"], indirect=True)
def test_modules_of_a_distribution_kernel_load_on_demand(guest: Guest) -> None:
    """A protocol family that is asked for, and a device node that is opened; neither is built into Debian's kernel."""
    program = "import socket; socket.socket(socket.AF_VSOCK); open('/dev/fuse'); print(open('/proc/modules').read())"
    with python(guest, program) as channel:
        loaded = {line.split()[0] for line in everything(channel).splitlines() if line}
    assert {b"vsock", b"fuse"} <= loaded


def test_what_is_around_a_kernel_is_there_before_the_suite_and_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in a guest that goes on from a snapshot. One whose kernel refuses a module says so, and is not remembered:
    what goes on from it could not."""
    runner("lts")
    found = find("debian:6.1")
    kernel = replace(found, image=Path(shutil.copy(found.image, tmp_path / "image")))
    monkeypatch.setattr(snapshot, "remembered", lambda _: tmp_path / "snapshots")
    program = "print(open('/proc/cmdline').read().split()[-1], *(each.split()[0] for each in open('/proc/modules')))"
    names = ("br_netfilter", "tun", "rtc_cmos", "absent")
    for words, refused, resumed in (
        ("loop.max_loop=3", "", False),
        ("loop.max_loop=3", "", True),
        ("loop.max_loop=x", "loop", False),
    ):
        around = Surroundings(words, ("loop", *names))
        with QemuGuest(kernel, accelerator(), SHIPPED, snapshot.Shelf(), around) as guest:
            assert ("resumed" in guest._stream) is resumed
            with guest.spawn(["/bin/cat"]) as channel:
                channel.write(b"here")
                assert channel.read(PATIENCE) == b"here"
                before = set(tmp_path.glob("snapshots/**/about.json"))
                guest.remember()
                remembered = set(tmp_path.glob("snapshots/**/about.json")) - before
            assert bool(remembered) == (not resumed and not refused)
            with python(guest, program) as channel:
                last, *loaded = everything(channel).decode().split()
            assert last == words
            assert {"br_netfilter", "bridge", "tun"} <= set(loaded)
            assert ("loop" in loaded) is (refused == "")
            assert guest.about.notes[1:] == (
                f"command line: {words}",
                "loaded beforehand: loop, br_netfilter, tun",
                "not loaded beforehand, since built in: rtc_cmos",
                "not loaded beforehand, since this kernel has no such module: absent",
                *([f"its kernel refused to load {refused}"] if refused else []),
            )


def test_closed_guest_leaves_no_process_and_no_file() -> None:
    opened = runner("wsl2").open()
    assert isinstance(opened, QemuGuest)
    room = opened._machine.room
    pid = int((room / "qemu.pid").read_text())
    with opened:
        os.kill(pid, 0)
    assert not room.exists()
    assert not Path(f"/proc/{pid}").exists()


def test_sandbox_that_was_killed_is_gone() -> None:
    with runner("gvisor").open() as guest:
        pids = [int(word) for word in next(Path(guest._room).glob("*.pid")).read_text().split()]  # type: ignore[attr-defined] # what the janitor goes by
        for pid in pids:
            with suppress(ProcessLookupError):  # one of them takes the others along
                os.kill(pid, signal.SIGKILL)
        dead(guest, Ending.GONE)
