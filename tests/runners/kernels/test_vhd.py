from __future__ import annotations

import os
import struct
from pathlib import Path

import pytest

from runners.kernels.kernel import Foreign
from runners.kernels.vhd import disk
from tests.packages import BLOCK, MIB, dynamic_vhd, fixed_vhd, footer, summed

TABLE = 1536
"""Where the table of a dynamic disk is in those that tests make."""


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A disk with something, a hole, and something at its end, which is not a block's."""
    path = tmp_path / "raw"
    path.write_bytes(os.urandom(MIB) + bytes(2 * BLOCK) + os.urandom(MIB + 512))
    return path


def test_the_disk_of_a_fixed_one_is_not_copied(tmp_path: Path, raw: Path) -> None:
    vhd = fixed_vhd(raw, tmp_path / "modules.vhd")
    assert disk(vhd, tmp_path) == vhd


def test_the_blocks_of_a_dynamic_one_are_put_where_they_belong(tmp_path: Path, raw: Path) -> None:
    found = disk(dynamic_vhd(raw, tmp_path / "modules.vhd"), tmp_path)
    assert found.read_bytes() == raw.read_bytes()
    assert found.stat().st_blocks * 512 < raw.stat().st_size  # the hole is one


def patched(data: bytes, at: int, new: bytes, *, header: bool = False, end: bool = False) -> bytes:
    """A VHD with other bytes at a place of its header (`header`) or footer (`end`), and the right checksum."""
    changed = bytearray(data)
    start = 512 if header else len(data) - 512
    changed[start + at : start + at + len(new)] = new
    if header or end:
        length, place = (1024, 36) if header else (512, 64)
        changed[start + place : start + place + 4] = bytes(4)
        changed[start : start + length] = summed(changed[start : start + length], place)
    return bytes(changed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(lambda data: data[:-1], "it has no footer, which is where a file ends that was cut off", id="cut"),
        pytest.param(lambda data: b"", "it has no footer", id="empty"),
        pytest.param(lambda data: b"vhdxfile" + data, "it is a VHDX", id="vhdx"),
        pytest.param(lambda data: patched(data, 48, b"\1"), "a checksum in it is wrong", id="checksum"),
        pytest.param(lambda data: patched(data, 60, struct.pack(">I", 4), end=True), "of kind 4, neither", id="child"),
        pytest.param(lambda data: patched(data, 48, bytes(8), end=True), "the disk in it has 0 bytes", id="none"),
        pytest.param(lambda data: patched(data, 48, b"\1", end=True), "the disk in it has 72057594", id="huge"),
        pytest.param(
            lambda data: patched(data, 16, b"\x7f", end=True), "before a part that it is said to", id="nowhere"
        ),
        pytest.param(
            lambda data: patched(data, 0, b"cxspars!", header=True), "not one of a dynamic disk", id="no header"
        ),
        pytest.param(
            lambda data: patched(data, 28, struct.pack(">I", 1), header=True), "not one of a dynamic", id="few blocks"
        ),
        pytest.param(
            lambda data: patched(data, 28, struct.pack(">II", 1 << 30, 512), header=True),
            "not one of a",
            id="small blocks",
        ),
        pytest.param(
            lambda data: patched(data, 28, struct.pack(">II", 2, 1 << 31), header=True),
            "not one of a",
            id="large blocks",
        ),
        pytest.param(
            lambda data: data[:TABLE] + data[TABLE : TABLE + 4] * 2 + data[TABLE + 8 :],
            "two parts of its disk are said to lie in one place",
            id="one block twice",
        ),
        pytest.param(
            lambda data: data[:TABLE] + b"\x7f" + data[TABLE + 1 :],
            "before a part that it is said to have",
            id="far block",
        ),
    ],
)
def test_a_vhd_that_is_damaged_or_hostile_is_refused(tmp_path: Path, raw: Path, change: object, said: str) -> None:
    vhd = dynamic_vhd(raw, tmp_path / "modules.vhd")
    assert callable(change)
    vhd.write_bytes(change(vhd.read_bytes()))
    with pytest.raises(Foreign, match=f"modules.vhd is no VHD that can be read here: .*{said}"):
        disk(vhd, tmp_path)


def test_a_fixed_one_that_lacks_a_part_is_refused(tmp_path: Path) -> None:
    (tmp_path / "modules.vhd").write_bytes(bytes(1000) + footer(5000))
    with pytest.raises(Foreign, match="it is shorter than the disk in it"):
        disk(tmp_path / "modules.vhd", tmp_path)
