"""Pipes, which cases use to say something to each other."""

from __future__ import annotations

from conformance.syscalls.files.pipes import pipe2
from conformance.syscalls.machinery.buffers import Buffer


def new_pipe(flags: int = 0) -> tuple[int, int]:
    """The two ends of a new pipe: the one to read from, the one to write to; `flags` as in O_CLOEXEC."""
    ends = Buffer(8)
    pipe2(ends, flags)
    return ends.int_at(0), ends.int_at(4)
