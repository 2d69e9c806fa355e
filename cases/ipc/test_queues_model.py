"""Message queues, against a model: of System V by type and of POSIX by priority, with their limits (msgop(2))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EEXIST, EIDRM, EINVAL, ENOENT, ENOMSG, ETIMEDOUT
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from cases.ipc._queues_model import PRIORITIES, PriorityQueue, TypedQueue
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY, close
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.ipc.mq import MqAttr, mq_getsetattr, mq_open, mq_timedreceive, mq_timedsend, mq_unlink
from conformance.syscalls.ipc.msg import MSG_COPY, MSG_EXCEPT, MSG_NOERROR, MsqidDs, msgctl, msgget, msgrcv, msgsnd
from conformance.syscalls.ipc.sysv import IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, IPC_SET, IPC_STAT
from conformance.syscalls.polling.poll import POLLIN, POLLOUT
from conformance.syscalls.time.clocks import Timespec

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker

NAME = b"model"
ROOM = 16
"""Bytes of the longest message."""
LONG_PAST = Timespec(tv_sec=1)
"""A time until which nobody waits any more."""
TEXTS = st.sampled_from([0, 0, 1, 7, 8, ROOM]).flatmap(lambda size: st.binary(min_size=size, max_size=size))


def copies_messages() -> bool:
    """Whether there is MSG_COPY (Linux 3.8, for kernels that can save processes); the model goes without."""
    id = msgget(IPC_PRIVATE, 0o600)
    _, error = msgrcv.result_of(id, Buffer(8 + ROOM), ROOM, 0, MSG_COPY | IPC_NOWAIT)
    msgctl(id, IPC_RMID, None)
    return error == ENOMSG


CALLS = st.one_of(
    st.tuples(st.just("send"), st.integers(0, 5), TEXTS),
    st.tuples(
        st.just("receive"),
        st.integers(-5, 5),
        st.sampled_from([ROOM, ROOM, 1, 8]),
        st.sampled_from([0, MSG_NOERROR, MSG_EXCEPT, MSG_NOERROR | MSG_EXCEPT]),
    ),
    st.tuples(st.just("copy"), st.integers(0, 8)),
    st.tuples(st.just("limit"), st.sampled_from([0, 2, 3, 30, 100])),
)
"""What may be done, with what."""


class TypedQueues(RuleBasedStateMachine):
    """One System V queue, which nobody waits for."""

    copying = True

    def __init__(self) -> None:
        super().__init__()
        self.id = msgget(IPC_PRIVATE, 0o600)
        self.model = TypedQueue(self.state().qbytes)

    def teardown(self) -> None:
        msgctl(self.id, IPC_RMID, None)
        msgsnd.fails_with((EIDRM, EINVAL), self.id, struct.pack("=q", 1), 0, IPC_NOWAIT)

    def state(self) -> MsqidDs:
        """IPC_STAT."""
        state = MsqidDs()
        msgctl(self.id, IPC_STAT, state)
        return state

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def send(self, kind: int, text: bytes) -> None:
        answer = msgsnd.result_of(self.id, struct.pack("=q", kind) + text, len(text), IPC_NOWAIT)
        refusal = self.model.send(kind, text)
        assert answer == ((-1, refusal) if refusal else (0, 0))

    def receive(self, kind: int, room: int, flags: int) -> None:
        message = Buffer(8 + room)
        answer = msgrcv.result_of(self.id, message, room, kind, flags | IPC_NOWAIT)
        expected = self.model.receive(kind, room, flags)
        if isinstance(expected, int):
            assert answer == (-1, expected)
            return
        kind, text = expected
        assert answer == (len(text), 0)
        assert (message.int_at(0, 8), message.take(len(text), 8)) == (kind, text)

    def copy(self, at: int) -> None:
        """MSG_COPY: the message at a place, which stays there."""
        if not self.copying:
            return
        message = Buffer(8 + ROOM)
        answer = msgrcv.result_of(self.id, message, ROOM, at, MSG_COPY | IPC_NOWAIT)
        if at >= len(self.model.messages):
            assert answer == (-1, ENOMSG)
            return
        kind, text = self.model.messages[at]
        assert answer == (len(text), 0)
        assert (message.int_at(0, 8), message.take(len(text), 8)) == (kind, text)

    def limit(self, limit: int) -> None:
        """IPC_SET: what is in the queue beyond the new limit stays."""
        state = self.state()
        state.qbytes = limit
        msgctl(self.id, IPC_SET, state)
        self.model.limit = limit

    @invariant()
    def tells_its_state(self) -> None:
        state = self.state()
        told = (state.qnum, state.cbytes, state.qbytes)
        assert told == (len(self.model.messages), self.model.held, self.model.limit)


def test_queue_of_types_does_what_its_model_says() -> None:
    with untraced():
        TypedQueues.copying = copies_messages()
        run_state_machine_as_test(TypedQueues)


class PriorityQueues(RuleBasedStateMachine):
    """One POSIX queue, opened to wait or not to wait, and for one direction only."""

    def __init__(self) -> None:
        super().__init__()
        self.model = PriorityQueue(1, 1)
        self.fds: list[int] = []

    @initialize(limit=st.integers(1, 10), size=st.integers(1, ROOM))
    def create(self, limit: int, size: int) -> None:
        self.model = PriorityQueue(limit, size)
        attributes = MqAttr(maxmsg=limit, msgsize=size)
        self.fds = [mq_open(NAME, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0o600, attributes)]
        mq_open.fails_with(EEXIST, NAME, O_RDWR | O_CREAT | O_EXCL, 0o600, attributes)
        self.fds += [mq_open(NAME, mode, 0, None) for mode in (O_RDWR, O_WRONLY, O_RDONLY)]
        mq_unlink(NAME)
        mq_unlink.fails_with(ENOENT, NAME)
        self.waits = [False, True, True, True]

    def teardown(self) -> None:
        for fd in self.fds:
            close(fd)

    def refusal(self, which: int, error: int) -> tuple[int, int]:
        """What a call says that cannot be done: who would wait is told that the time is over."""
        return -1, ETIMEDOUT if error == EAGAIN and self.waits[which] else error

    @rule(
        which=st.integers(0, 2),
        priority=st.one_of(st.integers(0, 3), st.sampled_from([PRIORITIES - 1, PRIORITIES])),
        text=TEXTS,
    )
    def send(self, which: int, priority: int, text: bytes) -> None:
        answer = mq_timedsend.result_of(self.fds[which], text, len(text), priority, LONG_PAST)
        refusal = self.model.send(priority, text)
        assert answer == (self.refusal(which, refusal) if refusal else (0, 0))

    @rule(which=st.sampled_from([0, 1, 3]), extra=st.sampled_from([-1, 0, 0, 0, 5]))
    def receive(self, which: int, extra: int) -> None:
        room = self.model.size + extra
        text, priority = Buffer(room), Buffer(4)
        answer = mq_timedreceive.result_of(self.fds[which], text, room, priority, LONG_PAST)
        expected = self.model.receive(room)
        if isinstance(expected, int):
            assert answer == self.refusal(which, expected)
            return
        assert answer == (len(expected[1]), 0)
        assert (priority.int_at(0), text.take(answer[0])) == expected

    @rule(which=st.integers(0, 1), waiting=st.booleans())
    def change(self, which: int, waiting: bool) -> None:
        """O_NONBLOCK is the one attribute that can be set; each descriptor that was opened has its own."""
        old = MqAttr()
        mq_getsetattr(self.fds[which], MqAttr(flags=0 if waiting else O_NONBLOCK), old)
        assert old.flags == (0 if self.waits[which] else O_NONBLOCK)
        self.waits[which] = waiting

    @invariant()
    def tells_its_state(self) -> None:
        if not self.fds:
            return
        told, held = MqAttr(), len(self.model.messages)
        mq_getsetattr(self.fds[0], None, told)
        assert (told.maxmsg, told.msgsize, told.curmsgs) == (self.model.limit, self.model.size, held)
        state = (POLLIN if held else 0) | (POLLOUT if held < self.model.limit else 0)
        assert ready(self.fds[0], POLLIN | POLLOUT, 0) == state


def test_queue_of_priorities_does_what_its_model_says() -> None:
    mq_unlink.fails_with(ENOENT, NAME)
    with untraced():
        run_state_machine_as_test(PriorityQueues)
