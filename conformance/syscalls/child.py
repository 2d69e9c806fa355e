"""Children of a case: forked, traced apart, and never leaving the case's process tree."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable

from conformance.syscalls import call


def fork_child(body: Callable[[], int | None]) -> int:
    """Fork a child that runs `body` and exits with what it returns (None: 0); the child's pid.

    An exception in `body` is printed to stderr and ends the child with status 1. The child's calls are traced as a
    process of their own.
    """
    recorder = call.recorder_of_child()
    pid = os.fork()
    if pid:
        return pid
    status = 1
    try:
        with call.recording(recorder):
            status = body() or 0
    except BaseException:  # a child must never return into the case of its parent
        traceback.print_exc()
    finally:
        os._exit(status)


def wait_for(pid: int) -> int:
    """The wait status of a child, once it has ended, as `os.WIFEXITED` and friends take it. Not traced."""
    return os.waitpid(pid, 0)[1]


def exit_status(pid: int) -> int:
    """Wait for a child; its exit status, or minus the signal that ended it. Not traced."""
    return os.waitstatus_to_exitcode(wait_for(pid))


def in_child(body: Callable[[], int | None]) -> int:
    """Run `body` in a forked child and wait; its exit status, or minus the signal that ended it."""
    return exit_status(fork_child(body))
