"""signal(7): sending, handling, masking and waiting for signals."""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import Address64, Count, In, InBytes, Out, Pid, Pid32, Signal, Time64, Zero
from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import Look, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Kind, Names, Piece, Seen, named
from conformance.syscalls.machinery.memory import OneOf, Pointer
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import ARENA, HANDLER, RESTORER
from conformance.syscalls.time.clocks import AtOnce

SIGHUP, SIGKILL, SIGUSR1, SIGUSR2, SIGPIPE, SIGALRM, SIGTERM = 1, 9, 10, 12, 13, 14, 15
SIGCHLD, SIGCONT, SIGSTOP, SIGURG, SIGWINCH = 17, 18, 19, 23, 28
SIGRTMIN, SIGRTMAX = 32, 64
"""The kernel's; the C library keeps the first two for itself."""

SIG_DFL, SIG_IGN = 0, 1
SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO, SA_UNSUPPORTED, SA_EXPOSE_TAGBITS = 1, 2, 4, 0x400, 0x800
SA_RESTORER, SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND = 0x4000000, 0x8000000, 0x10000000, 0x40000000, 0x80000000

SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
SIGSET_SIZE = 8

SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_MESGQ, SI_SIGIO, SI_TKILL = 0, 0x80, -1, -2, -3, -5, -6
ILL_ILLOPN, FPE_INTDIV, SEGV_MAPERR, SEGV_ACCERR, BUS_ADRERR = 2, 1, 1, 2, 2
TRAP_BRKPT, TRAP_TRACE, TRAP_HWBKPT = 1, 2, 4
CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED = 1, 2, 3, 4, 5, 6
POLL_IN, POLL_OUT, POLL_MSG, POLL_ERR, POLL_PRI, POLL_HUP = 1, 2, 3, 4, 5, 6
SYS_SECCOMP = 1

FAULT_CODES = {
    7: ("BUS_ADRALN", "BUS_ADRERR", "BUS_OBJERR", "BUS_MCEERR_AR", "BUS_MCEERR_AO"),
    11: ("SEGV_MAPERR", "SEGV_ACCERR", "SEGV_BNDERR", "SEGV_PKUERR", "SEGV_ACCADI", "SEGV_ADIDERR", "SEGV_ADIPERR"),
}
"""What may be wrong with memory, from 1 on, by the signal (SIGBUS, SIGSEGV) that says so (<asm-generic/siginfo.h>)."""

SS_ONSTACK, SS_DISABLE, SS_AUTODISARM = 1, 2, 1 << 31
MINSIGSTKSZ = 2048


# -- sets of signals


def sigset(*signals: int) -> bytes:
    """The kernel's signal set, 8 bytes: bit n-1 stands for signal n."""
    return sum(1 << (number - 1) for number in set(signals)).to_bytes(SIGSET_SIZE, "little")


SETS = (
    *(sigset(SIGUSR1, SIGUSR2, SIGCHLD), sigset(SIGUSR1), sigset(), sigset(SIGUSR2), sigset(SIGUSR1, SIGUSR2)),
    *(sigset(SIGCHLD), sigset(SIGALRM), sigset(34), b"\xff" * SIGSET_SIZE, sigset(SIGKILL, SIGSTOP)),
    sigset(*range(1, 32)),
)
"""Of those that are sent most, all, those that cannot be blocked, and all that are not real-time."""

