"""wait(2): waiting for children."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Out, SomePid, Zero
from conformance.syscalls.machinery.buffers import Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Choices, Use, often, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Renamed, named
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.processes.identity import NOBODY
from conformance.syscalls.processes.limits import Rusage
from conformance.syscalls.processes.pidfds import ProcessFd
from conformance.syscalls.signals import SiginfoChild

WNOHANG, WUNTRACED, WEXITED, WCONTINUED, WNOWAIT = 1, 2, 4, 8, 0x1000000
WALL, WCLONE = 0x40000000, 0x80000000
_OPTIONS = named(globals(), "W")
WSTOPPED = WUNTRACED

P_ALL, P_PID, P_PGID, P_PIDFD = 0, 1, 2, 3

Child = Annotated[
    int,
    Renamed("pid:child", keep=(0, -1, 1)),
    Choices(often(Use("pid:child"), -1), Use("pid:child", 1), 0, 1, Use("pid"), NOBODY),
]
"""A child; any of one's group (0), any at all (-1), and some that are none."""
IdType = Annotated[int, Flags(named(globals(), "P_"), bits=False), Choices(P_PID, P_ALL, P_ALL, P_PGID, ...)]
WaitOptions = Annotated[
    int,
    Flags(_OPTIONS),
    Choices(
        often(WNOHANG, WNOHANG | WUNTRACED, WNOHANG | WUNTRACED | WCONTINUED, WNOHANG | WALL),
        seldom(0, WEXITED, WNOHANG | 1 << 20, WNOHANG | WCLONE, -1),
    ),
]
"""Without WNOHANG it may wait for long."""
WaitidOptions = Annotated[
    int,
    Flags(_OPTIONS),
    Choices(
        often(WNOHANG | WEXITED, WNOHANG | WEXITED | WNOWAIT),
        often(WNOHANG | WEXITED | WSTOPPED, WNOHANG | WEXITED | WSTOPPED | WCONTINUED),
        often(WNOHANG | WSTOPPED | WNOWAIT),
        seldom(0, WNOHANG, WEXITED, WNOHANG | 1 << 20, WNOHANG | WCLONE, -1),
    ),
]
"""The same; what is to be waited for must be said."""
OutStatus = Annotated[Out[Struct], Choices(often(room(4)), 0, KERNEL_ADDRESS)]
OutRusage = Annotated[Out[Rusage], Choices(0, room(Rusage.size()), seldom(KERNEL_ADDRESS))]


@syscall(x86_64=61, aarch64=260, touches=PROCESS, after=("spawn_exit",))
def wait4(pid: Child, status: OutStatus, options: WaitOptions, rusage: OutRusage) -> SomePid: ...
@syscall(x86_64=247, aarch64=95, touches=PROCESS, after=("spawn_pause", "kill"))
def waitid(idtype: IdType, id: Child, info: Out[SiginfoChild], options: WaitidOptions, rusage: OutRusage) -> Zero: ...
@operation(waitid, idtype=P_PIDFD, after=("spawn_exit", "pidfd_open"))
def waitid_pidfd(
    idtype: IdType, id: ProcessFd, info: Out[SiginfoChild], options: WaitidOptions, rusage: OutRusage
) -> Zero: ...
