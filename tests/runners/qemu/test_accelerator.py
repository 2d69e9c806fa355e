from __future__ import annotations

import json
from pathlib import Path

import pytest

from runners.qemu import accelerator as module
from runners.qemu.accelerator import Accelerator, accelerator, boot_sector, choose, measure
from tests.programs import put

QEMU = "qemu-system-x86_64"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of our own, and nothing remembered in this process."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    accelerator.cache_clear()
    monkeypatch.setattr(module, "KVM", tmp_path / "kvm")
    (tmp_path / "kvm").write_text("")
    return tmp_path / "cache"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What has been measured so far; KVM takes half a second here, TCG one."""
    calls: list[str] = []

    def fake(accel: str) -> float:
        calls.append(accel)
        return 0.5 if accel == "kvm" else 1.0

    monkeypatch.setattr(module, "measure", fake)
    return calls


@pytest.mark.parametrize(
    ("kvm", "tcg", "name"),
    [(0.5, 1.0, "kvm"), (20.0, 1.0, "tcg"), (None, 1.0, "tcg"), (0.5, None, "kvm"), (None, None, "tcg")],
)
def test_the_faster_one_that_works_is_chosen(kvm: float | None, tcg: float | None, name: str) -> None:
    found = choose(kvm, tcg)
    assert found.name == name
    assert found.slowdown == (1.0 if name == "kvm" else module.TCG_SLOWDOWN)


def test_the_reason_names_both_measurements() -> None:
    assert choose(0.52, 1.04).reason == "KVM: KVM took 0.5 s, TCG took 1.0 s for the same boot sector"
    assert "KVM took more than 6 s or failed" in choose(None, 1.0).reason


def test_a_bios_would_boot_the_sector() -> None:
    assert len(boot_sector()) == 512
    assert boot_sector()[510:] == b"\x55\xaa"


def test_without_kvm_nothing_is_measured(measured: list[str], tmp_path: Path) -> None:
    (tmp_path / "kvm").unlink()
    assert accelerator() == Accelerator("tcg", module.TCG_SLOWDOWN, "TCG: there is no /dev/kvm that we may use")
    assert measured == []


def test_a_measurement_is_remembered(measured: list[str]) -> None:
    first = accelerator()
    accelerator.cache_clear()  # as another process would
    assert accelerator() == first
    assert measured == ["kvm", "tcg"]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "5", '{"boot": "another"}', '{"name": "kvm"}', '{"boot": "%s"}', '{"boot": "%s", "x": 1}']
)
def test_what_was_remembered_of_another_boot_or_is_damaged_is_measured_anew(
    measured: list[str], cache: Path, text: str
) -> None:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    cache.mkdir()
    (cache / "accelerator.json").write_text(text.replace("%s", boot))
    assert accelerator().name == "kvm"
    assert measured == ["kvm", "tcg"]
    assert json.loads((cache / "accelerator.json").read_text())["boot"] == boot


def test_a_machine_that_ends_as_the_sector_ends_it_has_been_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    put(monkeypatch, tmp_path / "bin", {QEMU: f'echo "$@" > {log}; exit 3'})
    seconds = measure("kvm")
    assert seconds is not None
    assert 0 < seconds < module.BOUND_SECONDS
    assert "-accel kvm" in log.read_text()


@pytest.mark.parametrize("script", ["exit 0", "exit 1", "kill -9 $$"])
def test_a_machine_that_ends_otherwise_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    put(monkeypatch, tmp_path / "bin", {QEMU: script})
    assert measure("tcg") is None


def test_a_machine_that_hangs_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(monkeypatch, tmp_path / "bin", {QEMU: "exec sleep 1000"})
    monkeypatch.setattr(module, "BOUND_SECONDS", 0.2)
    assert measure("kvm") is None


def test_a_machine_that_cannot_be_started_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert measure("tcg") is None
