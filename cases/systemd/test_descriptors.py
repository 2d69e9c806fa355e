"""Descriptors as systemd needs them: whatever its event loop waits for can be polled and read."""

from __future__ import annotations

import signal
import struct
from errno import ECANCELED, EINVAL

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.memfd import memfd_create
from conformance.syscalls.files.opening import O_RDONLY, close, open
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, read, write
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.help.paths import make_file
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.epoll import (
    EPOLL_CLOEXEC,
    EPOLL_CTL_ADD,
    EPOLLIN,
    EpollEvent,
    epoll_create1,
    epoll_ctl,
    epoll_wait,
)
from conformance.syscalls.polling.eventfd import EFD_CLOEXEC, eventfd2
from conformance.syscalls.polling.fanotify import (
    FAN_CLASS_NOTIF,
    FAN_CLOEXEC,
    FAN_EVENT_ON_CHILD,
    FAN_MARK_ADD,
    FAN_OPEN,
    fanotify_init,
    fanotify_mark,
)
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.polling.signalfd import SFD_CLOEXEC, signalfd4
from conformance.syscalls.polling.timerfd import (
    TFD_CLOEXEC,
    TFD_TIMER_ABSTIME,
    TFD_TIMER_CANCEL_ON_SET,
    timerfd_create,
    timerfd_settime,
)
from conformance.syscalls.processes.identity import getpid, getppid
from conformance.syscalls.processes.pidfds import pidfd_getfd, pidfd_open, pidfd_send_signal
from conformance.syscalls.processes.waiting import P_PIDFD, WEXITED, waitid
from conformance.syscalls.signals import (
    CLD_KILLED,
    SI_USER,
    SIG_BLOCK,
    SiginfoChild,
    kill,
    pause,
    rt_sigprocmask,
    sigset,
)
from conformance.syscalls.time.clocks import CLOCK_BOOTTIME, CLOCK_REALTIME, Now, Timespec, clock_gettime, clock_settime
from conformance.syscalls.time.timers import Itimerspec


def test_signal_can_be_read_with_the_process_that_sent_it() -> None:
    mask = sigset(signal.SIGUSR1)
    rt_sigprocmask(SIG_BLOCK, mask, None, 8)
    fd = signalfd4(-1, mask, 8, SFD_CLOEXEC)
    pid = fork_child(lambda: kill(getppid(), signal.SIGUSR1))
    assert exit_status(pid) == 0
    record = Buffer(128)
    with untraced():
        assert read(fd, record, 128) == 128
    assert (record.int_at(0), record.int_at(8, signed=True)) == (signal.SIGUSR1, SI_USER)
    assert record.int_at(12) == pid


def test_epoll_tells_which_descriptors_are_ready() -> None:
    """A timer of CLOCK_BOOTTIME (timerfd: Linux 3.15) that has expired, and no counter that is zero."""
    loop = epoll_create1(EPOLL_CLOEXEC)
    timer, idle = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC), eventfd2(0, EFD_CLOEXEC)
    epoll_ctl(loop, EPOLL_CTL_ADD, idle, EpollEvent(events=EPOLLIN, data=1))
    epoll_ctl(loop, EPOLL_CTL_ADD, timer, EpollEvent(events=EPOLLIN, data=2))
    timerfd_settime(timer, TFD_TIMER_ABSTIME, Itimerspec(it_value=Timespec(tv_sec=0, tv_nsec=1)), None)
    events = Buffer(2 * EpollEvent.size())
    assert epoll_wait(loop, events, 2, 4_000) == 1
    assert EpollEvent.parse(bytes(events)).data == 2
    expirations = Buffer(8)
    read(timer, expirations, 8)
    assert expirations.int_at(0, 8) == 1


@pytest.mark.needs("root", "disposable")
def test_timer_is_cancelled_when_the_clock_is_set() -> None:
    """How systemd learns of it: a timer of the wall clock, far in the future, with TFD_TIMER_CANCEL_ON_SET."""
    fd = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC)
    never = Itimerspec(it_value=Timespec(tv_sec=1 << 33))
    flags = TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET
    timerfd_settime.or_missing("TFD_TIMER_CANCEL_ON_SET", EINVAL, fd, flags, never, None)
    now = Now()
    with untraced():
        clock_gettime(CLOCK_REALTIME, now)
        clock_settime(CLOCK_REALTIME, Timespec(tv_sec=now.tv_sec, tv_nsec=now.tv_nsec))
    assert ready(fd)
    read.fails_with(ECANCELED, fd, Buffer(8), 8)


@pytest.mark.needs("root")
def test_fanotify_hands_over_the_file_that_was_opened() -> None:
    fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC, O_RDONLY)
    make_file(b"file", b"hello")
    fanotify_mark(fd, FAN_MARK_ADD, FAN_OPEN | FAN_EVENT_ON_CHILD, AT_FDCWD, b".")
    close(open(b"file", O_RDONLY))
    record = Buffer(4096)
    with untraced():
        size = read(fd, record, 4096)
    length, _, _, _, mask, opened, pid = struct.unpack_from("=IBBHQii", bytes(record))
    assert (size, length, mask, pid) == (24, 24, FAN_OPEN, getpid())
    data = Buffer(8)
    assert pread64(opened, data, 8, 0) == 5
    assert data.take(5) == b"hello"


def test_descriptor_of_a_process_tells_its_end_and_waits_for_it() -> None:
    """pidfd_send_signal (Linux 5.1), pidfd_open and poll(2) (5.3), waitid(2) with P_PIDFD (5.4)."""
    pid = fork_child(pause)
    fd = pidfd_open(pid, 0)
    assert not ready(fd, seconds=0)
    pidfd_send_signal(fd, signal.SIGKILL, None, 0)
    assert ready(fd) == POLLIN
    info = Buffer(128)
    with untraced():  # it tells how much time was used
        waitid(P_PIDFD, fd, info, WEXITED, None)
    ended = SiginfoChild.parse(bytes(info))
    assert (ended.si_pid, ended.si_code, ended.si_status) == (pid, CLD_KILLED, signal.SIGKILL)


def test_descriptor_can_be_taken_from_another_process() -> None:
    """pidfd_getfd (Linux 5.6)."""
    theirs = memfd_create(b"theirs", 0)
    write(theirs, b"hello", 5)
    pid = fork_child(pause)
    close(theirs)
    ours = pidfd_getfd(pidfd_open(pid, 0), theirs, 0)
    data = Buffer(8)
    assert pread64(ours, data, 8, 0) == 5
    assert data.take(5) == b"hello"
