"""Children that wait: how a case knows that one does."""

from __future__ import annotations

import time
from collections.abc import Callable

from conformance.syscalls import untraced

PATIENCE = 4.0
"""Seconds to wait for what is bound to happen."""


def until(condition: Callable[[], bool]) -> None:
    """Wait until `condition` holds, asking untraced. Raises AssertionError when it never does."""
    end = time.monotonic() + PATIENCE
    with untraced():
        while not condition():
            assert time.monotonic() < end, "what was bound to happen did not"
            time.sleep(0.001)
