"""ptrace: requests, options, events and the structs that they fill."""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.model import Json as Seen
from conformance.syscalls.buffers import I32, I64, U8, U16, U32, U64, Layout, Struct
from conformance.syscalls.call import Syscall
from conformance.syscalls.files import Iovec
from conformance.syscalls.kinds import Address64, Flags, Int, Masked, Names, Pid, Renamed, Varying32, Varying64, named
from conformance.syscalls.signals import SIGINFOS, OneOf

PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_PEEKUSER = 0, 1, 2, 3
PTRACE_POKETEXT, PTRACE_POKEDATA, PTRACE_POKEUSER, PTRACE_CONT, PTRACE_KILL, PTRACE_SINGLESTEP = 4, 5, 6, 7, 8, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_GETFPREGS, PTRACE_SETFPREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 14, 15, 16, 17
PTRACE_SYSEMU, PTRACE_SYSEMU_SINGLESTEP, PTRACE_SINGLEBLOCK = 31, 32, 33
PTRACE_SYSCALL, PTRACE_SETOPTIONS, PTRACE_GETEVENTMSG = 24, 0x4200, 0x4201
PTRACE_GETSIGINFO, PTRACE_SETSIGINFO, PTRACE_GETREGSET, PTRACE_SETREGSET = 0x4202, 0x4203, 0x4204, 0x4205
PTRACE_SEIZE, PTRACE_INTERRUPT, PTRACE_LISTEN, PTRACE_PEEKSIGINFO = 0x4206, 0x4207, 0x4208, 0x4209
PTRACE_GETSIGMASK, PTRACE_SETSIGMASK, PTRACE_SECCOMP_GET_FILTER = 0x420A, 0x420B, 0x420C
PTRACE_GET_SYSCALL_INFO, PTRACE_GET_RSEQ_CONFIGURATION = 0x420E, 0x420F
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
    int,
    Flags(
        {
            name: value
            for name, value in named(globals(), "PTRACE_").items()
            if not name.startswith(("PTRACE_O_", "PTRACE_EVENT", "PTRACE_SYSCALL_INFO", "PTRACE_PEEKSIGINFO_"))
        },
        bits=False,
    ),
]
Pid64 = Annotated[int, Layout(ctypes.c_uint64), Renamed("pid", keep=(0, 1))]
SixWords = Annotated["ctypes.Array[ctypes.c_uint64]", Layout(ctypes.c_uint64 * 6)]


class UserRegs(Struct):
    """`struct user_regs_struct` of x86-64. A system call leaves anything in rcx and r11 (its ABI); fs and gs are unused."""

    r15: U64
    r14: U64
    r13: U64
    r12: U64
    rbp: U64
    rbx: U64
    r11: Varying64
    r10: U64
    r9: U64
    r8: U64
    rax: U64
    rcx: Varying64
    rdx: U64
    rsi: U64
    rdi: U64
    orig_rax: U64
    rip: U64
    cs: U64
    eflags: Varying64
    rsp: Address64
    ss: U64
    fs_base: U64
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


class RequestData(OneOf):
    """What `addr` and `data` of a request are: numbers are a case's own choice, memory holds one of the structs."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return seen if isinstance(seen, int) else super().normal(seen, names)


_Data = Annotated[
    object,  # not named here, or the first struct in a union would lend its members' kinds to all
    RequestData(
        UserRegs, UserFpRegs, Word, NewPid, Iovec, VaryingIovec, PeekSiginfoArgs, SyscallInfo, SyscallExitInfo, *SIGINFOS
    ),
]


def _ptrace(request: Request, pid: Pid, addr: _Data = 0, data: _Data = 0) -> Int: ...


ptrace = Syscall(_ptrace, number="ptrace")
