"""Finding processes by a mark that their children inherit."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from pathlib import Path

from conformance.syscalls.processes.prctl import PR_SET_NAME, prctl


def new_mark() -> str:
    """A name that no other process has; 15 characters, as prctl(2) keeps them."""
    return uuid.uuid4().hex[:15]


def bear(mark: str) -> None:
    """Call this process, and what it forks from now on, by a mark."""
    prctl(PR_SET_NAME, mark.encode())


def marked(mark: str) -> list[int]:
    """The processes that bear a mark."""
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        try:
            if path.read_text() == f"{mark}\n":
                found.append(int(path.parts[2]))
        except OSError:
            pass
    return found


def eventually(condition: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Whether it becomes true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
