"""Pairs of unix sockets, against a model: order, message boundaries, peeking, shutdown and closing (unix(7))."""

from __future__ import annotations

import signal
from errno import EAGAIN, ECONNREFUSED, ECONNRESET, EMSGSIZE, EPIPE
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cases.sockets._sockets import get_int, pair
from cases.sockets._streams_model import Pair, Side, message
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import dup
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN, POLLOUT, POLLRDHUP
from conformance.syscalls.signals import SIG_BLOCK, SIGSET_SIZE, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.sockets.connections import SHUT_RD, SHUT_RDWR, SHUT_WR, shutdown
from conformance.syscalls.sockets.messages import MSG_NOSIGNAL, MSG_PEEK, MSG_TRUNC, Message, recvfrom, recvmsg, sendto
from conformance.syscalls.sockets.options import SO_SNDBUF, SOL_SOCKET
from conformance.syscalls.sockets.socket import SOCK_DGRAM, SOCK_NONBLOCK, SOCK_SEQPACKET, SOCK_STREAM
from conformance.syscalls.time.clocks import Timespec

SIOCINQ = 0x541B
CHUNK = 4096
LEAST_MESSAGES = 64
"""So many are tried, however small the buffer is."""
SIGPIPE = sigset(signal.SIGPIPE)
NOW = Timespec()
SHUT = {"SHUT_RD": SHUT_RD, "SHUT_WR": SHUT_WR, "SHUT_RDWR": SHUT_RDWR}
SIDES = st.integers(0, 1)
SIZES = st.sampled_from([0, 1, 7, 100, 300])


CALLS = st.one_of(
    st.tuples(st.just("send"), SIDES, SIZES, st.booleans()),
    st.tuples(st.just("send_until_there_is_no_room"), SIDES),
    st.tuples(st.just("send_too_much"), SIDES),
    st.tuples(st.just("receive"), SIDES, SIZES),
    st.tuples(st.just("peek"), SIDES, SIZES),
    st.tuples(st.just("receive_message"), SIDES, SIZES, st.booleans()),
    st.tuples(st.just("receive_all"), SIDES),
    st.tuples(st.just("change_ends"), SIDES, st.sampled_from(["duplicate", "close", "close", *SHUT])),
)
"""What may be done, with what."""


