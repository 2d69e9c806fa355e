"""pidfd_open(2): fds that refer to processes."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd, In, NoFlags, Pid, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import PROCESS
from conformance.syscalls.processes.identity import NOBODY
from conformance.syscalls.signals import SentSignal, Siginfo

PIDFD_NONBLOCK, PIDFD_THREAD = 0o4000, 0o200
_FLAGS = named(globals(), "PIDFD_")

PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP = 1, 2, 4

ProcessFd = Annotated[int, FileDescriptor("pid")]
Process = Annotated[Pid, Choices(Use("pid"), Use("pid:child"), seldom(Use("pid", 1), -1, 1, NOBODY))]
PidfdFlags = Annotated[
    int,
    Flags(_FLAGS),
    Choices(often(0), PIDFD_NONBLOCK, ...),
]
OptionalSiginfo = Annotated[In[Siginfo], Choices(0, ...)]
PidfdSignalFlags = Annotated[
    int,
    Flags(named(globals(), "PIDFD_SIGNAL_")),
    Choices(
        often(0),
        seldom(PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP),
        seldom(PIDFD_SIGNAL_THREAD | PIDFD_SIGNAL_THREAD_GROUP, 8, -1),
    ),
]


@syscall(number=434, since="5.3", touches=PROCESS)
def pidfd_open(pid: Process, flags: PidfdFlags) -> ProcessFd: ...
@syscall(number=438, since="5.6", touches=PROCESS)
def pidfd_getfd(pidfd: ProcessFd, fd: Fd, flags: NoFlags) -> Fd: ...
@syscall(number=424, since="5.1", touches=PROCESS)
def pidfd_send_signal(pidfd: ProcessFd, sig: SentSignal, info: OptionalSiginfo, flags: PidfdSignalFlags) -> Zero: ...
