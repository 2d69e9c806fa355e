"""Processes: making, waiting for, naming and ending them; identities, resource limits, `prctl`."""

from __future__ import annotations

import ctypes
import struct
from typing import Annotated

from conformance.syscalls.machinery.buffers import U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    ARENA,
    BAD_POINTERS,
    DATA,
    KERNEL_ADDRESS,
    PAGE,
    Blob,
    Choice,
    Use,
    room,
    text,
)
from conformance.syscalls.machinery.kinds import (
    Address,
    Address64,
    AddressKind,
    Any_,
    Bits,
    ChosenMemory,
    Dir,
    Fd,
    Fd32,
    FileDescriptor,
    Flags,
    In,
    Int,
    Kind,
    Masked,
    MaskedMemory,
    Memory,
    Names,
    Number,
    Out,
    Path,
    Pid,
    Pid32,
    Renamed,
    Seen,
    Size,
    SomePid,
    Uid,
    Varying,
    Varying64,
    Zero,
    named,
)
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import CHILDREN, MEMORY, NOTHING, PRIVILEGES, PROCESS
from conformance.syscalls.signals import AtOnce, OneOf, Sent, SentSignal, Siginfo, SiginfoChild

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
PR_GET_KEEPCAPS, PR_SET_KEEPCAPS, PR_GET_TIMING, PR_SET_TIMING, PR_SET_NAME, PR_GET_NAME = 7, 8, 13, 14, 15, 16
PR_GET_SECCOMP, PR_SET_SECCOMP, PR_CAPBSET_READ, PR_CAPBSET_DROP, PR_GET_TSC, PR_SET_TSC = 21, 22, 23, 24, 25, 26
PR_GET_SECUREBITS, PR_SET_SECUREBITS, PR_SET_TIMERSLACK, PR_GET_TIMERSLACK = 27, 28, 29, 30
PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE, PR_MCE_KILL, PR_MCE_KILL_GET = 31, 32, 33, 34
PR_SET_MM, PR_SET_CHILD_SUBREAPER, PR_GET_CHILD_SUBREAPER = 35, 36, 37
PR_SET_NO_NEW_PRIVS, PR_GET_NO_NEW_PRIVS, PR_GET_TID_ADDRESS = 38, 39, 40
PR_SET_THP_DISABLE, PR_GET_THP_DISABLE, PR_CAP_AMBIENT = 41, 42, 47
PR_CAP_AMBIENT_IS_SET, PR_CAP_AMBIENT_RAISE, PR_CAP_AMBIENT_LOWER, PR_CAP_AMBIENT_CLEAR_ALL = 1, 2, 3, 4
PR_GET_SPECULATION_CTRL, PR_SET_SPECULATION_CTRL, PR_SET_IO_FLUSHER, PR_GET_IO_FLUSHER = 52, 53, 57, 58
PR_SET_SYSCALL_USER_DISPATCH, PR_SCHED_CORE, PR_SET_MDWE, PR_GET_MDWE = 59, 62, 65, 66
PR_SET_MEMORY_MERGE, PR_GET_MEMORY_MERGE, PR_GET_AUXV = 67, 68, 0x41555856
PR_SET_VMA, PR_SET_VMA_ANON_NAME, PR_SET_PTRACER = 0x53564D41, 0, 0x59616D61
RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE = range(8)
RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE = range(8, 14)
RLIMIT_RTPRIO, RLIMIT_RTTIME = 14, 15
RLIM_INFINITY = 2**64 - 1
ADDR_NO_RANDOMIZE, ADDR_LIMIT_32BIT, PER_QUERY = 0x40000, 0x800000, 0xFFFFFFFF
AT_EXECVE_CHECK = 0x10000
KCMP_FILE, KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, KCMP_EPOLL_TFD = range(8)
FUTEX_WAIT, FUTEX_WAKE, FUTEX_FD, FUTEX_REQUEUE, FUTEX_CMP_REQUEUE, FUTEX_WAKE_OP, FUTEX_LOCK_PI = range(7)
FUTEX_UNLOCK_PI, FUTEX_TRYLOCK_PI, FUTEX_WAIT_BITSET, FUTEX_WAKE_BITSET = 7, 8, 9, 10
FUTEX_WAIT_REQUEUE_PI, FUTEX_CMP_REQUEUE_PI, FUTEX_LOCK_PI2 = 11, 12, 13
FUTEX_PRIVATE_FLAG, FUTEX_CLOCK_REALTIME = 128, 256
FUTEX2_SIZE_U32, FUTEX2_PRIVATE = 2, 128
MEMBARRIER_CMD_QUERY, MEMBARRIER_CMD_GLOBAL = 0, 1
ARCH_SET_GS, ARCH_SET_FS, ARCH_GET_FS, ARCH_GET_GS, ARCH_GET_CPUID, ARCH_SET_CPUID = 0x1001, 0x1002, 0x1003, 0x1004, 0x1011, 0x1012

