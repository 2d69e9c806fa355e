from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from runners import doctor, gvisor
from runners.base import RunnerError
from runners.profile import runner
from tests.programs import put

EVERYTHING = {
    **dict.fromkeys(("qemu-system-x86_64", "modprobe", "debugfs", "gcc"), "exit 0"),
    "setpriv": 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"',
    "runsc": "echo runsc version 0.0~20240729.0; echo systrap",
}
APT = 'for last; do :; done; echo "$1 $last" >> {log}'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "log"


def machine(monkeypatch: pytest.MonkeyPatch, folder: Path, *absent: str, **others: str) -> None:
    """This machine with everything that there is to have but `absent`."""
    programs = {name: text for name, text in EVERYTHING.items() if name not in absent}
    put(monkeypatch, folder, programs | {name.replace("_", "-"): text for name, text in others.items()})
    which = shutil.which
    here = {str(folder / name) for name in (*EVERYTHING, "apt-get", "apt-cache")}
    monkeypatch.setattr(
        shutil, "which", lambda name, path=None: found if (found := which(name, path=path)) in here else None
    )
    if "runsc" in absent:
        monkeypatch.setattr(gvisor, "platforms", lambda: ("ptrace",))
    monkeypatch.setattr(runner, "find_library", lambda name: None if name in absent else f"lib{name}.so")


def lacking() -> dict[str, str]:
    """What is not there, with the package that brings it."""
    return {each.part.name: each.part.package for each in doctor.examine() if not each.present}


def test_a_machine_that_has_everything_lacks_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path / "bin")
    assert lacking() == {}


@pytest.mark.parametrize(
    ("absent", "expected"),
    [
        ("qemu-system-x86_64", {"qemu-system-x86_64": "qemu-system-x86"}),
        ("modprobe", {"modprobe": "kmod"}),
        ("setpriv", {"setpriv": "util-linux"}),
        ("gcc", {"gcc": "gcc"}),
        ("debugfs", {"debugfs": "e2fsprogs"}),
        ("seccomp", {"libseccomp": "libseccomp2"}),
        ("runsc", {"runsc": "runsc", "runsc with systrap": "runsc"}),
    ],
)
def test_what_is_missing_is_told_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: str, expected: dict[str, str]
) -> None:
    machine(monkeypatch, tmp_path / "bin", absent)
    assert lacking() == expected


def test_every_part_says_what_it_is_for() -> None:
    assert all(each.part.purpose and each.part.package for each in doctor.examine())


def test_nothing_is_installed_where_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    machine(monkeypatch, tmp_path / "bin", apt_get=APT.format(log=log))
    doctor.install(pytest.fail)
    assert not log.exists()


def test_what_is_missing_is_installed_by_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Path
) -> None:
    machine(monkeypatch, tmp_path / "bin", "gcc", "modprobe", apt_get=APT.format(log=log))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told: list[str] = []
    doctor.install(told.append)
    assert log.read_text().splitlines() == ["update -qq", "install kmod"]
    assert told[-1].endswith("--no-install-recommends gcc kmod")


def test_installing_takes_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path / "bin", "gcc")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RunnerError, match="needs root; run `sudo conformance doctor --install`"):
        doctor.install(lambda line: None)


def test_an_apt_that_fails_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, tmp_path / "bin", "gcc", apt_get="echo 'E: no network' >&2; exit 100")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(RunnerError, match=r"^apt-get update failed: E: no network$"):
        doctor.install(lambda line: None)


def test_without_network_an_old_runsc_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    machine(
        monkeypatch,
        tmp_path / "bin",
        runsc="echo runsc version 0.0~20221219.0; echo ptrace",
        apt_get="echo 'E: no network' >&2; exit 100",
    )
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told: list[str] = []
    doctor.install(told.append)
    (said,) = told
    assert said.startswith("runsc stays as it is: apt-get update failed for Debian bookworm-backports: E: no network")
