"""Waiting for what is bound to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.polling.poll import POLLIN, Pollfd, poll

PATIENCE = 4
"""Seconds to wait for what is bound to come."""
BRIEFLY = 0.05
"""Seconds to wait for what this target has shown not to send. Only for what a kernel has sent by the time that the call
returns that causes it: that comes at once, however slow the target is, or never."""
absent: set[str] = set()
"""What was waited for in vain, here or in a case before this one: the process that forks the cases collects it."""


def patience(event: str, seconds: float = PATIENCE) -> float:
    """How long to wait for an event, in seconds: less when it has been waited for in vain before."""
    return min(seconds, BRIEFLY) if event in absent else seconds


def in_vain(event: str) -> None:
    """It did not come, for which was waited."""
    absent.add(event)


def ready(fd: int, wanted: int = POLLIN, seconds: float = PATIENCE) -> int:
    """What poll(2) says of an fd within so many seconds: a set of POLL bits, 0 for nothing. Not traced."""
    state = Pollfd(fd=fd, events=wanted)
    with untraced():
        poll(state, 1, int(seconds * 1000))
    return int(state.revents)


def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, asking untraced. Raises AssertionError when it never does."""
    with untraced():
        for _ in time_left():
            if condition():
                return
            time.sleep(0.001)
        assert condition(), "what was bound to happen did not"


def time_left(seconds: float = PATIENCE) -> Iterator[float]:
    """The seconds that are left, again and again, until there are none."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        yield left
