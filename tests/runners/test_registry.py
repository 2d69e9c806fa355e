"""Every runner on a machine that has no room, or lets nobody write: a guest, or a sentence; never an exception."""

from __future__ import annotations

import re
import struct
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.model import Target
from conformance.syscalls.mounts.mount import MS_RDONLY, MS_REMOUNT, mount
from runners.base import Runner, RunnerError
from runners.payload import executor, layers
from runners.profile import runner as profile_runner
from runners.qemu import accelerator
from runners.qemu import runner as qemu_runner
from runners.registry import runner_for
from tests.mounts import needs_root, on_small_disk

TARGETS = {
    "local": Target("native", "local"),
    "profile": Target("wsl1", "profile", options={"profile": "wsl1"}),
    "gvisor": Target("gvisor", "gvisor"),
    "qemu": Target("lts", "qemu", options={"kernel": "bzImage"}),
}
PLACES = ("CONFORMANCE_CACHE", "TMPDIR", "HOME")


def given(kind: str, kernel: str | None) -> Target:
    """A target of each runner, with another kernel where it takes one."""
    return replace(TARGETS[kind], given={"kernel": kernel} if kernel else {})


def image(path: Path) -> Path:
    """The head of a bzImage, which no machine boots."""
    data = bytearray(0x8000)
    data[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", data, 0x20E, 0x3000)
    data[0x3200:0x3206] = b"6.1.0\0"
    path.write_bytes(bytes(data))
    return path


def sentences_of(runner: Runner) -> list[str]:
    """Everything that it says of why it cannot."""
    said = [each for each in [runner.missing(), *runner.describe()] if each]
    try:
        with runner.open() as guest:
            guest.log()
    except RunnerError as error:
        said.append(str(error))
    return said


@needs_root
@pytest.mark.parametrize("trouble", ["full", "read-only"])
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", TARGETS)
def test_a_machine_with_no_room_gets_a_guest_or_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, place: str, trouble: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    kernel = image(tmp_path / "bzImage")
    monkeypatch.setattr(accelerator, "KVM", Path("/dev/null"))  # as if there were one: it is measured and remembered
    monkeypatch.setattr(accelerator, "measure", lambda name: 1.0)
    monkeypatch.setattr("runners.qemu.machine.BOOT_SECONDS", 1.0)
    monkeypatch.setattr("runners.qemu.runner.BOOT_SECONDS", 1.0)
    if place == "HOME":
        monkeypatch.delenv("CONFORMANCE_CACHE", raising=False)
        monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv(place, str(disk))
    for each in (accelerator.accelerator, layers.base, layers.loader):
        each.cache_clear()

    def body() -> None:
        tempfile.tempdir = None
        if trouble == "full":
            (disk / "filler").write_bytes(bytes(12 << 10))
        else:
            mount(b"small", bytes(disk), b"tmpfs", MS_REMOUNT | MS_RDONLY, None)
        for said in sentences_of(runner_for(given(kind, str(kernel)))):
            assert "Traceback" not in said
            assert "\n" not in said

    on_small_disk(disk, "16k", body)


@pytest.mark.parametrize("kind", TARGETS)
def test_what_is_missing_is_told_with_the_command_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """With everything missing at once, and then one thing after the other."""
    command = re.compile(r"`(sudo )?conformance (run|doctor --install|kernels build wsl2)\b.*`$")
    monkeypatch.setenv("PATH", str(tmp_path))
    for module in (qemu_runner, profile_runner):
        monkeypatch.setattr(module, "which" if module is qemu_runner else "find_library", lambda name: None)
    found = {runner_for(given(kind, each)).missing() for each in (None, "debian:6.1", "wsl2", str(tmp_path / "no"))}
    monkeypatch.undo()
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CONFORMANCE_WSL2_KERNEL", raising=False)
    found |= {runner_for(given(kind, each)).missing() for each in ("wsl2", str(tmp_path / "no"), __file__)}
    said = [each for each in found if each]
    assert said or kind == "local"
    for each in said:
        assert command.search(each), each


def test_the_executor_is_no_exception(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(executor, "FOLDER", tmp_path / "absent")
    with pytest.raises(RunnerError, match=r"absent cannot be read: No such file or directory$"):
        executor.executable()
