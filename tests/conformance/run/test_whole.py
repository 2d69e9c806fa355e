from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from conformance.run.errors import UserError
from conformance.run.whole import write_whole


def test_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file"
    write_whole(path, b"one")
    write_whole(path, b"two")
    assert (path.read_bytes(), [*path.parent.iterdir()]) == (b"two", [path])


@pytest.mark.parametrize("linked", [False, True], ids=["itself", "behind a link"])
def test_what_is_no_file_is_written_to_and_stays_what_it_is(linked: bool, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    path = tmp_path / "link" if linked else pipe
    if linked:
        path.symlink_to(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_whole(path, b"text")
        assert os.read(reader, 10) == b"text"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_link_to_a_file_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"one")
    link.symlink_to(file)
    write_whole(link, b"two")
    assert (link.is_symlink(), file.read_bytes()) == (True, b"two")


def test_folder_is_no_place_for_a_file(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be written: Is a directory"):
        write_whole(tmp_path, b"text")
