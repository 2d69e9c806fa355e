from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.matrix.expectations.files import TargetFile, dump, parse
from conformance.model import Expectation, ExpectationKind, Verdict
from conformance.places import SHIPPED
from conformance.run import known
from conformance.run.errors import UsageError
from conformance.run.known import LARGE, Known, default_place, is_old, load, write
from tests.suite import SOURCES

ENTRY = '[[explained]]\ncase = "a/*"\nverdict = "missing"\nreason = "so"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


# -- where


def test_the_folder_here_comes_before_the_file_of_old_and_that_before_what_ships(here: Path) -> None:
    assert default_place() == SHIPPED[0] / "expectations"
    (here / "expectations.toml").touch()
    assert default_place() == Path("expectations.toml")
    (here / "expectations").mkdir()
    assert default_place() == Path("expectations")


# -- reading


def test_a_folder_has_a_file_a_target(here: Path) -> None:
    (here / "gvisor.toml").write_text(ENTRY)
    (here / "mine.toml").write_text(f'target = "wsl1"\n{ENTRY}')
    (here / "notes.md").write_text("not ours")
    assert [each.target for each in load(here).expectations] == ["gvisor", "wsl1"]


def test_a_file_alone_is_that_of_the_target_it_is_called_after(here: Path) -> None:
    (here / "lts.toml").write_text(ENTRY)
    assert [each.target for each in load(here / "lts.toml").expectations] == ["lts"]