CloneFlags = Annotated[int, Flags(named(globals(), "CLONE_"))]
_WAIT = Flags({k: v for k, v in named(globals(), "W").items() if k != "WSTOPPED"}, plain=(WNOHANG, WNOHANG, WNOHANG | WUNTRACED, WNOHANG | WUNTRACED | WCONTINUED, WNOHANG | WALL))
_WAITID = Flags(_WAIT.names, plain=tuple(WNOHANG | more for more in (WEXITED, WEXITED, WEXITED | WNOWAIT, WEXITED | WSTOPPED, WEXITED | WSTOPPED | WCONTINUED, WSTOPPED | WNOWAIT)))
IdType = Annotated[int, Flags(named(globals(), "P_"), bits=False, plain=(P_PID, P_ALL, P_ALL, P_PGID))]
PrctlOption = Annotated[int, Flags({k: v for k, v in named(globals(), "PR_").items() if not k.startswith(("PR_CAP_AMBIENT_", "PR_SET_VMA_"))}, bits=False, only=(0, 99, 5, 9, 19, 51, 61, PR_SET_SPECULATION_CTRL, PR_SET_SECCOMP, -1))]
Resource = Annotated[int, Flags(named(globals(), "RLIMIT_"), bits=False)]


class WaitChoices(Flags):
    """Options of wait4(2) and waitid(2): hardly ever such as may wait for long."""

    def __init__(self, of: Flags) -> None:
        super().__init__(of.names, plain=of.plain)

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*self.plain * 8, 0, WNOHANG, WEXITED, WNOHANG | 1 << 20, WNOHANG | WCLONE, -1)


class FutexWord(Kind):
    """A futex with an owner: the lock bits are compared, the owner's thread id is the kernel's choice."""

    named = ("pid",)
    TID = (1 << 30) - 1

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, 0, 0, Use("pid"), 1 << 31, 1 << 30, -1)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, int) or not seen & self.TID:
            return seen
        return [seen & ~self.TID, names.name("pid", seen & self.TID)]


WaitOptions = Annotated[int, WaitChoices(_WAIT)]
WaitidOptions = Annotated[int, WaitChoices(_WAITID)]


class FutexOwner(Struct):
    """A futex that PI operations use."""

    word: Annotated[int, Layout(ctypes.c_uint32), FutexWord()]


class Rusage(Struct):
    """`struct rusage`: times and counters."""

    utime: Varying64
    utime_usec: Varying64
    stime: Varying64
    stime_usec: Varying64
    maxrss: Varying64
    ixrss: U64
    idrss: U64
    isrss: U64
    minflt: Varying64
    majflt: Varying64
    nswap: U64
    inblock: Varying64
    oublock: Varying64
    msgsnd: U64
    msgrcv: U64
    nsignals: U64
    nvcsw: Varying64
    nivcsw: Varying64


class Tms(Struct):
    """`struct tms`."""

    utime: Varying64
    stime: Varying64
    cutime: Varying64
    cstime: Varying64


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


Limit64 = Annotated[int, Layout(ctypes.c_uint64), Number(64, 64, 100, 1 << 20, 0, 1, 5, 4096, RLIM_INFINITY, 1 << 40)]


class Rlimit(Struct):
    """`struct rlimit64`."""

    cur: Limit64
    max: Limit64


class OptionalRlimit(Memory):
    """New limits, or NULL."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, *super().choices(struct), *(0,) * 40)


class OptionalSiginfo(Memory):
    """What goes with a signal, or NULL."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, *super().choices(struct), *(0,) * 100)


