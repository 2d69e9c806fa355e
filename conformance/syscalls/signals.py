"""Signals: sending, handling, masking, waiting."""

from __future__ import annotations

import ctypes
from typing import Annotated, TypeAlias

from conformance.model import Json as Seen
from conformance.syscalls.buffers import I32, U32, U64, Layout, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import Timespec
from conformance.syscalls.kinds import (
    Address64,
    Count,
    Flags,
    In,
    InBytes,
    Int,
    Kind,
    Memory,
    Names,
    Out,
    OutInt,
    Pid,
    Pid32,
    Signal,
    Size,
    Time64,
    Zero,
)

SIG_DFL, SIG_IGN = 0, 1
SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO, SA_UNSUPPORTED, SA_EXPOSE_TAGBITS = 1, 2, 4, 0x400, 0x800
SA_RESTORER, SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND = 0x4000000, 0x8000000, 0x10000000, 0x40000000, 0x80000000
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
SIGSET_SIZE = 8
SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_TKILL = 0, 0x80, -1, -2, -6
SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR, FPE_INTDIV, ILL_ILLOPN = 1, 2, 2, 1, 2
TRAP_BRKPT, TRAP_TRACE, TRAP_HWBKPT = 1, 2, 4
CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED = 1, 2, 3, 4, 5, 6
SYS_SECCOMP = 1
SS_ONSTACK, SS_DISABLE, SS_AUTODISARM = 1, 2, 1 << 31
MINSIGSTKSZ = 2048
SIGRTMIN, SIGRTMAX = 32, 64
"""The kernel's; the C library keeps the first two for itself."""

How = Annotated[int, Flags({"SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2}, bits=False)]


class OneOf(Memory):
    """Memory that holds one of several structs, whichever another argument asks for; their members tell them apart."""

    def __init__(self, *structs: type[Struct], out: bool = True, reads: bool = True) -> None:
        super().__init__(out=out, reads=reads)
        self.kinds = {frozenset(struct.members): kinds_of(struct) for struct in structs}

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, dict):
            kinds = self.kinds.get(frozenset(seen), {})
            return {name: kinds.get(name, PLAIN).normal(value, names) for name, value in seen.items()}
        return super().normal(seen, names)


PLAIN = Kind()


def kinds_of(struct: type[Struct]) -> dict[str, Kind]:
    """The kind of each member that has one."""
    return {name: note for name, notes in struct.members.items() for note in notes if isinstance(note, Kind)}


class Sigaction(Struct):
    """The kernel's `struct sigaction` of x86-64."""

    handler: Address64
    flags: U64
    restorer: Address64
    mask: U64


class Sigaltstack(Struct):
    """`stack_t`."""

    sp: Address64
    flags: U32
    pad: U32
    size_: U64


Tail80 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 80)]
Tail96 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 96)]


class Siginfo(Struct):
    """`siginfo_t` of a signal that a process sent: SI_USER, SI_TKILL, SI_QUEUE."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_pid: Pid32
    si_uid: U32
    si_value: U64
    rest: Tail96


class SiginfoFault(Struct):
    """`siginfo_t` of a fault or trap: where it was."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_addr: Address64
    pad1: U64
    rest: Tail96


class SiginfoChild(Struct):
    """`siginfo_t` of SIGCHLD."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_pid: Pid32
    si_uid: U32
    si_status: I32
    pad1: U32
    si_utime: Time64
    si_stime: Time64
    rest: Tail80


class SiginfoSyscall(Struct):
    """`siginfo_t` of SIGSYS."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_call_addr: Address64
    si_syscall: I32
    si_arch: U32
    rest: Tail96


SIGINFOS = (Siginfo, SiginfoFault, SiginfoChild, SiginfoSyscall)
OutSiginfo = Annotated[object, OneOf(*SIGINFOS, reads=False)]  # not named here: a struct would lend its kinds to all
AnySiginfo: TypeAlias = Siginfo | SiginfoFault | SiginfoChild | SiginfoSyscall


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
def rt_sigtimedwait(mask: InBytes, info: OutSiginfo, timeout: In[Timespec], size: Size) -> Signal: ...
@syscall
def rt_sigqueueinfo(pid: Pid, signum: Signal, info: In[Siginfo]) -> Zero: ...
@syscall
def rt_tgsigqueueinfo(pid: Pid, tid: Pid, signum: Signal, info: In[Siginfo]) -> Zero: ...
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
