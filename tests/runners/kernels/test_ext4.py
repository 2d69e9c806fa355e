from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from runners.base import RunnerError
from runners.kernels import ext4 as module
from runners.kernels.ext4 import ROOT, Ext4
from runners.kernels.kernel import Foreign
from tests.mounts import needs_root, on_small_disk
from tests.packages import ext4
from tests.programs import put

NO_CHECKSUMS = ("-O", "^metadata_csum")
"""So that what a test changes in an image is not seen for that alone."""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Files, directories, links and more that is no module's."""
    folder = tmp_path / "tree"
    (folder / "kernel/net").mkdir(parents=True)
    (folder / "kernel/net/tun.ko").write_bytes(os.urandom(300_000))
    (folder / "modules.dep").write_bytes(b"kernel/net/tun.ko:\n")
    (folder / "empty").touch()
    (folder / "build").symlink_to("/usr/src/linux")
    os.mkfifo(folder / "fifo")
    return folder


@pytest.fixture
def to(tmp_path: Path) -> Path:
    path = tmp_path / "to"
    path.mkdir()
    return path


def taken(image: Path, to: Path) -> dict[str, bytes]:
    """What is written of an image, by path."""
    Ext4(image, image.parent).take(ROOT, to)
    return {str(path.relative_to(to)): path.read_bytes() for path in to.rglob("*") if not path.is_dir()}


def test_files_are_taken_to_the_byte_and_nothing_that_is_no_file(tmp_path: Path, tree: Path, to: Path) -> None:
    assert taken(ext4(tree, tmp_path / "image"), to) == {
        "kernel/net/tun.ko": (tree / "kernel/net/tun.ko").read_bytes(),
        "modules.dep": b"kernel/net/tun.ko:\n",
        "empty": b"",
    }


def test_a_directory_says_what_is_in_it_and_one_of_them_can_be_taken(tmp_path: Path, tree: Path, to: Path) -> None:
    image = Ext4(ext4(tree, tmp_path / "image"), tmp_path)
    found = {entry.name: entry for entry in image.entries()}
    assert found.keys() == {"lost+found", "kernel", "modules.dep", "empty", "build", "fifo"}
    assert (found["kernel"].is_folder, found["build"].is_folder, found["build"].is_file) == (True, False, False)
    image.take(found["kernel"].inode, to)
    assert [str(path.relative_to(to)) for path in to.rglob("*")] == ["net", "net/tun.ko"]


@pytest.mark.parametrize("name", ["../../../evil", "a/b", "..", "a\nb", "a\x1b[2Jb", "\xff", "a b"])
def test_a_name_that_is_no_modules_leads_nowhere(tmp_path: Path, to: Path, name: str) -> None:
    """The image has a name of the same length, which is changed behind its maker's back."""
    folder = tmp_path / "tree"
    folder.mkdir()
    raw = name.encode("latin-1")
    (folder / ("Q" * len(raw))).write_bytes(b"evil")
    (folder / "good").write_bytes(b"good")
    image = ext4(folder, tmp_path / "image", *NO_CHECKSUMS)
    image.write_bytes(image.read_bytes().replace(b"Q" * len(raw), raw))
    before = set(tmp_path.rglob("*"))
    assert taken(image, to) == {"good": b"good"}
    assert {path for path in tmp_path.rglob("*") if path not in before} == {to / "good"}


def test_a_link_is_not_written_through(tmp_path: Path, to: Path) -> None:
    """Where a link and a file have one name, `debugfs -R rdump` writes the file to where the link leads."""
    folder, victim = tmp_path / "tree", tmp_path / "victim"
    folder.mkdir()
    victim.write_bytes(b"as it was")
    (folder / "nameA").symlink_to(victim)
    (folder / "nameB").write_bytes(b"evil")
    image = ext4(folder, tmp_path / "image", *NO_CHECKSUMS)
    image.write_bytes(image.read_bytes().replace(b"nameB", b"nameA"))
    assert taken(image, to) == {"nameA": b"evil"}
    assert victim.read_bytes() == b"as it was"


