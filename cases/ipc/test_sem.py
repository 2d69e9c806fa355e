"""Semaphores of System V: sets of counters that are changed together, or not at all (semop(2))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EIDRM, EINVAL

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.waiting import until
from conformance.syscalls.ipc.sem import (
    GETALL,
    GETNCNT,
    GETPID,
    GETVAL,
    SEM_UNDO,
    SETALL,
    semctl,
    semget,
    semop,
    semtimedop,
)
from conformance.syscalls.ipc.sysv import IPC_NOWAIT, IPC_PRIVATE, IPC_RMID
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.time.clocks import Timespec

LARGEST = 32767
"""SEMVMX."""

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker


def semaphores(*values: int) -> int:
    """A set with these values."""
    id = semget(IPC_PRIVATE, len(values), 0o600)
    semctl(id, 0, SETALL, struct.pack(f"={len(values)}H", *values))
    return id


def values(id: int, count: int) -> list[int]:
    """The values of a set."""
    found = Buffer(2 * count)
    semctl(id, 0, GETALL, found)
    return list(struct.unpack(f"={count}H", bytes(found)))


def change(number: int, by: int, flags: int = 0) -> bytes:
    """A `struct sembuf`."""
    return struct.pack("=Hhh", number, by, flags)


def test_operations_are_done_all_or_none() -> None:
    id = semaphores(1, 0)
    semop.fails_with(EAGAIN, id, change(0, -1) + change(1, -1, IPC_NOWAIT), 2)
    assert values(id, 2) == [1, 0]
    semop(id, change(0, -1) + change(1, 2), 2)
    assert values(id, 2) == [0, 2]
    semop(id, change(0, 0), 1)
    assert semctl(id, 1, GETPID) == getpid()


def test_what_is_to_be_undone_is_undone_at_exit() -> None:
    id = semaphores(3, 0)

    def child() -> None:
        semop(id, change(0, -2, SEM_UNDO) + change(1, 2, SEM_UNDO), 2)
        assert values(id, 2) == [1, 2]

    assert in_child(child) == 0
    assert values(id, 2) == [3, 0]


@pytest.mark.parametrize("timed", [False, True], ids=["semop", "semtimedop"])
def test_removal_wakes_who_waits_with_eidrm(timed: bool) -> None:
    id = semaphores(0)

    def wait() -> None:
        if timed:
            semtimedop.fails_with(EIDRM, id, change(0, -1), 1, Timespec(tv_sec=15))
        else:
            semop.fails_with(EIDRM, id, change(0, -1), 1)

    pid = fork_child(wait)
    until(lambda: semctl(id, 0, GETNCNT) == 1)
    semctl(id, 0, IPC_RMID)
    assert exit_status(pid) == 0
    semctl.fails_with((EINVAL, EIDRM), id, 0, GETVAL)
