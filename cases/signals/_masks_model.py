"""Which signals are blocked and which are pending, and which of these may come next (signal(7))."""

from __future__ import annotations

import signal
from collections.abc import Iterable

STANDARD = (signal.SIGUSR1, signal.SIGURG)
IGNORED_BY_DEFAULT = frozenset({signal.SIGURG})
REAL_TIME = (34, 64)
NUMBERS = tuple(int(number) for number in STANDARD) + REAL_TIME
UNBLOCKABLE = (int(signal.SIGKILL), int(signal.SIGSTOP))

Sent = tuple[int, int]
"""A signal and the value that came with it."""


class Queue:
    """What is pending for a thread or for its process: of a standard signal one, of a real-time signal all in order."""

    def __init__(self) -> None:
        self._values: dict[int, list[int]] = {}

    @property
    def numbers(self) -> set[int]:
        """The signals that are pending."""
        return set(self._values)

    def add(self, number: int, value: int) -> None:
        """A signal was sent while it was blocked."""
        values = self._values.setdefault(number, [])
        if not values or number in REAL_TIME:
            values.append(value)

    def drop(self, number: int) -> None:
        """All signals of a number are gone."""
        self._values.pop(number, None)

    def remove(self, sent: Sent) -> None:
        """The first signal of a number was taken."""
        number, value = sent
        assert self._values[number].pop(0) == value
        if not self._values[number]:
            del self._values[number]

    def next(self, wanted: set[int]) -> set[Sent]:
        """What may be taken next: Linux prefers standard signals, in no certain order; then the lowest number."""
        here = self.numbers & wanted
        standard = here - set(REAL_TIME)
        return {(number, self._values[number][0]) for number in standard or sorted(here)[:1]}


class Signals:
    """A process of one thread. What is sent to it and what is sent to the thread wait in separate queues."""

    def __init__(self) -> None:
        self.blocked: set[int] = set()
        self.ignored: set[int] = set()
        self.own, self.shared = Queue(), Queue()

    @property
    def pending(self) -> set[int]:
        """What sigpending(2) tells."""
        return self.own.numbers | self.shared.numbers

    def send(self, number: int, value: int, *, to_thread: bool) -> list[Sent]:
        """A signal is sent; what the handlers get at once. A blocked signal waits, even if it is ignored."""
        if number in self.blocked:
            (self.own if to_thread else self.shared).add(number, value)
            return []
        return [] if number in self.ignored else [(number, value)]

    def next(self, wanted: Iterable[int]) -> set[Sent]:
        """What may be taken next, of these signals; which of the two queues goes first is not told."""
        return self.own.next(set(wanted)) | self.shared.next(set(wanted))

    def take(self, sent: Sent) -> None:
        """This one was taken. Its value tells from which queue."""
        queue = self.own if sent in self.own.next({sent[0]}) else self.shared
        queue.remove(sent)

    def ignore(self, number: int, ignored: bool) -> None:
        """A signal's action was set. What is pending is discarded when it is to be ignored (sigaction(2), POSIX)."""
        self.ignored.discard(number)
        if ignored:
            self.ignored.add(number)
            self.own.drop(number)
            self.shared.drop(number)

    def deliver(self, got: list[Sent]) -> str:
        """The mask was changed, and handlers got these, one after the other; what is wrong with that, or nothing."""
        for number in self.pending & self.ignored - self.blocked:
            self.own.drop(number)
            self.shared.drop(number)
        for at, sent in enumerate(got):
            allowed = self.next(self.pending - self.blocked)
            if sent not in allowed:
                return f"delivery {at + 1} was {sent}, not one of {allowed or 'none'}"
            self.take(sent)
        left = self.pending - self.blocked
        return f"not delivered: {left}" if left else ""
