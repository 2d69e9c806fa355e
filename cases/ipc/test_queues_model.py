"""Message queues, against a model: of System V by type and of POSIX by priority, with their limits (msgop(2))."""

from __future__ import annotations

import struct
from errno import EAGAIN, EEXIST, EIDRM, EINVAL, ENOENT, ENOMSG, ETIMEDOUT
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from cases._models import polled
from cases.ipc._queues_model import PRIORITIES, PriorityQueue, TypedQueue
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_EXCL, O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY
from conformance.syscalls.ipc.mq import MqAttr, mq_getsetattr, mq_open, mq_timedreceive, mq_timedsend, mq_unlink
from conformance.syscalls.ipc.msg import MSG_COPY, MSG_EXCEPT, MSG_NOERROR, MsqidDs, msgctl, msgget, msgrcv, msgsnd
from conformance.syscalls.ipc.sysv import IPC_NOWAIT, IPC_PRIVATE, IPC_RMID, IPC_SET, IPC_STAT, IpcPerm
from conformance.syscalls.polling.poll import POLLIN, POLLOUT, Pollfd
from conformance.syscalls.time.clocks import Timespec

pytestmark = pytest.mark.needs("root")  # for an IPC namespace of its own: what is made outlives its maker

NAME = b"model"
ROOM = 16
"""Bytes of the longest message."""
LONG_PAST = Timespec(tv_sec=1)
"""A time until which nobody waits any more."""
TEXTS = st.sampled_from([0, 0, 1, 7, 8, ROOM]).flatmap(lambda size: st.binary(min_size=size, max_size=size))


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


class TypedQueues(ScriptMachine):
    """One System V queue, which nobody waits for."""

    def __init__(self, copying: bool) -> None:
        """`copying`: whether there is MSG_COPY (Linux 3.8, for kernels that can save processes)."""
        super().__init__()
        self.copying = copying
        self.id = self.does(msgget, IPC_PRIVATE, 0o600).resource
        self.model = TypedQueue(0)
        state = self.state()
        self.then(lambda: setattr(self.model, "limit", state.qbytes))

    def teardown(self) -> None:
        self.does(msgctl, self.id, IPC_RMID, None)
        gone = self.call(msgsnd, self.id, struct.pack("=q", 1), 0, IPC_NOWAIT)
        self.then(self.has_gone, gone)
        super().teardown()

    def has_gone(self, answer: Reply) -> None:
        """Judge a call about a queue that was removed."""
        assert answer.said in {(-1, EIDRM), (-1, EINVAL)}

    def state(self) -> MsqidDs:
        """IPC_STAT."""
        state = MsqidDs()
        self.does(msgctl, self.id, IPC_STAT, state)
        return state

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def send(self, kind: int, text: bytes) -> None:
        answer = self.call(msgsnd, self.id, struct.pack("=q", kind) + text, len(text), IPC_NOWAIT)
        self.then(self.sent, kind, text, answer)

    def sent(self, kind: int, text: bytes, answer: Reply) -> None:
        """Judge it."""
        refusal = self.model.send(kind, text)
        assert answer.said == ((-1, refusal) if refusal else (0, 0))

    def receive(self, kind: int, room: int, flags: int) -> None:
        message = Buffer(8 + room)
        answer = self.call(msgrcv, self.id, message, room, kind, flags | IPC_NOWAIT)
        self.then(self.received, kind, room, flags, answer, message)

    def received(self, kind: int, room: int, flags: int, answer: Reply, message: Buffer) -> None:
        """Judge it."""
        expected = self.model.receive(kind, room, flags)
        if isinstance(expected, int):
            assert answer.said == (-1, expected)
            return
        self.is_message(expected, answer, message)

    def is_message(self, expected: tuple[int, bytes], answer: Reply, message: Buffer) -> None:
        """Judge a message."""
        kind, text = expected
        assert answer.said == (len(text), 0)
        assert (message.int_at(0, 8), message.take(len(text), 8)) == (kind, text)

    def copy(self, at: int) -> None:
        """MSG_COPY: the message at a place, which stays there."""
        if self.copying:
            message = Buffer(8 + ROOM)
            answer = self.call(msgrcv, self.id, message, ROOM, at, MSG_COPY | IPC_NOWAIT)
            self.then(self.copied, at, answer, message)

    def copied(self, at: int, answer: Reply, message: Buffer) -> None:
        """Judge it."""
        if at >= len(self.model.messages):
            assert answer.said == (-1, ENOMSG)
            return
        self.is_message(self.model.messages[at], answer, message)

    def limit(self, limit: int) -> None:
        """IPC_SET: what is in the queue beyond the new limit stays."""
        self.does(msgctl, self.id, IPC_SET, MsqidDs(perm=IpcPerm(mode=0o600), qbytes=limit))
        self.then(lambda: setattr(self.model, "limit", limit))

    @invariant()
    def tells_its_state(self) -> None:
        self.then(self.state_was_told, self.state())

    def state_was_told(self, state: MsqidDs) -> None:
        """Judge it."""
        told = (state.qnum, state.cbytes, state.qbytes)
        assert told == (len(self.model.messages), self.model.held, self.model.limit)


