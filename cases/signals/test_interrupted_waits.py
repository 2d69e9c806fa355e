"""Interrupted waits: a handler without SA_RESTART ends what blocks with EINTR (signal(7))."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable
from errno import EINTR
from functools import partial

import pytest

from cases.signals._handlers import Cell, handle, ticking
from cases.sockets._sockets import bound, pair
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.directories import mknod
from conformance.syscalls.files.locks import LOCK_EX, flock
from conformance.syscalls.files.opening import O_CREAT, O_RDONLY, O_RDWR, O_WRONLY, open, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.files.status import S_IFIFO
from conformance.syscalls.files.vectors import Vector, readv, writev
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
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, Message, recvfrom, recvmsg, sendmsg, sendto
from conformance.syscalls.sockets.socket import SOCK_DGRAM, SOCK_STREAM
from conformance.syscalls.time.clocks import Timeval

pytestmark = pytest.mark.needs("x86_64", "root")  # root: for an IPC namespace of its own

PIPE_BYTES = 65536
"""What a pipe takes (pipe(7))."""
TEXT = bytes(1024)
TYPED = struct.pack("=q", 1) + TEXT
"""A message of System V: its type, which is in no count of its bytes, and its text (msgsnd(2))."""
TAKE = struct.pack("=HhH", 0, -1, 0)
"""One less, of the first semaphore (semop(2))."""

Blocks = Callable[[], tuple[int, int]]
"""A call that blocks: its result and errno."""


def listener() -> int:
    """A socket to which nobody connects."""
    fd, _ = bound(SOCK_STREAM)
    listen(fd, 1)
    return fd


def silent() -> int:
    """A socket to which nobody sends."""
    return pair(SOCK_DGRAM)[0]


def full_socket() -> int:
    """A socket that takes no more."""
    fd, _ = pair(SOCK_DGRAM)
    with untraced():
        while not sendto.result_of(fd, TEXT, len(TEXT), MSG_DONTWAIT, None, 0)[1]:
            pass
    return fd


def empty_pipe() -> int:
    """The end of a pipe into which nobody writes."""
    return new_pipe()[0]


def full_pipe() -> int:
    """The end of a pipe that takes no more."""
    _, writer = new_pipe()
    with untraced():
        assert write(writer, bytes(PIPE_BYTES), PIPE_BYTES) == PIPE_BYTES
    return writer


def messages() -> int:
    """A queue of System V with nothing in it."""
    return msgget(IPC_PRIVATE, 0o600)


def full_queue() -> int:
    """One that takes no more."""
    id = messages()
    with untraced():
        while not msgsnd.result_of(id, TYPED, len(TEXT), IPC_NOWAIT)[1]:
            pass
    return id


def queue(count: int) -> int:
    """A queue of POSIX for one message, with so many in it."""
    fd = mq_open(b"queue", O_RDWR | O_CREAT, 0o600, MqAttr(maxmsg=1, msgsize=8))
    for _ in range(count):
        mq_timedsend(fd, b"x", 1, 0, None)
    return fd


def semaphore() -> int:
    """One that is zero."""
    return semget(IPC_PRIVATE, 1, 0o600)


def locked() -> int:
    """An open file of which another has the lock."""
    one, other = (openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600) for _ in range(2))
    flock(one, LOCK_EX)
    return other


def context() -> int:
    """A context of asynchronous I/O without requests."""
    made = AioContext()
    io_setup(1, made)
    return int(made.context)


def fifo() -> bytes:
    """A FIFO that nobody else opens."""
    mknod(b"fifo", S_IFIFO | 0o600, 0)
    return b"fifo"


def waiting_child(any_child: int) -> int:
    """A child that does not end; what its parent waits for."""

    def wait() -> None:
        with untraced():
            pause()

    fork_child(wait)
    return any_child


WAITS: dict[str, Callable[[], Blocks]] = {
    "accept": lambda: partial(accept.result_of, listener(), 0, 0),
    "accept4": lambda: partial(accept4.result_of, listener(), 0, 0, 0),
    "recvfrom": lambda: partial(recvfrom.result_of, silent(), Buffer(8), 8, 0, None, None),
    "recvmsg": lambda: partial(recvmsg.result_of, silent(), Message(8).header, 0),
    "sendto": lambda: partial(sendto.result_of, full_socket(), TEXT, len(TEXT), 0, None, 0),
    "sendmsg": lambda: partial(sendmsg.result_of, full_socket(), Message(TEXT).header, 0),
    "write": lambda: partial(write.result_of, full_pipe(), b"x", 1),
    "writev": lambda: partial(writev.result_of, full_pipe(), Vector(Buffer(b"x")), 1),
    "readv": lambda: partial(readv.result_of, empty_pipe(), Vector(Buffer(1)), 1),
    "poll": lambda: partial(poll.result_of, Pollfd(fd=empty_pipe(), events=POLLIN), 1, -1),
    "select": lambda: partial(select.result_of, 0, None, None, None, bytes(Timeval(tv_sec=15))),
    "epoll_wait": lambda: partial(epoll_wait.result_of, epoll_create1(0), EpollEvent(), 1, -1),
    "flock": lambda: partial(flock.result_of, locked(), LOCK_EX),
    "semop": lambda: partial(semop.result_of, semaphore(), TAKE, 1),
    "semtimedop": lambda: partial(semtimedop.result_of, semaphore(), TAKE, 1, None),
    "msgsnd": lambda: partial(msgsnd.result_of, full_queue(), TYPED, len(TEXT), 0),
    "msgrcv": lambda: partial(msgrcv.result_of, messages(), Buffer(16), 8, 0, 0),
    "mq_timedsend": lambda: partial(mq_timedsend.result_of, queue(1), b"x", 1, 0, None),
    "mq_timedreceive": lambda: partial(mq_timedreceive.result_of, queue(0), Buffer(8), 8, None, None),
    "waitid": lambda: partial(waitid.result_of, waiting_child(P_ALL), 0, None, WEXITED, None),
    "wait4": lambda: partial(wait4.result_of, waiting_child(-1), None, 0, None),
    "io_getevents": lambda: partial(io_getevents.result_of, context(), 1, 1, IoEvent(), None),
    "open": lambda: partial(open.result_of, fifo(), O_RDONLY),
    "openat": lambda: partial(openat.result_of, AT_FDCWD, fifo(), O_WRONLY, 0),
}


@pytest.mark.parametrize("what", WAITS)
def test_wait_is_over_with_eintr_when_a_handler_has_run(what: str) -> None:
    ticks, blocks = Cell(), WAITS[what]()
    handle(signal.SIGALRM, increment(ticks.address))
    with ticking():
        assert blocks() == (-1, EINTR)
    assert ticks.value
