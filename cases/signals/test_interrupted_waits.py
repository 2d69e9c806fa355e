"""Interrupted waits: a handler without SA_RESTART ends what blocks with EINTR (signal(7))."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable
from errno import EINTR

import pytest

from cases.signals._handlers import Cell, handle, ticking
from cases.sockets._sockets import bound
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.directories import mknod
from conformance.syscalls.files.locks import LOCK_EX, flock
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.status import S_IFIFO
from conformance.syscalls.files.vectors import Iovec, readv, writev
from conformance.syscalls.help.child import fork_child
from conformance.syscalls.help.code import increment
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.ipc.mq import MqAttr, mq_open, mq_timedreceive, mq_timedsend
from conformance.syscalls.ipc.msg import msgget, msgrcv, msgsnd
from conformance.syscalls.ipc.sem import semget, semop, semtimedop
from conformance.syscalls.ipc.sysv import IPC_NOWAIT, IPC_PRIVATE
from conformance.syscalls.polling.aio import AioContext, IoEvent, io_getevents, io_setup
from conformance.syscalls.polling.epoll import EpollEvent, epoll_create1, epoll_wait
from conformance.syscalls.polling.poll import POLLIN, Pollfd, poll, select
from conformance.syscalls.processes.waiting import P_ALL, WEXITED, wait4, waitid
from conformance.syscalls.signals import pause
from conformance.syscalls.sockets.connections import accept, accept4, listen
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, Msghdr, recvfrom, recvmsg, sendmsg, sendto
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_DGRAM, SOCK_STREAM, socketpair
from conformance.syscalls.time.clocks import Timeval

pytestmark = pytest.mark.needs("x86_64", "root")  # root: for an IPC namespace of its own

PIPE_BYTES = 65536
"""What a pipe takes (pipe(7))."""
MSGMNB = 16384
"""What a queue of messages takes (proc_sys_kernel(5))."""


TAKE = struct.pack("=HhH", 0, -1, 0)
"""One less, of the first semaphore (semop(2))."""


def context() -> int:
    """A context of asynchronous I/O without requests."""
    made = AioContext()
    io_setup(1, made)
    return int(made.context)


def listener() -> int:
    """A socket to which nobody connects."""
    fd, _ = bound(SOCK_STREAM)
    listen(fd, 1)
    return fd


def pair() -> tuple[int, int]:
    """Sockets on which nothing has been sent."""
    fds = Buffer(8)
    socketpair(AF_UNIX, SOCK_DGRAM, 0, fds)
    return fds.int_at(0, 4), fds.int_at(4, 4)


def full_socket() -> int:
    """A socket that takes no more."""
    fd, _ = pair()
    with untraced():
        while not sendto.result_of(fd, b"x" * 1024, 1024, MSG_DONTWAIT, None, 0)[1]:
            pass
    return fd


def vector(size: int) -> Buffer:
    """A vector of one buffer."""
    VECTORS.append(Buffer(b"x" * size))
    return Buffer(bytes(Iovec(iov_base=VECTORS[-1].address, iov_len=size)))


VECTORS: list[Buffer] = []
"""What vectors point to, kept alive."""


def full_pipe() -> int:
    """The end of a pipe that takes no more."""
    _, writer = new_pipe()
    with untraced():
        assert write(writer, bytes(PIPE_BYTES), PIPE_BYTES) == PIPE_BYTES
    return writer


def full_queue() -> int:
    """A queue of System V that takes no more."""
    id, message = msgget(IPC_PRIVATE, 0o600), struct.pack("=q", 1) + bytes(MSGMNB // 4)
    with untraced():
        while not msgsnd.result_of(id, message, MSGMNB // 4, IPC_NOWAIT)[1]:
            pass
    return id


def queue(messages: int) -> int:
    """A queue of POSIX for one message, with so many in it."""
    fd = mq_open(b"queue", O_RDWR | O_CREAT, 0o600, MqAttr(maxmsg=1, msgsize=8))
    for _ in range(messages):
        mq_timedsend(fd, b"x", 1, 0, None)
    return fd


def locked() -> int:
    """An open file of which another has the lock."""
    one, other = (openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600) for _ in range(2))
    flock(one, LOCK_EX)
    return other


def fifo() -> bytes:
    """A FIFO that nobody else opens."""
    mknod(b"fifo", S_IFIFO | 0o600, 0)
    return b"fifo"


def waiting() -> None:
    """A child that does not end."""

    def wait() -> None:
        with untraced():
            pause()

    fork_child(wait)


def prepared(what: str) -> Callable[[], tuple[int, int]]:  # noqa: PLR0911, PLR0912 - a list
    """Something that blocks: its result and errno."""
    match what:
        case "accept":
            fd = listener()
            return lambda: accept.result_of(fd, 0, 0)
        case "accept4":
            fd = listener()
            return lambda: accept4.result_of(fd, 0, 0, 0)
        case "recvfrom":
            fd, _ = pair()
            return lambda: recvfrom.result_of(fd, Buffer(8), 8, 0, None, None)
        case "recvmsg":
            fd, _ = pair()
            into = vector(8)
            return lambda: recvmsg.result_of(fd, Msghdr(iov=into.address, iovlen=1), 0)
        case "sendto":
            fd = full_socket()
            return lambda: sendto.result_of(fd, b"x" * 1024, 1024, 0, None, 0)
        case "sendmsg":
            fd, of = full_socket(), vector(1024)
            return lambda: sendmsg.result_of(fd, Msghdr(iov=of.address, iovlen=1), 0)
        case "write":
            fd = full_pipe()
            return lambda: write.result_of(fd, b"x", 1)
        case "writev":
            fd, of = full_pipe(), vector(1)
            return lambda: writev.result_of(fd, of, 1)
        case "readv":
            (fd, _), into = new_pipe(), vector(1)
            return lambda: readv.result_of(fd, into, 1)
        case "poll":
            fd, _ = new_pipe()
            return lambda: poll.result_of(Pollfd(fd=fd, events=POLLIN), 1, -1)
        case "select":
            return lambda: select.result_of(0, None, None, None, bytes(Timeval(tv_sec=15)))
        case "epoll_wait":
            epoll = epoll_create1(0)
            return lambda: epoll_wait.result_of(epoll, EpollEvent(), 1, -1)
        case "flock":
            fd = locked()
            return lambda: flock.result_of(fd, LOCK_EX)
        case "semop":
            id = semget(IPC_PRIVATE, 1, 0o600)
            return lambda: semop.result_of(id, TAKE, 1)
        case "semtimedop":
            id = semget(IPC_PRIVATE, 1, 0o600)
            return lambda: semtimedop.result_of(id, TAKE, 1, None)
        case "msgsnd":
            id, message = full_queue(), struct.pack("=q", 1) + bytes(MSGMNB // 4)
            return lambda: msgsnd.result_of(id, message, MSGMNB // 4, 0)
        case "msgrcv":
            id = msgget(IPC_PRIVATE, 0o600)
            return lambda: msgrcv.result_of(id, Buffer(16), 8, 0, 0)
        case "mq_timedsend":
            fd = queue(1)
            return lambda: mq_timedsend.result_of(fd, b"x", 1, 0, None)
        case "mq_timedreceive":
            fd = queue(0)
            return lambda: mq_timedreceive.result_of(fd, Buffer(8), 8, None, None)
        case "waitid":
            waiting()
            return lambda: waitid.result_of(P_ALL, 0, None, WEXITED, None)
        case "wait4":
            waiting()
            return lambda: wait4.result_of(-1, None, 0, None)
        case "io_getevents":
            own = context()
            return lambda: io_getevents.result_of(own, 1, 1, IoEvent(), None)
        case "open":
            path = fifo()
            return lambda: open.result_of(path, O_RDONLY)
    assert what == "openat"
    path = fifo()
    return lambda: openat.result_of(AT_FDCWD, path, O_WRONLY, 0)


@pytest.mark.parametrize(
    "what",
    [
        *("accept", "accept4", "recvfrom", "recvmsg", "sendto", "sendmsg", "write", "writev", "readv"),
        *("poll", "select", "epoll_wait", "flock", "semop", "semtimedop", "msgsnd", "msgrcv"),
        *("mq_timedsend", "mq_timedreceive", "waitid", "wait4", "io_getevents", "open", "openat"),
    ],
)
def test_wait_is_over_with_eintr_when_a_handler_has_run(what: str) -> None:
    ticks = Cell()
    blocks = prepared(what)
    handle(signal.SIGALRM, increment(ticks.address))
    with ticking():
        assert blocks() == (-1, EINTR)
    assert ticks.value
