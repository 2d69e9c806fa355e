from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runners.qemu import confine
from runners.qemu.confine import everybodys, unprivileged
from tests.mounts import needs_root
from tests.programs import put


@needs_root
def test_a_program_is_nobody_has_no_privileges_gets_none_and_dies_with_us() -> None:
    done = subprocess.run([*unprivileged("setpriv"), "setpriv", "--dump"], capture_output=True, text=True, check=False)
    found = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
    for name, value in (
        *(("uid", "65534"), ("euid", "65534"), ("gid", "65534"), ("egid", "65534")),
        *(("no_new_privs", "1"), ("Parent death signal", "KILL")),
    ):
        assert found[name].startswith(value), done.stdout


def test_a_program_where_nobody_else_may_go_is_run_as_we_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "private", {"qemu": "exit 0"})
    (tmp_path / "private").chmod(0o700)
    assert unprivileged("qemu") == ["setpriv", "--pdeathsig", "KILL", "--"]


def test_without_root_a_program_is_as_we_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert unprivileged("setpriv") == ["setpriv", "--pdeathsig", "KILL", "--"]


@needs_root
@pytest.mark.parametrize(
    ("mode", "group"), [(0o666, "--clear-groups"), (0o660, "--groups=4711"), (0o600, "--clear-groups")]
)
def test_the_group_of_kvms_device_is_kept_where_that_is_what_opens_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: int, group: str
) -> None:
    device = tmp_path / "kvm"
    device.touch()
    os.chown(device, 0, 4711)
    device.chmod(mode)
    monkeypatch.setattr(confine, "KVM", device)
    assert group in unprivileged("setpriv")


def test_a_file_that_others_may_not_read_is_lent_as_a_copy_and_stays_as_it_is(tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    secret, plain, ours = tmp_path / "vmlinuz", tmp_path / "bzImage", room / "initrd"
    for path, mode in ((secret, 0o600), (plain, 0o644), (ours, 0o600)):
        path.write_bytes(b"kernel")
        path.chmod(mode)
    lent = everybodys(secret, room)
    assert (lent.parent, lent.read_bytes(), lent.stat().st_mode & 0o777) == (room, b"kernel", 0o644)
    assert secret.stat().st_mode & 0o777 == 0o600
    assert everybodys(plain, room) == plain
    assert everybodys(ours, room) == ours
    assert ours.stat().st_mode & 0o777 == 0o644
