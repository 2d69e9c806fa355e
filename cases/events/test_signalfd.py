"""Signal descriptors: signalfd(2) delivers signals as records that can be read."""

from __future__ import annotations

import signal
from errno import EAGAIN

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.reading import read
from conformance.syscalls.polling.signalfd import SFD_NONBLOCK, signalfd4
from conformance.syscalls.processes.credentials import getuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import SI_USER, SIG_BLOCK, kill, rt_sigprocmask, sigset

RECORD = 128
"""Bytes of a `struct signalfd_siginfo`."""


def blocked(*numbers: int) -> int:
    """Block signals; a descriptor that delivers them."""
    rt_sigprocmask(SIG_BLOCK, sigset(*numbers), None, 8)
    return signalfd4(-1, sigset(*numbers), 8, SFD_NONBLOCK)


def test_record_tells_the_signal_and_who_sent_it() -> None:
    fd = blocked(signal.SIGUSR1)
    kill(getpid(), signal.SIGUSR1)
    record = Buffer(RECORD)
    with untraced():  # it tells a pid
        assert read(fd, record, RECORD) == RECORD
    assert (record.int_at(0), record.int_at(8, signed=True)) == (signal.SIGUSR1, SI_USER)
    assert (record.int_at(12), record.int_at(16)) == (getpid(), getuid())
    read.fails_with(EAGAIN, fd, Buffer(RECORD), RECORD)
