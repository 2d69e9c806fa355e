from __future__ import annotations

from pathlib import Path

import pytest

from conformance.programs.listed import listings, parsed
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.model import Listing
from conformance.run import reading

TEXT = """"Files: a feature"

one:
    getpid() = 7
two:
    getuid()
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where it is kept what was read: empty."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "programs"


def read(tmp_path: Path, text: str = TEXT) -> list[Listing]:
    """A file of that text, by way of the cache."""
    path = tmp_path / "a.calls"
    path.write_text(text)
    return [listing for _, listing in listings(path, parse=reading.remembered)]


def kept(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file()]


def test_is_parsed_once(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = read(tmp_path)
    assert [listing.name for listing in first] == ["one", "two"]
    assert first == [listing for _, listing in listings(tmp_path / "a.calls")]
    monkeypatch.setattr(reading, "parsed", lambda *_: pytest.fail("it is parsed again"))
    assert read(tmp_path) == first
    assert len(kept(cache)) == 1


def test_what_has_changed_is_parsed(tmp_path: Path) -> None:
    read(tmp_path)
    (one, _) = read(tmp_path, TEXT.replace("= 7", "= 8"))
    assert one == parsed_alone(tmp_path, TEXT.replace("= 7", "= 8"))
    assert one != read(tmp_path)[0]


def parsed_alone(tmp_path: Path, text: str) -> Listing:
    (tmp_path / "b.calls").write_text(text)
    return listings(tmp_path / "b.calls")[0][1]


def test_what_cannot_be_parsed_is_not_kept(tmp_path: Path, cache: Path) -> None:
    for _ in range(2):
        with pytest.raises(NotationError, match=r"a\.calls:2"):
            read(tmp_path, "one:\n    no_such_call()\n")
    assert kept(cache) == []


def test_what_no_program_may_do_is_said_of_every_program(tmp_path: Path) -> None:
    path = tmp_path / "a.calls"
    text = TEXT + "\nthree:\n    vfork()\n"
    path.write_text(text)
    with pytest.raises(NotationError, match="three"):
        listings(path, lambda each: each.name == "one", parsed)
