"""Identities: which user and group ids a process may take, and what it may not gain (credentials(7))."""

from __future__ import annotations

from errno import EINVAL, EPERM

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import EXIT_WITH_RESULT, call
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.credentials import geteuid, getresgid, getresuid, setresuid, setuid
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.prctl import PR_GET_NO_NEW_PRIVS, PR_SET_NO_NEW_PRIVS, prctl

KEEP = -1
NOBODY = 65534

pytestmark = pytest.mark.needs("root")


def users() -> list[int]:
    """Real, effective and saved user id."""
    found = [Buffer(4) for _ in range(3)]
    getresuid(*found)
    return [each.int_at(0) for each in found]


def groups() -> list[int]:
    """Real, effective and saved group id."""
    found = [Buffer(4) for _ in range(3)]
    getresgid(*found)
    return [each.int_at(0) for each in found]


def test_user_may_take_the_ids_that_it_has() -> None:
    setresuid(1001, 1002, 1003)
    assert users() == [1001, 1002, 1003]
    setresuid.fails_with(EPERM, KEEP, 1004, KEEP)
    setresuid(KEEP, 1003, KEEP)
    assert users() == [1001, 1003, 1003]
    setuid(1001)
    assert users() == [1001, 1001, 1003]
    setuid.fails_with(EPERM, 1002)


@pytest.mark.needs("x86_64")
@pytest.mark.parametrize("bound", [False, True], ids=["plain", "no-new-privs"])
def test_set_user_id_program_gains_nothing_once_no_new_privileges_are_wanted(bound: bool) -> None:
    """PR_SET_NO_NEW_PRIVS (Linux 3.5) is inherited and cannot be unset. The user is 77, the program root's."""
    path = new_program(b"program", call(geteuid) + EXIT_WITH_RESULT, mode=0o4755)
    setresuid(77, 77, 77)
    if bound:
        prctl(PR_SET_NO_NEW_PRIVS, 1)
        prctl.fails_with(EINVAL, PR_SET_NO_NEW_PRIVS, 0)
    assert prctl(PR_GET_NO_NEW_PRIVS) == bound
    assert in_child(lambda: execve(path, None, None)) == (77 if bound else 0)
