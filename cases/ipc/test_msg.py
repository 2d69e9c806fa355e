"""Message queues of System V: messages have types, by which they are taken (msgop(2))."""

from __future__ import annotations

import struct
from errno import E2BIG, EINVAL, ENOMSG, ENOSYS

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.ipc.msg import MSG_COPY, MSG_EXCEPT, MSG_NOERROR, MsqidDs, msgctl, msgget, msgrcv, msgsnd
from conformance.syscalls.ipc.sysv import IPC_NOWAIT, IPC_PRIVATE, IPC_STAT

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker


def send(id: int, kind: int, text: bytes, flags: int = 0) -> None:
    """Send a message of a type."""
    msgsnd(id, struct.pack("=q", kind) + text, len(text), flags)


def take(id: int, kind: int, flags: int = 0, room: int = 16) -> tuple[int, bytes]:
    """Receive a message; its type and text."""
    message = Buffer(8 + room)
    count = msgrcv(id, message, room, kind, flags)
    return message.int_at(0, 8), message.take(count, 8)


def queue(*messages: tuple[int, bytes]) -> int:
    """A queue with messages in it."""
    id = msgget(IPC_PRIVATE, 0o600)
    for kind, text in messages:
        send(id, kind, text)
    return id


def state_of(id: int) -> MsqidDs:
    """IPC_STAT."""
    state = MsqidDs()
    msgctl(id, IPC_STAT, state)
    return state


def test_type_selects_the_message() -> None:
    """A type, the lowest up to one, any but one, or the first (MSG_EXCEPT: Linux)."""
    id = queue((3, b"three"), (2, b"two"), (5, b"five"), (4, b"four"))
    assert take(id, 5) == (5, b"five")
    assert take(id, -3) == (2, b"two")
    assert take(id, 3, MSG_EXCEPT) == (4, b"four")
    assert take(id, 0) == (3, b"three")
    msgrcv.fails_with(ENOMSG, id, Buffer(24), 16, 0, IPC_NOWAIT)


def test_message_too_long_stays_unless_it_may_be_cut() -> None:
    id = queue((1, b"hello"))
    msgrcv.fails_with(E2BIG, id, Buffer(10), 2, 0, 0)
    assert take(id, 0, MSG_NOERROR, room=2) == (1, b"he")
    assert state_of(id).qnum == 0


def test_message_can_be_copied_by_its_place() -> None:
    """MSG_COPY (Linux 3.8), of kernels that can save processes; it needs IPC_NOWAIT."""
    id = queue((1, b"one"), (2, b"two"))
    msgrcv.fails_with(EINVAL, id, Buffer(24), 16, 1, MSG_COPY)
    assert msgrcv.or_missing("MSG_COPY", ENOSYS, id, Buffer(24), 16, 1, MSG_COPY | IPC_NOWAIT) == 3
    assert take(id, 1, MSG_COPY | IPC_NOWAIT) == (2, b"two")
    assert state_of(id).qnum == 2
    msgrcv.fails_with(ENOMSG, id, Buffer(24), 16, 2, MSG_COPY | IPC_NOWAIT)
