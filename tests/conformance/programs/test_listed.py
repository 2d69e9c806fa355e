from __future__ import annotations

from pathlib import Path

import pytest

from conformance.programs.listed import files, listed, listings
from conformance.programs.notation.errors import NotationError

TEXT = """\
# Whose file it is.
"Opening \\"files\\": é"  # and more

# about the first
first:
    getpid() = ok

# about the second

second: needs root [kernel >= 5.3]  # since then
    r0 = openat(
        AT_FDCWD,
        "second:",
        O_RDONLY
    )
    close(r0)
    # at its end
# about nothing
"""


def written(folder: Path, text: str = TEXT) -> Path:
    """A file with that text."""
    path = folder / "opening.calls"
    path.write_text(text, encoding="utf-8")
    return path


def test_programs_are_found_with_names_lines_and_titles(tmp_path: Path) -> None:
    found = listed(written(tmp_path))
    assert [(each.name, each.line, each.title) for each in found] == [("first", 5, "first"), ("second", 10, "second")]
    assert {each.feature for each in found} == {'Opening "files": é'}


def test_a_program_alone_says_the_same_as_in_its_file(tmp_path: Path) -> None:
    for alone, listing in listings(written(tmp_path)):
        assert alone.listing().steps == listing.steps
        assert (alone.listing().needs, alone.listing().condition) == (listing.needs, listing.condition)


def test_a_file_without_a_title_has_none(tmp_path: Path) -> None:
    assert listed(written(tmp_path, "one:\n    getpid()\n"))[0].feature == ""


def test_a_file_may_have_a_title_alone(tmp_path: Path) -> None:
    assert listed(written(tmp_path, '"Nothing yet"\n')) == []


def test_the_hash_is_of_the_text_of_a_program_and_of_nothing_beside_it(tmp_path: Path) -> None:
    one, two = listed(written(tmp_path))
    changed = TEXT.replace("about the second", "of the second").replace("Whose", "His").replace("about nothing", "")
    again = listed(written(tmp_path, changed))
    assert [each.hash for each in again] == [one.hash, two.hash]
    other = listed(written(tmp_path, TEXT.replace("close(r0)", "close(r0) = 0")))
    assert (other[0].hash, other[1].hash != two.hash) == (one.hash, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("one:\n    getpid()\none:\n    getuid()\n", ":3:1: the program one is there twice: in line 1 too"),
        ("one:\n    getpid(\n", "opening.calls:3:1:"),
        ("one:\n    getpid()\n\ntwo:\n    close(1, 2)\n", "opening.calls:5:14: close takes 1 arguments"),
        ("one:\n    vfork()\n", "one: call 0, vfork, is one that no program makes: it could run away"),
        (
            "one:\n    kill(1, SIGKILL)\n",
            "one: a call of it reaches for what is not a program's own: memory, processes or keys",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(NotationError) as error:
        listings(written(tmp_path, text))
    assert message in str(error.value)


def test_what_is_wrong_with_one_program_is_found_when_it_is_read_and_others_can_be(tmp_path: Path) -> None:
    one, two = listed(written(tmp_path, "one:\n    getpid()\n\ntwo:\n    close(1, 2)\n"))
    assert one.listing().name == "one"
    with pytest.raises(NotationError, match=r"opening\.calls:5:14: close takes 1 arguments"):
        two.listing()


def test_a_file_of_which_nothing_is_wanted_is_not_parsed_and_one_without_programs_is(tmp_path: Path) -> None:
    path = written(tmp_path, "one:\n    getpid()\n\ntwo:\n    close(1, 2)\n")
    assert listings(path, lambda each: each.name == "three") == []
    with pytest.raises(NotationError, match="close takes 1 arguments"):
        listings(path, lambda each: each.name == "one")
    with pytest.raises(NotationError, match="is no name of a program"):
        listings(written(tmp_path, "One:\n    getpid()\n"), lambda _: False)


def test_a_file_that_is_no_utf_8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.calls"
    path.write_bytes(b'"\xff"\none:\n    getpid()\n')
    with pytest.raises(NotationError, match="it is no UTF-8"):
        listed(path)


def test_files_are_found_in_all_areas_in_order(tmp_path: Path) -> None:
    for name in ("b/two.calls", "a/one.calls", "a/test_it.py", "c/deep/three.calls"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert [path.relative_to(tmp_path).as_posix() for path in files(tmp_path)] == [
        "a/one.calls",
        "b/two.calls",
        "c/deep/three.calls",
    ]
