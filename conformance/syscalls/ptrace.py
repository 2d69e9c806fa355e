"""ptrace(2): following and changing what another process does."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.machinery.aliases import Address64, Int, Out, Pid, Varying, Varying32, Varying64, Zero
from conformance.syscalls.machinery.buffers import I32, I64, U8, U16, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    LengthOf,
    Use,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import Flags, Kind, Masked, Names, OfCode, Renamed, Seen, named
from conformance.syscalls.machinery.memory import MemoryOr, OneOf
from conformance.syscalls.machinery.taming import Instead
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.machinery.world import ARENA, DATA, HANDLER, READ_ONLY
from conformance.syscalls.processes.identity import NOBODY
from conformance.syscalls.signals import SIGCHLD, SIGCONT, SIGINFOS, SIGKILL, SIGRTMAX, SIGUSR1, sigset

PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_PEEKUSER = 0, 1, 2, 3
PTRACE_POKETEXT, PTRACE_POKEDATA, PTRACE_POKEUSER, PTRACE_CONT, PTRACE_KILL, PTRACE_SINGLESTEP = 4, 5, 6, 7, 8, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_GETFPREGS, PTRACE_SETFPREGS = 12, 13, 14, 15
PTRACE_ATTACH, PTRACE_DETACH = 16, 17
PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP, PTRACE_SINGLEBLOCK = 31, 32, 33
PTRACE_SYSCALL, PTRACE_SETOPTIONS, PTRACE_GETEVENTMSG = 24, 0x4200, 0x4201
PTRACE_GETSIGINFO, PTRACE_SETSIGINFO, PTRACE_GETREGSET, PTRACE_SETREGSET = 0x4202, 0x4203, 0x4204, 0x4205
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN, PTRACE_PEEKSIGINFO = 0x4206, 0x4207, 0x4208, 0x4209
PTRACE_GETSIGMASK, PTRACE_SETSIGMASK, PTRACE_SECCOMP_GET_FILTER = 0x420A, 0x420B, 0x420C
PTRACE_SECCOMP_GET_METADATA, PTRACE_GET_SYSCALL_INFO, PTRACE_GET_RSEQ_CONFIGURATION = 0x420D, 0x420E, 0x420F
PTRACE_SET_SYSCALL_USER_DISPATCH_CONFIG, PTRACE_GET_SYSCALL_USER_DISPATCH_CONFIG = 0x4210, 0x4211
PTRACE_SET_SYSCALL_INFO = 0x4212
PTRACE_GETFPXREGS, PTRACE_SETFPXREGS, PTRACE_OLDSETOPTIONS = 18, 19, 21
PTRACE_GET_THREAD_AREA, PTRACE_SET_THREAD_AREA, PTRACE_ARCH_PRCTL = 25, 26, 30
_REQUESTS = named(globals(), "PTRACE_")

PTRACE_O_TRACESYSGOOD, PTRACE_O_TRACEFORK, PTRACE_O_TRACEVFORK, PTRACE_O_TRACECLONE = 1, 2, 4, 8
PTRACE_O_TRACEEXEC, PTRACE_O_TRACEVFORKDONE, PTRACE_O_TRACEEXIT, PTRACE_O_TRACESECCOMP = 16, 32, 64, 128
PTRACE_O_EXITKILL, PTRACE_O_SUSPEND_SECCOMP = 1 << 20, 1 << 21

PTRACE_EVENT_FORK, PTRACE_EVENT_VFORK, PTRACE_EVENT_CLONE, PTRACE_EVENT_EXEC = 1, 2, 3, 4
PTRACE_EVENT_VFORK_DONE, PTRACE_EVENT_EXIT, PTRACE_EVENT_SECCOMP, PTRACE_EVENT_STOP = 5, 6, 7, 128

PTRACE_SYSCALL_INFO_NONE, PTRACE_SYSCALL_INFO_ENTRY, PTRACE_SYSCALL_INFO_EXIT, PTRACE_SYSCALL_INFO_SECCOMP = range(4)
PTRACE_PEEKSIGINFO_SHARED = 1

NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE = 1, 2, 0x202
AUDIT_ARCH_X86_64 = 0xC000003E
DEBUG_REGISTERS = 848
"""Offset of `u_debugreg[0]` in `struct user` of x86-64 (<sys/user.h>); each is 8 bytes."""

Request = Annotated[
    int, Flags(_REQUESTS, bits=False), Choices(999, PTRACE_SINGLEBLOCK, 0x4300, -1), Instead({PTRACE_TRACEME: 999})
]
"""Never PTRACE_TRACEME: nobody follows a program."""
Pid64 = Annotated[U64, Renamed("pid", keep=(0, 1))]
SixWords = Annotated["ctypes.Array[ctypes.c_uint64]", Layout(ctypes.c_uint64 * 6)]


class MaybePid(Kind):
    """A register: where it holds a pid that has been seen, as an argument of kill(2) does, that pid."""

    named = ("pid",)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return names.known("pid", seen) or seen if isinstance(seen, int) and seen > 1 else seen


Register = Annotated[U64, MaybePid()]
OfCode64 = Annotated[U64, OfCode()]


class UserRegs(Struct):
    """`struct user_regs_struct` of x86-64.

    A system call leaves anything in rcx and r11 (its ABI); fs and gs are unused. What functions keep for their callers,
    and where the code is, differs from one file to the next.
    """

    r15: OfCode64
    r14: OfCode64
    r13: OfCode64
    r12: OfCode64
    rbp: OfCode64
    rbx: OfCode64
    r11: Varying64
    r10: U64
    r9: U64
    r8: U64
    rax: U64
    rcx: Varying64
    rdx: U64
    rsi: Register
    rdi: Register
    orig_rax: U64
    rip: OfCode64
    cs: U64
    eflags: Varying64
    rsp: Address64
    ss: U64
    fs_base: OfCode64
    gs_base: U64
    ds: U64
    es: U64
    fs: Varying64
    gs: Varying64


EightTimes16 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 128)]
SixteenTimes16 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 256)]
Varying96 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 96), Masked()]


class UserFpRegs(Struct):
    """`struct user_fpregs_struct` of x86-64: what the instruction fxsave stores. Its end is the kernel's own."""

    cwd: U16
    swd: U16
    ftw: U16
    fop: U16
    rip: U64
    rdp: U64
    mxcsr: U32
    mxcr_mask: Varying32
    st: EightTimes16
    xmm: SixteenTimes16
    padding: Varying96