class Sockets(RuleBasedStateMachine):
    """Two connected sockets that do not wait. Each has a second descriptor at times."""

    kind = SOCK_STREAM

    def __init__(self) -> None:
        super().__init__()
        self.fds = [[fd] for fd in pair(self.kind | SOCK_NONBLOCK)]
        self.pair = Pair(self.kind)
        self.serial = 0

    def teardown(self) -> None:
        for fds in self.fds:
            for fd in fds:
                close(fd)

    def usable(self, at: int, size: int = 1) -> bool:
        """Whether a call can be made there whose outcome is known: a stream's calls about no bytes are not."""
        return bool(self.fds[at] and self.pair.sides[at].has_peer and (size or self.kind != SOCK_STREAM))

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        name, *arguments = call
        getattr(self, name)(*arguments)

    def send(self, at: int, size: int, quietly: bool) -> None:
        """sendto(2) with MSG_NOSIGNAL, or write(2)."""
        if not self.usable(at, size):
            return
        fd, self.serial = self.fds[at][-1], self.serial + 1
        data = message(self.serial, size)
        if quietly or not size:
            answer = sendto.result_of(fd, data, size, MSG_NOSIGNAL, None, 0)
        else:
            answer = write.result_of(fd, data, size)
        signalled = rt_sigtimedwait.result_of(SIGPIPE, None, NOW, SIGSET_SIZE)[1] == 0
        if refusals := self.pair.refusals(at):
            assert answer in {(-1, error) for error in refusals}
            if self.kind == SOCK_STREAM or quietly:
                assert signalled == (answer[1] == EPIPE and not quietly)
            self.pair.sides[at].reset &= answer[1] != ECONNRESET
            self.pair.sides[at].has_peer = answer[1] != ECONNREFUSED
            return
        assert not signalled, "SIGPIPE without EPIPE"
        if not self.pair.has_room(at) and answer != (size, 0):
            assert answer == (-1, EAGAIN) or (self.kind == SOCK_STREAM and 0 < answer[0] < size)
        else:
            assert answer == (size, 0)
        if answer[1] == 0:
            self.pair.put(at, data[: answer[0]])

    def send_until_there_is_no_room(self, at: int) -> None:
        if not self.usable(at) or self.pair.refusals(at):
            return
        fd = self.fds[at][-1]
        self.fill(at, fd, CHUNK)
        self.fill(at, fd, 1)  # poll(2): "a write larger than the available space will still block"
        self.pair.sides[at].crowded = True
        assert ready(fd, POLLOUT, 0) & POLLOUT == 0, "POLLOUT, where a send says EAGAIN"

    def fill(self, at: int, fd: int, size: int) -> None:
        """Send messages of `size` bytes until there is no room: after twice what SO_SNDBUF says, at the latest."""
        for _ in range(LEAST_MESSAGES + 2 * get_int(fd, SOL_SOCKET, SO_SNDBUF) // size):
            self.serial += 1
            data = message(self.serial, size)
            count, error = sendto.result_of(fd, data, size, MSG_NOSIGNAL, None, 0)
            if error:
                assert error == EAGAIN
                return
            assert count == size or (self.kind == SOCK_STREAM and 0 < count < size)
            self.pair.put(at, data[:count])
        raise AssertionError("more was sent than a buffer holds, and nothing received")

    def send_too_much(self, at: int) -> None:
        """A message is sent whole or not at all: EMSGSIZE for one that would never fit (send(2))."""
        if self.kind != SOCK_STREAM and self.usable(at) and not self.pair.refusals(at):
            size = 2 * get_int(self.fds[at][-1], SOL_SOCKET, SO_SNDBUF)
            sendto.fails_with(EMSGSIZE, self.fds[at][-1], bytes(size), size, MSG_NOSIGNAL, None, 0)

    def receive(self, at: int, size: int) -> None:
        if self.usable(at, size):
            buffer = Buffer(size)
            self.received(at, size, read.result_of(self.fds[at][-1], buffer, size) if size else None, buffer)

    def peek(self, at: int, size: int) -> None:
        if self.usable(at, size):
            buffer = Buffer(size)
            answer = recvfrom.result_of(self.fds[at][-1], buffer, size, MSG_PEEK, None, None)
            self.received(at, size, answer, buffer, peeking=True)

    def receive_message(self, at: int, size: int, asking: bool) -> None:
        """recvmsg(2): MSG_TRUNC tells that a message was cut; as a flag it asks for the length that it had."""
        if self.kind == SOCK_STREAM or not self.usable(at):
            return
        whole = len(self.pair.sides[at].queue[0]) if self.pair.sides[at].queue else 0
        into = Message(size)
        answer = recvmsg.result_of(self.fds[at][-1], into.header, MSG_TRUNC if asking else 0)
        if self.received(at, size, answer, into.data, expected=whole if asking else None):
            assert into.header.flags & MSG_TRUNC == (MSG_TRUNC if whole > size else 0)

    def receive_all(self, at: int) -> None:
        while self.usable(at) and self.pair.sides[at].queue and not self.pair.sides[at].reset:
            size = max(self.pair.sides[at].held, 1) if self.kind == SOCK_STREAM else CHUNK
            buffer = Buffer(size)
            self.received(at, size, read.result_of(self.fds[at][-1], buffer, size), buffer)

    def received(
        self,
        at: int,
        size: int,
        answer: tuple[int, int] | None,
        buffer: Buffer,
        *,
        peeking: bool = False,
        expected: int | None = None,
    ) -> bool:
        """Judge what a receive of `size` bytes said; whether there was data. No answer: make the call."""
        if answer is None:
            answer = recvfrom.result_of(self.fds[at][-1], buffer, size, 0, None, None)
        me = self.pair.sides[at]
        if me.reset and answer == (-1, ECONNRESET) and (not me.queue or self.kind != SOCK_STREAM):
            me.reset = False
            return False
        if not me.queue:
            assert answer in self.pair.nothing(at)
            return False
        data = self.pair.next(at, size)
        assert answer == (len(data) if expected is None else expected, 0)
        assert buffer.take(len(data)) == data, "not the data that was sent next"
        if not peeking:
            self.pair.take(at, size)
        return True

    def change_ends(self, at: int, what: str) -> None:
        """Open another descriptor of a side, close one, or shut one direction or both."""
        fds, side = self.fds[at], self.pair.sides[at]
        if not all(self.fds):
            return
        if what == "duplicate":
            fds.append(dup(fds[0]))
        elif what in SHUT:
            shutdown(fds[-1], SHUT[what])
            self.pair.shut(at, receiving=SHUT[what] != SHUT_WR, sending=SHUT[what] != SHUT_RD)
        elif side.held or not side.queue:  # whether empty messages that are unread reset a connection is undefined
            close(fds.pop())
            if not fds:
                self.pair.close(at)

    @invariant()
    def tells_its_state(self) -> None:
        """poll(2), and the number of bytes that can be received."""
        for at, me in enumerate(self.pair.sides):
            if self.usable(at):
                self.polled(at, me)

    def polled(self, at: int, me: Side) -> None:
        """Judge one side's state."""
        fd = self.fds[at][0]
        state = ready(fd, POLLIN | POLLOUT | POLLRDHUP, 0)
        expected, certain = self.pair.events(at)
        assert state & certain == expected & certain
        if self.pair.has_room(at) and me.sends:
            assert state & POLLOUT
        if self.kind != SOCK_SEQPACKET and not me.reset:
            count = Buffer(4)
            ioctl(fd, SIOCINQ, count)
            assert count.int_at(0) == (me.held if self.kind == SOCK_STREAM else len(me.queue[0]) if me.queue else 0)


@pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM], ids=["stream", "seqpacket", "dgram"])
def test_pair_does_what_its_model_says(kind: int) -> None:
    with untraced():
        rt_sigprocmask(SIG_BLOCK, SIGPIPE, None, SIGSET_SIZE)
        Sockets.kind = kind
        run_state_machine_as_test(Sockets)
