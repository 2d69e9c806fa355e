"""New processes: the flags of clone(2), the struct of clone3(2), vfork(2), chosen ids and pidfds."""

from __future__ import annotations

import signal
import struct
from errno import E2BIG, EAGAIN, EEXIST, EINVAL, ENOSYS, EOPNOTSUPP, EPERM, ESRCH

import pytest

from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.descriptors import F_GETFD, FD_CLOEXEC, fcntl
from conformance.syscalls.help.child import exit_status, start_child
from conformance.syscalls.help.code import RET, call, exit_code, function, if_zero, load, set_word
from conformance.syscalls.namespaces import CLONE_NEWNS, CLONE_NEWUTS
from conformance.syscalls.processes.creating import (
    CLONE_PIDFD,
    CloneArgs,
    Pidfd,
    clone,
    clone3,
    exit_group,
    fork,
    vfork,
)
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.limits import RLIMIT_NPROC, Rlimit, setrlimit
from conformance.syscalls.processes.pidfds import pidfd_send_signal
from conformance.syscalls.processes.sharing import CLONE_FS, CLONE_SIGHAND, CLONE_THREAD, CLONE_VM
from conformance.syscalls.processes.waiting import P_PID, WEXITED, waitid
from conformance.syscalls.signals import (
    CLD_EXITED,
    SiginfoChild,
)

VERSION_0 = 64
"""Bytes of `struct clone_args` in Linux 5.3."""
UNKNOWN_FLAG = 1 << 40
PAGE = 4096
CHOSEN = 1234
USER = 65534


def refused(error: int, flags: int) -> None:
    """clone(2) must fail; a child that there is all the same goes away at once."""
    result, got = clone.result_of(flags, 0, None, None, 0)
    if result == 0:
        exit_group(0)
    assert got == error, f"flags {flags:#x}"


def refused3(error: int, args: CloneArgs | bytes, size: int) -> None:
    """clone3(2) must fail; as above."""
    result, got = clone3.result_of(args, size)
    if result == 0:
        exit_group(0)
    if got == ENOSYS:
        missing("clone3")
    assert got == error


def test_flags_that_contradict_each_other_are_einval() -> None:
    for flags in (CLONE_THREAD, CLONE_THREAD | CLONE_SIGHAND, CLONE_SIGHAND, CLONE_FS | CLONE_NEWNS):
        refused(EINVAL, flags | signal.SIGCHLD)


def test_struct_may_be_longer_if_its_tail_is_zero() -> None:
    """How clone3(2) (Linux 5.3) can grow: what a kernel does not know must be zero."""
    args = CloneArgs(exit_signal=signal.SIGCHLD)
    refused3(E2BIG, bytes(args) + bytes(39) + b"\x01", CloneArgs.size() + 40)
    refused3(E2BIG, bytes(args).ljust(PAGE + 8, b"\0"), PAGE + 8)
    refused3(EINVAL, args, VERSION_0 - 8)
    for wrong in (
        CloneArgs(exit_signal=65),
        CloneArgs(exit_signal=signal.SIGCHLD, stack_size=PAGE),
        CloneArgs(exit_signal=signal.SIGCHLD, flags=UNKNOWN_FLAG),
        CloneArgs(exit_signal=signal.SIGCHLD, flags=CLONE_THREAD | CLONE_SIGHAND | CLONE_VM),
    ):
        refused3(EINVAL, wrong, VERSION_0)
    longer = bytes(args) + bytes(40)
    pid = start_child(lambda: clone3(longer, len(longer)), lambda: 5)
    assert exit_status(pid) == 5
    pid = start_child(lambda: clone3(args, VERSION_0), lambda: 6)
    assert exit_status(pid) == 6


@pytest.mark.needs("root")
def test_id_of_the_child_can_be_chosen() -> None:
    """`set_tid` (Linux 5.5, 80 bytes)."""
    chosen = Buffer(struct.pack("=i", CHOSEN))
    args = CloneArgs(exit_signal=signal.SIGCHLD, set_tid=chosen.address, set_tid_size=1)
    try:
        pid = start_child(lambda: clone3(args, CloneArgs.size()), lambda: 7)
    except OSError as error:
        if error.errno in (E2BIG, EOPNOTSUPP):
            missing("set_tid of clone3")
        raise
    assert pid == CHOSEN
    refused3(EEXIST, args, CloneArgs.size())
    assert exit_status(pid) == 7


def test_descriptor_of_the_child_is_closed_on_execve_and_outlives_it() -> None:
    """CLONE_PIDFD (Linux 5.2), which earlier kernels ignore."""
    cell = Pidfd(pidfd=-1)
    try:
        pid = start_child(lambda: clone(CLONE_PIDFD | signal.SIGCHLD, 0, cell, None, 0), lambda: 8)
    except OSError as error:
        if error.errno == EINVAL:
            missing("CLONE_PIDFD")
        raise
    if cell.pidfd == -1:
        missing("CLONE_PIDFD")
    assert fcntl(cell.pidfd, F_GETFD) == FD_CLOEXEC
    info = SiginfoChild()
    waitid(P_PID, pid, info, WEXITED, None)
    assert (info.si_pid, info.si_code, info.si_status) == (pid, CLD_EXITED, 8)
    pidfd_send_signal.fails_with(ESRCH, cell.pidfd, 0, None, 0)


@pytest.mark.needs("x86_64")
def test_parent_of_a_vfork_waits_and_finds_what_its_child_wrote() -> None:
    """The child has the parent's memory, and the parent goes on when it has exited."""
    word = Buffer(bytes(8))
    code = call(vfork) + if_zero(set_word(word.address, 42) + exit_code(9)) + load(word.address) + RET
    assert function(code)() == 42


@pytest.mark.needs("root")
@pytest.mark.parametrize("name", ["fork", "clone", "clone3"])
def test_no_process_more_than_the_limit_is_eagain(name: str) -> None:
    """RLIMIT_NPROC holds for who has neither CAP_SYS_RESOURCE nor CAP_SYS_ADMIN (getrlimit(2))."""
    setrlimit(RLIMIT_NPROC, Rlimit())
    setresuid(USER, USER, USER)
    if name == "clone":
        refused(EAGAIN, signal.SIGCHLD)
    elif name == "clone3":
        refused3(EAGAIN, CloneArgs(exit_signal=signal.SIGCHLD), VERSION_0)
    else:
        result, error = fork.result_of()
        if result == 0:
            exit_group(0)
        assert error == EAGAIN


@pytest.mark.needs("root")
def test_namespace_of_a_child_takes_cap_sys_admin() -> None:
    setresuid(USER, USER, USER)
    refused(EPERM, CLONE_NEWUTS | signal.SIGCHLD)
    refused3(EPERM, CloneArgs(exit_signal=signal.SIGCHLD, flags=CLONE_NEWUTS), VERSION_0)
