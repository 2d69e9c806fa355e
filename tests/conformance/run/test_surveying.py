"""The survey as a selection of cases."""

from __future__ import annotations

import pytest

from conformance.run.errors import UsageError
from conformance.run.surveying import branch_name, branches, called, chosen

CASES = [
    "survey/test_calls.py::test_numbers[syscall]",
    "survey/test_entries.py::test_entries[proc-sys]",
    "survey/test_entries.py::test_entries[proc-sys-net]",
    "survey/test_entries.py::test_entries[proc-system]",
    "survey/test_protocols.py::test_protocols_of_ip",
]


def test_a_branch_is_called_as_its_case_is() -> None:
    assert branches(CASES) == ["numbers-syscall", "proc-sys", "proc-sys-net", "proc-system", "protocols-of-ip"]
    assert branch_name("survey/test_entries.py::test_entries[dev]") == "dev"


def test_a_branch_has_those_below_it_and_no_others_of_its_beginning() -> None:
    assert chosen(CASES, ["proc-sys", "numbers"]).cases == (*CASES[1:3], CASES[0])


def test_without_a_name_all_are_meant() -> None:
    assert all(chosen(CASES, []).takes(case) for case in CASES)
    assert not chosen(CASES, []).takes("proc/test_self.py::test_a")


def test_a_branch_that_is_none_is_said_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"there is no branch proc-s; the branches are numbers-syscall, proc-sys, "):
        chosen(CASES, ["proc-s"])


def test_a_number_is_called_by_its_call_where_the_table_is_that_of_the_machine() -> None:
    assert called()("numbers-syscall", "039") == "getpid"
    assert called()("numbers-int80", "039") == ""
    assert called()("numbers-x32", "511") == ""