def test_queue_of_types_does_what_its_model_says(kernel: Kernel) -> None:
    probe = Script()
    id = probe.does(msgget, IPC_PRIVATE, 0o600).resource
    copied = probe.call(msgrcv, id, Buffer(8 + ROOM), ROOM, 0, MSG_COPY | IPC_NOWAIT)
    kernel.does(probe)
    kernel.keeps(TypedQueues, copied.error == ENOMSG)


class PriorityQueues(ScriptMachine):
    """One POSIX queue, opened to wait or not to wait, and for one direction only."""

    def __init__(self) -> None:
        super().__init__()
        self.model = PriorityQueue(1, 1)
        self.fds: list[int] = []
        self.waits = [False, True, True, True]

    @initialize(limit=st.integers(1, 10), size=st.integers(1, ROOM))
    def create(self, limit: int, size: int) -> None:
        self.model = PriorityQueue(limit, size)
        attributes = MqAttr(maxmsg=limit, msgsize=size)
        self.fds = [self.opens(mq_open, NAME, O_RDWR | O_CREAT | O_EXCL | O_NONBLOCK, 0o600, attributes)]
        self.says(-EEXIST, mq_open, NAME, O_RDWR | O_CREAT | O_EXCL, 0o600, attributes)
        self.fds += [self.opens(mq_open, NAME, mode, 0, None) for mode in (O_RDWR, O_WRONLY, O_RDONLY)]
        self.says(0, mq_unlink, NAME)
        self.says(-ENOENT, mq_unlink, NAME)

    def refusal(self, error: int, waits: bool) -> tuple[int, int]:
        """What a call says that cannot be done: who would wait is told that the time is over."""
        return -1, ETIMEDOUT if error == EAGAIN and waits else error

    @rule(
        which=st.integers(0, 2),
        priority=st.one_of(st.integers(0, 3), st.sampled_from([PRIORITIES - 1, PRIORITIES])),
        text=TEXTS,
    )
    def send(self, which: int, priority: int, text: bytes) -> None:
        answer = self.call(mq_timedsend, self.fds[which], text, len(text), priority, LONG_PAST)
        self.then(self.sent, priority, text, self.waits[which], answer)

    def sent(self, priority: int, text: bytes, waits: bool, answer: Reply) -> None:
        """Judge it."""
        refusal = self.model.send(priority, text)
        assert answer.said == (self.refusal(refusal, waits) if refusal else (0, 0))

    @rule(which=st.sampled_from([0, 1, 3]), extra=st.sampled_from([-1, 0, 0, 0, 5]))
    def receive(self, which: int, extra: int) -> None:
        room = self.model.size + extra
        text, priority = Buffer(room), Buffer(4)
        answer = self.call(mq_timedreceive, self.fds[which], text, room, priority, LONG_PAST)
        self.then(self.received, room, self.waits[which], answer, text, priority)

    def received(self, room: int, waits: bool, answer: Reply, text: Buffer, priority: Buffer) -> None:
        """Judge it."""
        expected = self.model.receive(room)
        if isinstance(expected, int):
            assert answer.said == self.refusal(expected, waits)
            return
        assert answer.said == (len(expected[1]), 0)
        assert (priority.int_at(0), text.take(answer.result)) == expected

    @rule(which=st.integers(0, 1), waiting=st.booleans())
    def change(self, which: int, waiting: bool) -> None:
        """O_NONBLOCK is the one attribute that can be set; each descriptor that was opened has its own."""
        old = MqAttr()
        self.says(0, mq_getsetattr, self.fds[which], MqAttr(flags=0 if waiting else O_NONBLOCK), old)
        self.then(self.changed, old, self.waits[which])
        self.waits[which] = waiting

    def changed(self, old: MqAttr, waited: bool) -> None:
        """Judge it."""
        assert old.flags == (0 if waited else O_NONBLOCK)

    @invariant()
    def tells_its_state(self) -> None:
        if self.fds:
            told = MqAttr()
            self.says(0, mq_getsetattr, self.fds[0], None, told)
            self.then(self.state_was_told, told, polled(self.script, self.fds[0], POLLIN | POLLOUT))

    def state_was_told(self, told: MqAttr, polled: Pollfd) -> None:
        """Judge it."""
        held = len(self.model.messages)
        assert (told.maxmsg, told.msgsize, told.curmsgs) == (self.model.limit, self.model.size, held)
        assert polled.revents == (POLLIN if held else 0) | (POLLOUT if held < self.model.limit else 0)


def test_queue_of_priorities_does_what_its_model_says(kernel: Kernel) -> None:
    probe = Script()
    probe.says(-ENOENT, mq_unlink, NAME)
    kernel.does(probe)
    kernel.keeps(PriorityQueues)
