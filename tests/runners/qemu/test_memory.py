from __future__ import annotations

import mmap
import os
from pathlib import Path

import pytest

from runners.qemu.memory import empty, loaded, store

SIZE = 1 << 20


@pytest.fixture
def saved(tmp_path: Path) -> tuple[Path, list[tuple[int, int]]]:
    """What was in a memory, and where."""
    with empty(SIZE) as fd:
        assert os.fstat(fd).st_size == SIZE
        os.pwrite(fd, b"begin", 0)
        os.pwrite(fd, b"middle", SIZE // 2 + 100)
        os.pwrite(fd, b"end", SIZE - 3)
        return tmp_path / "memory", store(fd, tmp_path / "memory")


def test_what_was_saved_is_loaded_where_it_was(saved: tuple[Path, list[tuple[int, int]]]) -> None:
    with loaded(*saved, SIZE) as fd:
        found = os.pread(fd, SIZE, 0)
    expected = bytearray(SIZE)
    expected[:5], expected[-3:] = b"begin", b"end"
    expected[SIZE // 2 + 100 : SIZE // 2 + 106] = b"middle"
    assert found == expected


def test_holes_are_not_kept(saved: tuple[Path, list[tuple[int, int]]]) -> None:
    path, extents = saved
    assert len(extents) == 3
    assert path.stat().st_size == sum(length for _, length in extents) <= 3 * mmap.PAGESIZE


def test_an_empty_memory_is_nothing(tmp_path: Path) -> None:
    with empty(SIZE) as fd:
        assert store(fd, tmp_path / "memory") == []
    with loaded(tmp_path / "memory", [], SIZE) as fd:
        assert os.pread(fd, SIZE, 0) == bytes(SIZE)


def test_what_is_loaded_can_be_written_to_by_nobody_but_privately(saved: tuple[Path, list[tuple[int, int]]]) -> None:
    with loaded(*saved, SIZE) as fd:
        again = os.open(f"/proc/self/fd/{fd}", os.O_RDWR)
        with pytest.raises(PermissionError):
            os.pwrite(again, b"other", 0)
        with pytest.raises(PermissionError):
            mmap.mmap(again, SIZE, mmap.MAP_SHARED)
        with pytest.raises(PermissionError):
            os.ftruncate(again, 0)
        with mmap.mmap(again, SIZE, mmap.MAP_PRIVATE) as own:
            own[:5] = b"other"
        assert os.pread(fd, 5, 0) == b"begin"
        os.close(again)


@pytest.mark.parametrize("size", [0, SIZE // 2, SIZE - mmap.PAGESIZE])
def test_what_does_not_fit_is_refused(saved: tuple[Path, list[tuple[int, int]]], size: int) -> None:
    with pytest.raises(ValueError, match="does not fit"), loaded(*saved, size):
        pass


def test_what_is_too_short_is_refused(saved: tuple[Path, list[tuple[int, int]]]) -> None:
    path, extents = saved
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(OSError, match="too short"), loaded(path, extents, SIZE):
        pass
