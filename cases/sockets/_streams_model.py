"""What a pair of connected unix sockets says: a queue in each direction, and which halves are shut (unix(7))."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from errno import EAGAIN, ECONNREFUSED, ECONNRESET, ENOTCONN, EPIPE

from conformance.syscalls.polling.poll import POLLERR, POLLHUP, POLLIN, POLLRDHUP
from conformance.syscalls.sockets.socket import SOCK_DGRAM, SOCK_STREAM

CERTAIN_MESSAGES = 4
CERTAIN_BYTES = 2048
"""What a socket holds for certain before it says that there is no room. How much more it takes is the kernel's affair:
of a buffer's size (SO_SNDBUF, socket(7)) its bookkeeping takes a part, and the length of a queue is a setting."""


def message(serial: int, size: int) -> bytes:
    """`size` bytes that no other message begins with."""
    return (b"%06d." % serial * (size // 7 + 1))[:size]


@dataclass
class Side:
    """One of the two sockets, and what was sent to it."""

    queue: deque[bytes] = field(default_factory=deque)
    open: bool = True
    receives: bool = True
    sends: bool = True
    reset: bool = False
    """The peer closed with something unread; ECONNRESET tells that, once."""
    has_peer: bool = True
    """A datagram socket loses its peer when it learns that the other is closed."""
    crowded: bool = False
    """So much was sent that there may be no room for more, until all of it is received."""

    @property
    def held(self) -> int:
        """Bytes that are queued."""
        return sum(map(len, self.queue))


class Pair:
    """Two sockets of a type."""

    def __init__(self, kind: int) -> None:
        self.kind = kind
        self.sides = (Side(), Side())

    def has_room(self, at: int) -> bool:
        """Whether a send there must not say that there is no room: little is unread, and none said so before."""
        queue = self.sides[1 - at].queue
        return not self.sides[at].crowded and len(queue) < CERTAIN_MESSAGES and sum(map(len, queue)) <= CERTAIN_BYTES

    def shut(self, at: int, *, receiving: bool, sending: bool) -> None:
        """shutdown(2). Where there is a connection, the peer is told."""
        me, peer = self.sides[at], self.sides[1 - at]
        me.receives &= not receiving
        me.sends &= not sending
        if self.kind != SOCK_DGRAM:
            peer.sends &= not receiving
            peer.receives &= not sending

    def close(self, at: int) -> None:
        """The last descriptor of a side is closed."""
        me, peer = self.sides[at], self.sides[1 - at]
        self.shut(at, receiving=True, sending=True)
        me.open = False
        if self.kind != SOCK_DGRAM and me.queue:
            peer.reset = True
        me.queue.clear()

    def refusals(self, at: int) -> set[int]:
        """The errnos of which a send has to report one; nothing, when it has to succeed unless there is no room."""
        me, peer = self.sides[at], self.sides[1 - at]
        if not me.has_peer:
            return {ENOTCONN}
        refusals = set()
        if not me.sends:
            refusals = {EPIPE, ECONNRESET} if me.reset else {EPIPE}
        elif self.kind == SOCK_DGRAM and not peer.open:
            refusals = {ECONNREFUSED}
        elif self.kind == SOCK_DGRAM and not peer.receives:
            refusals = {EPIPE}
        if refusals and not self.has_room(at) and self.kind != SOCK_STREAM:
            refusals.add(EAGAIN)  # looked at before
        return refusals

    def put(self, at: int, data: bytes) -> None:
        """A side has sent this."""
        if data or self.kind != SOCK_STREAM:
            self.sides[1 - at].queue.append(data)

    def nothing(self, at: int) -> set[tuple[int, int]]:
        """What a receive may say when nothing is queued: end of file, or an error."""
        me = self.sides[at]
        if me.reset:
            return {(-1, ECONNRESET)} if self.kind == SOCK_STREAM else {(-1, ECONNRESET), (0, 0)}
        if me.receives:
            return {(-1, EAGAIN)}
        # unix(7) does not tell what a datagram socket says that does not wait, after SHUT_RD
        return {(0, 0), (-1, EAGAIN)} if self.kind == SOCK_DGRAM else {(0, 0)}

    def next(self, at: int, size: int) -> bytes:
        """What a receive of `size` bytes is given: of a stream as much as there is, else a message, cut if too long."""
        queue = self.sides[at].queue
        return b"".join(queue)[:size] if self.kind == SOCK_STREAM else queue[0][:size]

    def take(self, at: int, size: int) -> None:
        """That was received; of a message what was cut off is lost."""
        me = self.sides[at]
        if self.kind == SOCK_STREAM:
            rest = b"".join(me.queue)[size:]
            me.queue = deque([rest] if rest else [])
        else:
            me.queue.popleft()
        if not me.queue:
            self.sides[1 - at].crowded = False

    def events(self, at: int) -> tuple[int, int]:
        """What poll(2) says of IN, RDHUP, HUP and ERR, and which of these are certain."""
        me = self.sides[at]
        state = POLLIN if me.queue or not me.receives else 0
        if me.receives is False:
            state |= POLLRDHUP
            if me.sends is False:
                state |= POLLHUP
        if me.reset:
            state |= POLLERR
        certain = POLLIN | POLLRDHUP | POLLHUP | POLLERR
        if self.kind == SOCK_DGRAM and not me.receives:
            certain = POLLERR
        return state, certain
