"""What the two kinds of message queues hold, and which message comes next (msgop(2), mq_overview(7))."""

from __future__ import annotations

from dataclasses import dataclass, field
from errno import E2BIG, EAGAIN, EINVAL, EMSGSIZE, ENOMSG

from conformance.syscalls.ipc.msg import MSG_EXCEPT, MSG_NOERROR

Refusal = int
"""An errno."""


@dataclass
class TypedQueue:
    """A System V queue: messages in the order in which they were sent, each a type and a text."""

    limit: int
    """`msg_qbytes`: so many bytes of text, and so many messages, at most."""
    messages: list[tuple[int, bytes]] = field(default_factory=list)

    @property
    def held(self) -> int:
        """Bytes of text."""
        return sum(len(text) for _, text in self.messages)

    def send(self, kind: int, text: bytes) -> Refusal:
        """Add a message, or say why not."""
        if kind < 1:
            return EINVAL
        if self.held + len(text) > self.limit or len(self.messages) + 1 > self.limit:
            return EAGAIN
        self.messages.append((kind, text))
        return 0

    def receive(self, kind: int, room: int, flags: int) -> tuple[int, bytes] | Refusal:
        """Take the message that a type selects: any; this one; with MSG_EXCEPT any other; the lowest up to one."""
        kinds = [each for each, _ in self.messages]
        if kind < 0:
            wanted = [min((each for each in kinds if each <= -kind), default=0)]
        elif kind and flags & MSG_EXCEPT:
            wanted = [each for each in kinds if each != kind]
        else:
            wanted = [kind] if kind else kinds
        at = next((at for at, each in enumerate(kinds) if each in wanted), None)
        if at is None:
            return ENOMSG
        found, text = self.messages[at]
        if len(text) > room and not flags & MSG_NOERROR:
            return E2BIG
        del self.messages[at]
        return found, text[:room]


PRIORITIES = 32768
"""MQ_PRIO_MAX: there are so many."""


@dataclass
class PriorityQueue:
    """A POSIX queue: so many messages of so many bytes at most."""

    limit: int
    size: int
    messages: list[tuple[int, bytes]] = field(default_factory=list)

    def send(self, priority: int, text: bytes) -> Refusal:
        """Add a message, or say why not; EAGAIN where it would have to wait."""
        if priority >= PRIORITIES:
            return EINVAL
        if len(text) > self.size:
            return EMSGSIZE
        if len(self.messages) == self.limit:
            return EAGAIN
        self.messages.append((priority, text))
        return 0

    def receive(self, room: int) -> tuple[int, bytes] | Refusal:
        """Take the oldest message of the highest priority; there has to be room for the longest that there could be."""
        if room < self.size:
            return EMSGSIZE
        if not self.messages:
            return EAGAIN
        highest = max(priority for priority, _ in self.messages)
        at = next(at for at, (priority, _) in enumerate(self.messages) if priority == highest)
        return self.messages.pop(at)
