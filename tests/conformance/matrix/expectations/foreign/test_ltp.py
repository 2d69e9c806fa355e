from __future__ import annotations

from hypothesis import given, settings

from conformance.matrix.expectations.files import TargetFile
from conformance.matrix.expectations.foreign.formats import Format, Wanted, read, write
from conformance.matrix.expectations.foreign.ltp import read as items
from conformance.model import Expectation, Verdict
from tests.conformance.matrix.expectations.strategies import CASES, lists

SKIP = """\
# Tests that are skipped on HiKey.

# runs long and hangs the machine
#   https://bugs.example.org/3719
fork13
fork14	# on this board

msgctl10

#fanotify06
"""


def test_a_skip_file_has_a_test_a_line_under_its_comment() -> None:
    found, unread = items(SKIP)
    assert [(each.name, each.line) for each in found] == [("fork13", 5), ("fork14", 6), ("msgctl10", 8)]
    assert [list(each.notes) for each in found] == [
        ["runs long and hangs the machine", "https://bugs.example.org/3719"],
        ["runs long and hangs the machine", "https://bugs.example.org/3719"],
        [],
    ]
    assert unread == []


@settings(deadline=None)
@given(lists("wsl1", CASES))
def test_what_was_written_is_read_again(known: list[Expectation]) -> None:
    text, left = write(Format.LTP, TargetFile("wsl1", known))
    assert left == []
    wanted = Wanted("wsl1", "wsl1", Verdict.HANG, "")
    functions = {each.case.partition("[")[0] for each in known}
    again, unread = read(Format.LTP, text, "known.skip", wanted, functions)
    assert sorted(map(repr, again)) == sorted(map(repr, known))
    assert unread == []


def test_a_list_has_each_case_under_what_is_known_of_it() -> None:
    known = [
        Expectation(
            "a/test_b.py::test_c", "wsl1", Verdict.MISSING, "it has none", "https://example.org/", "build == 19041"
        ),
    ]
    text, _ = write(Format.LTP, TargetFile("wsl1", known))
    assert text.endswith("""
# it has none
# verdict: missing
# link: https://example.org/
# when: build == 19041
a/test_b.py::test_c
""")


def test_a_case_with_a_space_in_its_name_cannot_be_written() -> None:
    known = Expectation("a/test_b.py::test_c[x y]", "wsl1", Verdict.FAILS, "so")
    text, left = write(Format.LTP, TargetFile("wsl1", [known]))
    assert (left, "test_c" in text) == ([known], False)
