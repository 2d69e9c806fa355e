"""The processes below one: which they are, and their end.

Guests import it as well as the host: the standard library alone. Whoever ends what it has left behind adopts orphans
(prctl(2), PR_SET_CHILD_SUBREAPER), or is PID 1 of its namespace: what has lost its parent is below it then.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable
from contextlib import suppress

PATIENCE = 10.0
"""Seconds that processes have to die of SIGKILL before they are given up."""
PAUSE = 0.002
"""Seconds between two looks at processes that are dying."""


def processes() -> list[int]:
    """All that /proc shows."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def parent(pid: int) -> int:
    """The parent of a process (proc_pid_stat(5): the fourth field); 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return int(stat.read().rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return 0


def descendants(ancestor: int, spared: frozenset[int] = frozenset()) -> list[int]:
    """The processes below one, parents first, but not `spared` nor what is below those."""
    children: dict[int, list[int]] = {}
    for pid in processes():
        if pid not in spared:
            children.setdefault(parent(pid), []).append(pid)
    found = list(children.get(ancestor, ()))
    for pid in found:
        found += children.get(pid, ())
    return found


def signal_all(pids: Iterable[int], number: signal.Signals) -> None:
    """Send a signal to those that are still there."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def signal_group(leader: int, number: signal.Signals) -> None:
    """Send a signal to a process that leads a group, and to what it has started, as far as that has stayed there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def end_descendants(spared: frozenset[int] = frozenset()) -> None:
    """Kill what is below this process, until there is nothing but `spared` and what is below those.

    What forks faster than it is killed is stopped first: processes that are stopped do not fork.
    """
    stopped: set[int] = set()
    end = time.monotonic() + PATIENCE
    while has_children() and time.monotonic() < end:
        strays = set(descendants(os.getpid(), spared))
        if not strays:
            return
        if news := strays - stopped:
            signal_all(news, signal.SIGSTOP)
            stopped |= news
            continue
        signal_all(strays, signal.SIGKILL)
        stopped.clear()
        if not _reap(strays):
            time.sleep(PAUSE)


def has_children() -> bool:
    """Whether there is any, dead or alive. It is what there mostly is not, and much faster than a look at /proc."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return False
    except OSError:  # a kernel under test may lack it
        return True
    return True


def _reap(pids: Iterable[int]) -> bool:
    """Let go of those that have ended and are children of ours; whether there were any."""
    reaped = False
    for pid in pids:
        with suppress(ChildProcessError):
            reaped |= os.waitpid(pid, os.WNOHANG)[0] != 0
    return reaped
