from __future__ import annotations

import struct
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels.kernel import inspect
from tests.kernels import image


def test_an_image_says_its_release(tmp_path: Path) -> None:
    assert inspect(image(tmp_path / "bzImage")) == "6.1.0-56-cloud-amd64"


def test_an_image_may_keep_its_release_to_itself(tmp_path: Path) -> None:
    assert inspect(image(tmp_path / "bzImage", release="", offset=0)) == "unknown"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\x7fELF" + bytes(100_000), id="a program"),
        pytest.param(b"#!/bin/sh\n", id="a script"),
        pytest.param(bytes(0x202) + b"HdrS", id="cut off"),
    ],
)
def test_a_file_that_is_no_image_is_refused_by_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "vmlinuz").write_bytes(data)
    with pytest.raises(RunnerError, match=r"vmlinuz is not a Linux kernel image .* give the path of a bzImage"):
        inspect(tmp_path / "vmlinuz")


def test_an_image_that_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(RunnerError, match="absent cannot be read: No such file or directory"):
        inspect(tmp_path / "absent")
    with pytest.raises(RunnerError, match="cannot be read: Is a directory"):
        inspect(tmp_path)


def test_an_image_whose_release_lies_beyond_its_end_is_none_that_has_one(tmp_path: Path) -> None:
    image(tmp_path / "bzImage", offset=0x3000)
    data = bytearray((tmp_path / "bzImage").read_bytes())
    struct.pack_into("<H", data, 0x20E, 0xFFFF)
    (tmp_path / "bzImage").write_bytes(bytes(data[:0x1000]))
    assert "6.1" not in inspect(tmp_path / "bzImage")