class Word(Struct):
    """What PEEK requests and PTRACE_GETEVENTMSG store: one word."""

    word: U64


class NewPid(Struct):
    """The event message of fork, vfork, clone and exec: a thread id."""

    pid: Pid64


class VaryingIovec(Struct):
    """`struct iovec` of a register set whose size depends on the processor."""

    base: Address64
    length: Varying64


class PeekSiginfoArgs(Struct):
    """`struct ptrace_peeksiginfo_args`."""

    off: U64
    flags: U32
    nr: I32


class SyscallInfo(Struct):
    """`struct ptrace_syscall_info` when `op` is NONE, ENTRY or SECCOMP (Linux 5.3)."""

    op: U8
    pad0: U8
    pad1: U8
    pad2: U8
    arch: U32
    instruction_pointer: U64
    stack_pointer: Address64
    nr: U64
    args: SixWords
    ret_data: U32
    pad3: U32


class SyscallExitInfo(Struct):
    """`struct ptrace_syscall_info` when `op` is EXIT."""

    op: U8
    pad0: U8
    pad1: U8
    pad2: U8
    arch: U32
    instruction_pointer: U64
    stack_pointer: Address64
    rval: I64
    is_error: U8


STRUCTS = (
    *(UserRegs, UserFpRegs, Word, NewPid, Iovec, VaryingIovec, PeekSiginfoArgs, SyscallInfo, SyscallExitInfo),
    *SIGINFOS,
)
"""What a request may read or write."""
Data = Annotated[object, MemoryOr(Kind(), out=True), OneOf(*STRUCTS)]
"""What `addr` and `data` of a request are: a number that is the caller's own choice, or memory that holds a struct."""
OutData = Annotated[object, MemoryOr(Kind(), out=True, reads=False), OneOf(*STRUCTS)]
OutHidden = Annotated[object, MemoryOr(Kind(), out=True, reads=False), OneOf(*STRUCTS, other=Masked())]
"""Memory that is not compared where it is none of the structs: then it may say anything of the tracee."""

