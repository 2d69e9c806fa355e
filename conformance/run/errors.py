"""What a user can be told, with the exit status that goes with it."""

from __future__ import annotations

import signal
from enum import IntEnum
from typing import Self


class Exit(IntEnum):
    """Exit statuses of the `conformance` command."""

    EXPECTED = 0
    """Everything is as expected."""
    UNEXPECTED = 1
    """There are unexpected differences, or a regression."""
    USAGE = 2
    """The command line or a configuration file is wrong."""
    FAILED = 3
    """A target or the harness failed."""
    INCOMPLETE = 4
    """Evidence is lost: some cases were not run."""
    HUNG_UP = 129
    """SIGHUP came."""
    INTERRUPTED = 130
    """SIGINT came."""
    TERMINATED = 143
    """SIGTERM came."""

    @classmethod
    def after(cls, stop: BaseException | None) -> Self:
        """What a command that was interrupted exits with, as a shell would have it: 128 and the signal's number."""
        return cls(128 + (stop.number if isinstance(stop, Signalled) else signal.SIGINT))


class Signalled(KeyboardInterrupt):
    """A signal asks us to end. Whoever tidies up after a Ctrl-C does the same after this."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class UserError(Exception):
    """One sentence that names the thing, what is wrong and what to do. `status` is what the command exits with."""

    status = Exit.FAILED


class UsageError(UserError):
    """The command line or a configuration file is wrong."""

    status = Exit.USAGE