class PidKind(Renamed):
    """A process: renamed, but for 0, -1 and 1. `of` says of which kind; `choices` are tried most."""

    def __init__(self, of: str = "pid", *choices: Choice) -> None:
        super().__init__(of, keep=(0, -1, 1))
        self._choices = choices

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        own = (Use(self.of), Use(self.of), Use(self.of, 1), Use("pid"), Use("pid:child"))
        return (*self._choices, *own, -1, 1, 0x7FFFFFFE)


class Same(Kind):
    """What kcmp(2) says: the same (0), or two that differ, of which either may come first."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return "different" if seen in (1, 2) else seen


class StringsMemory(MaskedMemory):
    """An array of strings that ends with NULL."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        two = Blob(bytes(24), ((0, 8, text(b"one")), (8, 8, text(b"two=2"))))
        return (two, two, two, Blob(bytes(8)), 0, Blob(bytes(16), ((0, 8, KERNEL_ADDRESS),)), KERNEL_ADDRESS)


StringArray = Annotated[bytes | Buffer | int | None, StringsMemory()]
Self = Annotated[int, PidKind("pid", 0, 0, 0, 0)]
Child = Annotated[int, PidKind("pid:child", Use("pid:child"), Use("pid:child"), Use("pid:child"), -1, -1, 0)]
Group = Annotated[int, PidKind("pid", 0, 0, 0, -1)]
Pidfd_ = Annotated[int, FileDescriptor("pid")]
Persona = Annotated[int, Number(PER_QUERY, PER_QUERY, 0, ADDR_NO_RANDOMIZE, 8, 0x400000, 0x4000000, 0x100000, ADDR_LIMIT_32BIT | 8, 3, -1)]
Status = Annotated[int, Number(0, 42, 255, 256, -1)]
InGroups = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(struct.pack("=3I", 1000, 2000, 3000)),) * 4, Blob(struct.pack("=3I", 3, 1, 2)), Blob(b"\xff" * 12), 0, KERNEL_ADDRESS)]
OutGroups = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(64),) * 4, 0, KERNEL_ADDRESS, out=True, reads=False)]
OutId = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(4),) * 12, 0, KERNEL_ADDRESS, out=True, reads=False)]
OutStatus = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(4),) * 6, 0, 0, KERNEL_ADDRESS, out=True, reads=False)]
OutRusage = Annotated[Rusage | bytes | Buffer | int | None, ChosenMemory(0, 0, room(144), room(144), KERNEL_ADDRESS, out=True, reads=False)]
OutPointer = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(8),))]
Ignored = Annotated[int, Number(*(0,) * 10, 1)]
"""An argument that must be zero, or that nobody looks at."""
Bool = Annotated[int, Number(1, 0, 1, 0, 2, -1)]
ResourceId = Annotated[int, Flags(named(globals(), "RLIMIT_"), bits=False, plain=(RLIMIT_NOFILE, RLIMIT_NOFILE, RLIMIT_FSIZE, RLIMIT_FSIZE, RLIMIT_AS))]
OutInt32 = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(4),) * 6, 0, KERNEL_ADDRESS, out=True, reads=False)]


