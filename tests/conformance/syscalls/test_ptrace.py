from __future__ import annotations

from conformance.syscalls.machinery.kinds import MASK, Names
from conformance.syscalls.ptrace import MaybePid, ptrace, ptrace_get, ptrace_peek


def test_a_number_that_a_request_is_given_is_compared_as_it_is() -> None:
    assert ptrace.parameters[3].kind.normal(0x1234, Names()) == 0x1234


def test_memory_that_a_request_fills_is_compared_where_it_is_known_what_it_holds() -> None:
    told, word = ptrace_get.parameters[3].kind, ptrace_peek.parameters[3].kind
    assert told.normal("anything", Names()) == MASK
    assert told.normal({"pid": 77}, Names()) == {"pid": "pid#1"}
    assert word.normal("anything", Names()) == "anything"


def test_a_register_holds_a_pid_where_it_holds_one_that_is_known() -> None:
    names = Names()
    names.name("pid", 77)
    assert [MaybePid().normal(seen, names) for seen in (77, 78, 1)] == ["pid#1", 78, 1]
