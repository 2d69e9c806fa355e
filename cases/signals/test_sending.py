"""Sending: who may signal whom, what a sender may claim, and which targets there are not."""

from __future__ import annotations

import signal
from errno import EINVAL, EPERM, EPIPE, ESRCH

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.processes.credentials import getuid, setresuid
from conformance.syscalls.processes.identity import getpgrp, getpid, setsid
from conformance.syscalls.processes.pidfds import pidfd_open, pidfd_send_signal
from conformance.syscalls.signals import (
    SI_KERNEL,
    SI_QUEUE,
    SI_TKILL,
    SI_USER,
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIGSET_SIZE,
    Sigaction,
    Siginfo,
    kill,
    pause,
    rt_sigaction,
    rt_sigprocmask,
    rt_sigqueueinfo,
    rt_sigtimedwait,
    rt_tgsigqueueinfo,
    sigset,
    tgkill,
    tkill,
)
from conformance.syscalls.time.clocks import Timespec

USER = 65533
USR1 = signal.SIGUSR1
NOBODY = 2**22 + 1
"""More than the highest pid that there can be (PID_MAX_LIMIT)."""


def info_of(signum: int, code: int, value: int = 0) -> Siginfo:
    """`siginfo_t` as a sender makes it."""
    return Siginfo(si_signo=signum, si_code=code, si_pid=getpid(), si_uid=getuid(), si_value=value)


def next_info(signum: int) -> Siginfo:
    """Take a signal that is blocked and pending."""
    info = Siginfo()
    assert rt_sigtimedwait(sigset(signum), info, Timespec(), SIGSET_SIZE) == signum
    return info


def test_signal_without_a_target_is_esrch_and_without_a_meaning_einval() -> None:
    kill.fails_with(ESRCH, NOBODY, 0)
    kill.fails_with(ESRCH, -NOBODY, 0)
    kill.fails_with(EINVAL, getpid(), 65)
    kill(getpid(), 0)
    kill(-getpgrp(), 0)
    tkill.fails_with(EINVAL, 0, 0)
    tgkill.fails_with(EINVAL, getpid(), -1, 0)
    tgkill.fails_with(ESRCH, getpid(), NOBODY, 0)
    rt_sigprocmask(SIG_BLOCK, sigset(USR1), None, SIGSET_SIZE)
    tgkill.fails_with(ESRCH, getpid(), fork_child(pause), USR1)
    tgkill(getpid(), getpid(), USR1)
    info = next_info(USR1)
    assert (info.si_code, info.si_pid) == (SI_TKILL, getpid())


@pytest.mark.needs("root")
def test_user_may_signal_no_other_user_but_continue_its_own_session() -> None:
    with untraced():
        reader, writer = new_pipe()

    def alien() -> None:
        setsid()
        with untraced():
            write(writer, b"x", 1)
        pause()

    near, far = fork_child(pause), fork_child(alien)
    with untraced():
        read(reader, Buffer(1), 1)

    def stranger() -> None:
        setresuid(USER, USER, USER)
        for signum in (0, signal.SIGTERM):
            kill.fails_with(EPERM, near, signum)
        kill(near, signal.SIGCONT)
        kill.fails_with(EPERM, far, signal.SIGCONT)

    assert in_child(stranger) == 0


def test_sender_may_claim_codes_of_the_kernel_to_itself_only() -> None:
    """rt_sigqueueinfo(2): a code that is not negative, or SI_TKILL, could pass for one of the kernel's: EPERM."""
    other = fork_child(pause)
    for code in (SI_USER, SI_KERNEL, SI_TKILL):
        rt_sigqueueinfo.fails_with(EPERM, other, USR1, info_of(USR1, code))
        rt_tgsigqueueinfo.fails_with(EPERM, other, other, USR1, info_of(USR1, code))
    rt_sigprocmask(SIG_BLOCK, sigset(USR1), None, SIGSET_SIZE)
    rt_sigqueueinfo(getpid(), USR1, info_of(USR1, SI_KERNEL))
    assert next_info(USR1).si_code == SI_KERNEL
    rt_tgsigqueueinfo(getpid(), getpid(), USR1, info_of(USR1, SI_QUEUE, 77))
    info = next_info(USR1)
    assert (info.si_code, info.si_value) == (SI_QUEUE, 77)


def test_signal_by_a_descriptor_carries_what_its_sender_wrote() -> None:
    """pidfd_send_signal(2) (Linux 5.1); without a siginfo_t, as kill(2) would."""
    rt_sigprocmask(SIG_BLOCK, sigset(USR1), None, SIGSET_SIZE)
    fd = pidfd_open(getpid(), 0)
    pidfd_send_signal(fd, USR1, None, 0)
    assert next_info(USR1).si_code == SI_USER
    pidfd_send_signal(fd, USR1, info_of(USR1, SI_QUEUE, 78), 0)
    info = next_info(USR1)
    assert (info.si_code, info.si_value) == (SI_QUEUE, 78)
    pidfd_send_signal.fails_with(EINVAL, fd, USR1, info_of(signal.SIGUSR2, SI_QUEUE), 0)
    other = pidfd_open(fork_child(pause), 0)
    pidfd_send_signal.fails_with(EPERM, other, USR1, info_of(USR1, SI_USER), 0)


def test_writer_without_a_reader_is_told_by_a_signal() -> None:
    reader, writer = new_pipe()
    close(reader)
    rt_sigaction(signal.SIGPIPE, Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
    write.fails_with(EPIPE, writer, b"x", 1)
    rt_sigaction(signal.SIGPIPE, Sigaction(handler=SIG_DFL), None, SIGSET_SIZE)
    assert in_child(lambda: write(writer, b"x", 1)) == -signal.SIGPIPE
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGPIPE), None, SIGSET_SIZE)
    write.fails_with(EPIPE, writer, b"x", 1)
    info = next_info(signal.SIGPIPE)
    assert (info.si_code, info.si_pid) == (SI_USER, getpid())
