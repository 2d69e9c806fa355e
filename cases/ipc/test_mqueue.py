"""POSIX message queues: messages have priorities, and one process is told when the first comes (mq_overview(7))."""

from __future__ import annotations

import signal
import struct
from errno import EAGAIN, EBUSY, EINVAL, EMSGSIZE, ETIMEDOUT

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_NONBLOCK, O_RDWR
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.ipc.mq import MqAttr, mq_getsetattr, mq_notify, mq_open, mq_timedreceive, mq_timedsend
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.signals import SIG_BLOCK, Siginfo, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.time.clocks import Timespec

NAME = b"conformance"
SI_MESGQ = -3
SIGEV_SIGNAL = 0
ROOM = 16
"""Bytes that a message of these queues may have."""

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker


def queue(flags: int = 0, *, messages: int = 4) -> int:
    """A new queue for so many messages."""
    return mq_open(NAME, O_RDWR | O_CREAT | flags, 0o600, MqAttr(maxmsg=messages, msgsize=ROOM))


def send(fd: int, text: bytes, priority: int = 0) -> None:
    """Send a message."""
    mq_timedsend(fd, text, len(text), priority, None)


def take(fd: int) -> tuple[bytes, int]:
    """Receive a message; its text and priority."""
    text, priority = Buffer(ROOM), Buffer(4)
    count = mq_timedreceive(fd, text, ROOM, priority, None)
    return text.take(count), priority.int_at(0)


def test_message_of_the_highest_priority_comes_first_and_equal_ones_in_order() -> None:
    fd = queue()
    for text, priority in ((b"low", 1), (b"high", 9), (b"low, too", 1)):
        send(fd, text, priority)
    assert ready(fd) == POLLIN
    assert [take(fd), take(fd), take(fd)] == [(b"high", 9), (b"low", 1), (b"low, too", 1)]
    assert ready(fd, seconds=0) == 0


def test_full_and_empty_queues_and_long_messages_are_errors() -> None:
    fd, past = queue(messages=1), Timespec(tv_sec=1)
    mq_timedreceive.fails_with(ETIMEDOUT, fd, Buffer(ROOM), ROOM, None, past)
    mq_timedreceive.fails_with(EMSGSIZE, fd, Buffer(ROOM), ROOM - 1, None, past)
    mq_timedsend.fails_with(EMSGSIZE, fd, bytes(ROOM + 1), ROOM + 1, 0, past)
    mq_timedsend.fails_with(EINVAL, fd, b"x", 1, 32768, past)
    send(fd, b"hello")
    mq_timedsend.fails_with(ETIMEDOUT, fd, b"x", 1, 0, past)
    before = MqAttr()
    mq_getsetattr(fd, MqAttr(flags=O_NONBLOCK), before)
    assert (before.flags, before.maxmsg, before.msgsize, before.curmsgs) == (0, 1, ROOM, 1)
    mq_timedsend.fails_with(EAGAIN, fd, b"x", 1, 0, None)


def test_one_process_is_told_once_of_the_first_message() -> None:
    """mq_notify(3): while it is registered, others are EBUSY; the notification ends the registration."""
    fd = queue()
    event = struct.pack("=QiI48x", 0x1234, signal.SIGUSR1, SIGEV_SIGNAL)
    rt_sigprocmask(SIG_BLOCK, sigset(signal.SIGUSR1), None, 8)
    mq_notify(fd, event)
    assert in_child(lambda: mq_notify.fails_with(EBUSY, fd, event)) == 0
    send(fd, b"hello")
    info = Siginfo()
    assert rt_sigtimedwait(sigset(signal.SIGUSR1), info, Timespec(tv_sec=10), 8) == signal.SIGUSR1
    assert (info.si_code, info.si_value) == (SI_MESGQ, 0x1234)
    take(fd)
    send(fd, b"again")
    rt_sigtimedwait.fails_with(EAGAIN, sigset(signal.SIGUSR1), info, Timespec(), 8)
    mq_notify(fd, event)


def test_limits_bind_the_unprivileged() -> None:
    """/proc/sys/fs/mqueue/msg_max, ten in a new namespace."""
    setresuid(65534, 65534, 65534)
    mq_open.fails_with(EINVAL, NAME, O_RDWR | O_CREAT, 0o600, MqAttr(maxmsg=100, msgsize=ROOM))
    mq_open.fails_with(EINVAL, NAME, O_RDWR | O_CREAT, 0o600, MqAttr(maxmsg=0, msgsize=ROOM))
    assert queue(messages=10) > 0
