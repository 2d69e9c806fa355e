"""Futexes: words in memory that processes wait on and wake each other by (futex(2))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EDEADLK, EINVAL, ENOSYS, EPERM, ETIMEDOUT

from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.waiting import until
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.processes.futex import futex, set_robust_list
from conformance.syscalls.processes.identity import gettid
from conformance.syscalls.time.clocks import Timespec

FUTEX_WAIT, FUTEX_WAKE, FUTEX_CMP_REQUEUE, FUTEX_LOCK_PI, FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI = 0, 1, 4, 6, 7, 8
FUTEX_WAIT_BITSET = 9
FUTEX_WAITERS, FUTEX_OWNER_DIED, FUTEX_TID_MASK = 0x80000000, 0x40000000, 0x3FFFFFFF
FUTEX2_SIZE_U32 = 2
SECOND = 64
"""Where a second word lies."""
SOON = Timespec(tv_nsec=1_000_000)


def shared() -> int:
    """Zeroed memory that children share; its address."""
    return mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)


def word_at(address: int) -> int:
    """A futex's value."""
    return int.from_bytes(memory_at(address, 4), "little")


def set_word(address: int, value: int) -> None:
    """Set it."""
    write_memory(address, struct.pack("=I", value))


def test_wait_is_refused_when_the_value_has_changed() -> None:
    word = shared()
    futex.fails_with(EAGAIN, word, FUTEX_WAIT, 1, None, None, 0)
    futex.fails_with(ETIMEDOUT, word, FUTEX_WAIT, 0, SOON, None, 0)
    futex.fails_with(ETIMEDOUT, word, FUTEX_WAIT_BITSET, 0, SOON, None, 1)  # an absolute time, long past
    futex.fails_with(EINVAL, word, FUTEX_WAIT_BITSET, 0, SOON, None, 0)
    futex.fails_with(EINVAL, word, FUTEX_WAIT, 0, Timespec(tv_nsec=1_000_000_000), None, 0)
    futex.fails_with(EINVAL, word + 1, FUTEX_WAIT, 0, SOON, None, 0)
    futex.fails_with(ENOSYS, word, 99, 0, None, None, 0)


def test_waiter_is_moved_to_another_word_and_woken_there() -> None:
    word = shared()
    pid = fork_child(lambda: futex(word, FUTEX_WAIT, 0, None, None, 0))
    until(lambda: futex.result_of(word, FUTEX_CMP_REQUEUE, 0, 1, word + SECOND, 0)[0] == 1)
    futex.fails_with(EAGAIN, word, FUTEX_CMP_REQUEUE, 0, 1, word + SECOND, 1)
    assert futex(word, FUTEX_WAKE, 1, None, None, 0) == 0
    assert futex(word + SECOND, FUTEX_WAKE, 1, None, None, 0) == 1
    assert exit_status(pid) == 0


def test_lock_of_a_thread_that_died_is_marked_and_passed_on() -> None:
    """set_robust_list(2): the kernel walks the list that the thread left, and wakes a waiter."""
    word = shared()
    head, lock = word + 256, word + 512
    set_robust_list.fails_with(EINVAL, head, 23)

    def child() -> None:
        set_word(word, gettid() | FUTEX_WAITERS)
        write_memory(lock, struct.pack("=Q", head))  # the last entry points back to the head
        write_memory(head, struct.pack("=QqQ", lock, word - lock, 0))
        set_robust_list(head, 24)

    assert in_child(child) == 0
    assert word_at(word) & ~FUTEX_TID_MASK == FUTEX_OWNER_DIED | FUTEX_WAITERS
    assert word_at(word) & FUTEX_TID_MASK == 0


def test_lock_that_lends_its_priority_knows_its_owner() -> None:
    """FUTEX_LOCK_PI: the word is the owner's thread id."""
    word = shared()
    futex(word, FUTEX_LOCK_PI, 0, None, None, 0)
    assert word_at(word) == gettid()
    futex.fails_with(EDEADLK, word, FUTEX_LOCK_PI, 0, None, None, 0)

    def child() -> None:
        futex.fails_with(EAGAIN, word, FUTEX_TRYLOCK_PI, 0, None, None, 0)
        futex.fails_with(EPERM, word, FUTEX_UNLOCK_PI, 0, None, None, 0)

    assert in_child(child) == 0
    futex(word, FUTEX_UNLOCK_PI, 0, None, None, 0)
    assert word_at(word) & FUTEX_TID_MASK == 0
