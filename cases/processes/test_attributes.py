"""What a process carries with it: prctl(2) and personality(2)."""

from __future__ import annotations

from errno import EINVAL

import pytest

from conformance.syscalls.help.child import in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.executing import ADDR_NO_RANDOMIZE, PER_QUERY, personality
from conformance.syscalls.processes.prctl import PR_GET_DUMPABLE, PR_SET_DUMPABLE, prctl

UNKNOWN_OPTION = 0x7FFF0000


@pytest.mark.needs("root")
def test_change_of_user_takes_dumpability() -> None:
    assert prctl(PR_GET_DUMPABLE) == 1
    prctl.fails_with(EINVAL, PR_SET_DUMPABLE, 2)
    prctl.fails_with(EINVAL, UNKNOWN_OPTION)

    def child() -> None:
        setresuid(65533, 65533, 65533)
        assert prctl(PR_GET_DUMPABLE) != 1
        prctl(PR_SET_DUMPABLE, 1)
        assert prctl(PR_GET_DUMPABLE) == 1

    assert in_child(child) == 0


def test_personality_is_returned_when_it_is_changed_and_is_inherited() -> None:
    before = personality.or_missing("asking for the personality", EINVAL, PER_QUERY)
    assert personality.or_missing("ADDR_NO_RANDOMIZE", EINVAL, before | ADDR_NO_RANDOMIZE) == before
    assert personality(PER_QUERY) == before | ADDR_NO_RANDOMIZE
    assert in_child(lambda: personality(PER_QUERY) != before | ADDR_NO_RANDOMIZE) == 0
