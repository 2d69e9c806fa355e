"""Waiting for what is bound to come."""

from __future__ import annotations

from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.polling.poll import POLLIN, Pollfd, poll

PATIENCE = 4_000
"""Milliseconds to wait for what is bound to come."""


def ready(fd: int, wanted: int = POLLIN, timeout: int = PATIENCE) -> int:
    """What poll(2) says of an fd within `timeout` milliseconds: a set of POLL bits, 0 for nothing. Not traced."""
    state = Pollfd(fd=fd, events=wanted)
    with untraced():
        poll(state, 1, timeout)
    return int(state.revents)
