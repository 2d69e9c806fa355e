"""A survey on a terminal: entry by entry."""

from __future__ import annotations

import pytest

from conformance.matrix.build import build
from conformance.model import Expectation, Json, Matrix, Outcome, Verdict
from conformance.text import cells
from reports.survey import ABSENT, ONLY, OTHER, SHOWN, Differing, Names, differing, folded, render, sort_of
from tests.builders import record, result

NAMES = Names(lambda case: case.partition("::test_")[2], lambda branch, entry: "getpid" if entry == "039" else "")
READ = "-r--r--r--"


def matrix(theirs: dict[str, Json], mine: dict[str, Json], *known: Expectation) -> Matrix:
    """One branch, on native and on another."""
    said = [result(observations=each, case="survey/test_a.py::test_branch") for each in (theirs, mine)]
    return build([record(name, each) for name, each in zip(("native", "other"), said, strict=True)], "native", known)


def said(theirs: dict[str, Json], mine: dict[str, Json], *known: Expectation, full: bool = False) -> list[str]:
    return render(matrix(theirs, mine, *known), 100, NAMES, full=full).splitlines()


def test_what_is_not_here_what_is_only_here_and_what_is_another_are_told_apart() -> None:
    assert said({"/a": READ, "/b": READ, "039": "EPERM"}, {"/b": "-rw-r--r--", "/c": READ, "039": "succeeds"}) == [
        "other",
        "  branch: 4 of 4 entries differ from native",
        "    not here: 1",
        "      /a",
        "    only here: 1",
        "      /c",
        "    another mode: 1",
        "      /b: -rw-r--r-- (native: -r--r--r--)",
        "    otherwise: 1",
        "      039 getpid: succeeds (native: EPERM)",
    ]


@pytest.mark.parametrize(
    ("theirs", "mine", "sort"),
    [
        (READ, "dr--r--r--", "another type"),
        (READ, "-rw-r--r--", "another mode"),
        (READ, f"{READ}, open: EACCES", "another errno of open"),
        (f"{READ}, read: EIO", f"{READ}, read: EINVAL", "another errno of read"),
        (f"{READ}, columns: 3", f"{READ}, columns: 4", "other columns"),
        ("EINVAL", "ENOSYS", OTHER),
        ("succeeds", "ENOTSUPPED", OTHER),
        (READ, "stat: EACCES", OTHER),
    ],
)
def test_a_file_that_is_another_is_told_by_what_is(theirs: str, mine: str, sort: str) -> None:
    assert sort_of(theirs, mine) == sort


def test_what_lies_below_an_entry_that_is_not_there_is_counted() -> None:
    found = differing({"/a": "d", "/a-b": READ, "/a/b": READ, "/a/b key": "key", "/c": READ}, {"/c": READ}, "native")
    assert folded(found) == [Differing("/a", ABSENT, below=2), Differing("/a-b", ABSENT)]


def test_what_can_be_seen_into_no_more_says_how_much_was_there() -> None:
    theirs: dict[str, Json] = {"/a": READ, "/a key": "key", "vsock": "there", "vsock dgram": "succeeds"}
    found = differing(theirs, {"/a": f"{READ}, open: EACCES", "vsock": "EAFNOSUPPORT"}, "native")
    assert [(each.name, each.below) for each in folded(found)] == [("/a", 1), ("vsock", 1)]
    theirs = {"/a": READ, "/a key": "key"}
    assert len(folded(differing(theirs, {"/a": f"{READ}, columns: 3"}, "native"))) == 2


def test_what_is_otherwise_below_an_entry_is_not_folded() -> None:
    found = differing({"/a": READ, "/a key": "key"}, {"/a key": "other", "/a new": "key"}, "native")
    assert [each.sort for each in folded(found)] == [ABSENT, OTHER, ONLY]


@pytest.mark.parametrize("full", [False, True])
def test_a_long_list_is_cut_unless_all_is_asked_for(full: bool) -> None:
    lines = said({f"/{at:02}": READ for at in range(SHOWN + 5)}, {}, full=full)
    assert ("      … 5 more (--full)" in lines) is not full
    assert (f"      /{SHOWN:02}" in lines) is full
    assert f"    not here: {SHOWN + 5}" in lines


def test_branches_that_are_the_same_are_named() -> None:
    assert said({"/a": READ}, {"/a": READ}) == ["other", "  the same: branch"]


def test_a_branch_that_did_not_pass_says_so() -> None:
    results = [
        result(case="survey/test_a.py::test_branch"),
        result(Outcome.MISSING, message="AF_ALG", case="survey/test_a.py::test_branch"),
    ]
    found = build([record(name, each) for name, each in zip(("native", "other"), results, strict=True)], "native")
    assert render(found, 100, NAMES).splitlines()[1].startswith("  branch: missing: AF_ALG")


def test_an_expectation_is_told_with_the_branch() -> None:
    known = Expectation("survey/*", "other", Verdict.DIFFERS, "as it is")
    assert said({"/a": READ}, {}, known)[1] == "  branch: 1 of 1 entry differ from native (expected: as it is)"


def test_what_a_guest_said_obeys_no_terminal_and_fits_it() -> None:
    text = render(matrix({}, {"/\x1b[31m" + "x " * 90: ["\x1b", 1]}), 60, NAMES)
    assert "\x1b" not in text
    assert all(cells(line) <= 60 for line in text.splitlines())


def test_a_reference_alone_has_nothing_to_be_told() -> None:
    assert render(build([record("native", result())], "native"), 80, NAMES) == ""
