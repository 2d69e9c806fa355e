"""Inheritance: what of actions, mask and waiting signals fork(2) and execve(2) pass on (signal(7))."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from conformance.syscalls import Buffer
from conformance.syscalls.files.opening import O_CREAT, O_WRONLY, close, open
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.help.code import DATA, EXIT_WITH_RESULT, call, elf, load
from conformance.syscalls.machinery.call import Syscall
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.executing import execve
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import (
    SIG_BLOCK,
    SIG_DFL,
    SIG_IGN,
    SIGSET_SIZE,
    Sigaction,
    kill,
    rt_sigaction,
    rt_sigpending,
    rt_sigprocmask,
    sigset,
)

pytestmark = pytest.mark.needs("x86_64")


def told_by_a_program(stub: Syscall[Any], *arguments: int) -> int:
    """The lowest byte of what a call writes to the memory at `DATA`, in a new program after execve(2)."""
    image = elf(call(stub, *arguments) + load(DATA) + EXIT_WITH_RESULT, bytes(64))
    fd = open(b"program", O_WRONLY | O_CREAT, 0o755)
    assert write(fd, image, len(image)) == len(image)
    close(fd)
    return in_child(lambda: execve(b"program", None, None))


@pytest.mark.parametrize(("before", "after"), [(PAGE, SIG_DFL), (SIG_IGN, SIG_IGN)], ids=["handled", "ignored"])
def test_new_program_ignores_what_the_old_one_did_and_handles_nothing(before: int, after: int) -> None:
    rt_sigaction(signal.SIGUSR1, Sigaction(handler=before), None, SIGSET_SIZE)
    assert told_by_a_program(rt_sigaction, signal.SIGUSR1, 0, DATA, SIGSET_SIZE) == after


def test_mask_survives_fork_and_execve_and_waiting_signals_execve_only() -> None:
    mask = sigset(signal.SIGINT, signal.SIGQUIT)
    rt_sigprocmask(SIG_BLOCK, mask, None, SIGSET_SIZE)
    kill(getpid(), signal.SIGINT)

    def nothing_waits() -> None:
        pending = Buffer(SIGSET_SIZE)
        rt_sigpending(pending, SIGSET_SIZE)
        assert bytes(pending) == sigset()

    assert in_child(nothing_waits) == 0
    assert told_by_a_program(rt_sigprocmask, SIG_BLOCK, 0, DATA, SIGSET_SIZE) == mask[0]
