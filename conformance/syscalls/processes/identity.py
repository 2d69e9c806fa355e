"""credentials(7): the ids of processes, process groups and sessions."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Pid, SomePid, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, Use, seldom
from conformance.syscalls.machinery.touches import NOTHING, PROCESS

NOBODY = 0x7FFFFFFE
"""A pid that no process has: it is beyond the greatest (PID_MAX_LIMIT)."""

PidOrSelf = Annotated[Pid, Choices(0, Use("pid"), seldom(Use("pid", 1), Use("pid:child"), -1, 1, NOBODY))]
"""A process; 0 is the caller."""
ProcessGroup = Annotated[Pid, Choices(0, Use("pid"), -1, seldom(Use("pid", 1), Use("pid:child"), 1, NOBODY))]
"""A group, by the pid of its leader; 0 is that of the process that is meant."""


@syscall(x86_64=39, aarch64=172, touches=NOTHING)
def getpid() -> Pid: ...
@syscall(x86_64=186, aarch64=178, touches=NOTHING)
def gettid() -> SomePid: ...
@syscall(x86_64=110, aarch64=173, touches=NOTHING)
def getppid() -> SomePid: ...
@syscall(x86_64=121, aarch64=155, touches=NOTHING)
def getpgid(pid: PidOrSelf) -> SomePid: ...
@syscall(x86_64=109, aarch64=154, touches=PROCESS)
def setpgid(pid: PidOrSelf, pgid: ProcessGroup) -> Zero: ...
@syscall(x86_64=111, touches=NOTHING)
def getpgrp() -> SomePid: ...
@syscall(x86_64=124, aarch64=156, touches=NOTHING)
def getsid(pid: PidOrSelf) -> SomePid: ...
@syscall(x86_64=112, aarch64=157, touches=PROCESS)
def setsid() -> SomePid: ...
