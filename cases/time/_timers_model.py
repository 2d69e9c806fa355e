"""When a timer is due, as nearly as it can be known, and how often it has expired (timer_settime(2))."""

from __future__ import annotations

from dataclasses import dataclass

SECOND = 10**9
SLACK = SECOND // 10
"""Nanoseconds by which what a timer says may be beside the clock that it runs by: clocks are slewed, values rounded."""


@dataclass(frozen=True)
class Between:
    """A number that is known to lie in a range, both ends of which belong to it."""

    least: int
    most: int

    def __contains__(self, number: object) -> bool:
        return isinstance(number, int) and self.least <= number <= self.most

    def __add__(self, number: int) -> Between:
        return Between(self.least + number, self.most + number)


@dataclass(frozen=True)
class Timer:
    """A timer's state: disarmed, or due at a time of its clock, and then at intervals. Nanoseconds."""

    due: Between | None = None
    interval: int = 0
    expirations: Between = Between(0, 0)
    """How often it has expired since it was set or asked about that."""

    def remainder(self, now: Between) -> Between:
        """How long it takes until the timer expires next; zero when it is disarmed."""
        if self.due is None:
            return Between(0, 0)
        return Between(self.due.least - now.most - SLACK, self.due.most - now.least + SLACK)


def armed(due: Between, interval: int) -> Timer:
    """A timer that is due in the future, far enough for it not to expire while anybody looks."""
    return Timer(due, interval)


def expired(first: int, interval: int, now: Between) -> Timer:
    """A timer that was due in the past, by an absolute time: with an interval it has expired that often, else once."""
    if not interval:
        return Timer(expirations=Between(1, 1))
    counts = Between((now.least - first) // interval + 1, (now.most - first) // interval + 1)
    return Timer(Between(first + counts.least * interval, first + counts.most * interval), interval, counts)
