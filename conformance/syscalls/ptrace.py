"""ptrace: requests, options, events and the structs that they fill."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import U64, Struct
from conformance.syscalls.call import Syscall
from conformance.syscalls.kinds import Any_, Flags, Int, Pid, named

PTRACE_TRACEME, PTRACE_PEEKTEXT, PTRACE_PEEKDATA, PTRACE_PEEKUSER = 0, 1, 2, 3
PTRACE_POKETEXT, PTRACE_POKEDATA, PTRACE_POKEUSER, PTRACE_CONT, PTRACE_KILL, PTRACE_SINGLESTEP = 4, 5, 6, 7, 8, 9
PTRACE_GETREGS, PTRACE_SETREGS, PTRACE_GETFPREGS, PTRACE_SETFPREGS, PTRACE_ATTACH, PTRACE_DETACH = 12, 13, 14, 15, 16, 17
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
NT_PRSTATUS, NT_FPREGSET, NT_X86_XSTATE = 1, 2, 0x202

Request = Annotated[int, Flags({k: v for k, v in named(globals(), "PTRACE_").items() if not k.startswith(("PTRACE_O_", "PTRACE_EVENT", "PTRACE_SYSCALL_INFO"))}, bits=False)]


class UserRegs(Struct):
    """`struct user_regs_struct` of x86-64."""

    r15: U64
    r14: U64
    r13: U64
    r12: U64
    rbp: U64
    rbx: U64
    r11: U64
    r10: U64
    r9: U64
    r8: U64
    rax: U64
    rcx: U64
    rdx: U64
    rsi: U64
    rdi: U64
    orig_rax: U64
    rip: U64
    cs: U64
    eflags: U64
    rsp: U64
    ss: U64
    fs_base: U64
    gs_base: U64
    ds: U64
    es: U64
    fs: U64
    gs: U64


def _ptrace(request: Request, pid: Pid, addr: Any_ = 0, data: Any_ = 0) -> Int: ...


ptrace = Syscall(_ptrace, number="ptrace")
