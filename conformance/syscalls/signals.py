"""Signals: sending, handling, masking, waiting."""

from __future__ import annotations

import ctypes
import signal
import struct
from typing import Annotated, TypeAlias

from conformance.model import Json as Seen
from conformance.syscalls.machinery.buffers import I32, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import Look, syscall
from conformance.syscalls.machinery.choices import (
    ARENA,
    BAD_POINTERS,
    HANDLER,
    KERNEL_ADDRESS,
    RESTORER,
    Blob,
    Choice,
    room,
)
from conformance.syscalls.machinery.kinds import (
    Address64,
    AddressKind,
    ChosenMemory,
    Count,
    Flags,
    In,
    Kind,
    Memory,
    Names,
    Number,
    Out,
    Pid,
    Pid32,
    Renamed,
    Signal,
    SignalNumber,
    Time64,
    Zero,
    named,
)
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.time.clocks import WRONG_TIMES as WRONG_TIMES  # noqa: PLC0414 - moved
from conformance.syscalls.time.clocks import AtOnce as AtOnce  # noqa: PLC0414 - moved

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

SENT = (17, 0, 10, 10, 10, 12, 12, 23, 18, 28, 15, 13, 14, 1, 34, 40, 64, 9, 19, 65, -1)
"""Signals that are worth sending: SIGCHLD, which nobody notices, first."""
USR1, USR2, CHLD, ALARM, QUEUED = (1 << signal - 1 for signal in (10, 12, 17, 14, 34))
SIGSETS = (USR1 | USR2 | CHLD, USR1 | USR2 | CHLD, USR1, USR1, 0, USR2, USR1 | USR2, CHLD, ALARM, QUEUED, (1 << 64) - 1, 1 << 8 | 1 << 18, (1 << 31) - 1)
"""Sets of signals: of those that are sent most, all, and those that cannot be blocked."""


class SentSignal(SignalNumber):
    """A signal's number, to be sent."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return SENT


class SigsetMemory(Memory):
    """A signal set that the kernel reads."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        sets = tuple(Blob(each.to_bytes(SIGSET_SIZE, "little")) for each in SIGSETS)
        return (*sets, *sets, Blob(bytes(8), edge=True), *BAD_POINTERS[:4])


Sent = Annotated[int, SentSignal()]
InSigset = Annotated[bytes | Buffer | int | None, SigsetMemory()]
OutSigset = Annotated[Buffer | Struct | int | None, ChosenMemory(room(8), room(8), room(8), room(8), room(16), 0, KERNEL_ADDRESS, out=True, reads=False)]
SigsetSize = Annotated[int, Number(*(SIGSET_SIZE,) * 12, 0, 4, 16, -1)]
Sigset64 = Annotated[int, Layout(ctypes.c_uint64), Number(0, *SIGSETS)]
Handler64 = Annotated[int, Layout(ctypes.c_uint64), AddressKind(HANDLER, HANDLER, HANDLER, SIG_IGN, SIG_DFL, ARENA)]
Restorer64 = Annotated[int, Layout(ctypes.c_uint64), AddressKind(RESTORER, 0)]
AnyTid = Annotated[int, Renamed("pid", keep=(0, -1, 1))]
Recipient = Annotated[Pid, Tame.SOMEBODY]
How = Annotated[int, Flags({"SIG_BLOCK": 0, "SIG_UNBLOCK": 1, "SIG_SETMASK": 2}, bits=False)]


class StackKind(AddressKind):
    """Where a signal stack begins."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (Blob(bytes(4096)), ARENA, 0, KERNEL_ADDRESS)


class OneOf(Memory):
    """Memory that holds one of several structs, whichever another argument asks for; their members tell them apart."""

    def __init__(self, *structs: type[Struct], out: bool = True, reads: bool = True, choices: tuple[Choice, ...] = ()) -> None:
        super().__init__(out=out, reads=reads, choices=choices)
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


ActionFlags = Annotated[
    int,
    Layout(ctypes.c_uint64),
    Flags(named(globals(), "SA_"), plain=(SA_RESTORER, SA_RESTORER | SA_RESTART, SA_RESTORER | SA_NODEFER, SA_RESTORER | SA_RESETHAND, SA_RESTORER | SA_NOCLDWAIT, SA_RESTORER | SA_NOCLDSTOP, SA_RESTORER | SA_ONSTACK, SA_RESTORER | SA_UNSUPPORTED)),
]
StackPointer = Annotated[int, Layout(ctypes.c_uint64), StackKind()]
StackFlags = Annotated[int, Layout(ctypes.c_uint32), Number(0, 0, SS_DISABLE, SS_AUTODISARM, SS_ONSTACK, SS_AUTODISARM | SS_DISABLE, 4, -1)]
StackSize = Annotated[int, Layout(ctypes.c_uint64), Number(4096, 4096, MINSIGSTKSZ, MINSIGSTKSZ - 1, 0, 1 << 20, -1)]
Code = Annotated[int, Layout(ctypes.c_int32), Number(SI_QUEUE, SI_QUEUE, SI_TIMER, SI_USER, SI_TKILL, SI_KERNEL, -3, -60)]


class Sigaction(Struct):
    """The kernel's `struct sigaction` of x86-64."""

    handler: Handler64
    flags: ActionFlags
    restorer: Restorer64
    mask: Sigset64


