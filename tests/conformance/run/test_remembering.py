from __future__ import annotations

import os
from pathlib import Path

import pytest

from conformance.run import remembering
from conformance.run.remembering import Shelf

SHELF = Shelf("words", ("model.py",), most=3)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept what was made: empty."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "words"


def words(text: str) -> list[str]:
    """What is made of a text, by way of the cache."""
    return SHELF.get(text, text.split)


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def never() -> list[str]:
    pytest.fail("it is made again")


def test_what_was_made_is_not_made_again() -> None:
    assert words("one two") == ["one", "two"] == SHELF.get("one two", never)


def test_another_text_is_another_matter() -> None:
    assert words("one two") != words("one three") == ["one", "three"]


def test_sources_that_have_changed_make_it_anew_and_what_some_earlier_ones_made_is_kept(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    monkeypatch.setattr(remembering, "PACKAGE", package)
    for number in range(remembering.KEPT + 2):
        (package / "model.py").write_text("#" * number)
        remembering.state.cache_clear()
        assert SHELF.get("number", lambda: number) == number  # noqa: B023 - it is called at once, or never
        os.utime(SHELF.folder, (number, number))
    assert len(list(cache.iterdir())) == remembering.KEPT
    assert SHELF.folder.is_dir()
    remembering.state.cache_clear()


def test_what_was_made_of_so_many_texts_is_kept() -> None:
    for number in range(SHELF.most + 2):
        words(str(number))
        for path in SHELF.folder.iterdir():
            os.utime(path, (path.stat().st_mtime - 10,) * 2)
    assert len(list(SHELF.folder.iterdir())) == SHELF.most
    assert SHELF.get(str(SHELF.most + 1), never)
    with pytest.raises(pytest.fail.Exception):
        SHELF.get("0", never)


@pytest.mark.parametrize("damage", [b"", b"x" * 100, None])
def test_what_is_damaged_is_made_anew(cache: Path, damage: bytes | None) -> None:
    words("one two")
    (place,) = kept(cache)
    whole = place.read_bytes()
    place.write_bytes(whole[:-1] if damage is None else damage)
    assert words("one two") == ["one", "two"]
    assert place.read_bytes() == whole


def test_cache_that_cannot_be_written_is_done_without(cache: Path) -> None:
    cache.parent.write_text("")
    assert words("one two") == words("one two") == ["one", "two"]


def test_what_cannot_be_made_is_not_kept(cache: Path) -> None:
    for _ in range(2):
        with pytest.raises(ValueError, match="invalid literal"):
            SHELF.get("one", lambda: int("one"))
    assert kept(cache) == []
