from __future__ import annotations

import pytest

from conformance.matrix.expectations.files import ExpectationError, TargetFile
from conformance.matrix.expectations.foreign.formats import Format, Wanted, is_case, read, write
from conformance.matrix.expectations.foreign.notes import Unread
from conformance.model import Expectation, ExpectationKind, Verdict

FUNCTIONS = {
    "netlink/test_audit.py::test_status",
    "netlink/test_audit.py::test_rules",
    "files/test_open.py::test_modes",
}
WANTED = Wanted("wsl1", "wsl1", Verdict.MISSING, "2026-01-01")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("netlink/test_audit.py::test_status", True),
        ("netlink/test_audit.py::*", True),
        ("netlink/*", True),
        ("files/test_open.py::test_modes[rw]", True),
        ("files/test_open.py::test_modes[*", True),
        ("*::test_mode?", True),
        ("fuzz/gvisor/*", True),
        ("files/test_open.py::test_mode", False),
        ("netlink/test_audit.py", False),
        ("fork13", False),
        ("Epoll*", False),
    ],
)
def test_a_name_is_ours_if_it_is_that_of_a_case_or_a_glob_over_some(name: str, expected: bool) -> None:
    assert is_case(name, FUNCTIONS) is expected


def test_what_is_no_case_here_is_told_with_its_line_and_the_rest_is_taken() -> None:
    text = "fork13\n\n# no audit there\nnetlink/test_audit.py::*\nmsgctl10\n"
    found, unread = read(Format.LTP, text, "known.skip", WANTED, FUNCTIONS)
    assert found == [
        Expectation("netlink/test_audit.py::*", "wsl1", Verdict.MISSING, "no audit there", since="2026-01-01")
    ]
    assert unread == [
        Unread(1, "fork13", "there is no such case here"),
        Unread(5, "msgctl10", "there is no such case here"),
    ]


def test_what_is_malformed_is_told_with_the_file_and_the_line() -> None:
    with pytest.raises(ExpectationError, match=r"^known.skip:2: verdict: 'broken' is none of"):
        read(Format.LTP, "# verdict: broken\nnetlink/*\n", "known.skip", WANTED, FUNCTIONS)


@pytest.mark.parametrize("target", ["", "wsl1"])
def test_our_own_file_is_read_as_well(target: str) -> None:
    known = [Expectation("a/*", "wsl1", Verdict.FAILS, message="so", kind=ExpectationKind.BASELINE)]
    text, left = write(Format.TOML, TargetFile("wsl1", known))
    wanted = Wanted(target, "", Verdict.HANG, "")
    assert (read(Format.TOML, text, "x.toml", wanted, ()), left) == ((known, []), [])


def test_of_the_file_of_old_a_target_is_read_or_all_of_them() -> None:
    table = '[[expectation]]\ncase = "a/*"\ntarget = "wsl1"\nverdict = "missing"\nreason = "so"\n'
    text = table + table.replace("wsl1", "gvisor")
    for target, expected in (("", ["gvisor", "wsl1"]), ("wsl1", ["wsl1"]), ("lts", [])):
        found, _ = read(Format.TOML, text, "expectations.toml", Wanted(target, "", Verdict.HANG, ""), ())
        assert [each.target for each in found] == expected
