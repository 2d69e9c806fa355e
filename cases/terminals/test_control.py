"""Controlling terminals: which session a terminal belongs to, and whom it sends signals (ioctl_tty(2), setsid(2))."""

from __future__ import annotations

import signal
import struct
from errno import ENOTTY, ENXIO, EPERM

import pytest

from cases.terminals._pty import (
    TIOCGPGRP,
    TIOCGSID,
    TIOCGWINSZ,
    TIOCNOTTY,
    TIOCSCTTY,
    TIOCSPGRP,
    TIOCSWINSZ,
    pair,
)
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.waiting import in_vain, patience
from conformance.syscalls.processes.identity import getpid, setpgid
from conformance.syscalls.signals import SIG_BLOCK, pause, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.time.clocks import Timespec

INTERRUPT = b"\x03"


def controlling() -> tuple[int, int]:
    """A pair whose slave is the controlling terminal of this session."""
    fd, slave = pair()
    ioctl(slave, TIOCSCTTY, 0)
    return fd, slave


def block(number: int) -> None:
    """Keep a signal pending until it is asked for."""
    rt_sigprocmask(SIG_BLOCK, sigset(number), None, 8)


def comes(number: int, seconds: float = 2.0) -> bool:
    """Whether a blocked signal comes, which has been sent by now if it ever is. Not traced."""
    event = f"signal {number} of a terminal"
    whole, rest = divmod(patience(event, seconds), 1)
    with untraced():
        wait = Timespec(tv_sec=int(whole), tv_nsec=int(rest * 1e9))
        came = rt_sigtimedwait.result_of(sigset(number), None, wait, 8)[0] == number
    if seconds and not came:
        in_vain(event)
    return came


def number_of(slave: int, request: int) -> int:
    """A session or group that a terminal tells. Not traced."""
    number = Buffer(4)
    with untraced():
        ioctl(slave, request, number)
    return number.int_at(0)


def test_terminal_is_taken_by_a_session_leader_and_given_up() -> None:
    """/dev/tty is ENXIO to who has none; giving up sends SIGHUP to the foreground group."""
    openat.fails_with(ENXIO, AT_FDCWD, b"/dev/tty", O_RDWR, 0)
    _, slave = pair()
    ioctl.fails_with(ENOTTY, slave, TIOCGSID, Buffer(4))
    assert in_child(lambda: ioctl.fails_with(EPERM, slave, TIOCSCTTY, 0)) == 0
    ioctl(slave, TIOCSCTTY, 0)
    assert (number_of(slave, TIOCGSID), number_of(slave, TIOCGPGRP)) == (getpid(), getpid())
    close(openat(AT_FDCWD, b"/dev/tty", O_RDWR, 0))
    block(signal.SIGHUP)
    ioctl(slave, TIOCNOTTY)
    assert comes(signal.SIGHUP)
    openat.fails_with(ENXIO, AT_FDCWD, b"/dev/tty", O_RDWR, 0)


def test_interrupt_goes_to_the_foreground_group() -> None:
    fd, slave = controlling()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    pid = fork_child(pause)
    setpgid(pid, pid)
    with untraced():  # the group's number is in the argument
        ioctl(slave, TIOCSPGRP, struct.pack("=i", pid))
    write(fd, INTERRUPT, 1)
    assert exit_status(pid) == -signal.SIGINT


@pytest.mark.parametrize("end", ["master", "slave"])
def test_new_size_is_told_to_the_foreground_group(end: str) -> None:
    """By SIGWINCH, and only when it is another size."""
    fd, slave = controlling()
    size, found = struct.pack("=HHHH", 40, 132, 0, 0), Buffer(8)
    block(signal.SIGWINCH)
    ioctl(fd if end == "master" else slave, TIOCSWINSZ, size)
    assert comes(signal.SIGWINCH)
    ioctl(slave, TIOCGWINSZ, found)
    assert bytes(found) == size
    ioctl(fd, TIOCSWINSZ, size)
    assert not comes(signal.SIGWINCH, 0)
