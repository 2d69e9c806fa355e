"""The tables that ship: what they hold, and that their names are those of the kernel's table."""

from __future__ import annotations

from conformance.coverage.documents import Peer, documented, lines, peers, table_of
from conformance.coverage.facts import Documented
from conformance.syscalls.machinery.table import numbers


def test_comments_and_the_names_of_columns_are_no_lines() -> None:
    assert [*lines("# why\nsyscall\terrno\n\nread\tEBADF\n")] == [["read", "EBADF"]]


def test_every_documented_errno_stands_there_once_with_its_pages() -> None:
    found = documented()
    assert len(found) == len({(each.call, each.errno) for each in found}) == 2126
    assert Documented("accept4", "EBADF", ("accept", "accept4")) in found
    assert all(all(each.pages) for each in found)


def test_what_is_documented_is_documented_of_calls() -> None:
    assert {each.call for each in documented()} <= table_of(["x86_64"])


def test_the_table_of_others_is_that_of_the_kernel() -> None:
    assert len(peers()) == 369
    assert peers()["read"] == Peer("read", ltp_programs=4, ltp_errnos=5, gvisor_files=45, gvisor_errnos=9)
    assert table_of(["x86_64"]) == peers().keys()


def test_a_machine_without_a_table_of_its_own_has_the_calls_that_are_described_of_it() -> None:
    found = table_of(["aarch64"])
    assert found < numbers("aarch64").keys()
    assert {"openat", "clone3"} < found
    assert not {"open", "nfsservctl"} & found


def test_of_two_machines_both_tables_count() -> None:
    assert table_of(["x86_64", "aarch64"]) == table_of(["x86_64"]) | table_of(["aarch64"])
    assert table_of([]) == frozenset()
