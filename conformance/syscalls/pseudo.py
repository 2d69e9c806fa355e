"""What the executor of generated programs offers beside the kernel's calls: children, threads, terminals and the like.

Programs do not fork, clone or exec by themselves, so that none can run away (`conformance/programs/executor/pseudo.c`).
Nor is there a device in their file system, or a /proc: both lie beside it (`…/executor/beside.c`).
"""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files.locks import Lockable
from conformance.syscalls.files.opening import (
    O_APPEND,
    O_CLOEXEC,
    O_NONBLOCK,
    O_PATH,
    O_RDONLY,
    O_RDWR,
    O_TRUNC,
    O_WRONLY,
)
from conformance.syscalls.machinery.aliases import Address, Count, InBytes, Int, Out, OutBytes, Path, Signal, Size, Zero
from conformance.syscalls.machinery.buffers import I32, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import pseudo
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Renamed, named
from conformance.syscalls.machinery.touches import CHILDREN, FILES, NOTHING, PROCESS, TouchesUnless
from conformance.syscalls.machinery.world import ARENA, DATA, PAGE, PROC_FILES, READ_ONLY, UNMAPPED

SPAWN, THREAD, EXEC, LOAD, STORE, PTY_MASTER, PTY_SLAVE, PROC, URING, FORK, TURN, COPY = range(0x8000, 0x800C)
"""URING is a request of io_uring, which `polling/uring_requests.py` describes."""

CHILD_PAUSES, CHILD_EXITS, CHILD_CHDIR, CHILD_CLOSES, CHILD_UMASK, CHILD_IGNORES, CHILD_STORES = range(7)
CHILD_HOSTNAME, CHILD_TELLS_PIDS, CHILD_TELLS_ACTION, CHILD_TELLS_TID, CHILD_TELLS_STACK = range(7, 12)
DEEDS = named(globals(), "CHILD_")
CLONE, CLONE3 = COPY + 1, COPY + 1 + len(DEEDS)
"""Children with flags of the program's choice, which `processes/cloning.py` describes: a number for what each does."""

SPAWN_EXIT, SPAWN_RAISE, SPAWN_PAUSE, SPAWN_LOCK, SPAWN_FLOCK, SPAWN_OFD_LOCK, SPAWN_WRITE = range(7)

Exiting = Annotated[int, Choices(SPAWN_EXIT)]
Raising = Annotated[int, Choices(SPAWN_RAISE)]
Pausing = Annotated[int, Choices(SPAWN_PAUSE)]
Locking = Annotated[int, Flags(named(globals(), "SPAWN_LOCK", "SPAWN_FLOCK", "SPAWN_OFD"), bits=False)]
Writing = Annotated[int, Choices(SPAWN_WRITE)]
Status = Annotated[int, Choices(0, 1, 42, 255)]
Stop = Annotated[int, Choices(19)]
"""SIGSTOP."""

Child = Annotated[int, Renamed("pid:child")]
Stopped = Annotated[int, Renamed("pid:child:stopped")]
Paused = Annotated[int, Renamed("pid:child:paused")]

THREAD_ENDS, THREAD_LIVES = range(2)

ThreadKind = Annotated[int, Choices(THREAD_LIVES, seldom(THREAD_ENDS))]
Tid = Annotated[int, Renamed("pid:thread")]

Comm = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * 16)]
Touched = Annotated[
    Address,
    Choices(ARENA, seldom(ARENA + PAGE, ARENA + 2 * PAGE, ARENA + PAGE - 8, DATA, READ_ONLY, UNMAPPED)),
]

