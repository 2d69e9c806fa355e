"""Pseudoterminals: a pair of ends, of which one is a terminal (pty(7))."""

from __future__ import annotations

from errno import EAGAIN, EINVAL, EIO, ENOTTY

from cases.terminals._pty import (
    ECHO,
    ICANON,
    TCFLSH,
    TIOCGPTPEER,
    TIOCPKT,
    local_modes,
    master,
    open_slave,
    pair,
    path_of_slave,
    take,
    unlock,
)
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_NOCTTY, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import S_IFCHR, S_IFMT, Stat, fstat
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLHUP

SLAVE_MAJOR = 136
TIOCPKT_DATA, TIOCPKT_FLUSHREAD = 0, 1
TCIFLUSH = 0


def test_slave_is_locked_until_it_is_unlocked() -> None:
    fd = master()
    path = path_of_slave(fd)
    with untraced():  # the path holds a number of the kernel's choice
        openat.fails_with(EIO, AT_FDCWD, path, O_RDWR | O_NOCTTY, 0)
    unlock(fd)
    close(open_slave(fd))


def test_slave_can_be_opened_without_its_path() -> None:
    """TIOCGPTPEER (Linux 4.13)."""
    fd = master()
    unlock(fd)
    slave = ioctl.or_missing("TIOCGPTPEER", (ENOTTY, EINVAL), fd, TIOCGPTPEER, O_RDWR | O_NOCTTY)
    found = Stat()
    with untraced():  # its number is the kernel's choice
        fstat(slave, found)
    assert (found.st_mode & S_IFMT, found.st_rdev >> 8) == (S_IFCHR, SLAVE_MAJOR)
    write(slave, b"hello\n", 6)
    assert take(fd) == b"hello\r\n"


def test_end_of_the_slave_is_eio_to_the_master_after_what_it_wrote() -> None:
    """Until the slave is opened again."""
    fd, slave = pair()
    write(slave, b"last", 4)
    close(slave)
    assert take(fd) == b"last"
    assert ready(fd) & POLLHUP
    read.fails_with(EIO, fd, Buffer(8), 8)
    open_slave(fd)
    read.fails_with(EAGAIN, fd, Buffer(8), 8)


def test_end_of_the_master_is_end_of_file_to_the_slave_and_eio_for_writing() -> None:
    fd, slave = pair()
    close(fd)
    assert read(slave, Buffer(8), 8) == 0
    write.fails_with(EIO, slave, b"x", 1)
    assert ready(slave) & POLLHUP


def test_packets_tell_what_happens_to_the_terminal() -> None:
    """TIOCPKT, ioctl_tty(2): a byte before the data, or alone when the slave flushed its input."""
    fd, slave = pair()
    local_modes(slave, off=ICANON | ECHO)
    ioctl.or_missing("packet mode", ENOTTY, fd, TIOCPKT, Buffer((1).to_bytes(4, "little")))
    write(slave, b"hello", 5)
    assert take(fd) == bytes([TIOCPKT_DATA]) + b"hello"
    ioctl(slave, TCFLSH, TCIFLUSH)
    assert take(fd) == bytes([TIOCPKT_FLUSHREAD])
