"""Files of what was distilled."""

from __future__ import annotations

from pathlib import Path

import pytest

from conformance import places
from conformance.programs.notation.model import Listing
from conformance.run.errors import UsageError
from conformance.search.distill.files import Already, default_root, path_of, read, write
from conformance.search.distill.promising import listing
from conformance.syscalls.machinery.table import chapters
from tests.conformance.search.distill.native_lane import ENOENT, NOWHERE, OPEN, given


def some() -> list[Listing]:
    """Two programs."""
    return [listing("succeeds", given(OPEN, 0)), listing("enoent-of-path", given(NOWHERE, ENOENT))]


def test_a_file_is_read_as_it_was_written_with_its_programs_by_name(tmp_path: Path) -> None:
    path = write("openat", tmp_path, some())
    assert path == tmp_path / "files" / "call_openat.calls"
    found = read("openat", tmp_path).listings
    assert [each.name for each in found] == ["enoent-of-path", "succeeds"]
    text = path.read_text()
    assert text.startswith("# Distilled: ")
    assert '"openat(2): what Linux does, fact by fact"' in text
    write("openat", tmp_path, reversed(found))
    assert path.read_text() == text


def test_without_a_program_there_is_no_file(tmp_path: Path) -> None:
    assert write("openat", tmp_path, []) is None
    assert read("openat", tmp_path) == Already()
    write("openat", tmp_path, some())
    assert write("openat", tmp_path, []) is None
    assert not path_of("openat", tmp_path).exists()
    assert read("openat", tmp_path) == Already()


def test_a_file_that_somebody_has_written_is_left_alone(tmp_path: Path) -> None:
    path = path_of("openat", tmp_path)
    path.parent.mkdir()
    path.write_text(f'"Mine"\n\nsucceeds:\n    {OPEN} = ok\n')
    with pytest.raises(UsageError, match="is a file that somebody has written"):
        read("openat", tmp_path)


def test_a_program_that_cannot_be_read_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    path = write("openat", tmp_path, some())
    assert path is not None
    path.write_text(path.read_text().replace('"absent", O_RDWR', '"absent", O_GONE'))
    found = read("openat", tmp_path)
    assert [each.name for each in found.listings] == ["succeeds"]
    assert found.unreadable == ("enoent-of-path",)


def test_every_call_has_its_file_in_an_area_of_cases() -> None:
    areas = {path_of(call, places.CASES).parent.name for call in chapters()}
    assert areas - {each.name for each in places.CASES.iterdir() if each.is_dir()} <= {"system"}


def test_without_a_checkout_a_folder_must_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert default_root() == places.CASES
    monkeypatch.setattr(places, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="name a folder"):
        default_root()
