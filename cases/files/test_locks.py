"""Locks: of records by processes, of records by open files, of whole files, and leases (fcntl_locking(2), flock(2))."""

from __future__ import annotations

import signal
from errno import EACCES, EAGAIN, EDEADLK, EINVAL, EWOULDBLOCK

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import (
    F_GETLEASE,
    F_GETLK,
    F_OFD_SETLK,
    F_SETLEASE,
    F_SETLK,
    F_SETLKW,
    dup,
    fcntl,
)
from conformance.syscalls.files.locks import F_RDLCK, F_UNLCK, F_WRLCK, LOCK_EX, LOCK_NB, LOCK_SH, LOCK_UN, Flock, flock
from conformance.syscalls.files.opening import O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import SEEK_SET, read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import PATIENCE
from conformance.syscalls.processes.identity import getppid
from conformance.syscalls.signals import SIG_BLOCK, alarm, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.time.clocks import Timespec


def lock(kind: int, start: int = 0, length: int = 1) -> Flock:
    """A `struct flock`; length 0 is all that follows."""
    return Flock(l_type=kind, l_whence=SEEK_SET, l_start=start, l_len=length)


def holder(fd: int, start: int) -> Flock:
    """Whose lock is in the way of writing a byte."""
    found = lock(F_WRLCK, start)
    fcntl(fd, F_GETLK, found)
    return found


def test_record_lock_is_its_processs_and_tells_who_that_is() -> None:
    """A child inherits none, and sees its parent's; locks of neighbouring bytes become one."""
    fd = new_file(b"file", b"hello")
    fcntl(fd, F_SETLK, lock(F_WRLCK, 1, 2))
    fcntl(fd, F_SETLK, lock(F_WRLCK, 3, 2))

    def child() -> None:
        fcntl.fails_with((EAGAIN, EACCES), fd, F_SETLK, lock(F_RDLCK, 4))
        fcntl(fd, F_SETLK, lock(F_WRLCK, 0))
        found = holder(fd, 2)
        assert (found.l_type, found.l_start, found.l_len, found.l_pid) == (F_WRLCK, 1, 4, getppid())

    assert in_child(child) == 0
    assert holder(fd, 0).l_type == F_UNLCK


def test_one_of_two_processes_that_would_wait_for_each_other_is_told() -> None:
    """EDEADLK to whoever closes the circle; the other gets its lock."""
    fd = new_file(b"file", b"hello")
    reader, writer = new_pipe()
    signal.signal(signal.SIGALRM, lambda number, frame: None)
    fcntl(fd, F_SETLK, lock(F_WRLCK, 0))

    def child() -> int:
        fcntl(fd, F_SETLK, lock(F_WRLCK, 1))
        with untraced():  # which of the two comes first
            write(writer, b"x", 1)
            alarm(PATIENCE)
            return fcntl.result_of(fd, F_SETLKW, lock(F_WRLCK, 0))[1]

    pid = fork_child(child)
    with untraced():
        read(reader, Buffer(1), 1)
        alarm(PATIENCE)
        error = fcntl.result_of(fd, F_SETLKW, lock(F_WRLCK, 1))[1]
    fcntl(fd, F_SETLK, lock(F_UNLCK, 0))
    assert sorted([error, exit_status(pid)]) == [0, EDEADLK]


def test_record_lock_of_an_open_file_is_shared_by_its_copies_alone() -> None:
    """F_OFD_SETLK (Linux 3.15): even two open files of one process exclude each other."""
    fd, other = new_file(b"file", b"hello"), openat(AT_FDCWD, b"file", O_RDWR, 0)
    copy = dup(fd)
    fcntl.or_missing("F_OFD_SETLK", EINVAL, fd, F_OFD_SETLK, lock(F_WRLCK))
    fcntl.fails_with(EAGAIN, other, F_OFD_SETLK, lock(F_WRLCK))
    fcntl.fails_with(EAGAIN, other, F_SETLK, lock(F_WRLCK))
    assert in_child(lambda: fcntl(copy, F_OFD_SETLK, lock(F_WRLCK))) == 0
    assert holder(other, 0).l_pid == -1
    close(fd)
    fcntl.fails_with(EAGAIN, other, F_OFD_SETLK, lock(F_WRLCK))
    close(copy)
    fcntl(other, F_OFD_SETLK, lock(F_WRLCK))


def test_lock_of_a_whole_file_is_shared_or_exclusive() -> None:
    """flock(2): of the open file; converted in place, and gone with its last copy."""
    fd, other = new_file(b"file"), openat(AT_FDCWD, b"file", O_RDONLY, 0)
    flock(fd, LOCK_SH)
    flock(other, LOCK_SH)
    flock.fails_with(EWOULDBLOCK, fd, LOCK_EX | LOCK_NB)
    flock(other, LOCK_UN)
    flock(fd, LOCK_EX | LOCK_NB)
    flock.fails_with(EWOULDBLOCK, other, LOCK_SH | LOCK_NB)
    close(fd)
    flock(other, LOCK_EX | LOCK_NB)
    flock.fails_with(EINVAL, other, LOCK_SH | LOCK_EX)


def test_holder_of_a_lease_is_told_before_another_opens_the_file() -> None:
    """F_SETLEASE: SIGIO to the holder, and who opens without waiting is EWOULDBLOCK until the lease is given up."""
    close(new_file(b"file"))
    fd = openat(AT_FDCWD, b"file", O_RDONLY, 0)
    fcntl.or_missing("leases", EINVAL, fd, F_SETLEASE, F_RDLCK)
    assert fcntl(fd, F_GETLEASE) == F_RDLCK
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGIO), None, 8)
    assert in_child(lambda: openat.fails_with(EWOULDBLOCK, AT_FDCWD, b"file", O_WRONLY | O_NONBLOCK, 0)) == 0
    assert rt_sigtimedwait(sigset(signal.SIGIO), None, Timespec(tv_sec=10), 8) == signal.SIGIO
    fcntl(fd, F_SETLEASE, F_UNLCK)
    close(openat(AT_FDCWD, b"file", O_WRONLY | O_NONBLOCK, 0))
