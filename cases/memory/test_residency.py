"""Residency: mincore(2) tells what is in memory, mlock(2) keeps it there within RLIMIT_MEMLOCK."""

from __future__ import annotations

from errno import EAGAIN, EFAULT, EINVAL, ENOMEM, EPERM

import pytest

from cases.memory._pages import pages
from conformance.syscalls import Buffer
from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.locking import MCL_FUTURE, MCL_ONFAULT, MLOCK_ONFAULT, mlock, mlock2, mlockall, munlock
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_LOCKED,
    MAP_PRIVATE,
    PROT_READ,
    PROT_WRITE,
    mincore,
    mmap,
    munmap,
)
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.limits import RLIMIT_MEMLOCK, Rlimit, setrlimit


def resident(address: int, count: int) -> list[int]:
    """mincore(2); the lowest bit of each page's byte, the others being reserved."""
    vector = Buffer(count)
    mincore(address, count * PAGE, vector)
    return [byte & 1 for byte in bytes(vector)]


def test_page_is_in_memory_once_it_is_touched_or_locked() -> None:
    area = pages(4)
    write_memory(area + PAGE, b"x")
    assert resident(area, 4) == [0, 1, 0, 0]
    mlock2(area + 2 * PAGE, PAGE, MLOCK_ONFAULT)
    assert resident(area, 4) == [0, 1, 0, 0]
    mlock(area + 3 * PAGE + 5, 10)
    assert resident(area, 4) == [0, 1, 0, 1]
    mlock2.fails_with(EINVAL, area, PAGE, 2)
    mincore.fails_with(EINVAL, area + 1, PAGE, Buffer(1))
    mincore.fails_with(EFAULT, area, PAGE, 1)
    munmap(area, PAGE)
    for call in (mlock, munlock):
        call.fails_with(ENOMEM, area, 2 * PAGE)
    mincore.fails_with(ENOMEM, area, 2 * PAGE, Buffer(2))


@pytest.mark.needs("root")
def test_user_locks_no_more_than_the_limit() -> None:
    """ENOMEM beyond it, EPERM where it is zero; mmap(2) says EAGAIN of MAP_LOCKED and of mlockall(2)'s MCL_FUTURE."""
    area = pages(3)
    setrlimit(RLIMIT_MEMLOCK, Rlimit(cur=2 * PAGE, max=2 * PAGE))
    setresuid(65533, 65533, 65533)
    mlock(area, 2 * PAGE)
    mlock(area, PAGE)
    mlock.fails_with(ENOMEM, area, 3 * PAGE)
    anonymous = MAP_PRIVATE | MAP_ANONYMOUS
    mmap.fails_with(EAGAIN, 0, PAGE, PROT_READ | PROT_WRITE, anonymous | MAP_LOCKED, -1, 0)
    mlockall(MCL_FUTURE | MCL_ONFAULT)
    mmap.fails_with(EAGAIN, 0, PAGE, PROT_READ | PROT_WRITE, anonymous, -1, 0)
    munlock(area, 3 * PAGE)
    setrlimit(RLIMIT_MEMLOCK, Rlimit(cur=0, max=0))
    mlock.fails_with(EPERM, area, PAGE)
