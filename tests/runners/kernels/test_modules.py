from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels import modules
from runners.kernels.modules import Standing, chain, content, release, standing

DEPENDENCIES = """\
kernel/drivers/virtio/virtio.ko.xz: kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/virtio/virtio_ring.ko.xz:
kernel/drivers/virtio/virtio-pci.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
kernel/drivers/char/virtio_console.ko.xz: kernel/drivers/virtio/virtio.ko.xz kernel/drivers/virtio/virtio_ring.ko.xz
"""


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """A kernel's lib/modules/RELEASE."""
    (tmp_path / "modules.dep").write_text(DEPENDENCIES)
    (tmp_path / "modules.builtin").write_text("kernel/drivers/tty/serial/8250/8250-base.ko\n")
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name.split(".")[0] for path in paths]


def test_what_is_needed_comes_first_and_everything_once(directory: Path) -> None:
    found = chain(directory, ["virtio_pci", "virtio_console"])
    assert names(found) == ["virtio_ring", "virtio", "virtio-pci", "virtio_console"]
    assert found[0] == directory / "kernel/drivers/virtio/virtio_ring.ko.xz"


def test_what_is_built_in_needs_nothing(directory: Path) -> None:
    assert chain(directory, ["8250_base"]) == []


def test_names_are_parted_by_how_a_kernel_has_them(directory: Path) -> None:
    found = standing(directory, ["tun", "8250_base", "virtio_ring", "virtio_pci", "nvme"])
    assert found == Standing(["virtio_ring", "virtio_pci"], ["8250_base"], ["tun", "nvme"])
    with pytest.raises(RunnerError, match="run depmod"):
        standing(directory / "absent", [])


def test_module_that_there_is_not_is_named(directory: Path) -> None:
    with pytest.raises(RunnerError, match="has no module nvme, and it is not built in"):
        chain(directory, ["nvme"])


def test_kernel_without_lists_of_its_modules_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="run depmod"):
        chain(tmp_path, ["virtio_pci"])


def test_modules_are_unpacked(tmp_path: Path) -> None:
    for name, data in {
        "a.ko": b"\x7fELF",
        "b.ko.xz": lzma.compress(b"\x7fELF"),
        "c.ko.gz": gzip.compress(b"\x7fELF"),
    }.items():
        (tmp_path / name).write_bytes(data)
        assert content(tmp_path / name) == b"\x7fELF"


@pytest.mark.parametrize(("name", "why"), [("a.ko.xz", "cannot be read"), ("a.ko.zst", "packed as .zst")])
def test_module_that_cannot_be_unpacked_is_named(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / name).write_bytes(b"no archive at all")
    with pytest.raises(RunnerError, match=rf"{name}.*{why}"):
        content(tmp_path / name)


def test_a_module_says_what_kernel_it_was_built_for(tmp_path: Path) -> None:
    (tmp_path / "tun.ko").write_bytes(b"\x7fELF\0license=GPL\0vermagic=6.18.40.1-microsoft-standard-WSL2 SMP \0")
    (tmp_path / "odd.ko").write_bytes(b"\x7fELF\0license=GPL\0")
    assert release(tmp_path / "tun.ko") == "6.18.40.1-microsoft-standard-WSL2"
    assert release(tmp_path / "odd.ko") == release(tmp_path / "tun.ko.zst") == ""


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_no_module_fills_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Callable[[bytes], bytes]
) -> None:
    monkeypatch.setattr(modules, "LARGEST", 1000)
    path = tmp_path / f"tun.ko.{'gz' if pack is gzip.compress else 'xz'}"
    path.write_bytes(pack(bytes(1000)))
    assert content(path) == bytes(1000)
    path.write_bytes(pack(bytes(1001)))
    with pytest.raises(RunnerError, match="cannot be read: it is cut off, or no module is as large"):
        content(path)
