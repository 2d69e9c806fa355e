"""Futexes: words in memory that processes wait on and wake each other by (futex(2))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EDEADLK, EFAULT, EINVAL, ENOSYS, EPERM, ESRCH, ETIMEDOUT

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import PATIENCE, until
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.processes.futex import futex, set_robust_list
from conformance.syscalls.processes.identity import gettid
from conformance.syscalls.time.clocks import CLOCK_REALTIME, Timespec, clock_gettime

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


def test_lock_of_a_word_that_is_not_aligned_is_einval_but_not_ones_own_to_unlock() -> None:
    """`futex_unlock_pi` reads the owner, and says EPERM, before it looks at the address (sysprog21/elfuse#173)."""
    word = shared() + 33
    futex.fails_with(EPERM, word, FUTEX_UNLOCK_PI, 0, None, None, 0)
    futex.fails_with(EINVAL, word, FUTEX_LOCK_PI, 0, None, None, 0)
    futex.fails_with(EINVAL, word, FUTEX_TRYLOCK_PI, 0, None, None, 0)
    assert word_at(word) == 0
    set_word(word, gettid())
    futex.fails_with(EINVAL, word, FUTEX_UNLOCK_PI, 0, None, None, 0)
    futex.fails_with(EFAULT, 8, FUTEX_UNLOCK_PI, 0, None, None, 0)
    assert word_at(word) == gettid()


@pytest.mark.parametrize("operation", [FUTEX_LOCK_PI, FUTEX_TRYLOCK_PI], ids=["lock", "trylock"])
def test_lock_whose_owner_is_gone_is_esrch(operation: int) -> None:
    """And stays the owner's, who had not put it on a robust list (`attach_to_pi_owner`; sysprog21/elfuse#173)."""
    word = shared()
    gone = fork_child(lambda: futex(word, FUTEX_LOCK_PI, 0, None, None, 0))
    assert exit_status(gone) == 0
    assert word_at(word) == gone
    futex.fails_with(ESRCH, word, operation, 0, Timespec(tv_sec=1), None, 0)
    assert word_at(word) & FUTEX_TID_MASK == gone


def test_lock_that_is_marked_as_its_owners_who_died_is_taken_with_the_mark() -> None:
    """FUTEX_OWNER_DIED stays until user space has mended what the lock protects (futex(2), `futex_lock_pi_atomic`)."""
    word = shared()
    set_word(word, FUTEX_OWNER_DIED)
    futex(word, FUTEX_TRYLOCK_PI, 0, None, None, 0)
    assert word_at(word) == FUTEX_OWNER_DIED | gettid()


def test_waiter_gets_the_lock_of_an_owner_that_dies_and_is_told() -> None:
    """By FUTEX_OWNER_DIED in the word. The owner ends when it sees that somebody waits (FUTEX_WAITERS)."""
    word = shared()
    reader, writer = new_pipe()

    def owner() -> None:
        futex(word, FUTEX_LOCK_PI, 0, None, None, 0)
        write(writer, b"x", 1)
        until(lambda: bool(word_at(word) & FUTEX_WAITERS))

    pid, now = fork_child(owner), Buffer(16)
    assert read(reader, Buffer(1), 1) == 1
    with untraced():  # until when, is a time of day
        clock_gettime(CLOCK_REALTIME, now)
        soon = Timespec(tv_sec=now.int_at(0, 8) + PATIENCE)
        assert futex.result_of(word, FUTEX_LOCK_PI, 0, soon, None, 0) == (0, 0)
    assert exit_status(pid) == 0
    assert word_at(word) & (FUTEX_TID_MASK | FUTEX_OWNER_DIED) == gettid() | FUTEX_OWNER_DIED


def test_lock_that_is_not_had_in_time_says_that_somebody_waited() -> None:
    """ETIMEDOUT, at an absolute time that is long past; FUTEX_WAITERS is the kernel's to set (futex(2))."""
    word = shared()
    futex(word, FUTEX_LOCK_PI, 0, None, None, 0)

    def child() -> None:
        futex.fails_with(ETIMEDOUT, word, FUTEX_LOCK_PI, 0, Timespec(tv_sec=1), None, 0)

    assert in_child(child) == 0
    assert word_at(word) & ~FUTEX_OWNER_DIED == gettid() | FUTEX_WAITERS