@syscall(x86_64=57, never="could run away: children are made by `spawn_*`")
def fork() -> SomePid: ...
@syscall(x86_64=58, never="could run away: children are made by `spawn_*`")
def vfork() -> SomePid: ...
@syscall(x86_64=56, aarch64=220, never="could run away: children are made by `spawn_*`", touches=PROCESS | CHILDREN | PRIVILEGES)
def clone(flags: CloneFlags, stack: Address, parent_tid: TidOrPidfd, child_tid: TidOrPidfd, tls: Address) -> SomePid: ...
@syscall(number=435, since="5.3", never="could run away: children are made by `spawn_*`", touches=PROCESS | CHILDREN | PRIVILEGES)
def clone3(args: In[CloneArgs], size: Size) -> SomePid: ...
@syscall(x86_64=59, aarch64=221, touches=PROCESS)
def execve(path: Path, argv: StringArray, envp: StringArray) -> Zero: ...
@syscall(x86_64=322, aarch64=281, since="3.19", touches=PROCESS)
def execveat(dirfd: Dir, path: Path, argv: StringArray, envp: StringArray, flags: Annotated[int, Flags({"AT_EMPTY_PATH": 0x1000, "AT_SYMLINK_NOFOLLOW": 0x100, "AT_EXECVE_CHECK": AT_EXECVE_CHECK})]) -> Zero: ...
@syscall(x86_64=60, aarch64=93, touches=PROCESS)
def exit(status: Status) -> Zero: ...
@syscall(x86_64=231, aarch64=94, touches=PROCESS)
def exit_group(status: Status) -> Zero: ...
@syscall(x86_64=61, aarch64=260, touches=PROCESS)
def wait4(pid: Child, status: OutStatus, options: WaitOptions, rusage: OutRusage) -> SomePid: ...
@syscall(x86_64=247, aarch64=95, touches=PROCESS)
def waitid(idtype: IdType, id: Child, info: Out[SiginfoChild], options: WaitidOptions, rusage: OutRusage) -> Zero: ...
@operation(waitid, idtype=P_PIDFD)
def waitid_pidfd(idtype: IdType, id: Pidfd_, info: Out[SiginfoChild], options: WaitidOptions, rusage: OutRusage) -> Zero: ...
@syscall(x86_64=39, aarch64=172, touches=NOTHING)
def getpid() -> Pid: ...
@syscall(x86_64=186, aarch64=178, touches=NOTHING)
def gettid() -> SomePid: ...
@syscall(x86_64=110, aarch64=173, touches=NOTHING)
def getppid() -> SomePid: ...
@syscall(x86_64=121, aarch64=155, touches=NOTHING)
def getpgid(pid: Self) -> SomePid: ...
@syscall(x86_64=109, aarch64=154, touches=PROCESS)
def setpgid(pid: Self, pgid: Group) -> Zero: ...
@syscall(x86_64=111, touches=NOTHING)
def getpgrp() -> SomePid: ...
@syscall(x86_64=124, aarch64=156, touches=NOTHING)
def getsid(pid: Self) -> SomePid: ...
@syscall(x86_64=112, aarch64=157, touches=PROCESS)
def setsid() -> SomePid: ...
@syscall(x86_64=218, aarch64=96, never="takes the executor's registers or stack away")
def set_tid_address(address: Address) -> SomePid: ...
@syscall(x86_64=102, aarch64=174, touches=NOTHING)
def getuid() -> Uid: ...
@syscall(x86_64=107, aarch64=175, touches=NOTHING)
def geteuid() -> Uid: ...
@syscall(x86_64=104, aarch64=176, touches=NOTHING)
def getgid() -> Uid: ...
@syscall(x86_64=108, aarch64=177, touches=NOTHING)
def getegid() -> Uid: ...
@syscall(x86_64=105, aarch64=146, touches=PROCESS | PRIVILEGES)
def setuid(uid: Uid) -> Zero: ...
@syscall(x86_64=106, aarch64=144, touches=PROCESS | PRIVILEGES)
def setgid(gid: Uid) -> Zero: ...
@syscall(x86_64=113, aarch64=145, touches=PROCESS | PRIVILEGES)
def setreuid(ruid: Uid, euid: Uid) -> Zero: ...
@syscall(x86_64=114, aarch64=143, touches=PROCESS | PRIVILEGES)
def setregid(rgid: Uid, egid: Uid) -> Zero: ...
@syscall(x86_64=117, aarch64=147, touches=PROCESS | PRIVILEGES)
def setresuid(ruid: Uid, euid: Uid, suid: Uid) -> Zero: ...
@syscall(x86_64=119, aarch64=149, touches=PROCESS | PRIVILEGES)
def setresgid(rgid: Uid, egid: Uid, sgid: Uid) -> Zero: ...
@syscall(x86_64=118, aarch64=148, touches=NOTHING)
def getresuid(ruid: OutId, euid: OutId, suid: OutId) -> Zero: ...
@syscall(x86_64=120, aarch64=150, touches=NOTHING)
def getresgid(rgid: OutId, egid: OutId, sgid: OutId) -> Zero: ...
@syscall(x86_64=122, aarch64=151, touches=PROCESS | PRIVILEGES)
def setfsuid(uid: Uid) -> Uid: ...
@syscall(x86_64=123, aarch64=152, touches=PROCESS | PRIVILEGES)
def setfsgid(gid: Uid) -> Uid: ...
@syscall(x86_64=115, aarch64=158, touches=NOTHING)
def getgroups(size: Annotated[int, Number(0, 16, 16, 16, 1, 2, -1)], groups: OutGroups) -> Int: ...
@syscall(x86_64=116, aarch64=159, touches=PROCESS | PRIVILEGES)
def setgroups(size: Annotated[int, Number(2, 3, 1, 0, 65537, -1)], groups: InGroups) -> Zero: ...