def test_a_large_file_is_parsed_once(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And once more under another name, since it is about another target then."""
    monkeypatch.setenv("CONFORMANCE_CACHE", str(here / "cache"))
    text = "".join(ENTRY.replace("a/*", f"a/{number}") for number in range(LARGE // len(ENTRY) + 1))
    (here / "lts.toml").write_text(text)
    first = load(here)
    assert len(first.expectations) > 200
    (here / "wsl2.toml").write_text(text)
    assert load(here / "wsl2.toml").expectations == [replace(each, target="wsl2") for each in first.expectations]
    (here / "wsl2.toml").unlink()
    monkeypatch.setattr(known, "parse", lambda *_: pytest.fail("it is parsed again"))
    assert load(here) == first
    (here / "lts.toml").write_text(f"{text}\nnonsense")
    monkeypatch.undo()
    with pytest.raises(UsageError, match=r"lts\.toml:\d+: "):
        load(here)


def test_nothing_is_expected_by_a_folder_or_a_file_that_is_empty(here: Path) -> None:
    assert load(here).expectations == load(Path("/dev/null")).expectations == []


def test_two_files_of_one_target_are_refused(here: Path) -> None:
    (here / "gvisor.toml").write_text(ENTRY)
    (here / "mine.toml").write_text(f'target = "gvisor"\n{ENTRY}')
    with pytest.raises(
        UsageError, match=r"mine\.toml is about gvisor, as .*gvisor\.toml is: give each target one file"
    ):
        load(here)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"\xff\xfe\0", "lts.toml: 'utf-8' codec"),
        (b"[[explained]\n", "lts.toml:1: Expected ']]'"),
        (b"[[expectation]\n]", "lts.toml:1: Expected ']]'"),
        (b"a = " + b"[" * 20_000, "lts.toml:1: it is nested too deep"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_name(here: Path, content: bytes, told: str) -> None:
    (here / "lts.toml").write_bytes(content)
    for place in (here, here / "lts.toml"):
        with pytest.raises(UsageError) as found:
            load(place)
        assert f"{here}/{told}" in str(found.value)


def test_a_file_of_old_in_a_folder_is_told_how_to_move_on(here: Path) -> None:
    (here / "lts.toml").write_text('[[expectation]]\ncase = "a"\n')
    with pytest.raises(
        UsageError, match=r"lts\.toml:1: expectation is not known here; that is the form of old, and `con"
    ):
        load(here)


def test_what_is_not_there_is_told(here: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.toml: .*No such file"):
        load(here / "absent.toml")


# -- writing

KNOWN = Expectation("a/*", "wsl1", Verdict.MISSING, "so")


def test_only_what_has_changed_is_written(here: Path) -> None:
    before = Known(here / "own").with_entries([KNOWN, Expectation("a/*", "lts", Verdict.FAILS, "so")])
    assert len(write(before, Known(here / "own"))) == 2
    again = load(here / "own")
    assert again.expectations == [*again.of("lts").entries, KNOWN]
    after = again.with_entries([*again.expectations, Expectation("b/*", "wsl1", Verdict.FAILS, "so")])
    assert write(after, again) == [here / "own/wsl1.toml"]


def test_a_file_keeps_its_name_and_what_its_entries_share(here: Path) -> None:
    (here / "mine.toml").write_text(f'# Mine.\ntarget = "wsl1"\n[shared]\nlink = "l"\n{ENTRY}')
    before = load(here)
    write(before.with_entries([*before.expectations, Expectation("b/*", "wsl1", Verdict.FAILS, "so", "l")]), before)
    text = (here / "mine.toml").read_text()
    assert text.startswith('# Mine.\n\ntarget = "wsl1"\n\n[shared]\nlink = "l"\n')
    assert text.count("link") == 1


def test_a_target_of_which_nothing_is_expected_any_more_keeps_a_file_that_says_so(here: Path) -> None:
    (here / "wsl1.toml").write_text(f"# Known.\n\n{ENTRY}")
    before = load(here)
    write(before.with_entries([]), before)
    assert (here / "wsl1.toml").read_text() == "# Known.\n"


def test_what_could_not_be_read_again_is_not_written(here: Path) -> None:
    place = Known(here / "own")
    bad = Expectation("a/\x1b", "wsl1", Verdict.FAILS, "so")
    with pytest.raises(UsageError, match="nothing was written, since it could not be read again"):
        write(place.with_entries([bad]), place)
    assert not (here / "own").exists()


# -- what ships


def shipped() -> list[Path]:
    """The suite's files."""
    return sorted((SOURCES / "expectations").glob("*.toml"))


@pytest.mark.parametrize("path", shipped(), ids=lambda path: path.stem)
def test_a_file_that_ships_is_as_the_command_would_write_it(path: Path) -> None:
    text = path.read_text()
    assert dump(parse(text, path.stem, path.name)) == text


def test_a_baseline_that_ships_is_of_a_version() -> None:
    found = load(SOURCES / "expectations").expectations
    assert len(found) > 500
    assert [each.case for each in found if each.kind is ExpectationKind.BASELINE and not each.when] == []


def test_the_file_in_the_documentation_is_one() -> None:
    text = (SOURCES / "docs/expectations.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    file = parse(example, "gvisor", "gvisor.toml")
    explained, baseline = file.entries
    assert isinstance(file, TargetFile)
    assert (explained.when, baseline.when) == ("", "runsc == 20240729")


# -- places


ONE = Expectation("a/test_a.py::test_1", "lts", Verdict.FAILS, "there is none")
TWO = Expectation("a/test_a.py::test_2", "wsl2", Verdict.MISSING, "there is none either")
SEEN = replace(ONE, case="a/test_a.py::test_3", reason="", kind=ExpectationKind.BASELINE, message="no")
OF_OLD = '[[expectation]]\ncase = "a/test_a.py::test_1"\ntarget = "lts"\nverdict = "fails"\nreason = "there is none"\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder in which two targets have a file."""
    write(Known(tmp_path / "own").with_entries([ONE, SEEN, TWO]), Known(tmp_path / "own"))
    return tmp_path / "own"


def test_the_file_of_old_is_known_by_its_form(tmp_path: Path) -> None:
    (tmp_path / "old.toml").write_text(OF_OLD)
    assert is_old(tmp_path / "old.toml")
    assert not is_old(tmp_path / "absent.toml")
    found = load(tmp_path / "old.toml")
    assert found.old
    assert [(each.case, each.target) for each in found.expectations] == [(ONE.case, "lts")]
    with pytest.raises(UsageError, match="has the form of old, which is not written any more"):
        write(found, found)


def test_a_file_may_be_called_otherwise_if_it_says_whom_it_is_about(place: Path) -> None:
    (place / "wsl2.toml").rename(place / "mine.toml")
    (place / "mine.toml").write_text(f'target = "wsl2"\n{(place / "mine.toml").read_text()}')
    assert load(place).paths["wsl2"] == place / "mine.toml"


def test_elsewhere_all_files_are_written(place: Path, tmp_path: Path) -> None:
    before = load(place)
    there = replace(before, path=tmp_path / "other", paths={})
    assert write(there, before) == [tmp_path / "other" / "lts.toml", tmp_path / "other" / "wsl2.toml"]


def test_a_file_of_one_target_takes_no_other(place: Path) -> None:
    before = load(place / "wsl2.toml")
    with pytest.raises(UsageError, match=r"wsl2\.toml is a file of one target, wsl2, and nothing was written of lts"):
        write(before.with_entries([*before.expectations, ONE]), before)
