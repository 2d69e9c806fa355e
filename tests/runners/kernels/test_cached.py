from __future__ import annotations

from pathlib import Path

import pytest

from runners.host.cache import entry
from runners.kernels import microsoft
from runners.kernels.cached import kept
from tests import packages
from tests.kernels import image


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def debian(into: Path) -> None:
    """What is kept of a package of Debian's."""
    image(into / "vmlinuz", "6.1.0-56-cloud-amd64")
    (into / "package").write_text("linux-image-x 1.0\n")


def built(into: Path) -> None:
    """What is kept of a build."""
    image(into / "bzImage", "6.1.192-wsl2-config")


def test_nothing_is_kept_where_nothing_was_fetched() -> None:
    assert kept() == []


def test_kernels_are_kept_by_the_names_by_which_targets_have_them(tmp_path: Path) -> None:
    entry("kernels/debian-6.1", debian)
    entry("kernels/wsl2-6.1", built)
    microsoft.take_from(packages.package(tmp_path / "packages"), "", lambda *_: None)
    found = {each.name: each for each in kept()}
    assert {name: (each.kernel.release, each.kernel.origin.partition(",")[0]) for name, each in found.items()} == {
        "debian:6.1": ("6.1.0-56-cloud-amd64", "Debian's package linux-image-x 1.0"),
        "wsl2:6.1": (
            "6.1.192-wsl2-config",
            "built by `conformance kernels build wsl2` from Debian's linux-source-6.1",
        ),
        "wsl2:6.18.33.2-2": ("6.18.33.2-microsoft-standard-WSL2", "the file nupkg"),
    }
    assert all(each.bytes >= 32768 for each in found.values())


def test_what_is_damaged_or_being_made_is_left_out(cache: Path) -> None:
    entry("kernels/debian-6.1", debian)
    (entry("kernels/debian-6.12", debian) / "vmlinuz").write_bytes(b"damage")
    (cache / "kernels/debian-6.18.partial").mkdir()
    entry("kernels/wsl2-6.18.33.2-2", built)  # without a word of where it is from
    (entry("kernels/else", debian) / "vmlinuz").unlink()
    assert [each.name for each in kept()] == ["debian:6.1"]
