"""fork(2), clone(2), exit(2): making processes and threads, and ending oneself."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Address, Address64, In, Pid32, Size, SomePid, Zero
from conformance.syscalls.machinery.buffers import I32, U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Renamed, named
from conformance.syscalls.machinery.memory import AddressOf, NumberOf, OneOf, Pointer
from conformance.syscalls.machinery.touches import CHILDREN, PRIVILEGES, PROCESS
from conformance.syscalls.namespaces import NAMESPACES
from conformance.syscalls.processes.sharing import SHARING

CLONE_PIDFD, CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT = 0x1000, 0x2000, 0x4000, 0x8000
CLONE_SETTLS, CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID = 0x80000, 0x100000, 0x200000
CLONE_UNTRACED, CLONE_CHILD_SETTID = 0x800000, 0x1000000
CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP = 0x100000000, 0x200000000
CLONE_DETACHED, CLONE_AUTOREAP, CLONE_NNP, CLONE_PIDFD_AUTOKILL = 0x400000, 0x400000000, 0x800000000, 0x1000000000
CLONE_EMPTY_MNTNS = 0x2000000000

CloneKind = Flags(named(globals(), "CLONE_") | SHARING | NAMESPACES)
CloneFlags = Annotated[int, CloneKind]
Status = Annotated[int, Choices(0, 42, 255, 256, -1)]


class Tid(Struct):
    """Where clone(2) stores a thread id."""

    tid: Pid32


class Pidfd(Struct):
    """Where clone(2) stores a pidfd."""

    pidfd: Annotated[I32, FileDescriptor("pid")]


TidOrPidfd = Annotated[object, Pointer(out=True), OneOf(Tid, Pidfd)]


class CloneArgs(Struct):
    """`struct clone_args`, size 88 (Linux 5.7)."""

    flags: Annotated[U64, CloneKind, Choices(0, 1 << 40)]
    pidfd: Annotated[U64, AddressOf(NumberOf(FileDescriptor("pid")))]
    child_tid: Annotated[U64, AddressOf(NumberOf(Renamed("pid")))]
    parent_tid: Annotated[U64, AddressOf(NumberOf(Renamed("pid")))]
    exit_signal: U64
    stack: Address64
    stack_size: U64
    tls: Address64
    set_tid: Address64
    set_tid_size: U64
    cgroup: U64


_RUNS_AWAY = "could run away: children are made by `spawn_*`"


@syscall(x86_64=57, never=_RUNS_AWAY)
def fork() -> SomePid: ...
@syscall(x86_64=58, never=_RUNS_AWAY)
def vfork() -> SomePid: ...
@syscall(x86_64=56, aarch64=220, never=_RUNS_AWAY, touches=PROCESS | CHILDREN | PRIVILEGES)
def clone(
    flags: CloneFlags, stack: Address, parent_tid: TidOrPidfd, child_tid: TidOrPidfd, tls: Address
) -> SomePid: ...
@syscall(number=435, since="5.3", never=_RUNS_AWAY, touches=PROCESS | CHILDREN | PRIVILEGES)
def clone3(args: In[CloneArgs], size: Size) -> SomePid: ...
@syscall(x86_64=60, aarch64=93, touches=PROCESS)
def exit(status: Status) -> Zero: ...
@syscall(x86_64=231, aarch64=94, touches=PROCESS)
def exit_group(status: Status) -> Zero: ...
