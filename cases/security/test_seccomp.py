"""Seccomp: a process limits the system calls that it may make (seccomp(2))."""

from __future__ import annotations

import _thread
import signal
import struct
from errno import EACCES, EINVAL, EOPNOTSUPP, EPERM

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.code import EXIT_WITH_ERRNO, call, function, if_zero
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.creating import exit
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid, getppid
from conformance.syscalls.processes.prctl import PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, prctl
from conformance.syscalls.security.seccomp import (
    SECCOMP_FILTER_FLAG_NEW_LISTENER,
    SECCOMP_FILTER_FLAG_TSYNC,
    SECCOMP_GET_ACTION_AVAIL,
    SECCOMP_IOCTL_NOTIF_RECV,
    SECCOMP_IOCTL_NOTIF_SEND,
    SECCOMP_MODE_STRICT,
    SECCOMP_RET_ALLOW,
    SECCOMP_RET_ERRNO,
    SECCOMP_RET_KILL_PROCESS,
    SECCOMP_RET_KILL_THREAD,
    SECCOMP_RET_LOG,
    SECCOMP_RET_TRACE,
    SECCOMP_RET_TRAP,
    SECCOMP_RET_USER_NOTIF,
    SECCOMP_SET_MODE_FILTER,
    Filter,
    deny,
    seccomp,
)

GETPPID = getppid.number
UNKNOWN = 99
"""An operation that seccomp(2) does not have."""

pytestmark = pytest.mark.needs("x86_64")


def install(filter: Filter, flags: int = 0) -> int:
    """Install a filter, as anybody may who gains no privileges any more."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    return seccomp(SECCOMP_SET_MODE_FILTER, flags, filter.program)


def test_strict_mode_leaves_four_calls() -> None:
    """read, write, exit and sigreturn; any other ends the process by SIGKILL."""
    strict = call(prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT)
    allowed = function(strict + if_zero(call(exit, 77)) + EXIT_WITH_ERRNO)
    forbidden = function(strict + if_zero(call(getpid) + call(exit, 77)) + EXIT_WITH_ERRNO)
    status = in_child(allowed)
    if status == EINVAL:
        missing("strict mode of seccomp")
    assert status == 77
    assert in_child(forbidden) == -signal.SIGKILL


def test_filter_answers_with_an_errno_and_is_inherited() -> None:
    install(deny(GETPPID, SECCOMP_RET_ERRNO | 4095))
    with pytest.raises(OSError, match="getppid") as caught:
        getppid()
    assert caught.value.errno == 4095
    getpid()
    assert in_child(lambda: getppid.fails_with(4095)) == 0


@pytest.mark.needs("root")
def test_filter_of_the_unprivileged_must_gain_nothing() -> None:
    """EACCES without no_new_privs; a program that does not end in a return is EINVAL."""
    setresuid(65534, 65534, 65534)
    filter = deny(GETPPID, SECCOMP_RET_ERRNO | EPERM)
    seccomp.fails_with(EACCES, SECCOMP_SET_MODE_FILTER, 0, filter.program)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    seccomp.fails_with(EINVAL, SECCOMP_SET_MODE_FILTER, 0, Filter((0x20, 0, 0, 0)).program)
    seccomp(SECCOMP_SET_MODE_FILTER, 0, filter.program)
    getppid.fails_with(EPERM)


@pytest.mark.parametrize(
    "action", [SECCOMP_RET_TRAP, SECCOMP_RET_KILL_THREAD, SECCOMP_RET_KILL_PROCESS], ids=["trap", "thread", "process"]
)
def test_forbidden_call_ends_the_process_by_sigsys(action: int) -> None:
    """A handler of SIGSYS is called when the action is to trap; what kills asks no handler."""
    seccomp.fails_with(EINVAL, UNKNOWN, 0, None)
    caught: list[int] = []
    signal.signal(signal.SIGSYS, lambda number, frame: caught.append(number))

    def child() -> int:
        install(deny(GETPPID, action))
        getppid.result_of()
        return 7 if caught == [signal.SIGSYS] else 8

    assert in_child(child) == (7 if action == SECCOMP_RET_TRAP else -signal.SIGSYS)


def test_supervisor_answers_for_the_kernel() -> None:
    """SECCOMP_RET_USER_NOTIF (Linux 5.0)."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    filter = deny(GETPPID, SECCOMP_RET_USER_NOTIF)
    flags, name = SECCOMP_FILTER_FLAG_NEW_LISTENER, "user notification of seccomp"
    listener = seccomp.or_missing(name, EINVAL, SECCOMP_SET_MODE_FILTER, flags, filter.program)

    def child() -> int:
        return 7 if getppid() == 4711 else 8

    pid = fork_child(child)
    assert ready(listener) & POLLIN
    request = Buffer(bytes(80))
    with untraced():  # it holds an id and a pid
        ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, request)
        cookie, caller, _, number = struct.unpack_from("=QIIi", bytes(request))
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, Buffer(struct.pack("=QqiI", cookie, 4711, 0, 0)))
    assert (caller, number) == (pid, GETPPID)
    assert exit_status(pid) == 7


def test_filter_can_be_put_on_all_threads_at_once() -> None:
    """SECCOMP_FILTER_FLAG_TSYNC (Linux 3.17)."""
    filtered, asked = _thread.allocate_lock(), _thread.allocate_lock()
    filtered.acquire()
    asked.acquire()
    errors: list[int] = []

    def other() -> None:
        with filtered:
            errors.append(getppid.result_of()[1])
        asked.release()

    _thread.start_new_thread(other, ())
    install(deny(GETPPID, SECCOMP_RET_ERRNO | EPERM), SECCOMP_FILTER_FLAG_TSYNC)
    filtered.release()
    assert asked.acquire(timeout=10)
    assert errors == [EPERM]


@pytest.mark.parametrize(
    "action",
    [
        SECCOMP_RET_KILL_PROCESS,
        SECCOMP_RET_KILL_THREAD,
        SECCOMP_RET_TRAP,
        SECCOMP_RET_ERRNO,
        SECCOMP_RET_USER_NOTIF,
        SECCOMP_RET_TRACE,
        SECCOMP_RET_LOG,
        SECCOMP_RET_ALLOW,
    ],
    ids=["kill-process", "kill-thread", "trap", "errno", "user-notif", "trace", "log", "allow"],
)
def test_action_is_available(action: int) -> None:
    """SECCOMP_GET_ACTION_AVAIL (Linux 4.14); EOPNOTSUPP for what the kernel does not know."""
    ask, name = SECCOMP_GET_ACTION_AVAIL, f"seccomp action {action:#x}"
    seccomp.or_missing(name, (EINVAL, EOPNOTSUPP), ask, 0, struct.pack("=I", action))
    seccomp.fails_with(EOPNOTSUPP, ask, 0, struct.pack("=I", 0x12340000))