# prctl(2)


class CapabilityKind(Number):
    """A capability's number: those that a generated program may have, and has not, and numbers that are none."""

    def __init__(self) -> None:
        super().__init__(7, 0, 1, 5, 6, 10, 12, 13, 16, 21, 22, 40, 63, 64, -1)


Capability = Annotated[int, CapabilityKind()]
Name16 = Annotated[bytes | Buffer | Struct | int | None, ChosenMemory(text(b"renamed"), Blob(b"a-very-long-name-of-a-thread\0"), text(b""), Blob(b"x" * 16), Blob(b"edge\0", edge=True), 0, KERNEL_ADDRESS)]
OutName16 = Annotated[bytes | Buffer | Struct | int | None, ChosenMemory(*(room(16),) * 4, room(16, edge=True), room(8, edge=True), KERNEL_ADDRESS, out=True, reads=False)]
InSignal = Annotated[int, SentSignal()]
Speculation = Annotated[int, Masked()]


@syscall(x86_64=157, aarch64=167, touches=PROCESS)
def prctl(option: PrctlOption, arg2: Any_ = 0, arg3: Any_ = 0, arg4: Any_ = 0, arg5: Any_ = 0) -> Int: ...
@operation(prctl, option=(PR_GET_DUMPABLE, PR_GET_KEEPCAPS, PR_GET_TIMING, PR_GET_SECCOMP, PR_GET_SECUREBITS, PR_MCE_KILL_GET, PR_TASK_PERF_EVENTS_DISABLE, PR_TASK_PERF_EVENTS_ENABLE, PR_GET_TIMERSLACK))
def prctl_get(option: PrctlOption, arg2: Ignored = 0, arg3: Ignored = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=(PR_GET_NO_NEW_PRIVS, PR_GET_THP_DISABLE, PR_GET_IO_FLUSHER, PR_GET_MDWE, PR_GET_MEMORY_MERGE))
def prctl_get_strict(option: PrctlOption, arg2: Ignored = 0, arg3: Ignored = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=(PR_GET_PDEATHSIG, PR_GET_TSC, PR_GET_CHILD_SUBREAPER))
def prctl_get_into(option: PrctlOption, arg2: OutInt32 = 0) -> Int: ...
@operation(prctl, option=(PR_SET_PDEATHSIG,))
def prctl_set_pdeathsig(option: PrctlOption, arg2: InSignal = 0) -> Int: ...
@operation(prctl, option=(PR_SET_DUMPABLE, PR_SET_KEEPCAPS, PR_SET_CHILD_SUBREAPER, PR_SET_TIMING))
def prctl_set(option: PrctlOption, arg2: Bool = 0) -> Int: ...
@operation(prctl, option=(PR_SET_NO_NEW_PRIVS, PR_SET_THP_DISABLE, PR_SET_IO_FLUSHER, PR_SET_MDWE, PR_SET_MEMORY_MERGE))
def prctl_set_strict(option: PrctlOption, arg2: Bool = 0, arg3: Ignored = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=PR_SET_TSC)
def prctl_set_tsc(option: PrctlOption, arg2: Annotated[int, Number(1, 1, 0, 3)] = 0) -> Int: ...
@operation(prctl, option=PR_SET_TIMERSLACK)
def prctl_set_timerslack(option: PrctlOption, arg2: Annotated[int, Number(1000, 0, 1, 1 << 40, -1)] = 0) -> Int: ...
@operation(prctl, option=PR_SET_NAME)
def prctl_set_name(option: PrctlOption, arg2: Name16 = 0) -> Int: ...
@operation(prctl, option=PR_GET_NAME)
def prctl_get_name(option: PrctlOption, arg2: OutName16 = 0) -> Int: ...
@operation(prctl, option=(PR_CAPBSET_READ, PR_CAPBSET_DROP))
def prctl_capbset(option: PrctlOption, arg2: Capability = 0) -> Int: ...
@operation(prctl, option=PR_SET_SECUREBITS)
def prctl_set_securebits(option: PrctlOption, arg2: Annotated[int, Number(0, 1, 2, 3, 4, 16, 5, 64, 0x55, 0xFF, 0x100, -1)] = 0) -> Int: ...
@operation(prctl, option=PR_CAP_AMBIENT)
def prctl_cap_ambient(option: PrctlOption, arg2: Annotated[int, Number(1, 2, 2, 3, 4, 5, 0)] = 0, arg3: Capability = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=PR_GET_TID_ADDRESS)
def prctl_get_tid_address(option: PrctlOption, arg2: OutPointer = 0) -> Int: ...
@operation(prctl, option=PR_GET_SPECULATION_CTRL)
def prctl_get_speculation(option: PrctlOption, arg2: Annotated[int, Number(0, 1, 2, 3, -1)] = 0, arg3: Ignored = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Speculation: ...
@operation(prctl, option=PR_MCE_KILL)
def prctl_mce_kill(option: PrctlOption, arg2: Bool = 0, arg3: Annotated[int, Number(0, 1, 2, 3)] = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=PR_SET_PTRACER)
def prctl_set_ptracer(option: PrctlOption, arg2: Self = 0) -> Int: ...
@operation(prctl, option=PR_SET_VMA)
def prctl_set_vma(option: PrctlOption, arg2: Ignored = 0, arg3: Address = 0, arg4: Annotated[int, Number(PAGE, PAGE, 0, 1, 3 * PAGE)] = 0, arg5: Name16 = 0) -> Int: ...
@operation(prctl, option=PR_SET_MM)
def prctl_set_mm(option: PrctlOption, arg2: Annotated[int, Number(1, 7, 8, 13, 15, 99)] = 0, arg3: Address = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Int: ...
@operation(prctl, option=PR_GET_AUXV)
def prctl_get_auxv(option: PrctlOption, arg2: Annotated[bytes | Buffer | int | None, MaskedMemory(out=True, reads=False, choices=(room(512),))] = 0, arg3: Annotated[int, Number(512, 0, 8)] = 0, arg4: Ignored = 0, arg5: Ignored = 0) -> Varying: ...


@syscall(x86_64=158, never="takes the executor's registers or stack away")
def arch_prctl(code: Bits, address: Any_) -> Int: ...
@syscall(x86_64=97, aarch64=163, touches=NOTHING)
def getrlimit(resource: ResourceId, limit: Out[Rlimit]) -> Zero: ...
@syscall(x86_64=160, aarch64=164, touches=PROCESS | MEMORY)
def setrlimit(resource: ResourceId, limit: In[Rlimit]) -> Zero: ...
@syscall(x86_64=302, aarch64=261, since="2.6.36", touches=PROCESS | MEMORY)
def prlimit64(pid: Annotated[Self, Tame.ONESELF], resource: ResourceId, new: Annotated[Rlimit | bytes | Buffer | int | None, OptionalRlimit()], old: Annotated[Rlimit | Buffer | int | None, ChosenMemory(*(room(16),) * 6, 0, KERNEL_ADDRESS, out=True, reads=False)]) -> Zero: ...
@syscall(x86_64=98, aarch64=165, touches=PROCESS)
def getrusage(who: Annotated[int, Number(0, 0, -1, 1, 2, -2)], usage: Out[Rusage]) -> Zero: ...
@syscall(x86_64=100, aarch64=153, touches=NOTHING)
def times(buf: Out[Tms]) -> Varying: ...
@syscall(x86_64=135, aarch64=92, touches=PROCESS)
def personality(persona: Persona) -> Bits: ...
@syscall(number=434, since="5.3", touches=PROCESS)
def pidfd_open(pid: Annotated[int, PidKind("pid", Use("pid"), *(Use("pid:child"),) * 4)], flags: Annotated[int, Flags(named(globals(), "PIDFD_"), plain=(0, 0, PIDFD_NONBLOCK))]) -> Pidfd_: ...
@syscall(number=438, since="5.6", touches=PROCESS)
def pidfd_getfd(pidfd: Pidfd_, fd: Fd, flags: Ignored) -> Fd: ...
@syscall(number=424, since="5.1", touches=PROCESS)
def pidfd_send_signal(pidfd: Pidfd_, sig: Sent, info: Annotated[Siginfo | bytes | Buffer | int | None, OptionalSiginfo()], flags: Annotated[int, Number(*(0,) * 12, 1, 2, 4, 3, 8, -1)]) -> Zero: ...
@syscall(x86_64=312, aarch64=272, since="3.5", touches=PROCESS)
def kcmp(pid1: Pid, pid2: Pid, type: Annotated[int, Number(KCMP_VM, KCMP_FILES, KCMP_FS, KCMP_SIGHAND, KCMP_IO, KCMP_SYSVSEM, 99, -1)], a: Int, b: Int) -> Annotated[int, Same()]: ...
@operation(kcmp, type=KCMP_FILE)
def kcmp_file(pid1: Pid, pid2: Pid, type: Int, a: Fd, b: Fd) -> Annotated[int, Same()]: ...
@syscall(x86_64=163, aarch64=89, never="belongs to the whole machine")
def acct(path: Path) -> Zero: ...
@syscall(x86_64=324, aarch64=283, since="4.3", touches=PROCESS)
def membarrier(command: Annotated[int, Number(MEMBARRIER_CMD_GLOBAL, 16, 8, 4, 2, 32, 64, 128, 256, 512, 3, -1)], flags: Annotated[int, Number(0, 0, 0, 1, 2)], cpu: Ignored) -> Int: ...
@operation(membarrier, command=MEMBARRIER_CMD_QUERY)
def membarrier_query(command: Int, flags: Annotated[int, Number(0, 0, 0, 1)], cpu: Ignored) -> Varying: ...
@syscall(x86_64=334, aarch64=293, since="4.18", never="takes the executor's registers or stack away")
def rseq(area: Address, length: Size, flags: Bits, signature: Bits) -> Zero: ...
@syscall(x86_64=274, aarch64=100, since="2.6.17", touches=PROCESS)
def get_robust_list(pid: Self, head: OutPointer, size: OutPointer) -> Zero: ...
@syscall(x86_64=273, aarch64=99, since="2.6.17", never="takes the executor's registers or stack away")
def set_robust_list(head: Address, size: Size) -> Zero: ...


# Futexes: single words, so that what two calls say of the same one is said of a fixed address

WORD = DATA + 0xF000
Word = Annotated[bytes | Buffer | Struct | int | None, ChosenMemory(*(Blob(bytes(4)),) * 12, Blob(b"\1\0\0\0"), *(WORD,) * 4, WORD + 4, WORD + 1, ARENA, *BAD_POINTERS, out=True)]
PiWord = Annotated[FutexOwner | bytes | Buffer | int | None, Memory(out=True)]
Count_ = Annotated[int, Number(1, 1, 0, 2, 0x7FFFFFFF, -1)]
Expected = Annotated[int, Number(0, 0, 0, 1, -1)]
Never = Annotated[int, Number(1, 2, -1)]
"""What the word is not: such waits end at once."""
Mask = Annotated[int, Number(-1, 0xFFFFFFFF, 1, 0, 0xF0)]
Unused = Annotated[bytes | Buffer | Struct | int | None, ChosenMemory(0, 0, 0, 1)]
WakeOp = Annotated[int, Number(0, 1 << 12, 1 << 28, 2 << 28 | 1 << 12, 3 << 28, 4 << 28, 8 << 28 | 3 << 12, 4 << 24, 5 << 24, 0xFFFFFFFF)]
Requeued = Annotated[bytes | Buffer | Struct | int | None, Number(1, 0, 0x7FFFFFFF, -1)]
FutexFlags = Annotated[int, Number(*(FUTEX2_SIZE_U32,) * 10, *(FUTEX2_SIZE_U32 | FUTEX2_PRIVATE,) * 5, 0, 1, 3, 4, 0x100, -1)]


def either(*operations: int) -> tuple[int, ...]:
    """Futex operations, of processes that share memory and of one's own threads."""
    return tuple(one | private for one in operations for private in (0, FUTEX_PRIVATE_FLAG))


@syscall(x86_64=202, aarch64=98, touches=PROCESS)
def futex(word: Any_, operation: Bits, value: Int, timeout: Any_, word2: Any_, value3: Int) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT))
def futex_op_wait(word: Word, operation: Bits, value: Expected, timeout: AtOnce, word2: Unused, value3: Ignored) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE))
def futex_op_wake(word: Word, operation: Bits, value: Count_, timeout: Unused, word2: Unused, value3: Ignored) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT_BITSET, FUTEX_WAIT_BITSET | FUTEX_CLOCK_REALTIME))
def futex_op_wait_bitset(word: Word, operation: Bits, value: Expected, timeout: AtOnce, word2: Unused, value3: Mask) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE_BITSET))
def futex_op_wake_bitset(word: Word, operation: Bits, value: Count_, timeout: Unused, word2: Unused, value3: Mask) -> Int: ...
@operation(futex, operation=either(FUTEX_REQUEUE))
def futex_op_requeue(word: Word, operation: Bits, value: Count_, timeout: Requeued, word2: Word, value3: Ignored) -> Int: ...
@operation(futex, operation=either(FUTEX_CMP_REQUEUE))
def futex_op_cmp_requeue(word: Word, operation: Bits, value: Count_, timeout: Requeued, word2: Word, value3: Expected) -> Int: ...
@operation(futex, operation=either(FUTEX_WAKE_OP))
def futex_op_wake_op(word: Word, operation: Bits, value: Count_, timeout: Requeued, word2: Word, value3: WakeOp) -> Int: ...
@operation(futex, operation=either(FUTEX_LOCK_PI, FUTEX_LOCK_PI2))
def futex_op_lock_pi(word: PiWord, operation: Bits, value: Ignored, timeout: AtOnce, word2: Unused, value3: Ignored) -> Int: ...
@operation(futex, operation=either(FUTEX_TRYLOCK_PI, FUTEX_UNLOCK_PI))
def futex_op_pi(word: PiWord, operation: Bits, value: Ignored, timeout: Unused, word2: Unused, value3: Ignored) -> Int: ...
@operation(futex, operation=either(FUTEX_WAIT_REQUEUE_PI))
def futex_op_wait_requeue_pi(word: Word, operation: Bits, value: Expected, timeout: AtOnce, word2: Word, value3: Mask) -> Int: ...
@operation(futex, operation=either(FUTEX_CMP_REQUEUE_PI))
def futex_op_cmp_requeue_pi(word: Word, operation: Bits, value: Annotated[int, Number(1, 1, 0, 2)], timeout: Requeued, word2: Word, value3: Expected) -> Int: ...
@operation(futex, operation=(FUTEX_FD, 99, FUTEX_CLOCK_REALTIME | FUTEX_WAKE))
def futex_op_unknown(word: Word, operation: Bits, value: Ignored, timeout: Unused, word2: Unused, value3: Ignored) -> Int: ...


