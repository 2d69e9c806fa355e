from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from runners.payload.cpio import write_archive


@dataclass(frozen=True)
class Member:
    """What the kernel would unpack (Documentation/driver-api/early-userspace/buffer-format.rst)."""

    name: str
    mode: int
    owner: tuple[int, int]
    data: bytes


def members(archive: bytes) -> Iterator[Member]:
    """Of an archive, or of several one behind the other."""
    at = 0
    while at < len(archive):
        if archive[at] == 0:
            at += 1
            continue
        assert archive[at : at + 6] == b"070701"
        assert at % 4 == 0
        fields = [int(archive[at + 6 + 8 * each : at + 14 + 8 * each], 16) for each in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = archive[at + 110 : at + 110 + length - 1].decode()
        at = (at + 110 + length + 3) & ~3
        if name != "TRAILER!!!":
            yield Member(name, mode, (fields[2], fields[3]), archive[at : at + size])
        at = (at + size + 3) & ~3


def archive_of(tree: Path, prefix: str = "") -> bytes:
    """The bytes of an archive."""
    to = tree.with_name("archive")
    write_archive(tree, to, prefix)
    return to.read_bytes()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "tree" / "etc" / "deep").mkdir(parents=True)
    return tmp_path / "tree"


def test_files_come_out_as_they_went_in(tree: Path) -> None:
    for size in range(9):
        (tree / "etc" / f"file{size}").write_bytes(b"x" * size)
    found = {member.name: member.data for member in members(archive_of(tree))}
    assert {name: data for name, data in found.items() if "file" in name} == {
        f"etc/file{size}": b"x" * size for size in range(9)
    }


def test_everything_belongs_to_root_and_files_keep_their_mode(tree: Path) -> None:
    (tree / "program").write_text("x")
    (tree / "program").chmod(0o4755)
    os.utime(tree / "program", (1, 1))
    found = {member.name: member for member in members(archive_of(tree))}
    assert found["program"].mode == stat.S_IFREG | 0o4755
    assert found["etc"].mode == stat.S_IFDIR | 0o755
    assert {member.owner for member in found.values()} == {(0, 0)}


def test_directories_come_before_what_is_in_them(tree: Path) -> None:
    (tree / "etc" / "deep" / "file").write_text("x")
    names = [member.name for member in members(archive_of(tree))]
    assert names == ["etc", "etc/deep", "etc/deep/file"]


def test_links_stay_links_and_are_not_followed(tree: Path) -> None:
    (tree / "lib").symlink_to("etc/deep")
    (tree / "etc" / "deep" / "file").write_text("x")
    (tree / "dangling").symlink_to("/no/where")
    found = {member.name: member for member in members(archive_of(tree))}
    assert (found["lib"].mode, found["lib"].data) == (stat.S_IFLNK | 0o777, b"etc/deep")
    assert found["dangling"].data == b"/no/where"
    assert "lib/file" not in found


def test_what_is_neither_file_nor_link_nor_directory_is_left_out(tree: Path) -> None:
    os.mkfifo(tree / "fifo")
    assert [member.name for member in members(archive_of(tree))] == ["etc", "etc/deep"]


def test_a_prefix_brings_its_own_directories(tree: Path) -> None:
    (tree / "file").write_text("x")
    names = [member.name for member in members(archive_of(tree, "usr/lib"))]
    assert names == ["usr", "usr/lib", "usr/lib/etc", "usr/lib/etc/deep", "usr/lib/file"]


def test_archives_can_be_read_one_behind_the_other(tree: Path) -> None:
    one = archive_of(tree)
    two = archive_of(tree, "usr")
    assert len(one) % 512 == 0
    assert list(members(one + two)) == [*members(one), *members(two)]


def test_names_of_any_bytes_survive(tree: Path) -> None:
    name = os.fsdecode(b"\xc3\xbc ber")
    (tree / name).write_text("x")
    assert name in {member.name for member in members(archive_of(tree))}
