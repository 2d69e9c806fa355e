from __future__ import annotations

import os
from errno import EAGAIN, EXDEV
from pathlib import Path

import pytest

from conformance.syscalls.files.opening import O_RDONLY, OpenHow, openat2
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.help import paths
from conformance.syscalls.machinery.absence import Missing


def test_a_file_is_made_read_and_written_again(tmp_path: Path) -> None:
    path = bytes(tmp_path / "file")
    assert not paths.exists(path)
    paths.make_file(path, b"hello" * 20_000, 0o600)
    assert paths.exists(path)
    assert paths.contents(path) == b"hello" * 20_000
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    paths.write_to(path, b"HE")
    assert paths.contents(path)[:5] == b"HEllo"


def test_only_a_file_that_is_there_is_written_to(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        paths.write_to(bytes(tmp_path / "absent"), b"x")


def test_entries_are_all_names_but_those_of_every_directory(tmp_path: Path) -> None:
    names = {f"a name that takes some room {at}" for at in range(700)}
    for name in names:
        (tmp_path / name).touch()
    assert paths.entries(bytes(tmp_path)) == {os.fsencode(name) for name in names}


def test_fields_are_told_apart_at_the_first_colon(tmp_path: Path) -> None:
    (tmp_path / "status").write_bytes(b"Name:\tcat\nMask:  a:b \nno field\n")
    assert paths.fields(bytes(tmp_path / "status")) == {b"Name": b"cat", b"Mask": b"a:b"}


def test_a_file_that_a_kernel_lacks_is_a_feature_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(Missing, match="absent"):
        paths.open_present(bytes(tmp_path / "absent"))
    with pytest.raises(NotADirectoryError):
        paths.open_present(b"/dev/null/x")
    (tmp_path / "there").touch()
    fd = paths.open_present(bytes(tmp_path / "there"), O_RDONLY)
    assert paths.inode_of(fd) == (tmp_path / "there").stat().st_ino
    os.close(fd)


def test_a_new_file_is_open_at_its_end_for_reading_and_writing(tmp_path: Path) -> None:
    fd = paths.new_file(bytes(tmp_path / "file"), b"hello", 0o600)
    assert os.write(fd, b", world") == 7
    assert os.pread(fd, 64, 0) == b"hello, world"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    os.close(fd)


def test_a_bounded_path_is_asked_again_while_somebody_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter([(-1, EAGAIN), (-1, EAGAIN), (-1, EXDEV), (7, 0)])
    monkeypatch.setattr(openat2, "result_of", lambda *_: next(said))
    assert paths.open_bounded(AT_FDCWD, b"..", OpenHow()) == (-1, EXDEV)
    assert paths.open_bounded(AT_FDCWD, b"x", OpenHow()) == (7, 0)


def test_a_bounded_path_that_is_never_settled_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openat2, "result_of", lambda *_: (-1, EAGAIN))
    assert paths.open_bounded(AT_FDCWD, b"..", OpenHow()) == (-1, EAGAIN)
