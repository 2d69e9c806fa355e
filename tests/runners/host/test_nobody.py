from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from runners.host.nobody import INPUT, everybodys, reading, unprivileged
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


def test_a_file_is_read_by_a_program_that_can_write_nothing_but_what_it_says(tmp_path: Path) -> None:
    given, room, written = tmp_path / "given", tmp_path / "room", tmp_path / "written"
    room.mkdir(mode=0o777)
    given.write_bytes(b"kernel")
    given.chmod(0o600)
    for path in (tmp_path, *tmp_path.parents[:-1]):  # where nobody may write if it may at all
        path.chmod(path.stat().st_mode | 0o001)
    tmp_path.chmod(0o777)
    script = f"cat {INPUT}; (echo x > {written}); echo after"
    with reading(["sh", "-c", script], given, room) as said:
        assert said.read() == b"kernelafter\n"
    assert not written.exists() or written.stat().st_size == 0
    assert given.stat().st_mode & 0o777 == 0o600


@needs_root
def test_who_reads_a_file_is_nobody(tmp_path: Path) -> None:
    (tmp_path / "given").touch()
    with reading(["id", "-un"], tmp_path / "given", tmp_path) as said:
        assert said.read() == b"nobody\n"


def test_a_program_that_reads_and_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "given").touch()
    with (
        pytest.raises(FileNotFoundError, match="no-such-program"),
        reading(["no-such-program"], tmp_path / "given", tmp_path),
    ):
        pass


@pytest.mark.parametrize("script", ["echo said; exit 3", "yes"])
def test_a_program_that_fails_or_is_not_heard_out_is_an_error(tmp_path: Path, script: str) -> None:
    (tmp_path / "given").touch()
    with (
        pytest.raises(subprocess.CalledProcessError),
        reading(["sh", "-c", script], tmp_path / "given", tmp_path) as said,
    ):
        said.read(2)