_NOWHERE = rarely(*BAD_POINTERS)
STOPPED = Use("pid:child:stopped")
"""A child that a signal has stopped: it is stopped for its tracer in the same moment in which it is attached to."""
Tracee = Annotated[
    int,
    Renamed("pid:child:stopped", keep=(0, -1, 1)),
    Choices(often(STOPPED), seldom(Use("pid:child:stopped", 1), Use("pid"), Use("pid:child"), -1, 1, NOBODY)),
]
Attached = Annotated[Pid, Choices(often(STOPPED), seldom(Use("pid:child:stopped", 1), -1, 0, NOBODY))]
Nothing = Annotated[Data, Choices(often(0), 1, _NOWHERE)]
Options = Annotated[
    Data,
    Choices(
        *(0, PTRACE_O_TRACESYSGOOD, PTRACE_O_TRACEEXIT, PTRACE_O_TRACEFORK | PTRACE_O_TRACECLONE),
        *(PTRACE_O_EXITKILL, 0xFF, 1 << 22, -1),
        _NOWHERE,
    ),
]
Injected = Annotated[Data, Choices(often(0), SIGUSR1, SIGCHLD, SIGCONT, SIGKILL, SIGRTMAX + 1, -1, _NOWHERE)]
"""A signal that the tracee gets as it goes on, or none (0)."""
Refused = Annotated[Data, Choices(often(SIGRTMAX + 1, 999, -1), _NOWHERE)]
"""Signals that are none: with others the tracee would run, and whether it has stopped again is a matter of timing."""
Place = Annotated[Data, Choices(DATA, READ_ONLY, HANDLER, ARENA, KERNEL_ADDRESS, 0, 1, _NOWHERE)]
NewWord = Annotated[Data, Choices(often(0, 1, -1), _NOWHERE)]
OutWord = Annotated[OutData, Choices(often(room(8)), KERNEL_ADDRESS, _NOWHERE)]
InUser = Annotated[
    Data,
    Choices(0, 80, 120, 128, DEBUG_REGISTERS, DEBUG_REGISTERS + 56, 1, 1 << 20, -8, _NOWHERE),
]
"""An offset in `struct user`: registers, the first and the last for debugging, and what is none or not aligned."""
OutUserWord = Annotated[OutHidden, Choices(often(room(8)), KERNEL_ADDRESS, _NOWHERE)]
NewUserWord = Annotated[Data, Choices(0, 1, DATA, -1, _NOWHERE)]
OutRegisters = Annotated[
    Out[UserRegs],
    Choices(often(room(UserRegs.size()), room(UserRegs.size(), edge=True)), _NOWHERE),
]
OutFpRegisters = Annotated[
    Out[UserFpRegs],
    Choices(often(room(UserFpRegs.size()), room(UserFpRegs.size(), edge=True)), _NOWHERE),
]
RegisterSet = Annotated[Data, Choices(NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE, 0, 99, _NOWHERE)]
Registers = Annotated[
    object,
    MemoryOr(Kind(), out=True),
    OneOf(*STRUCTS, other=Masked()),
    Choices(
        *(Blob(bytes(16), ((0, 8, Blob(bytes(size))), (8, 8, LengthOf()))) for size in (216, 512, 8, 0, 7, 4096)),
        *BAD_POINTERS,
    ),
]
"""A `struct iovec` for them."""
OutInfo = Annotated[OutHidden, Choices(often(room(128)), KERNEL_ADDRESS, _NOWHERE)]
MaskSize = Annotated[Data, Choices(often(8), 0, 4, 16, _NOWHERE)]
Mask = Annotated[Data, Choices(*map(Blob, (sigset(), sigset(SIGUSR1), b"\xff" * 8)), KERNEL_ADDRESS, _NOWHERE)]
"""Of no signals, of SIGUSR1, and of all."""
PeekArgs = Annotated[
    Data,
    Choices(
        *(Blob(bytes(PeekSiginfoArgs(flags=flags, nr=1))) for flags in (0, PTRACE_PEEKSIGINFO_SHARED, 2)),
        *(Blob(b"\xff" * 16), KERNEL_ADDRESS),
        _NOWHERE,
    ),
]
InfoSize = Annotated[Data, Choices(SyscallInfo.size(), 24, 0, -1, _NOWHERE)]
FilterNumber = Annotated[Data, Choices(often(0, 1, 16), _NOWHERE)]
"""Which filter, or how large what tells of it is."""
RseqSize = Annotated[Data, Choices(often(24, 0), _NOWHERE)]