_HOW = {"O_NONBLOCK": O_NONBLOCK, "O_CLOEXEC": O_CLOEXEC}
OpenMaster = Annotated[int, Flags(_HOW, bits=False), Choices(often(O_NONBLOCK), 0, O_CLOEXEC)]
"""A master is there to be read and written; with `O_RDWR` in it, it would be refused."""
OpenSlave = Annotated[
    int,
    Flags({"O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR, **_HOW}),
    Choices(
        often(O_RDWR | O_NONBLOCK),
        O_RDWR,
        seldom(O_RDONLY | O_NONBLOCK, O_WRONLY | O_NONBLOCK, O_RDWR | O_NONBLOCK | O_CLOEXEC),
    ),
]
Locked = Annotated[int, Choices(often(0), 1)]
"""Whether the slave cannot be opened before TIOCSPTLCK has unlocked it, as that of a new master."""
Master = Annotated[int, FileDescriptor("pty:master")]
Slave = Annotated[int, FileDescriptor("pty:slave")]
MasterToOpen = Annotated[Master, Choices(often(Use("fd:pty:master")), rarely(Use("fd:pty:slave"), Use("fd"), -1))]

_WRITING = {"O_WRONLY": O_WRONLY, "O_RDWR": O_RDWR}
OwnFile = Annotated[Path, Choices(*PROC_FILES, rarely(b"absent", b"mem"))]
OpenOwnFile = Annotated[
    int,
    Flags(_WRITING | _HOW | {"O_TRUNC": O_TRUNC, "O_APPEND": O_APPEND, "O_PATH": O_PATH}),
    Choices(
        often(O_RDWR, O_RDONLY),
        *(O_WRONLY, O_RDWR | O_TRUNC, O_RDWR | O_APPEND, O_RDONLY | O_NONBLOCK | O_CLOEXEC, O_PATH),
    ),
    TouchesUnless(PROCESS, O_RDONLY, O_RDONLY | O_NONBLOCK | O_CLOEXEC, O_PATH),
]
"""What is written there is told to the process."""
Own = Annotated[int, FileDescriptor("proc")]


class ExecReport(Struct):
    """What a new program finds: what execve(2) kept of the process."""

    open_fds: U64
    cloexec_fds: U64
    blocked: U64
    pending: U64
    ignored: U64
    umask: U32
    uid: U32
    euid: U32
    gid: U32
    egid: U32
    nice_plus_20: U32
    fsize_limit: U64
    dumpable: U32
    no_new_privs: U32
    securebits: U32
    personality: I32
    comm: Comm
    positions: U64
    """Where in their files the first eight fds are that lead to regular ones: a byte each, modulo 256."""


@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_exit(kind: Exiting, status: Status) -> Child: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_raise(kind: Raising, sig: Signal) -> Child: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_stopped(kind: Raising, sig: Stop) -> Stopped: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_pause(kind: Pausing, unused: Zero) -> Paused: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_lock(kind: Locking, fd: Lockable) -> Child: ...
@pseudo(THREAD, touches=PROCESS | CHILDREN)
def thread(kind: ThreadKind) -> Tid: ...
@pseudo(EXEC, touches=FILES | PROCESS | CHILDREN)
def exec_report(report: Out[ExecReport]) -> Int: ...
@pseudo(LOAD, touches=PROCESS, shows=("memory", "ipc"))
def load(address: Touched) -> Int: ...
@pseudo(STORE, touches=PROCESS)
def store(address: Touched, value: Int) -> Zero: ...
@pseudo(PTY_MASTER, touches=NOTHING)
def pty_master(flags: OpenMaster, locked: Locked) -> Master: ...
@pseudo(PTY_SLAVE, touches=NOTHING)
def pty_slave(master: MasterToOpen, flags: OpenSlave) -> Slave: ...
@pseudo(PROC, touches=NOTHING)
def proc_self(path: OwnFile, flags: OpenOwnFile) -> Own: ...


_FOR_MODELS = "is there for the scripts of models"


@pseudo(SPAWN, touches=PROCESS | CHILDREN, never=_FOR_MODELS)
def spawn_writer(kind: Writing, orders: InBytes) -> Child:
    """A child that writes while the program goes on. Numbers of two bytes: an fd, a letter, lengths of writes, 0."""


@pseudo(FORK, touches=PROCESS | CHILDREN, never=_FOR_MODELS)
def fork_process() -> Child:
    """A child that makes calls of the program when it is its turn. They are numbered from 1."""


@pseudo(TURN, touches=PROCESS | CHILDREN, never=_FOR_MODELS)
def turn_to(process: Int) -> Zero:
    """Who makes the calls that follow; 0 is the process that has begun."""


@pseudo(COPY, touches=PROCESS, never=_FOR_MODELS)
def load_bytes(buffer: OutBytes, address: Address, size: Size) -> Count:
    """As the processor reads them."""


@pseudo(COPY, touches=PROCESS, never=_FOR_MODELS)
def store_bytes(address: Address, data: InBytes, size: Size) -> Count:
    """As the processor writes them."""
