"""Which calls somebody means."""

from __future__ import annotations

import pytest

from conformance.mutate.naming import labels_of
from conformance.run.errors import UsageError
from conformance.syscalls.machinery.table import chapters


def test_all_are_meant_where_nothing_is_said() -> None:
    assert labels_of((), ()) == list(chapters())


def test_a_chapter_is_all_of_its_calls() -> None:
    assert "unshare" in labels_of(("namespaces", "time"), ())
    assert {chapters()[label] for label in labels_of(("namespaces", "time"), ())} == {"namespaces", "time"}


def test_a_call_has_its_operations_with_it_and_an_operation_is_alone() -> None:
    assert {"fcntl", "fcntl_setfl", "fcntl_getfd"} <= set(labels_of((), ("fcntl",)))
    assert labels_of((), ("fcntl_setfl",)) == ["fcntl_setfl"]


@pytest.mark.parametrize(
    ("named", "calls", "said"),
    [
        (("sokets",), (), "there is no chapter sokets; did you mean sockets?; there are "),
        ((), ("statxx",), "--call: there is no system call statxx in the suite's descriptions; did you mean statx"),
        (("sockets",), ("statx",), "no call of statx is in sockets"),
    ],
)
def test_what_is_not_there_is_said(named: tuple[str, ...], calls: tuple[str, ...], said: str) -> None:
    with pytest.raises(UsageError) as raised:
        labels_of(named, calls)
    assert said in str(raised.value)
