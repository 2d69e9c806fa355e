"""What the executor of generated programs offers beside the kernel's calls: children, threads, touching memory.

Programs do not fork, clone or exec by themselves, so that none can run away (`conformance/programs/executor/executor.c`).
"""

from __future__ import annotations

import ctypes
from typing import Annotated

from conformance.syscalls.files import Lockable
from conformance.syscalls.machinery.buffers import I32, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import pseudo
from conformance.syscalls.machinery.choices import ARENA, DATA, PAGE, READ_ONLY, UNMAPPED
from conformance.syscalls.machinery.kinds import AddressKind, Flags, Int, Number, Out, Renamed, Signal, Zero
from conformance.syscalls.machinery.touches import CHILDREN, FILES, PROCESS

SPAWN, THREAD, EXEC, LOAD, STORE = range(0x8000, 0x8005)
SPAWN_EXIT, SPAWN_RAISE, SPAWN_PAUSE, SPAWN_LOCK, SPAWN_FLOCK, SPAWN_OFD_LOCK = range(6)

Tid = Annotated[int, Renamed("pid:thread")]
Child = Annotated[int, Renamed("pid:child")]
Paused = Annotated[int, Renamed("pid:child:paused")]
Stopped = Annotated[int, Renamed("pid:child:stopped")]
Status = Annotated[int, Number(0, 1, 42, 255)]
Kept = Annotated[int, Flags({"SPAWN_LOCK": 3, "SPAWN_FLOCK": 4, "SPAWN_OFD_LOCK": 5}, bits=False)]
Comm = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * 16)]
Touched = Annotated[int, AddressKind(ARENA, ARENA, ARENA + PAGE, ARENA + 2 * PAGE, ARENA + PAGE - 8, DATA, READ_ONLY, UNMAPPED)]


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


@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_exit(kind: Annotated[int, Number(SPAWN_EXIT)], status: Status) -> Child: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_raise(kind: Annotated[int, Number(SPAWN_RAISE)], sig: Signal) -> Child: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_stopped(kind: Annotated[int, Number(SPAWN_RAISE)], sig: Annotated[int, Number(19)]) -> Stopped: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_pause(kind: Annotated[int, Number(SPAWN_PAUSE)], unused: Zero) -> Paused: ...
@pseudo(SPAWN, touches=PROCESS | CHILDREN)
def spawn_lock(kind: Kept, fd: Lockable) -> Child: ...
@pseudo(THREAD, touches=PROCESS | CHILDREN)
def thread(kind: Annotated[int, Number(1, 1, 0)]) -> Tid: ...
@pseudo(EXEC, touches=FILES | PROCESS | CHILDREN)
def exec_report(report: Out[ExecReport]) -> Int: ...
@pseudo(LOAD, touches=PROCESS, shows=("memory", "ipc"))
def load(address: Touched) -> Int: ...
@pseudo(STORE, touches=PROCESS)
def store(address: Touched, value: Int) -> Zero: ...
