"""Who may trace whom: other users, undumpable processes, and the scopes of the Yama security module."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EACCES, EINVAL, ENOENT, EPERM

import pytest

from cases.ptrace._tracee import ANNOUNCE, WAIT_FOREVER, launch, stopped, wait
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_RDONLY, O_RDWR, close, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.help.child import exit_status, fork_child, in_child
from conformance.syscalls.help.code import DATA, call
from conformance.syscalls.memory.others import process_vm_readv
from conformance.syscalls.processes.credentials import setresgid, setresuid
from conformance.syscalls.processes.prctl import PR_SET_DUMPABLE, PR_SET_PTRACER, prctl
from conformance.syscalls.ptrace import PTRACE_ATTACH, PTRACE_DETACH, PTRACE_TRACEME, ptrace

pytestmark = [pytest.mark.needs("x86_64", "root")]

USER = 65533
ALLOW_ANY_TRACER = call(prctl, PR_SET_PTRACER, -1)
"""For kernels with Yama; EINVAL, and of no consequence, on others."""
UNDUMPABLE = call(prctl, PR_SET_DUMPABLE, 0)
SCOPE = b"/proc/sys/kernel/yama/ptrace_scope"


def become_user() -> None:
    """Give up every privilege."""
    setresgid(USER, USER, USER)
    setresuid(USER, USER, USER)


def as_user(body: Callable[[], object]) -> int:
    """Run `body` in an unprivileged child; its exit status."""

    def child() -> None:
        become_user()
        body()

    return in_child(child)


@contextmanager
def yama_scope(scope: bytes) -> Iterator[None]:
    """Yama with a scope, which is the whole machine's; without Yama, the case ends as missing."""
    with untraced():
        fd, error = openat.result_of(AT_FDCWD, SCOPE, O_RDWR, 0)
        if error == ENOENT:
            missing("Yama")
        assert error == 0
        before = Buffer(1)
        pread64(fd, before, 1, 0)
        if pwrite64.result_of(fd, scope, 1, 0)[1] == EINVAL:
            missing(f"Yama's scope {scope.decode()}")
    try:
        yield
    finally:
        with untraced():
            pwrite64(fd, bytes(before), 1, 0)


def attach_and_detach(pid: int) -> None:
    """Trace a process for a moment."""
    ptrace(PTRACE_ATTACH, pid)
    assert wait(pid) == stopped(signal.SIGSTOP)
    ptrace(PTRACE_DETACH, pid, 0, 0)


def test_process_of_another_user_is_out_of_reach() -> None:
    pid = launch(ANNOUNCE + WAIT_FOREVER)
    data = Buffer(8)
    local, remote = Iovec(iov_base=data.address, iov_len=8), Iovec(iov_base=DATA, iov_len=8)

    def stranger() -> None:
        ptrace.fails_with(EPERM, PTRACE_ATTACH, pid)
        process_vm_readv.fails_with(EPERM, pid, local, 1, remote, 1, 0)
        openat.fails_with(EACCES, AT_FDCWD, b"/proc/%d/mem" % pid, O_RDONLY, 0)

    assert as_user(stranger) == 0


def test_process_of_the_same_user_can_be_attached() -> None:
    pid = launch(ALLOW_ANY_TRACER + ANNOUNCE + WAIT_FOREVER, before=become_user)
    assert as_user(lambda: attach_and_detach(pid)) == 0


def test_undumpable_process_takes_a_privilege() -> None:
    """PR_SET_DUMPABLE, prctl(2): "cannot be attached", but by CAP_SYS_PTRACE; its files in /proc are root's."""
    pid = launch(ALLOW_ANY_TRACER + UNDUMPABLE + ANNOUNCE + WAIT_FOREVER, before=become_user)

    def neighbour() -> None:
        ptrace.fails_with(EPERM, PTRACE_ATTACH, pid)
        openat.fails_with(EACCES, AT_FDCWD, b"/proc/%d/mem" % pid, O_RDONLY, 0)

    assert as_user(neighbour) == 0
    attach_and_detach(pid)


def test_tracer_that_is_named_must_exist() -> None:
    with untraced():
        fd, error = openat.result_of(AT_FDCWD, SCOPE, O_RDONLY, 0)
        if error == ENOENT:
            missing("Yama")
        close(fd)
    pid = fork_child(lambda: 0)
    assert exit_status(pid) == 0
    prctl.fails_with(EINVAL, PR_SET_PTRACER, pid)
    prctl(PR_SET_PTRACER, 0)


@pytest.mark.needs("disposable")
def test_scope_1_is_for_ancestors_and_those_the_tracee_names() -> None:
    with yama_scope(b"1"):
        closed = launch(ANNOUNCE + WAIT_FOREVER, before=become_user)
        assert as_user(lambda: ptrace.fails_with(EPERM, PTRACE_ATTACH, closed)) == 0
        open = launch(ALLOW_ANY_TRACER + ANNOUNCE + WAIT_FOREVER, before=become_user)
        assert as_user(lambda: attach_and_detach(open)) == 0
        attach_and_detach(closed)


@pytest.mark.needs("disposable")
def test_scope_2_is_for_the_privileged() -> None:
    with yama_scope(b"2"):
        pid = launch(ALLOW_ANY_TRACER + ANNOUNCE + WAIT_FOREVER, before=become_user)

        def neighbour() -> None:
            ptrace.fails_with(EPERM, PTRACE_ATTACH, pid)
            assert in_child(lambda: ptrace.fails_with(EPERM, PTRACE_TRACEME, 0)) == 0

        assert as_user(neighbour) == 0
        attach_and_detach(pid)