@syscall(x86_64=101, aarch64=117, touches=PROCESS)
def ptrace(request: Request, pid: Pid, addr: Data = 0, data: Data = 0) -> Int: ...
@operation(ptrace, request=PTRACE_SEIZE)
def ptrace_seize(request: Request, pid: Attached, addr: Nothing = 0, data: Options = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_ATTACH)
def ptrace_attach(request: Request, pid: Attached, addr: Nothing = 0, data: Nothing = 0) -> Zero: ...
@operation(ptrace, request=(PTRACE_KILL, PTRACE_INTERRUPT, PTRACE_LISTEN))
def ptrace_do(request: Request, pid: Tracee, addr: Nothing = 0, data: Nothing = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_DETACH, after=("spawn_stopped", "ptrace_attach", "ptrace_getregs", "ptrace_regset"))
def ptrace_detach(request: Request, pid: Tracee, addr: Nothing = 0, data: Injected = 0) -> Zero: ...
@operation(ptrace, request=(PTRACE_CONT, PTRACE_SYSCALL, PTRACE_SINGLESTEP, PTRACE_SYSEMU))
def ptrace_go_on(request: Request, pid: Tracee, addr: Nothing = 0, data: Refused = 0) -> Zero: ...
@operation(ptrace, request=(PTRACE_PEEKTEXT, PTRACE_PEEKDATA))
def ptrace_peek(request: Request, pid: Tracee, addr: Place = 0, data: OutWord = 0) -> Zero: ...
@operation(
    ptrace,
    request=(PTRACE_POKETEXT, PTRACE_POKEDATA),
    after=("spawn_stopped", "ptrace_seize", "ptrace_setoptions", "ptrace_peek"),
)
def ptrace_poke(request: Request, pid: Tracee, addr: Place = 0, data: NewWord = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_PEEKUSER)
def ptrace_peekuser(request: Request, pid: Tracee, addr: InUser = 0, data: OutUserWord = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_POKEUSER)
def ptrace_pokeuser(request: Request, pid: Tracee, addr: InUser = 0, data: NewUserWord = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_GETREGS)
def ptrace_getregs(request: Request, pid: Tracee, addr: Nothing = 0, data: OutRegisters = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_GETFPREGS)
def ptrace_getfpregs(request: Request, pid: Tracee, addr: Nothing = 0, data: OutFpRegisters = 0) -> Zero: ...
@operation(ptrace, request=(PTRACE_GETREGSET, PTRACE_SETREGSET))
def ptrace_regset(request: Request, pid: Tracee, addr: RegisterSet = 0, data: Registers = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_SETOPTIONS)
def ptrace_setoptions(request: Request, pid: Tracee, addr: Nothing = 0, data: Options = 0) -> Zero: ...
@operation(ptrace, request=(PTRACE_GETEVENTMSG, PTRACE_GETSIGINFO))
def ptrace_get(request: Request, pid: Tracee, addr: Nothing = 0, data: OutInfo = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_GETSIGMASK)
def ptrace_getsigmask(request: Request, pid: Tracee, addr: MaskSize = 0, data: OutWord = 0) -> Zero: ...
@operation(ptrace, request=PTRACE_SETSIGMASK)
def ptrace_setsigmask(request: Request, pid: Tracee, addr: MaskSize = 0, data: Mask = 0) -> Zero: ...
@operation(
    ptrace,
    request=PTRACE_PEEKSIGINFO,
    after=("spawn_stopped", "ptrace_attach", "ptrace_getsigmask", "ptrace_setsigmask"),
)
def ptrace_peeksiginfo(request: Request, pid: Tracee, addr: PeekArgs = 0, data: OutInfo = 0) -> Int: ...
@operation(ptrace, request=PTRACE_GET_SYSCALL_INFO)
def ptrace_get_syscall_info(request: Request, pid: Tracee, addr: InfoSize = 0, data: OutInfo = 0) -> Int: ...
@operation(ptrace, request=(PTRACE_SECCOMP_GET_FILTER, PTRACE_SECCOMP_GET_METADATA))
def ptrace_seccomp(request: Request, pid: Tracee, addr: FilterNumber = 0, data: OutInfo = 0) -> Int: ...
@operation(ptrace, request=PTRACE_GET_RSEQ_CONFIGURATION)
def ptrace_rseq(request: Request, pid: Tracee, addr: RseqSize = 0, data: OutInfo = 0) -> Varying: ...
