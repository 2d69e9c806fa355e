"""What epoll has to tell of a descriptor, may tell, or must not, given what poll says of it (epoll(7))."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from conformance.syscalls.polling.epoll import EPOLLERR, EPOLLET, EPOLLHUP, EPOLLIN, EPOLLONESHOT, EPOLLOUT, EPOLLRDHUP

BITS = EPOLLIN | EPOLLOUT | EPOLLRDHUP
"""What is asked for; EPOLLERR and EPOLLHUP are told without that."""


class Told(Enum):
    """Whether an event is to be told."""

    NO = "no"
    MAY = "may"
    MUST = "must"


@dataclass
class Watch:
    """An entry of the interest list: a descriptor under the number that it had, and what it is watched for."""

    name: str
    fd: int
    events: int
    enabled: bool = True
    """Whether it tells anything: not after EPOLLONESHOT has."""
    edge: Told = Told.MUST
    """With EPOLLET: whether something has happened since it told anything."""

    @property
    def interest(self) -> int:
        """The events that it tells."""
        return (self.events & BITS) | EPOLLERR | EPOLLHUP if self.enabled else 0

    def told(self, state: int) -> Told:
        """Whether it is told, given what poll says."""
        if not state & self.interest:
            return Told.NO
        return self.edge if self.events & EPOLLET else Told.MUST

    def happened(self, before: int, after: int, *, arrived: bool) -> None:
        """An operation changed the descriptor's state, or could have; `arrived`: there is something new to read."""
        new = after & ~before & self.interest
        if new or (arrived and after & self.interest & EPOLLIN):
            self.edge = Told.MUST
        elif self.edge is Told.NO:
            self.edge = Told.MAY

    def was_told(self) -> None:
        """The event was returned."""
        self.edge = Told.NO
        if self.events & EPOLLONESHOT:
            self.enabled = False

    def was_passed_over(self, state: int, *, room: bool) -> None:
        """A wait did not return it; `room`: although there was room, so that it is not kept for later."""
        if room:
            self.edge = Told.NO
        elif not state & self.interest:
            self.edge = Told.MAY