class FutexWaiter(Struct):
    """`struct futex_waitv` (Linux 5.16)."""

    val: Annotated[int, Layout(ctypes.c_uint64), Number(0, 1)]
    uaddr: Annotated[int, Layout(ctypes.c_uint64), AddressKind(WORD, WORD + 4, ARENA, 0, WORD + 1)]
    flags: Annotated[int, Layout(ctypes.c_uint32), Number(FUTEX2_SIZE_U32, FUTEX2_SIZE_U32 | FUTEX2_PRIVATE, 0, 0x100)]
    reserved0: U32


class Waiters(Memory):
    """Two of `struct futex_waitv`."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        one = b"".join(bytes(FutexWaiter(val=0, uaddr=at, flags=FUTEX2_SIZE_U32)) for at in (WORD, WORD + 4))
        wrong = (one[:16] + bytes(8) + one[24:], one[:8] + bytes(8) + one[16:], b"\1" + one[1:], one[:20] + b"\1" + one[21:])
        return (*(Blob(one),) * 8, *map(Blob, wrong), 0, KERNEL_ADDRESS)


InWaiters = Annotated[bytes | Buffer | int | None, Waiters()]


@syscall(number=449, since="5.16", touches=PROCESS)
def futex_waitv(waiters: InWaiters, count: Annotated[int, Number(2, 1, 1, 0, 129)], flags: Ignored, timeout: AtOnce, clock: Annotated[int, Number(1, 0, 2, -1)]) -> Int: ...
@syscall(number=454, since="6.7", touches=PROCESS)
def futex_wake(word: Word, mask: Mask, count: Count_, flags: FutexFlags) -> Int: ...
@syscall(number=455, since="6.7", touches=PROCESS)
def futex_wait(word: Word, value: Expected, mask: Mask, flags: FutexFlags, timeout: AtOnce, clock: Annotated[int, Number(1, 0, 2, -1)]) -> Int: ...
@syscall(number=456, since="6.7", touches=PROCESS)
def futex_requeue(waiters: InWaiters, flags: Ignored, wake: Count_, requeue: Count_) -> Int: ...
