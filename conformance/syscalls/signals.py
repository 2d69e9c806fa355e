"""Signals: sending, handling, masking, waiting."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I32, U32, U64, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import Timespec
from conformance.syscalls.kinds import (
    Address64,
    Count,
    Flags,
    In,
    InBytes,
    Int,
    Out,
    OutInt,
    Pid,
    Signal,
    Size,
    Zero,
)

SIG_DFL, SIG_IGN = 0, 1
SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO, SA_UNSUPPORTED, SA_EXPOSE_TAGBITS = 1, 2, 4, 0x400, 0x800
SA_RESTORER, SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND = 0x4000000, 0x8000000, 0x10000000, 0x40000000, 0x80000000
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
SIGSET_SIZE = 8
SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL = 0, 0x80, -1, -2, -6
SS_ONSTACK, SS_DISABLE, SS_AUTODISARM = 1, 2, 1 << 31

How = Annotated[int, Flags({"SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2}, bits=False)]


class Sigaction(Struct):
    """The kernel's `struct sigaction` of x86-64."""

    handler: Address64
    flags: U64
    restorer: Address64
    mask: U64


class Sigaltstack(Struct):
    """`stack_t`."""

    sp: Address64
    flags: I32
    pad: U32
    size_: U64


def sigset(*signals: int) -> bytes:
    """The kernel's signal set, 8 bytes: bit n-1 stands for signal n."""
    return sum(1 << (number - 1) for number in set(signals)).to_bytes(SIGSET_SIZE, "little")


@syscall
def rt_sigaction(signum: Signal, act: In[Sigaction], old: Out[Sigaction], size: Size) -> Zero: ...
@syscall
def rt_sigprocmask(how: How, new: InBytes, old: OutInt, size: Size) -> Zero: ...
@syscall
def rt_sigpending(pending: OutInt, size: Size) -> Zero: ...
@syscall
def rt_sigsuspend(mask: InBytes, size: Size) -> Zero: ...
@syscall
def rt_sigtimedwait(mask: InBytes, info: OutInt, timeout: In[Timespec], size: Size) -> Signal: ...
@syscall
def rt_sigqueueinfo(pid: Pid, signum: Signal, info: InBytes) -> Zero: ...
@syscall
def rt_tgsigqueueinfo(pid: Pid, tid: Pid, signum: Signal, info: InBytes) -> Zero: ...
@syscall
def rt_sigreturn() -> Zero: ...
@syscall
def sigaltstack(new: In[Sigaltstack], old: Out[Sigaltstack]) -> Zero: ...
@syscall
def kill(pid: Pid, signum: Signal) -> Zero: ...
@syscall
def tkill(tid: Pid, signum: Signal) -> Zero: ...
@syscall
def tgkill(pid: Pid, tid: Pid, signum: Signal) -> Zero: ...
@syscall
def pause() -> Zero: ...
@syscall
def restart_syscall() -> Zero: ...
@syscall
def alarm(seconds: Int) -> Count: ...
