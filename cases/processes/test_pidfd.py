"""Descriptors of processes: what pidfd_open(2), waitid(2) and pidfd_getfd(2) refuse."""

from __future__ import annotations

import signal
from errno import EAGAIN, EBADF, EINVAL, EPERM, ESRCH

import pytest

from conformance.syscalls import missing, untraced
from conformance.syscalls.files.descriptors import dup2
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.pidfds import PIDFD_NONBLOCK, pidfd_getfd, pidfd_open, pidfd_send_signal
from conformance.syscalls.processes.waiting import P_PID, P_PIDFD, WEXITED, WNOWAIT, waitid
from conformance.syscalls.signals import CLD_KILLED, SiginfoChild, pause

ABSENT_FD = 999
HIGH_FD = 100
"""A number that is no pid here: waitid's argument is either."""


def test_wait_by_a_descriptor_that_does_not_block_is_eagain() -> None:
    """PIDFD_NONBLOCK (Linux 5.10)."""
    pidfd_open.fails_with(EINVAL, 0, 0)
    pidfd_open.fails_with(EINVAL, getpid(), 1)
    pid = fork_child(pause)
    fd, error = pidfd_open.result_of(pid, PIDFD_NONBLOCK)
    if error == EINVAL:
        missing("PIDFD_NONBLOCK")
    assert error == 0
    with untraced():
        dup2(fd, HIGH_FD)
    info = SiginfoChild()
    waitid.fails_with(EAGAIN, P_PIDFD, HIGH_FD, info, WEXITED, None)
    waitid.fails_with(EBADF, P_PIDFD, ABSENT_FD, info, WEXITED, None)
    waitid.fails_with(EBADF, P_PIDFD, 0, info, WEXITED, None)
    pidfd_send_signal.fails_with(EINVAL, fd, signal.SIGKILL, None, 1 << 20)
    pidfd_send_signal(fd, signal.SIGKILL, None, 0)
    waitid(P_PID, pid, info, WEXITED | WNOWAIT, None)
    waitid(P_PIDFD, HIGH_FD, info, WEXITED, None)
    assert (info.si_pid, info.si_code) == (pid, CLD_KILLED)
    pidfd_open.fails_with(ESRCH, pid, 0)


@pytest.mark.needs("root")
def test_descriptors_of_another_user_cannot_be_taken() -> None:
    fd = pidfd_open(fork_child(pause), 0)
    pidfd_getfd.fails_with(EBADF, fd, ABSENT_FD, 0)
    pidfd_getfd.fails_with(EINVAL, fd, 0, 1)
    pidfd_getfd.fails_with(EBADF, 0, 0, 0)

    def stranger() -> None:
        setresuid(65533, 65533, 65533)
        pidfd_getfd.fails_with(EPERM, fd, 0, 0)
        pidfd_send_signal.fails_with(EPERM, fd, signal.SIGTERM, None, 0)

    assert in_child(stranger) == 0
