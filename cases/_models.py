"""What models in several areas share."""

from __future__ import annotations

import errno

from conformance.programs.script import Script
from conformance.syscalls import Buffer
from conformance.syscalls.files.pipes import pipe2
from conformance.syscalls.polling.poll import POLLIN, Pollfd, poll


class Refused(Exception):
    """A model's answer that the call must fail, with one of these errnos."""

    def __init__(self, *errors: int) -> None:
        super().__init__(" or ".join(errno.errorcode[error] for error in errors))
        self.errors = errors


def opened_pipe(script: Script, flags: int = 0) -> tuple[int, int]:
    """Make a pipe, which must get the lowest fds; the end to read from, the one to write to."""
    ends = Buffer(8)
    script.does(pipe2, ends, flags)
    return opened_pair(script, ends)


def opened_pair(script: Script, ends: Buffer) -> tuple[int, int]:
    """Two fds that a call has just put there, and which must be the lowest that are free."""
    fds = script.takes_fd(), script.takes_fd()

    def judge() -> None:
        told = ends.int_at(0), ends.int_at(4)
        assert told == fds, f"the fds are {told}, and the lowest that were free {fds}"

    script.then(judge)
    return fds


def polled(script: Script, fd: int, wanted: int = POLLIN, *, seconds: int = 0) -> Pollfd:
    """Ask poll(2), to wait at most so long; where its answer will be."""
    state = Pollfd(fd=fd, events=wanted)
    answer = script.does(poll, state, 1, seconds * 1000)

    def judge() -> None:
        assert answer.result == (1 if state.revents else 0), f"poll(2) says {answer.result} of one fd"

    script.then(judge)
    return state
