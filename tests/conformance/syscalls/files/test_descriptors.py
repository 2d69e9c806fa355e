from __future__ import annotations

from conformance.syscalls.files.descriptors import SOMEBODY
from conformance.syscalls.machinery.kinds import Names


def test_an_owner_is_numbered_and_no_resource() -> None:
    assert [SOMEBODY.normal(each, Names()) for each in (0, -1, 77)] == [0, -1, "pid#1"]
    assert SOMEBODY.family is None
