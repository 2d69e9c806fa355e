from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.expectations.files import TargetFile
from conformance.model import Expectation, ExpectationKind, Verdict
from conformance.run import known as module
from conformance.run.errors import UsageError
from conformance.run.known import FOLDER, OLD, Known, default_place, is_old, load, write

ONE = Expectation("a/test_a.py::test_1", "lts", Verdict.FAILS, "there is none")
TWO = Expectation("a/test_a.py::test_2", "wsl2", Verdict.MISSING, "there is none either")
SEEN = replace(ONE, case="a/test_a.py::test_3", reason="", kind=ExpectationKind.BASELINE, message="no")
OF_OLD = '[[expectation]]\ncase = "a/test_a.py::test_1"\ntarget = "lts"\nverdict = "fails"\nreason = "there is none"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which two targets have a file."""
    write(Known(tmp_path / "own").with_entries([ONE, SEEN, TWO]), Known(tmp_path / "own"))
    return tmp_path / "own"


# -- reading


def test_a_folder_has_a_file_a_target(place: Path) -> None:
    assert sorted(path.name for path in place.iterdir()) == ["lts.toml", "wsl2.toml"]
    found = load(place)
    assert sorted(each.case for each in found.expectations) == [ONE.case, TWO.case, SEEN.case]
    assert [each.target for each in found.of("wsl2").entries] == ["wsl2"]
    assert found.of("gvisor") == TargetFile("gvisor")
    assert found.counts() == Counter({ExpectationKind.EXPLAINED: 2, ExpectationKind.BASELINE: 1})
    assert not found.old


def test_one_file_of_it_can_be_read_alone_and_is_about_whom_it_is_called_after(place: Path) -> None:
    assert [each.target for each in load(place / "wsl2.toml").expectations] == ["wsl2"]


def test_a_file_may_be_called_otherwise_if_it_says_whom_it_is_about(place: Path) -> None:
    (place / "wsl2.toml").rename(place / "mine.toml")
    (place / "mine.toml").write_text(f'target = "wsl2"\n{(place / "mine.toml").read_text()}')
    assert load(place).paths["wsl2"] == place / "mine.toml"


def test_two_files_about_one_target_are_refused(place: Path) -> None:
    (place / "zz.toml").write_text('target = "lts"\n')
    with pytest.raises(UsageError, match=r"zz\.toml is about lts, as .*lts\.toml is"):
        load(place)


@pytest.mark.parametrize(
    ("content", "words"), [(b"[", r"lts\.toml:1: "), (b"\xff", r"lts\.toml: "), (b"[[explained]]\n", r"lts\.toml:1")]
)
def test_a_file_that_is_none_is_told_by_its_name(content: bytes, words: str, place: Path) -> None:
    (place / "lts.toml").write_bytes(content)
    with pytest.raises(UsageError, match=words):
        load(place)


def test_a_place_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml: .*No such file"):
        load(tmp_path / "absent.toml")


def test_the_file_of_old_is_known_by_its_form(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OF_OLD)
    assert is_old(tmp_path / "old.toml")
    assert not is_old(tmp_path / "absent.toml")
    found = load(tmp_path / "old.toml")
    assert found.old
    assert [(each.case, each.target) for each in found.expectations] == [(ONE.case, "lts")]
    with pytest.raises(UsageError, match="has the form of old, which is not written any more"):
        write(found, found)


@pytest.mark.parametrize(
    ("here", "place"),
    [((), None), ((FOLDER,), FOLDER), ((OLD,), OLD), ((FOLDER, OLD), FOLDER)],
    ids=["nothing", "folder", "old", "both"],
)
def test_the_folder_here_comes_before_the_file_of_old(
    here: tuple[Path, ...], place: Path | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(module, "default_path", lambda name: Path(name) if Path(name).exists() else None)
    for each in here:
        each.touch() if each.suffix else each.mkdir()
    assert default_place() == place


# -- writing


def test_only_files_that_changed_are_written(place: Path) -> None:
    before = load(place)
    after = before.with_entries([*before.expectations, replace(TWO, case="a/test_a.py::test_9")])
    assert write(after, before) == [place / "wsl2.toml"]
    assert sorted(map(repr, load(place).expectations)) == sorted(map(repr, after.expectations))
    assert write(after, after) == []


def test_elsewhere_all_files_are_written(place: Path, tmp_path: Path) -> None:
    before = load(place)
    there = replace(before, path=tmp_path / "other", paths={})
    assert write(there, before) == [tmp_path / "other" / "lts.toml", tmp_path / "other" / "wsl2.toml"]


def test_a_file_of_one_target_takes_no_other(place: Path) -> None:
    before = load(place / "wsl2.toml")
    with pytest.raises(UsageError, match=r"wsl2\.toml is a file of one target, wsl2, and nothing was written of lts"):
        write(before.with_entries([*before.expectations, ONE]), before)


def test_what_could_not_be_read_again_is_written_nowhere(place: Path) -> None:
    before = load(place)
    texts = {path: path.read_text() for path in place.iterdir()}
    odd = [replace(ONE, case="a/test_\x1b.py::test_1"), replace(TWO, case="a/test_a.py::test_8")]
    with pytest.raises(UsageError, match="nothing was written, since it could not be read again"):
        write(before.with_entries([*before.expectations, *odd]), before)
    assert {path: path.read_text() for path in place.iterdir()} == texts
