from __future__ import annotations

from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.processes.creating import clone


def test_flags_have_the_names_of_what_is_shared_and_of_namespaces_too() -> None:
    assert clone.parameters[0].kind.show(0x40000000 | 0x1000 | 0x100) == "CLONE_NEWNET|CLONE_PIDFD|CLONE_VM"


def test_where_clone_stores_a_thread_it_is_compared_as_one_and_where_a_pidfd_as_an_fd() -> None:
    kind = clone.parameters[2].kind
    assert kind.normal({"tid": 77}, Names()) == {"tid": "pid#1"}
    assert kind.normal({"pidfd": 77}, Names()) == {"pidfd": "fd#1"}
