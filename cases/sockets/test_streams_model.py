"""Pairs of unix sockets, against a model: order, message boundaries, peeking, shutdown and closing (unix(7))."""

from __future__ import annotations

import signal
import struct
from collections.abc import Callable
from errno import EAGAIN, ECONNREFUSED, ECONNRESET, EMSGSIZE, EPIPE
from functools import partial
from typing import Any, ParamSpec

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from cases._models import opened_pair, polled
from cases.sockets._sockets import size_of
from cases.sockets._streams_model import Pair, message
from conformance.programs.keeping import Kernel, ScriptMachine
from conformance.programs.program import Memory
from conformance.programs.script import Reply, Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.descriptors import dup
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.polling.poll import POLLIN, POLLOUT, POLLRDHUP, Pollfd
from conformance.syscalls.signals import SIG_BLOCK, SIGSET_SIZE, rt_sigprocmask, rt_sigtimedwait, sigset
from conformance.syscalls.sockets.connections import SHUT_RD, SHUT_RDWR, SHUT_WR, shutdown
from conformance.syscalls.sockets.messages import (
    MSG_NOSIGNAL,
    MSG_PEEK,
    MSG_TRUNC,
    Msghdr,
    recvfrom,
    recvmsg,
    sendmsg,
    sendto,
)
from conformance.syscalls.sockets.options import SO_SNDBUF, SOL_SOCKET, getsockopt, setsockopt
from conformance.syscalls.sockets.socket import (
    AF_UNIX,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    socketpair,
)
from conformance.syscalls.time.clocks import Timespec

SIOCINQ = 0x541B
CHUNK = 4096
LEAST_MESSAGES = 16
"""So many are tried, however small the buffer is."""
SMALL = 8192
"""Of a send buffer, in bytes, which Linux doubles (socket(7))."""
CONTENT = struct.pack("=2048I", *range(2048))
"""Of which parts are sent, to fill a buffer."""
STRIDE = 1004
PIECE = 8192
"""Bytes of a stream that are read at once to read all; and of which many make a message that is too long."""
MOST_PIECES = 1000
"""A message has 1024 at most (readv(2), IOV_MAX)."""
MOST_SENDS = 400
"""A buffer is left alone that takes more to be filled."""
IOV = 16
"""Where in a `struct msghdr` the pointer to its vectors is."""
P = ParamSpec("P")
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


