"""Processes: making, waiting for, naming and ending them; identities, resource limits, `prctl`."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.buffers import U64, Buffer, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Address,
    Address64,
    Any_,
    Bits,
    Dir,
    Fd,
    Fd32,
    Flags,
    In,
    InBytes,
    Int,
    MaskedMemory,
    Out,
    OutInt,
    Path,
    Pid,
    Pid32,
    Signal,
    Size,
    Uid,
    Varying,
    Zero,
    named,
)
from conformance.syscalls.signals import OneOf, Siginfo, SiginfoChild

CLONE_NEWTIME, CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PIDFD = 0x80, 0x100, 0x200, 0x400, 0x800, 0x1000
CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD, CLONE_NEWNS = 0x2000, 0x4000, 0x8000, 0x10000, 0x20000
CLONE_SYSVSEM, CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID = 0x40000, 0x80000, 0x100000, 0x200000
CLONE_UNTRACED, CLONE_CHILD_SETTID, CLONE_NEWCGROUP, CLONE_NEWUTS = 0x800000, 0x1000000, 0x2000000, 0x4000000
CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_IO = 0x8000000, 0x10000000, 0x20000000, 0x40000000, 0x80000000
CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP = 0x100000000, 0x200000000
WNOHANG, WUNTRACED, WSTOPPED, WEXITED, WCONTINUED, WNOWAIT = 1, 2, 2, 4, 8, 0x1000000
WALL, WCLONE = 0x40000000, 0x80000000
P_ALL, P_PID, P_PGID, P_PIDFD = 0, 1, 2, 3
PIDFD_NONBLOCK, PIDFD_THREAD = 0o4000, 0o200
PR_SET_PDEATHSIG, PR_GET_PDEATHSIG, PR_GET_DUMPABLE, PR_SET_DUMPABLE = 1, 2, 3, 4
PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_SET_NAME, PR_GET_NAME = 7, 8, 15, 16
PR_GET_SECCOMP, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC = 21, 22, 23, 24, 25
PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 27, 28, 29, 30
PR_SET_MM, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 35, 36, 37
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS = 38, 39, 40
PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_CAP_AMBIENT = 41, 42, 47
PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_CLEAR_ALL = 1, 2, 3, 4
PR_GET_SPECULATION_CTRL, PR_SET_IO_FLUSHER, PR_SET_PTRACER = 52, 57, 0x59616D61
RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE = range(8)
RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE = range(8, 14)
RLIMIT_RTPRIO, RLIMIT_RTTIME = 14, 15
RLIM_INFINITY = 2**64 - 1
ADDR_NO_RANDOMIZE, ADDR_LIMIT_32BIT, PER_QUERY = 0x40000, 0x800000, 0xFFFFFFFF
AT_EXECVE_CHECK = 0x10000
KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND = range(5)

CloneFlags = Annotated[int, Flags(named(globals(), "CLONE_"))]
WaitOptions = Annotated[int, Flags({k: v for k, v in named(globals(), "W").items() if k != "WSTOPPED"})]
IdType = Annotated[int, Flags(named(globals(), "P_"), bits=False)]
PrctlOption = Annotated[int, Flags({k: v for k, v in named(globals(), "PR_").items() if not k.startswith("PR_CAP_AMBIENT_")}, bits=False)]
Resource = Annotated[int, Flags(named(globals(), "RLIMIT_"), bits=False)]


class CloneArgs(Struct):
    """`struct clone_args`, size 88 (Linux 5.7)."""

    flags: U64
    pidfd: Address64
    child_tid: Address64
    parent_tid: Address64
    exit_signal: U64
    stack: Address64
    stack_size: U64
    tls: Address64
    set_tid: Address64
    set_tid_size: U64
    cgroup: U64


class Tid(Struct):
    """Where clone(2) stores a thread id."""

    tid: Pid32


class Pidfd(Struct):
    """Where clone(2) stores a pidfd."""

    pidfd: Fd32


TidOrPidfd = Annotated[object, OneOf(Tid, Pidfd)]  # not named here: a struct would lend its kinds to all


class Strings:
    """An array of strings as execve(2) takes it, with the pointer NULL at its end; `array` is what a call is given."""

    def __init__(self, *strings: bytes) -> None:
        self.strings = [Buffer(each + b"\0") for each in strings]
        addresses = [each.address for each in self.strings]
        self.array = Buffer(struct.pack(f"={len(addresses) + 1}Q", *addresses, 0))


StringArray = Annotated[bytes | Buffer | int | None, MaskedMemory()]


class Rlimit(Struct):
    """`struct rlimit64`."""

    cur: U64
    max: U64


@syscall
def fork() -> Pid: ...
@syscall
def vfork() -> Pid: ...
@syscall
def clone(flags: CloneFlags, stack: Address, parent_tid: TidOrPidfd, child_tid: TidOrPidfd, tls: Address) -> Pid: ...
@syscall
def clone3(args: In[CloneArgs], size: Size) -> Pid: ...
@syscall
def execve(path: Path, argv: StringArray, envp: StringArray) -> Zero: ...
@syscall
def execveat(dirfd: Dir, path: Path, argv: StringArray, envp: StringArray, flags: Bits) -> Zero: ...
@syscall
def exit(status: Int) -> Zero: ...
@syscall
def exit_group(status: Int) -> Zero: ...
@syscall
def wait4(pid: Pid, status: OutInt, options: WaitOptions, rusage: Any_) -> Pid: ...
@syscall
def waitid(idtype: IdType, id: Pid, info: Out[SiginfoChild], options: WaitOptions, rusage: Any_) -> Zero: ...
@syscall
def getpid() -> Pid: ...
@syscall
def gettid() -> Pid: ...
@syscall
def getppid() -> Pid: ...
@syscall
def getpgid(pid: Pid) -> Pid: ...
@syscall
def setpgid(pid: Pid, pgid: Pid) -> Zero: ...
@syscall
def getpgrp() -> Pid: ...
@syscall
def getsid(pid: Pid) -> Pid: ...
@syscall
def setsid() -> Pid: ...
@syscall
def set_tid_address(address: Address) -> Pid: ...
@syscall
def getuid() -> Uid: ...
@syscall
def geteuid() -> Uid: ...
@syscall
def getgid() -> Uid: ...
@syscall
def getegid() -> Uid: ...
@syscall
def setuid(uid: Uid) -> Zero: ...
@syscall
def setgid(gid: Uid) -> Zero: ...
@syscall
def setreuid(ruid: Uid, euid: Uid) -> Zero: ...
@syscall
def setregid(rgid: Uid, egid: Uid) -> Zero: ...
@syscall
def setresuid(ruid: Uid, euid: Uid, suid: Uid) -> Zero: ...
@syscall
def setresgid(rgid: Uid, egid: Uid, sgid: Uid) -> Zero: ...
@syscall
def getresuid(ruid: OutInt, euid: OutInt, suid: OutInt) -> Zero: ...
@syscall
def getresgid(rgid: OutInt, egid: OutInt, sgid: OutInt) -> Zero: ...
@syscall
def setfsuid(uid: Uid) -> Uid: ...
@syscall
def setfsgid(gid: Uid) -> Uid: ...
@syscall
def getgroups(size: Int, groups: OutInt) -> Int: ...
@syscall
def setgroups(size: Size, groups: InBytes) -> Zero: ...
@syscall
def prctl(option: PrctlOption, arg2: Any_ = 0, arg3: Any_ = 0, arg4: Any_ = 0, arg5: Any_ = 0) -> Int: ...
@syscall
def arch_prctl(code: Bits, address: Any_) -> Int: ...
@syscall
def getrlimit(resource: Resource, limit: Out[Rlimit]) -> Zero: ...
@syscall
def setrlimit(resource: Resource, limit: In[Rlimit]) -> Zero: ...
@syscall
def prlimit64(pid: Pid, resource: Resource, new: In[Rlimit], old: Out[Rlimit]) -> Zero: ...
@syscall
def getrusage(who: Int, usage: Out[Struct]) -> Zero: ...
@syscall
def times(buf: Out[Struct]) -> Varying: ...
@syscall
def personality(persona: Bits) -> Bits: ...
@syscall
def pidfd_open(pid: Pid, flags: Bits) -> Fd: ...
@syscall
def pidfd_getfd(pidfd: Fd, fd: Fd, flags: Bits) -> Fd: ...
@syscall
def pidfd_send_signal(pidfd: Fd, sig: Signal, info: In[Siginfo], flags: Bits) -> Zero: ...
@syscall
def kcmp(pid1: Pid, pid2: Pid, type: Int, a: Int, b: Int) -> Int: ...
@syscall
def acct(path: Path) -> Zero: ...
@syscall
def membarrier(command: Int, flags: Bits, cpu: Int) -> Int: ...
@syscall
def rseq(area: Address, length: Size, flags: Bits, signature: Bits) -> Zero: ...
@syscall
def get_robust_list(pid: Pid, head: OutInt, size: OutInt) -> Zero: ...
@syscall
def set_robust_list(head: Address, size: Size) -> Zero: ...
@syscall
def futex(word: Any_, operation: Bits, value: Int, timeout: Any_, word2: Any_, value3: Int) -> Int: ...
@syscall
def futex_waitv(waiters: InBytes, count: Int, flags: Bits, timeout: InBytes, clock: Int) -> Int: ...
@syscall
def futex_wake(word: Any_, mask: Bits, count: Int, flags: Bits) -> Int: ...
@syscall
def futex_wait(word: Any_, value: Int, mask: Bits, flags: Bits, timeout: InBytes, clock: Int) -> Int: ...
@syscall
def futex_requeue(waiters: InBytes, flags: Bits, wake: Int, requeue: Int) -> Int: ...