def test_a_directory_in_itself_is_gone_through_once(tmp_path: Path, tree: Path, to: Path) -> None:
    image = ext4(tree, tmp_path / "image", *NO_CHECKSUMS)
    change(image, "link /kernel /kernel/net/again")
    assert "kernel/net/tun.ko" in taken(image, to)
    assert len(list(to.rglob("*.ko"))) == 1


def test_a_file_where_a_directory_is_is_damage(tmp_path: Path, to: Path) -> None:
    folder = tmp_path / "tree"
    (folder / "nameA").mkdir(parents=True)
    (folder / "nameA/file").write_bytes(b"x")
    (folder / "nameB").write_bytes(b"x")
    image = ext4(folder, tmp_path / "image", *NO_CHECKSUMS)
    image.write_bytes(image.read_bytes().replace(b"nameB", b"nameA"))
    with pytest.raises(Foreign, match="debugfs cannot read the file system of the disk image"):
        taken(image, to)


@pytest.mark.parametrize(("name", "most"), [("MOST_ENTRIES", 5), ("MOST_BYTES", 300_000), ("MOST_LEVELS", 2)])
def test_more_than_a_tree_of_modules_has_is_refused_before_anything_is_written(
    tmp_path: Path, tree: Path, to: Path, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    monkeypatch.setattr(module, name, most)
    with pytest.raises(Foreign, match="the disk image has more than"):
        taken(ext4(tree, tmp_path / "image"), to)
    assert list(to.iterdir()) == []


def test_a_file_that_says_it_is_endless_is_refused(tmp_path: Path, tree: Path, to: Path) -> None:
    """A hole takes nothing of an image, however large it is."""
    image = ext4(tree, tmp_path / "image", *NO_CHECKSUMS)
    change(image, f"set_inode_field /empty size {1 << 40}")
    with pytest.raises(Foreign, match=r"more than 50000 files or 1 GiB of modules"):
        taken(image, to)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[: len(data) // 2], id="cut off"),
        pytest.param(lambda data: data[:1024] + bytes(1024) + data[2048:], id="no superblock"),
        pytest.param(lambda data: data[:4096] + os.urandom(len(data) - 4096), id="noise"),
        pytest.param(lambda data: b"", id="empty"),
    ],
)
def test_a_damaged_image_is_told_in_a_sentence(tmp_path: Path, tree: Path, to: Path, damage: object) -> None:
    image = ext4(tree, tmp_path / "image")
    assert callable(damage)
    image.write_bytes(damage(image.read_bytes()))
    with pytest.raises(Foreign, match=r"cannot read the file system|has no ext4 file system at its beginning"):
        taken(image, to)


def test_without_debugfs_it_is_told_what_brings_it(
    tmp_path: Path, tree: Path, to: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = ext4(tree, tmp_path / "image")
    monkeypatch.setattr(module, "DEBUGFS", "no-such-debugfs")
    with pytest.raises(RunnerError, match="no-such-debugfs is needed to read the kernel's modules: apt install e2fsp"):
        taken(image, to)


@pytest.mark.parametrize("says", ["exit 1", "echo lies", "echo 'debugfs: ls -p <2>'; exit 1"])
def test_a_debugfs_that_fails_or_says_something_else_is_not_believed(
    tmp_path: Path, tree: Path, to: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    image = ext4(tree, tmp_path / "image")
    put(monkeypatch, tmp_path / "bin", {"debugfs": says})
    with pytest.raises(Foreign, match="cannot read the file system"):
        taken(image, to)


@needs_root
def test_a_full_disk_is_not_taken_for_damage(tmp_path: Path, tree: Path, to: Path) -> None:
    image = ext4(tree, tmp_path / "image")

    def body() -> None:
        with pytest.raises(OSError, match="No space left"):
            taken(image, to)

    on_small_disk(to, "64k", body)


def change(image: Path, command: str) -> None:
    """Change an image by debugfs, as nobody else would."""
    done = subprocess.run(["debugfs", "-w", "-R", command, image], capture_output=True, encoding="utf-8", check=True)
    assert not re.search("(?i)error|unknown|usage", done.stderr), done.stderr