class Sigaltstack(Struct):
    """`stack_t`."""

    sp: StackPointer
    flags: StackFlags
    pad: U32
    size_: StackSize


Tail80 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 80), Number(0)]
Tail96 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 96), Number(0)]


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


class SiginfoMemory(OneOf):
    """A `siginfo_t`, as one of its structs or as plain memory: of a sender or a child, the pid is the kernel's choice."""

    named = ("pid",)
    SENT = (0, -1, -6)
    """SI_USER, SI_QUEUE, SI_TKILL (sigaction(2))."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 20:
            return super().normal(seen, names)
        data = seen.encode("latin-1", "replace")
        number, error, code, _, pid = struct.unpack_from("=5i", data)
        if number == signal.SIGCHLD and code > 0:
            return [number, error, code, names.name("pid", pid), data[20:28].hex()]  # then follow the times it used
        if code in self.SENT:
            return [number, error, code, names.name("pid", pid) if pid > 1 else pid, data[20:].hex()]
        return super().normal(seen, names)


OutSiginfo = Annotated[object, SiginfoMemory(*SIGINFOS, reads=False, choices=(room(128), room(128), room(128), 0))]  # not named here: a struct would lend its kinds to all
AnySiginfo: TypeAlias = Siginfo | SiginfoFault | SiginfoChild | SiginfoSyscall


def sigset(*signals: int) -> bytes:
    """The kernel's signal set, 8 bytes: bit n-1 stands for signal n."""
    return sum(1 << (number - 1) for number in set(signals)).to_bytes(SIGSET_SIZE, "little")


@syscall(x86_64=13, aarch64=134, touches=PROCESS, shows="signals")
def rt_sigaction(signum: Signal, act: In[Sigaction], old: Out[Sigaction], size: SigsetSize) -> Zero: ...
@syscall(x86_64=14, aarch64=135, touches=PROCESS, shows=Look("signals", how=0, new=0, old=room(SIGSET_SIZE)))
def rt_sigprocmask(how: How, new: InSigset, old: OutSigset, size: SigsetSize) -> Zero: ...
@syscall(x86_64=127, aarch64=136, touches=PROCESS, shows="signals")
def rt_sigpending(pending: OutSigset, size: SigsetSize) -> Zero: ...
@syscall(x86_64=130, aarch64=133, touches=PROCESS)
def rt_sigsuspend(mask: InSigset, size: Annotated[int, Number(*(0, 4, 16, -1) * 8, SIGSET_SIZE)]) -> Zero: ...
@syscall(x86_64=128, aarch64=137, touches=PROCESS)
def rt_sigtimedwait(mask: InSigset, info: OutSiginfo, timeout: AtOnce, size: SigsetSize) -> Signal: ...
@syscall(x86_64=129, aarch64=138, touches=PROCESS)
def rt_sigqueueinfo(pid: Recipient, signum: Sent, info: In[Siginfo]) -> Zero: ...
@syscall(x86_64=297, aarch64=240, since="2.6.31", touches=PROCESS)
def rt_tgsigqueueinfo(pid: Recipient, tid: AnyTid, signum: Sent, info: In[Siginfo]) -> Zero: ...
@syscall(x86_64=15, aarch64=139, never="jumps to what lies on the executor's stack")
def rt_sigreturn() -> Zero: ...
@syscall(x86_64=131, aarch64=132, touches=PROCESS)
def sigaltstack(new: In[Sigaltstack], old: Out[Sigaltstack]) -> Zero: ...
@syscall(x86_64=62, aarch64=129, touches=PROCESS)
def kill(pid: Recipient, signum: Sent) -> Zero: ...
@syscall(x86_64=200, aarch64=130, touches=PROCESS)
def tkill(tid: Annotated[AnyTid, Tame.SOMEBODY], signum: Sent) -> Zero: ...
@syscall(x86_64=234, aarch64=131, touches=PROCESS)
def tgkill(pid: Recipient, tid: AnyTid, signum: Sent) -> Zero: ...
@syscall(x86_64=34, never="does nothing but block, or hangs up a terminal that is not there")
def pause() -> Zero: ...
@syscall(x86_64=219, aarch64=128, never="jumps to what lies on the executor's stack")
def restart_syscall() -> Zero: ...
@syscall(x86_64=37, touches=PROCESS)
def alarm(seconds: Annotated[int, Number(100, 100, 0, 1, 0x7FFFFFFF, -1)]) -> Count: ...
