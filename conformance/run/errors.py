"""What a user can be told, with the exit status that goes with it."""

from __future__ import annotations

from enum import IntEnum


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
    """Some cases were not run."""
    INTERRUPTED = 130


class UserError(Exception):
    """One sentence that names the thing, what is wrong and what to do. `status` is what the command exits with."""

    status = Exit.FAILED


class UsageError(UserError):
    """The command line or a configuration file is wrong."""

    status = Exit.USAGE
