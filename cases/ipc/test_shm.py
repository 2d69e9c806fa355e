"""Shared memory of System V: segments are made, attached, seen by others, and removed (shmget(2), shmop(2))."""

from __future__ import annotations

from errno import EACCES, EIDRM, EINVAL, ENOENT, EPERM

import pytest

from conformance.syscalls.help.child import in_child
from conformance.syscalls.ipc.shm import SHM_RDONLY, ShmidDs, shmat, shmctl, shmdt, shmget
from conformance.syscalls.ipc.sysv import IPC_CREAT, IPC_PRIVATE, IPC_RMID, IPC_STAT
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid

KEY = 0x636F6E66
SHM_DEST = 0o1000

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker


def attached(id: int) -> int:
    """IPC_STAT's count of attachments."""
    state = ShmidDs()
    shmctl(id, IPC_STAT, state)
    return int(state.nattch)


def test_what_a_child_writes_is_there_for_its_parent() -> None:
    id = shmget(IPC_PRIVATE, 100, 0o600)
    address = shmat(id, 0, 0)
    assert memory_at(address, PAGE) == bytes(PAGE)
    assert in_child(lambda: write_memory(address, b"hello")) == 0
    assert memory_at(address, 5) == b"hello"
    state = ShmidDs()
    shmctl(id, IPC_STAT, state)
    assert (state.segsz, state.nattch, state.cpid, state.perm.mode & 0o777) == (100, 1, getpid(), 0o600)


def test_removed_segment_lives_until_it_is_detached() -> None:
    """Linux lets even a removed segment be attached; it has no key any more (shmctl(2))."""
    id = shmget(KEY, PAGE, IPC_CREAT | 0o600)
    address = shmat(id, 0, 0)
    shmctl(id, IPC_RMID, None)
    shmget.fails_with(ENOENT, KEY, PAGE, 0)
    state = ShmidDs()
    shmctl(id, IPC_STAT, state)
    assert state.perm.mode & SHM_DEST
    write_memory(shmat(id, 0, 0), b"hello")
    assert memory_at(address, 5) == b"hello"
    assert attached(id) == 2
    for each in (address, shmat(id, 0, SHM_RDONLY)):
        shmdt(each)
    shmdt.fails_with(EINVAL, address)


def test_mode_decides_who_may_attach_and_ownership_who_may_remove() -> None:
    id = shmget(IPC_PRIVATE, PAGE, 0o644)

    def stranger() -> None:
        setresuid(65534, 65534, 65534)
        shmat(id, 0, SHM_RDONLY)
        shmat.fails_with(EACCES, id, 0, 0)
        shmctl.fails_with(EPERM, id, IPC_RMID, None)

    assert in_child(stranger) == 0
    shmctl(id, IPC_RMID, None)
    shmat.fails_with((EINVAL, EIDRM), id, 0, 0)
