from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.kernels.config import HALLMARKS, Unreadable, about, extract, of, parse
from runners.kernels.images import CONFIGS

SHIPPED = (CONFIGS / "wsl2-6.1.config").read_text(encoding="utf-8")
DEBIANS = "".join(f"CONFIG_{name}={'m' if value == 'y' else 'y'}\n" for name, value in HALLMARKS.items())
MICROSOFTS = SHIPPED + "# CONFIG_DXGKRNL_DEBUG is not set\nCONFIG_DXGKRNL=y\n"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))


def by(tool: str) -> Callable[[bytes], bytes]:
    """As the kernel's makefile packs, without the length of the data behind."""

    def pack(data: bytes) -> bytes:
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} here")
        options = ["-l"] if tool == "lz4" else []
        return subprocess.run([tool, "-c", *options], input=data, capture_output=True, check=True).stdout

    return pack


WAYS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "zstd": by("zstd"),
    "lz4": by("lz4"),
    "nothing": bytes,
}


def image(path: Path, config: str | None, pack: Callable[[bytes], bytes] = gzip.compress) -> Path:
    """A bzImage whose kernel proper carries a configuration."""
    kernel = b"\x7fELF" + bytes(100)
    if config is not None:
        kernel += b"IKCFG_ST" + gzip.compress(config.encode()) + b"IKCFG_ED" + bytes(100)
    packed = pack(kernel) + struct.pack("<I", len(kernel))
    head = bytearray(5 * 512 + 64)
    head[0x1F1] = 4
    head[0x202:0x206] = b"HdrS"
    head[0x206:0x208] = b"\x0f\x02"
    struct.pack_into("<II", head, 0x248, 64, len(packed))
    path.write_bytes(bytes(head) + packed + bytes(512))
    return path


@pytest.mark.parametrize("way", WAYS)
def test_the_configuration_of_an_image_is_found_however_it_is_packed(tmp_path: Path, way: str) -> None:
    assert extract(image(tmp_path / "bzImage", SHIPPED, WAYS[way])) == SHIPPED


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: b"", "does not say where in it the kernel proper lies"),
        (lambda data: data[: len(data) - 2000], "not where it should lie"),
        (lambda data: data[:2624] + b"\x89LZO" + data[2628:], "it is packed by lzo, which could not be undone"),
        (lambda data: data[:2624] + b"????" + data[2628:], "packed in a way that is not known here"),
        (lambda data: data[:2634] + bytes(80) + data[2714:], "it is packed by gzip, which could not be undone"),
    ],
)
def test_an_image_that_cannot_be_unpacked_says_why(tmp_path: Path, damage: Callable[[bytes], bytes], told: str) -> None:
    path = image(tmp_path / "bzImage", SHIPPED)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(Unreadable, match=told):
        extract(path)


def test_a_configuration_is_read_as_make_writes_it() -> None:
    found = parse('CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_D="text"\n# a word on CONFIG_E\n')
    assert [found.get(name) for name in "ABCDE"] == ["y", "m", "n", "text", "n"]
    assert "E" not in found.options


def test_the_configuration_that_ships_has_every_hallmark() -> None:
    assert parse(SHIPPED).unlike_wsl2 == []
    assert not parse(SHIPPED).knows_microsofts_source


def test_a_configuration_that_was_changed_here_and_there_is_still_wsl2s() -> None:
    changed = SHIPPED.replace("CONFIG_OVERLAY_FS=y", "CONFIG_OVERLAY_FS=m")
    assert parse(changed).unlike_wsl2 == ["OVERLAY_FS=m"]
    assert parse(changed).is_wsl2s


@pytest.mark.parametrize(
    ("release", "config", "label", "note"),
    [
        (
            "6.6.36.3-microsoft-standard-WSL2",
            MICROSOFTS,
            "",
            "Microsoft's build: its release and its configuration say so",
        ),
        (
            "6.6.36.3-microsoft-standard-WSL2",
            None,
            "",
            "Microsoft's build by its release 6.6.36.3-microsoft-standard-WSL2; i",
        ),
        (
            "6.6.36.3-microsoft-standard-WSL2",
            SHIPPED,
            "wsl2 (config)",
            "its source is not Microsoft's, whose patches (dxgkrnl)",
        ),
        (
            "6.1.192-mine",
            SHIPPED,
            "wsl2 (config)",
            "its configuration is WSL2's (22 of 22 options that tell it from others);",
        ),
        ("6.1.192-mine", MICROSOFTS, "wsl2 (config)", "its source is Microsoft's, its build is not"),
        ("6.1.192-wsl2", DEBIANS, "wsl2 (given)", "its configuration is not WSL2's: it has 0 of 22 options"),
        ("6.12.1-cloud-amd64", None, "wsl2 (given)", "is not known: it carries no configuration (CONFIG_IKCONFIG)"),
    ],
)
def test_no_more_is_said_of_a_kernel_than_is_known(
    tmp_path: Path, release: str, config: str | None, label: str, note: str
) -> None:
    found = about(release, image(tmp_path / "bzImage", config))
    assert found[0] == label
    assert note in found[1]
    assert "Debian" not in found[1]


def test_a_configuration_beside_the_image_speaks_for_it(tmp_path: Path) -> None:
    """Debian's package has it there; the image has none."""
    path = image(tmp_path / "vmlinuz", None)
    (tmp_path / "config").write_text(DEBIANS)
    assert about("6.12.1-cloud-amd64", path)[1].startswith("its configuration is not WSL2's")


def test_what_was_found_is_remembered_for_the_image_as_it_is(tmp_path: Path) -> None:
    path = image(tmp_path / "bzImage", SHIPPED)
    assert of(path).is_wsl2s
    image(path, DEBIANS)
    assert not of(path).is_wsl2s
