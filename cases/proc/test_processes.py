"""/proc/PID of others: while they live, when they are zombies, and when they are gone."""

from __future__ import annotations

import signal
from errno import EACCES, ENOENT, ESRCH

import pytest

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.links import readlinkat
from conformance.syscalls.files.opening import O_CLOEXEC, O_DIRECTORY, O_RDONLY, open, openat
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.paths import contents, exists, fields
from conformance.syscalls.processes.credentials import setgroups, setresgid, setresuid
from conformance.syscalls.processes.waiting import P_PID, WEXITED, WNOWAIT, waitid
from conformance.syscalls.signals import kill, pause


def directory(pid: int) -> int:
    """/proc/PID, open."""
    return open(b"/proc/%d" % pid, O_RDONLY | O_DIRECTORY | O_CLOEXEC)


def test_zombie_has_a_state_and_nothing_else() -> None:
    """No command line and no executable is left; the name is."""
    pid = fork_child(lambda: None)
    proc = directory(pid)
    with untraced():
        waitid(P_PID, pid, Buffer(128), WEXITED | WNOWAIT, None)
    assert fields(b"/proc/%d/status" % pid)[b"State"] == b"Z (zombie)"
    assert contents(b"/proc/%d/cmdline" % pid) == b""
    assert contents(b"/proc/%d/comm" % pid) == contents(b"/proc/self/comm")
    readlinkat.fails_with(ENOENT, proc, b"exe", Buffer(64), 64)


def test_file_of_a_process_that_is_gone_is_esrch() -> None:
    """What was opened while it lived cannot be read, and nothing more can be opened."""
    pid = fork_child(pause)
    proc = directory(pid)
    status = openat(proc, b"status", O_RDONLY | O_CLOEXEC)
    kill(pid, signal.SIGKILL)
    assert exit_status(pid) == -signal.SIGKILL
    read.fails_with(ESRCH, status, Buffer(64), 64)
    openat.fails_with((ESRCH, ENOENT), proc, b"status", O_RDONLY)
    assert not exists(b"/proc/%d" % pid)


@pytest.mark.needs("root")
def test_secrets_of_a_process_are_not_for_other_users() -> None:
    """environ, fd and cwd need the right to trace it; status and cmdline are for all."""
    pid = fork_child(pause)
    proc = directory(pid)

    def nobody() -> None:
        setgroups(0, None)
        setresgid(65534, 65534, 65534)
        setresuid(65534, 65534, 65534)
        openat.fails_with(EACCES, proc, b"environ", O_RDONLY)
        openat.fails_with(EACCES, proc, b"fd", O_RDONLY | O_DIRECTORY)
        readlinkat.fails_with(EACCES, proc, b"cwd", Buffer(64), 64)
        openat(proc, b"status", O_RDONLY)
        openat(proc, b"cmdline", O_RDONLY)

    assert in_child(nobody) == 0
