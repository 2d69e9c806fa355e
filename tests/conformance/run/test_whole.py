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


def test_pipe_that_has_no_name_is_written_to() -> None:
    reader, writer = os.pipe()
    write_whole(Path(f"/proc/self/fd/{writer}"), b"text")  # as /dev/stdout is, before `| less`
    assert os.read(reader, 10) == b"text"
    os.close(reader)
    os.close(writer)


def test_full_device_is_one_sentence_and_stays_a_device(tmp_path: Path) -> None:
    # By a link in a folder of ours: the device itself is nobody's to lose should this test ever fail.
    link = tmp_path / "full"
    link.symlink_to("/dev/full")
    with pytest.raises(UserError, match="full cannot be written: No space left on device"):
        write_whole(link, b"text")
    assert link.is_char_device()