class Sockets(ScriptMachine):
    """Two connected sockets that do not wait. Each has a second descriptor at times."""

    def __init__(self, kind: int, buffer: int) -> None:
        """`buffer`: what SO_SNDBUF says of a new socket."""
        super().__init__()
        self.kind = kind
        self.does(rt_sigprocmask, SIG_BLOCK, SIGPIPE, None, SIGSET_SIZE)
        self.memory = self.script.keep(CONTENT)
        ends = Buffer(8)
        self.does(socketpair, AF_UNIX, kind | SOCK_NONBLOCK, 0, ends)
        self.fds = [[fd] for fd in opened_pair(self.script, ends)]
        self.flags = Pair(kind)
        """What is shut, without what is queued, which is known only when the calls have answered."""
        self.pair = Pair(kind)
        self.unknown = False
        """Whether something was done of which nobody knows what becomes of it."""
        self.serial = 0
        self.buffer = buffer
        self.fills = 0
        self.most = [0, 0]
        """How many messages, or of a stream bytes, may be queued for a side."""

    @initialize(size=st.sampled_from([0, SMALL, SMALL, SMALL]))
    def begin(self, size: int) -> None:
        """Leave the buffers as they are, or have small ones, which are filled soon."""
        if size:
            for (fd,) in self.fds:
                self.does(setsockopt, fd, SOL_SOCKET, SO_SNDBUF, struct.pack("=i", size), 4)
            self.buffer = min(self.buffer, 2 * size)

    def judges(self, at: int, judge: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> None:
        """As `then`, of a side that has a peer; of one that has lost it nothing is known."""

        def known() -> None:
            if not self.unknown and self.pair.sides[at].has_peer:
                judge(*args, **kwargs)

        self.then(known)

    def usable(self, at: int, size: int = 1) -> bool:
        """Whether a call can be made there whose outcome is known: a stream's calls about no bytes are not."""
        return bool(self.fds[at] and (size or self.kind != SOCK_STREAM))

    @rule(call=CALLS)
    def make(self, call: tuple[Any, ...]) -> None:
        """One rule, since of several Hypothesis leaves some out of each program: too many, when programs are few."""
        if not self.script.full:
            name, *arguments = call
            getattr(self, name)(*arguments)

    # -- sending

    def send(self, at: int, size: int, quietly: bool) -> None:
        """sendto(2) with MSG_NOSIGNAL, or write(2)."""
        if not self.usable(at, size):
            return
        fd, data = self.fds[at][-1], self.next_message(at, size)
        if quietly or not size:
            answer = self.call(sendto, fd, data, size, MSG_NOSIGNAL, None, 0)
        else:
            answer = self.call(write, fd, data, size)
        signal = self.call(rt_sigtimedwait, SIGPIPE, None, NOW, SIGSET_SIZE)
        self.judges(at, self.was_sent, at, data, answer, signal, quietly)

    def next_message(self, at: int, size: int) -> bytes:
        """One that is to be sent."""
        self.serial += 1
        self.most[1 - at] += size if self.kind == SOCK_STREAM else 1
        return message(self.serial, size)

    def was_sent(self, at: int, data: bytes, answer: Reply, signal: Reply, quietly: bool) -> None:
        """Judge it."""
        signalled, size = signal.error == 0, len(data)
        if refusals := self.pair.refusals(at):
            assert answer.said in {(-1, error) for error in refusals}
            if self.kind == SOCK_STREAM or quietly:
                assert signalled == (answer.error == EPIPE and not quietly)
            self.pair.sides[at].reset &= answer.error != ECONNRESET
            self.pair.sides[at].has_peer = answer.error != ECONNREFUSED
            return
        assert not signalled, "SIGPIPE without EPIPE"
        if not self.pair.has_room(at) and answer.said != (size, 0):
            assert answer.said == (-1, EAGAIN) or (self.kind == SOCK_STREAM and 0 < answer.result < size)
        else:
            assert answer.said == (size, 0)
        if answer.error == 0:
            self.pair.put(at, data[: answer.result])

    def send_until_there_is_no_room(self, at: int) -> None:
        """Fill a buffer: what is left of it after a message that did not fit takes a few smaller ones."""
        if not self.usable(at) or self.flags.refusals(at) or (self.buffer > 2 * SMALL and self.fills > 1):
            return
        fd = self.fds[at][-1]
        sizes = [CHUNK] * (LEAST_MESSAGES + 2 * self.buffer // CHUNK)
        sizes += [size for size in (CHUNK // 8, CHUNK // 64, CHUNK // 512, 1) for _ in range(9)]
        if len(sizes) > MOST_SENDS:
            return
        self.fills += 1
        sends = [self.fill(at, fd, size) for size in sizes]
        self.judges(at, self.was_filled, at, sends, polled(self.script, fd, POLLOUT))

    def fill(self, at: int, fd: int, size: int) -> tuple[bytes, Reply]:
        """Send what lies in memory."""
        self.next_message(at, size)
        offset = self.serial * STRIDE % (len(CONTENT) - size)
        answer = self.call(sendto, fd, self.memory + offset, size, MSG_NOSIGNAL, None, 0)
        return CONTENT[offset : offset + size], answer

    def was_filled(self, at: int, sends: list[tuple[bytes, Reply]], state: Pollfd) -> None:
        """Judge it: there is an end, after twice what SO_SNDBUF says at the latest."""
        for data, answer in sends:
            if answer.error:
                assert answer.error == EAGAIN
                continue
            assert answer.result == len(data) or (self.kind == SOCK_STREAM and 0 < answer.result < len(data))
            self.pair.put(at, data[: answer.result])
        assert sends[-1][1].error == EAGAIN, "more was sent than a buffer holds, and nothing received"
        self.pair.sides[at].crowded = True
        assert state.revents & POLLOUT == 0, "POLLOUT, where a send says EAGAIN"

    def send_too_much(self, at: int) -> None:
        """A message is sent whole or not at all: EMSGSIZE for one that would never fit (send(2))."""
        if self.kind == SOCK_STREAM or not self.usable(at) or self.flags.refusals(at):
            return
        size = 2 * self.buffer
        pieces = [min(PIECE, size - begun) for begun in range(0, size, PIECE)]
        if len(pieces) > MOST_PIECES:
            return
        vectors = b"".join(struct.pack("=QQ", self.memory, each) for each in pieces)
        header = Memory(bytes(Msghdr(iovlen=len(pieces))), ((IOV, 8, Memory(vectors)),))
        answer = self.call(sendmsg, self.fds[at][-1], header, MSG_NOSIGNAL)  # type: ignore[arg-type] # see `call`
        self.judges(at, self.was_too_much, answer)

    def was_too_much(self, answer: Reply) -> None:
        """Judge it."""
        assert answer.said == (-1, EMSGSIZE)

    # -- receiving

    def receive(self, at: int, size: int) -> None:
        if self.usable(at, size):
            self.judges(at, self.received, at, size, *self.take(at, size))

    def take(self, at: int, size: int) -> tuple[Reply, Buffer]:
        """read(2); of no bytes recvfrom(2), as read says nothing then."""
        fd, buffer = self.fds[at][-1], Buffer(size)
        if size:
            return self.call(read, fd, buffer, size), buffer
        return self.call(recvfrom, fd, buffer, size, 0, None, None), buffer

    def peek(self, at: int, size: int) -> None:
        if self.usable(at, size):
            buffer = Buffer(size)
            answer = self.call(recvfrom, self.fds[at][-1], buffer, size, MSG_PEEK, None, None)
            self.judges(at, self.received, at, size, answer, buffer, peeking=True)

    def receive_message(self, at: int, size: int, asking: bool) -> None:
        """recvmsg(2): MSG_TRUNC tells that a message was cut; as a flag it asks for the length that it had."""
        if self.kind == SOCK_STREAM or not self.usable(at):
            return
        data = Memory(bytes(size), room=True)
        vector = Memory(bytes(16), ((0, 8, data), (8, 8, size)))
        header = Memory(bytes(Msghdr(iovlen=1)), ((IOV, 8, vector),))
        flags = MSG_TRUNC if asking else 0
        answer = self.call(recvmsg, self.fds[at][-1], header, flags)  # type: ignore[arg-type] # see `call`
        self.judges(at, self.message_received, at, size, answer, asking)

    def message_received(self, at: int, size: int, answer: Reply, asking: bool) -> None:
        """Judge it."""
        whole = len(self.pair.sides[at].queue[0]) if self.pair.sides[at].queue else 0
        buffer = Buffer(answer.written(f"1.{IOV}.0") if size else b"")
        if self.received(at, size, answer, buffer, expected=whole if asking else None):
            flags = Msghdr.parse(answer.written("1")).flags
            assert flags & MSG_TRUNC == (MSG_TRUNC if whole > size else 0)

    def receive_all(self, at: int) -> None:
        if not self.usable(at):
            return
        size = PIECE if self.kind == SOCK_STREAM else CHUNK
        for _ in range(-(-self.most[at] // size) if self.kind == SOCK_STREAM else self.most[at]):
            self.judges(at, self.received, at, size, *self.take(at, size))
        self.most[at] = 0

    def received(
        self,
        at: int,
        size: int,
        answer: Reply,
        buffer: Buffer,
        *,
        peeking: bool = False,
        expected: int | None = None,
    ) -> bool:
        """Judge what a receive of `size` bytes said; whether there was data."""
        me = self.pair.sides[at]
        if me.reset and answer.said == (-1, ECONNRESET) and (not me.queue or self.kind != SOCK_STREAM):
            me.reset = False
            return False
        if not me.queue:
            assert answer.said in self.pair.nothing(at)
            return False
        data = self.pair.next(at, size)
        assert answer.said == (len(data) if expected is None else expected, 0)
        assert buffer.take(len(data)) == data, "not the data that was sent next"
        if not peeking:
            self.pair.take(at, size)
        return True

    # -- the ends

    def change_ends(self, at: int, what: str) -> None:
        """Open another descriptor of a side, close one, or shut one direction or both."""
        fds = self.fds[at]
        if not all(self.fds):
            return
        if what == "duplicate":
            fds.append(self.opens(dup, fds[0]))
        elif what in SHUT:
            self.judges(at, self.was_shut, self.call(shutdown, fds[-1], SHUT[what]))
            for pair in (self.flags, self.pair):
                shut = partial(pair.shut, at, receiving=SHUT[what] != SHUT_WR, sending=SHUT[what] != SHUT_RD)
                self.then(shut) if pair is self.pair else shut()
        else:
            self.closes(fds.pop())
            if not fds:
                self.flags.close(at)
                self.then(self.closed, at)

    def was_shut(self, answer: Reply) -> None:
        """Judge it."""
        assert answer.said == (0, 0)

    def closed(self, at: int) -> None:
        """Whether empty messages that are unread reset a connection is undefined."""
        side = self.pair.sides[at]
        self.unknown |= bool(side.queue) and not side.held
        self.pair.close(at)

    @invariant()
    def tells_its_state(self) -> None:
        """poll(2), and the number of bytes that can be received."""
        for at in range(2):
            if self.fds[at]:
                fd, count = self.fds[at][0], Buffer(4)
                state = polled(self.script, fd, POLLIN | POLLOUT | POLLRDHUP)
                asked = self.call(ioctl, fd, SIOCINQ, count) if self.kind != SOCK_SEQPACKET else None
                self.judges(at, self.state_was_told, at, state, asked, count)

    def state_was_told(self, at: int, state: Pollfd, asked: Reply | None, count: Buffer) -> None:
        """Judge one side's state."""
        me = self.pair.sides[at]
        expected, certain = self.pair.events(at)
        assert state.revents & certain == expected & certain
        if self.pair.has_room(at) and me.sends:
            assert state.revents & POLLOUT
        if asked and not me.reset:
            assert asked.said == (0, 0)
            assert count.int_at(0) == (me.held if self.kind == SOCK_STREAM else len(me.queue[0]) if me.queue else 0)


@pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_SEQPACKET, SOCK_DGRAM], ids=["stream", "seqpacket", "dgram"])
def test_pair_does_what_its_model_says(kernel: Kernel, kind: int) -> None:
    probe, ends, value = Script(), Buffer(8), Buffer(4)
    probe.does(socketpair, AF_UNIX, kind, 0, ends)
    fd, _ = opened_pair(probe, ends)
    probe.does(getsockopt, fd, SOL_SOCKET, SO_SNDBUF, value, size_of(4))
    kernel.does(probe)
    kernel.keeps(Sockets, kind, value.int_at(0))
