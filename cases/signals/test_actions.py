"""Actions: what sigaction(2)'s flags do to a handler, its mask and its stack."""

from __future__ import annotations

import signal
from errno import EINVAL, ENOMEM, EPERM

import pytest

from cases.signals._handlers import Cell, action, add_result, handle, minus
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.help.code import call, if_zero, increment, load, raise_signal, store_result
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.signals import (
    MINSIGSTKSZ,
    SA_EXPOSE_TAGBITS,
    SA_NODEFER,
    SA_ONSTACK,
    SA_RESETHAND,
    SA_UNSUPPORTED,
    SIG_DFL,
    SIGSET_SIZE,
    SS_DISABLE,
    Sigaction,
    Sigaltstack,
    kill,
    rt_sigaction,
    sigaltstack,
    sigset,
)

pytestmark = pytest.mark.needs("x86_64")

STACK_POINTER = b"\x48\x89\xe0"
"""Machine code: rax becomes rsp."""
UNKNOWN_FLAG = 0x100


@pytest.mark.parametrize(("flags", "nested"), [(0, 0), (SA_NODEFER, 1)], ids=["deferred", "nodefer"])
def test_signal_of_a_running_handler_waits_for_its_end(flags: int, nested: int) -> None:
    """The handler's first run raises its signal again; SA_NODEFER lets the second in before the first has ended."""
    runs, depth, nesting = Cell(), Cell(), Cell()
    handle(
        signal.SIGUSR1,
        increment(runs.address)
        + load(depth.address)
        + add_result(nesting.address)
        + increment(depth.address)
        + load(runs.address)
        + minus(1)
        + if_zero(raise_signal(signal.SIGUSR1))
        + b"\x48\xc7\xc0\xff\xff\xff\xff"  # mov rax, -1
        + add_result(depth.address),
        flags,
    )
    kill(getpid(), signal.SIGUSR1)
    assert (runs.value, depth.value, nesting.value) == (2, 0, nested)


def test_signals_of_the_mask_wait_for_the_handlers_end() -> None:
    other, seen = Cell(), Cell()
    handle(signal.SIGUSR2, increment(other.address))
    raise_other = raise_signal(signal.SIGUSR2) + load(other.address) + add_result(seen.address)
    handle(signal.SIGUSR1, raise_other, mask=sigset(signal.SIGUSR2))
    kill(getpid(), signal.SIGUSR1)
    assert (other.value, seen.value) == (1, 0)
    handle(signal.SIGUSR1, raise_other)
    kill(getpid(), signal.SIGUSR1)
    assert (other.value, seen.value) == (2, 2)


def test_one_shot_handler_is_default_after_its_run() -> None:
    runs = Cell()
    handle(signal.SIGURG, increment(runs.address), SA_RESETHAND)
    for _ in range(2):
        kill(getpid(), signal.SIGURG)
    left = Sigaction()
    with untraced():  # the flags that are left are nobody's promise
        rt_sigaction(signal.SIGURG, None, left, SIGSET_SIZE)
    assert (runs.value, left.handler) == (1, SIG_DFL)


def test_handler_runs_on_the_alternate_stack_if_it_asks() -> None:
    """And cannot change it there: EPERM (sigaltstack(2))."""
    memory, pointer, result, found = Buffer(16 * PAGE), Cell(), Cell(), Sigaltstack()
    sigaltstack(Sigaltstack(sp=memory.address, size_=len(memory)), None)
    body = STACK_POINTER + store_result(pointer.address)
    change = call(sigaltstack, memory.address, 0) + store_result(result.address)
    handle(signal.SIGUSR1, body + change, SA_ONSTACK)
    kill(getpid(), signal.SIGUSR1)
    assert 0 < pointer.value - memory.address < len(memory)
    assert result.value == -EPERM
    handle(signal.SIGUSR1, body)
    kill(getpid(), signal.SIGUSR1)
    assert not 0 < pointer.value - memory.address < len(memory)
    sigaltstack.fails_with(ENOMEM, Sigaltstack(sp=memory.address, size_=MINSIGSTKSZ - 1), None)
    sigaltstack.fails_with(EINVAL, Sigaltstack(sp=memory.address, flags=4, size_=len(memory)), None)
    sigaltstack(Sigaltstack(flags=SS_DISABLE), found)
    assert (found.sp, found.size_, found.flags) == (memory.address, len(memory), 0)


def test_action_that_cannot_be_is_einval() -> None:
    act = action(b"")
    for signum in (signal.SIGKILL, signal.SIGSTOP, 0, 65):
        rt_sigaction.fails_with(EINVAL, signum, act, None, SIGSET_SIZE)
    rt_sigaction.fails_with(EINVAL, signal.SIGUSR1, act, None, SIGSET_SIZE // 2)
    old = Sigaction()
    rt_sigaction(signal.SIGKILL, None, old, SIGSET_SIZE)
    assert old.handler == SIG_DFL


def test_flags_that_the_kernel_does_not_know_are_cleared() -> None:
    """SA_UNSUPPORTED, for the protocol of Linux 5.11 that finds out which flags there are (sigaction(2))."""
    rt_sigaction(signal.SIGUSR1, action(b"", SA_UNSUPPORTED | SA_EXPOSE_TAGBITS | UNKNOWN_FLAG), None, SIGSET_SIZE)
    kept = Sigaction()
    rt_sigaction(signal.SIGUSR1, None, kept, SIGSET_SIZE)
    if kept.flags & SA_UNSUPPORTED:
        missing("SA_UNSUPPORTED")
    assert kept.flags & (SA_EXPOSE_TAGBITS | UNKNOWN_FLAG) == SA_EXPOSE_TAGBITS