InSigset = Annotated[
    InBytes,
    Choices(
        *map(Blob, SETS[:2]),
        seldom(*map(Blob, SETS[2:])),
        rarely(Blob(bytes(SIGSET_SIZE), edge=True), *BAD_POINTERS[:4]),
    ),
]
OutSigset = Annotated[Out[Struct], Choices(often(room(SIGSET_SIZE)), room(16), 0, KERNEL_ADDRESS)]
SigsetSize = Annotated[int, Choices(often(SIGSET_SIZE), seldom(0, 4, 16, -1))]
WrongSigsetSize = Annotated[int, Choices(0, 4, 16, -1, rarely(SIGSET_SIZE))]
"""Where the right size would have the call wait for ever."""
Sigset64 = Annotated[U64, Choices(0, *(int.from_bytes(each, "little") for each in SETS))]
How = Annotated[int, Flags({"SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2}, bits=False)]


# -- sigaction(2)

Handler64 = Annotated[Address64, Choices(HANDLER, SIG_IGN, SIG_DFL, ARENA)]
ActionFlags = Annotated[
    U64,
    Flags(named(globals(), "SA_")),
    Choices(
        *(SA_RESTORER, SA_RESTORER | SA_RESTART, SA_RESTORER | SA_NODEFER, SA_RESTORER | SA_RESETHAND),
        *(SA_RESTORER | SA_NOCLDWAIT, SA_RESTORER | SA_NOCLDSTOP),
        *(SA_RESTORER | SA_ONSTACK, SA_RESTORER | SA_UNSUPPORTED),
        ...,
    ),
]
Restorer64 = Annotated[Address64, Choices(RESTORER, 0)]


class Sigaction(Struct):
    """The kernel's `struct sigaction` of x86-64."""

    handler: Handler64
    flags: ActionFlags
    restorer: Restorer64
    mask: Sigset64


# -- sigaltstack(2)

StackPointer = Annotated[Address64, Choices(Blob(bytes(4096)), ARENA, 0, KERNEL_ADDRESS)]
StackFlags = Annotated[U32, Choices(0, SS_DISABLE, SS_AUTODISARM, SS_ONSTACK, SS_AUTODISARM | SS_DISABLE, 4, -1)]
StackSize = Annotated[U64, Choices(4096, MINSIGSTKSZ, MINSIGSTKSZ - 1, 0, 1 << 20, -1)]


class Sigaltstack(Struct):
    """`stack_t`."""

    sp: StackPointer
    flags: StackFlags
    pad: U32
    size_: StackSize


# -- siginfo_t

Code = Annotated[I32, Choices(SI_QUEUE, SI_TIMER, SI_USER, SI_TKILL, SI_KERNEL, -3, -60)]
Tail64 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 64), Choices(0)]
Tail80 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 80), Choices(0)]
Tail96 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 96), Choices(0)]


class Siginfo(Struct):
    """`siginfo_t` of a signal that a process sent: SI_USER, SI_TKILL, SI_QUEUE."""

    si_signo: I32
    si_errno: I32
    si_code: Code
    pad0: U32
    si_pid: Pid32
    si_uid: U32
    si_value: U64
    rest: Tail96


class SiginfoTimer(Struct):
    """`siginfo_t` of a timer that has expired: SI_TIMER."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_timerid: I32
    si_overrun: I32
    si_value: U64
    rest: Tail96


class SiginfoPoll(Struct):
    """`siginfo_t` of an fd that is ready (F_SETSIG of fcntl(2)): POLL_IN and the like."""

    si_signo: I32
    si_errno: I32
    si_code: I32
    pad0: U32
    si_band: I64
    si_fd: I32
    pad1: U32
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


class Sigcontext(Struct):
    """`struct sigcontext` of x86-64: the registers of the interrupted program, and what interrupted it."""

    r8: U64
    r9: U64
    r10: U64
    r11: U64
    r12: U64
    r13: U64
    r14: U64
    r15: U64
    rdi: U64
    rsi: U64
    rbp: U64
    rbx: U64
    rdx: U64
    rax: U64
    rcx: U64
    rsp: U64
    rip: U64
    eflags: U64
    cs: U16
    gs: U16
    fs: U16
    ss: U16
    err: U64
    trapno: U64
    oldmask: U64
    cr2: U64
    fpstate: Address64
    reserved1: Tail64


class Ucontext(Struct):
    """`struct ucontext` of x86-64: what a handler gets as its third argument, and what its return restores."""

    uc_flags: U64
    uc_link: U64
    uc_stack: Sigaltstack
    uc_mcontext: Sigcontext
    uc_sigmask: Sigset64


SIGINFOS = (Siginfo, SiginfoFault, SiginfoChild, SiginfoSyscall)
FAULTS = (4, 5, 7, 8, 11)
"""SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV: the kernel says by them where it was."""
SIGSYS = 31


def struct_of_siginfo(signum: int, code: int) -> type[Struct]:
    """Which member of the union in a `siginfo_t` is meant (siginfo_layout() of the kernel)."""
    if code == SI_TIMER:
        return SiginfoTimer
    if code <= 0 or code >= SI_KERNEL:
        return SiginfoPoll if code == SI_SIGIO else Siginfo
    if signum == SIGCHLD:
        return SiginfoChild
    if signum == SIGSYS:
        return SiginfoSyscall
    return SiginfoFault if signum in FAULTS else SiginfoPoll


class RawSiginfo(Kind):
    """A `siginfo_t` as plain memory: of a sender or a child, the pid is the kernel's choice."""

    named = ("pid",)
    SENT = (SI_USER, SI_QUEUE, SI_TKILL, SI_MESGQ)

    @property
    def structs(self) -> tuple[type[Struct], ...]:
        return (Siginfo, SiginfoTimer, SiginfoPoll, SiginfoChild, SiginfoFault, SiginfoSyscall)

    def pieces(self, data: bytes) -> Iterator[Piece]:
        signum, _, code = struct.unpack_from("=3i", data.ljust(12, b"\0"))
        yield Piece(0, Siginfo.size(), struct_of_siginfo(signum, code), depth=0)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 20:
            return seen
        data = seen.encode("latin-1", "replace")
        number, error, code, _, pid = struct.unpack_from("=5i", data)
        if number == SIGCHLD and code > 0:
            return [number, error, code, names.name("pid", pid), data[20:28].hex()]  # then follow the times it used
        if code in self.SENT:
            return [number, error, code, names.name("pid", pid) if pid > 1 else pid, data[20:].hex()]
        return seen


