"""getrlimit(2), getrusage(2), times(2), acct(2): what processes may use, and what they have used."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import In, Out, Path, Varying, Varying64, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Choices, often, room, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.taming import Tame
from conformance.syscalls.machinery.touches import FILES, MEMORY, NOTHING, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.processes.identity import PidOrSelf

RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS, RLIMIT_NPROC, RLIMIT_NOFILE = range(8)
RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS, RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE = range(8, 14)
RLIMIT_RTPRIO, RLIMIT_RTTIME = 14, 15
RLIM_INFINITY = 2**64 - 1

RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD, RUSAGE_BOTH = 0, -1, 1, -2

Resource = Annotated[
    int,
    Flags(named(globals(), "RLIMIT_"), bits=False),
    Choices(RLIMIT_NOFILE, RLIMIT_FSIZE, seldom(RLIMIT_AS), ...),
]
Limit = Annotated[U64, Choices(64, 100, 1 << 20, 0, 1, 5, 4096, RLIM_INFINITY, 1 << 40)]


class Rlimit(Struct):
    """`struct rlimit64`."""

    cur: Limit
    max: Limit


OptionalRlimit = Annotated[In[Rlimit], Choices(0, ...)]
OutOldRlimit = Annotated[Out[Rlimit], Choices(often(room(Rlimit.size())), 0, KERNEL_ADDRESS)]
Whose = Annotated[
    int, Flags(named(globals(), "RUSAGE_"), bits=False), Choices(RUSAGE_SELF, RUSAGE_CHILDREN, RUSAGE_THREAD, 2, -2)
]


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


NoAccounts = Annotated[Path, Choices(b"absent", b"d0", b"", b"f0/x", UNMAPPED, KERNEL_ADDRESS)]
"""Where nothing can be written down: not NULL, which ends it, and programs have no CAP_SYS_PACCT."""


@syscall(x86_64=97, aarch64=163, touches=NOTHING, after=("setrlimit", "prlimit64"))
def getrlimit(resource: Resource, limit: Out[Rlimit]) -> Zero: ...
@syscall(x86_64=160, aarch64=164, touches=PROCESS | MEMORY)
def setrlimit(resource: Resource, limit: In[Rlimit]) -> Zero: ...
@syscall(x86_64=302, aarch64=261, since="2.6.36", touches=PROCESS | MEMORY)
def prlimit64(
    pid: Annotated[PidOrSelf, Tame.ONESELF], resource: Resource, new: OptionalRlimit, old: OutOldRlimit
) -> Zero: ...
@syscall(x86_64=98, aarch64=165, touches=NOTHING)
def getrusage(who: Whose, usage: Out[Rusage]) -> Zero: ...
@syscall(x86_64=100, aarch64=153, touches=NOTHING)
def times(buf: Out[Tms]) -> Varying: ...
@syscall(x86_64=163, aarch64=89, touches=FILES)
def acct(path: NoAccounts) -> Zero: ...
