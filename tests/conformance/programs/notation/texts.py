"""What several tests of the notation have in common."""

from __future__ import annotations

from conformance.programs.notation.printing import print_program
from conformance.programs.program import Argument, Program, ProgramCall


def printed(*calls: tuple[str, tuple[Argument, ...]]) -> str:
    """The text of a program of calls, each a label and its arguments."""
    return print_program(Program(tuple(ProgramCall(label, args) for label, args in calls)))


TEXT = """\
# Of paths.
"Opening files: paths that lead nowhere"  # (path_resolution(7))

# The first.

# Of two.
file-in-the-middle-of-a-path-is-enotdir:
    r0 = openat(AT_FDCWD, "f0", O_RDWR|O_CREAT, 0644)  # a file
    # which is no directory

    openat(AT_FDCWD, "f0/x", O_RDONLY, 0) = -1 ENOTDIR
    # and that is all

size-that-the-kernel-knows-is-told: needs root [kernel >= 5.3]  # Linux 5.3
    sched_setattr(0, {size=4097}, 0) = -1 E2BIG, {size >= 48}

# The end.
"""
