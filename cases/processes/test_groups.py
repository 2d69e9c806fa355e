"""Process groups and sessions: who may move whom where."""

from __future__ import annotations

from errno import EACCES, EINVAL, EPERM, ESRCH

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, close
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.help.code import call
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.programs import new_program
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.identity import getpgid, getpgrp, getpid, getsid, setpgid, setsid
from conformance.syscalls.signals import pause


def test_new_session_makes_its_process_a_leader() -> None:
    def child() -> None:
        pid = setsid()
        assert pid == getpid()
        assert (getsid(0), getpgrp()) == (pid, pid)
        setsid.fails_with(EPERM)
        setpgid.fails_with(EPERM, 0, 0)

    assert in_child(child) == 0


def executing_child() -> int:
    """A child that has called execve(2): the end of a pipe that it closed tells."""
    path = new_program(b"program", call(pause))
    with untraced():
        reader, writer = new_pipe(O_CLOEXEC)
    pid = fork_child(lambda: execve(path, None, None))
    with untraced():
        close(writer)
        assert read(reader, Buffer(1), 1) == 0
    return pid


@pytest.mark.needs("x86_64")
def test_child_can_be_moved_to_a_group_of_the_session_until_it_executes() -> None:
    first, second = fork_child(pause), fork_child(pause)
    setpgid(first, 0)
    setpgid(second, first)
    assert (getpgid(first), getpgid(second)) == (first, first)
    setpgid(second, getpgrp())
    assert getpgid(second) == getpgrp()
    setpgid.fails_with(EPERM, first, second)
    setpgid.fails_with(EINVAL, first, -1)
    setpgid.fails_with(ESRCH, getsid(0) + 30000, 0)
    setpgid.fails_with(EACCES, executing_child(), 0)
