"""Advice: what madvise(2) and process_madvise(2) do to contents, to children and to guard pages."""

from __future__ import annotations

import signal
from errno import EBADF, EINVAL, ENOMEM

from cases.memory._pages import after_reading, after_writing, map_file, new_file, pages
from conformance.syscalls import missing
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.help.child import in_child
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.advice import (
    MADV_COLD,
    MADV_DOFORK,
    MADV_DONTFORK,
    MADV_DONTNEED,
    MADV_GUARD_INSTALL,
    MADV_GUARD_REMOVE,
    MADV_KEEPONFORK,
    MADV_WIPEONFORK,
    madvise,
)
from conformance.syscalls.memory.mapping import MAP_PRIVATE, MAP_SHARED, munmap
from conformance.syscalls.memory.others import TwoIovecs, process_madvise
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.pidfds import pidfd_open

UNKNOWN_ADVICE = 9999


def need(outcome: tuple[int, int], feature: str) -> None:
    """EINVAL says that the kernel does not know the advice."""
    if outcome[1] == EINVAL:
        missing(feature)
    assert outcome[1] == 0


def test_pages_that_are_not_needed_are_zero_or_the_files_again() -> None:
    area, private = pages(2), map_file(new_file(b"hello"), 1, MAP_PRIVATE)
    for address in (area, area + PAGE, private):
        write_memory(address, b"xxxxx")
    madvise(area, 1, MADV_DONTNEED)
    madvise(private, PAGE, MADV_DONTNEED)
    assert (memory_at(area, 5), memory_at(area + PAGE, 5), memory_at(private, 5)) == (bytes(5), b"xxxxx", b"hello")
    madvise.fails_with(EINVAL, area + 1, PAGE, MADV_DONTNEED)
    madvise.fails_with(EINVAL, area, PAGE, UNKNOWN_ADVICE)
    munmap(area, PAGE)
    madvise.fails_with(ENOMEM, area, 2 * PAGE, MADV_DONTNEED)
    assert memory_at(area + PAGE, 5) == bytes(5)  # "applied to the parts that are mapped" (madvise(2), "ENOMEM")


def test_child_does_not_get_what_is_kept_from_it() -> None:
    """MADV_DONTFORK: no page; MADV_WIPEONFORK (Linux 4.14): an empty one, of private anonymous memory only."""
    area = pages(1)
    write_memory(area, b"secret")
    need(madvise.result_of(area, PAGE, MADV_WIPEONFORK), "MADV_WIPEONFORK")
    assert in_child(lambda: memory_at(area, 6) != bytes(6)) == 0
    assert memory_at(area, 6) == b"secret"
    madvise(area, PAGE, MADV_KEEPONFORK)
    assert in_child(lambda: memory_at(area, 6) != b"secret") == 0
    madvise(area, PAGE, MADV_DONTFORK)
    assert after_reading(area) == -signal.SIGSEGV
    madvise(area, PAGE, MADV_DOFORK)
    assert after_reading(area) == 0
    madvise.fails_with(EINVAL, map_file(new_file(b"x"), 1, MAP_SHARED), PAGE, MADV_WIPEONFORK)


def test_guard_pages_fault_until_they_are_removed() -> None:
    """MADV_GUARD_INSTALL (Linux 6.13): no mapping of its own; what was there is gone."""
    area = pages(3)
    write_memory(area + PAGE, b"x")
    need(madvise.result_of(area + PAGE, PAGE, MADV_GUARD_INSTALL), "MADV_GUARD_INSTALL")
    assert after_reading(area + PAGE) == -signal.SIGSEGV
    assert after_writing(area + 2 * PAGE - 1) == -signal.SIGSEGV
    assert (after_writing(area + PAGE - 1), after_writing(area + 2 * PAGE)) == (0, 0)
    madvise(area, 3 * PAGE, MADV_DONTNEED)
    assert after_reading(area + PAGE) == -signal.SIGSEGV
    madvise(area, 3 * PAGE, MADV_GUARD_REMOVE)
    assert memory_at(area + PAGE, 1) == b"\0"


def test_advice_to_a_process_counts_its_bytes() -> None:
    """process_madvise(2) (Linux 5.10), here to itself."""
    area, self = pages(3), pidfd_open(getpid(), 0)
    munmap(area + PAGE, PAGE)
    whole = Iovec(iov_base=area, iov_len=PAGE)
    assert process_madvise(self, whole, 1, MADV_COLD, 0) == PAGE
    both = TwoIovecs(base0=area, length0=PAGE, base1=area + 2 * PAGE, length1=PAGE)
    assert process_madvise(self, both, 2, MADV_COLD, 0) == 2 * PAGE
    cut = TwoIovecs(base0=area, length0=PAGE, base1=area + PAGE, length1=PAGE)
    assert process_madvise(self, cut, 2, MADV_COLD, 0) == PAGE
    process_madvise.fails_with(EINVAL, self, whole, 1, MADV_COLD, 1)
    process_madvise.fails_with(EINVAL, self, whole, 1, UNKNOWN_ADVICE, 0)
    process_madvise.fails_with(EBADF, 999, whole, 1, MADV_COLD, 0)