OutSiginfo = Annotated[
    object,
    Pointer(out=True, reads=False),
    OneOf(*SIGINFOS, other=RawSiginfo()),
    Choices(often(room(128)), 0, rarely(*BAD_POINTERS[1:])),
]


def fault_code(signum: int, code: int) -> str:
    """The name of a fault's si_code, `SEGV_MAPERR` for 1 of SIGSEGV; the number where there is none."""
    names = FAULT_CODES.get(signum, ())
    if code == SI_KERNEL:
        return "SI_KERNEL"
    return names[code - 1] if 0 < code <= len(names) else str(code)


# -- calls

SentSignal = Annotated[
    Signal,
    Choices(
        seldom(SIGCHLD, 0),
        *(SIGUSR1, SIGUSR2),
        seldom(SIGURG, SIGCONT, SIGWINCH, SIGTERM, SIGPIPE, SIGALRM, SIGHUP, 34, 40, SIGRTMAX, SIGKILL, SIGSTOP),
        seldom(SIGRTMAX + 1, -1),
    ),
]
"""A signal that is worth sending: SIGCHLD, which nobody notices, first."""
Recipient = Annotated[Pid, Tame.SOMEBODY]
AlarmSeconds = Annotated[int, Choices(100, seldom(0, 1, 0x7FFFFFFF, -1))]


@syscall(x86_64=13, aarch64=134, touches=PROCESS, shows="signals")
def rt_sigaction(signum: Signal, act: In[Sigaction], old: Out[Sigaction], size: SigsetSize) -> Zero: ...
@syscall(x86_64=14, aarch64=135, touches=PROCESS, shows=Look("signals", how=0, new=0, old=room(SIGSET_SIZE)))
def rt_sigprocmask(how: How, new: InSigset, old: OutSigset, size: SigsetSize) -> Zero: ...
@syscall(x86_64=127, aarch64=136, touches=PROCESS, shows="signals")
def rt_sigpending(pending: OutSigset, size: SigsetSize) -> Zero: ...
@syscall(x86_64=130, aarch64=133, touches=PROCESS)
def rt_sigsuspend(mask: InSigset, size: WrongSigsetSize) -> Zero: ...
@syscall(
    x86_64=128,
    aarch64=137,
    touches=PROCESS,
    after=(("rt_sigprocmask", "kill", "rt_sigpending"), ("rt_sigaction", "rt_sigprocmask", "rt_sigqueueinfo")),
)
def rt_sigtimedwait(mask: InSigset, info: OutSiginfo, timeout: AtOnce, size: SigsetSize) -> Signal: ...
@syscall(x86_64=129, aarch64=138, touches=PROCESS)
def rt_sigqueueinfo(pid: Recipient, signum: SentSignal, info: In[Siginfo]) -> Zero: ...
@syscall(x86_64=297, aarch64=240, since="2.6.31", touches=PROCESS)
def rt_tgsigqueueinfo(pid: Recipient, tid: Pid, signum: SentSignal, info: In[Siginfo]) -> Zero: ...
@syscall(x86_64=15, aarch64=139, never="jumps to what lies on the executor's stack")
def rt_sigreturn() -> Zero: ...
@syscall(x86_64=131, aarch64=132, touches=PROCESS)
def sigaltstack(new: In[Sigaltstack], old: Out[Sigaltstack]) -> Zero: ...
@syscall(x86_64=62, aarch64=129, touches=PROCESS)
def kill(pid: Recipient, signum: SentSignal) -> Zero: ...
@syscall(x86_64=200, aarch64=130, touches=PROCESS)
def tkill(tid: Recipient, signum: SentSignal) -> Zero: ...
@syscall(x86_64=234, aarch64=131, touches=PROCESS)
def tgkill(pid: Recipient, tid: Pid, signum: SentSignal) -> Zero: ...
@syscall(x86_64=34, never="does nothing but block, or hangs up a terminal that is not there")
def pause() -> Zero: ...
@syscall(x86_64=219, aarch64=128, touches=PROCESS)
def restart_syscall() -> Zero: ...
@syscall(x86_64=37, touches=PROCESS)
def alarm(seconds: AlarmSeconds) -> Count: ...
