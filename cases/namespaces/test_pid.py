"""PID namespaces: numbers of their own, and an init with which everything ends (pid_namespaces(7))."""

from __future__ import annotations

import signal
from errno import EINVAL, ENOMEM, ESRCH

import pytest

from cases.namespaces._namespaces import enter
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDONLY, close, open
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.namespaces import CLONE_NEWPID, setns
from conformance.syscalls.processes.creating import exit_group, fork
from conformance.syscalls.processes.identity import getpid, getppid
from conformance.syscalls.signals import kill, pause

pytestmark = pytest.mark.needs("root")


def test_first_child_is_pid_1_and_has_no_parent() -> None:
    """unshare(2) leaves the process itself where it is."""
    before = getpid()
    enter(CLONE_NEWPID)
    assert getpid() == before

    def init() -> None:
        assert getpid() == 1
        assert getppid() == 0

    assert in_child(init) == 0


def test_init_is_immune_to_signals_from_inside_that_it_does_not_handle() -> None:
    """Even to SIGKILL; from outside it is not."""
    enter(CLONE_NEWPID)

    def init() -> int:
        kill(1, signal.SIGTERM)
        kill(1, signal.SIGKILL)
        assert in_child(lambda: kill(1, signal.SIGKILL)) == 0
        return 7

    assert in_child(init) == 7


def test_everything_ends_with_init() -> None:
    """Its other processes are killed, and no more can be made: ENOMEM."""
    enter(CLONE_NEWPID)
    reader, writer = new_pipe(O_CLOEXEC)

    def init() -> None:
        fork_child(pause)
        with untraced():  # the record of it would come too late
            write(writer, b"x", 1)
        pause()

    pid = fork_child(init)
    close(writer)
    data = Buffer(1)
    assert read(reader, data, 1) == 1
    kill(pid, signal.SIGKILL)
    assert ready(reader), "somebody still holds the other end"
    assert read(reader, data, 1) == 0
    assert exit_status(pid) == -signal.SIGKILL
    child, error = fork.result_of()
    if child == 0:
        exit_group(0)
    assert error == ENOMEM


def test_joining_is_for_children_only() -> None:
    """setns(2): the process keeps its number, its next child has one of the other namespace."""
    before = getpid()
    namespace = open(b"/proc/self/ns/pid", O_RDONLY | O_CLOEXEC)
    enter(CLONE_NEWPID)
    init = fork_child(pause)
    setns.or_missing("joining a PID namespace", EINVAL, namespace, CLONE_NEWPID)
    setns(open(b"/proc/%d/ns/pid" % init, O_RDONLY | O_CLOEXEC), CLONE_NEWPID)
    assert getpid() == before

    def second() -> None:
        assert getpid() == 2
        kill.fails_with(ESRCH, 3, 0)

    assert in_child(second) == 0
