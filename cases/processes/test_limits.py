"""Resource limits: who may change them, and what happens at them (getrlimit(2))."""

from __future__ import annotations

import signal
from errno import EFBIG, EINVAL, EMFILE, EPERM

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_WRONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.pipes import pipe2
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import fork_child, in_child
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.processes.limits import RLIMIT_FSIZE, RLIMIT_NOFILE, Rlimit, getrlimit, prlimit64, setrlimit
from conformance.syscalls.signals import SIG_IGN, SIGSET_SIZE, Sigaction, pause, rt_sigaction
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_STREAM, socketpair

USER = 65533


@pytest.mark.needs("root")
def test_hard_limit_is_lowered_by_everybody_and_raised_by_no_user() -> None:
    setrlimit(RLIMIT_NOFILE, Rlimit(cur=64, max=128))
    setrlimit.fails_with(EINVAL, RLIMIT_NOFILE, Rlimit(cur=129, max=128))
    setrlimit.fails_with(EINVAL, 99, Rlimit(cur=1, max=1))
    other = fork_child(pause)
    setresuid(USER, USER, USER)
    setrlimit.fails_with(EPERM, RLIMIT_NOFILE, Rlimit(cur=64, max=129))
    prlimit64.fails_with(EPERM, other, RLIMIT_NOFILE, None, Rlimit())
    old = Rlimit()
    prlimit64(getpid(), RLIMIT_NOFILE, Rlimit(cur=127, max=127), old)
    assert (old.cur, old.max) == (64, 128)
    assert in_child(lambda: setrlimit(RLIMIT_NOFILE, Rlimit(cur=0, max=0))) == 0
    getrlimit(RLIMIT_NOFILE, old)
    assert (old.cur, old.max) == (127, 127)


def test_file_ends_at_the_limit_of_its_size() -> None:
    fd = openat(AT_FDCWD, b"file", O_WRONLY | O_CREAT, 0o600)
    setrlimit(RLIMIT_FSIZE, Rlimit(cur=10, max=10))
    assert write(fd, bytes(16), 16) == 10
    assert in_child(lambda: write(fd, b"x", 1)) == -signal.SIGXFSZ
    rt_sigaction(signal.SIGXFSZ, Sigaction(handler=SIG_IGN), None, SIGSET_SIZE)
    write.fails_with(EFBIG, fd, b"x", 1)


@pytest.mark.parametrize("call", ["pipe2", "socketpair"])
def test_pair_for_which_there_is_one_descriptor_only_is_none_and_nothing_is_written(call: str) -> None:
    """pipe(2), socketpair(2): the array is left as it was when the call fails (POSIX.1-2008 TC2)."""
    setrlimit(RLIMIT_NOFILE, Rlimit(cur=4, max=4))
    ends = Buffer(b"12345678")
    if call == "pipe2":
        pipe2.fails_with(EMFILE, ends, 0)
    else:
        socketpair.fails_with(EMFILE, AF_UNIX, SOCK_STREAM, 0, ends)
    assert bytes(ends) == b"12345678"
    assert openat(AT_FDCWD, b"file", O_WRONLY | O_CREAT, 0o600) == 3
