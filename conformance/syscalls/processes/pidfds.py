"""pidfd_open(2): fds that refer to processes."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import IoctlRequest, ioctl
from conformance.syscalls.files.requests import (
    PIDFD_GET_CGROUP_NAMESPACE,
    PIDFD_GET_INFO,
    PIDFD_GET_IPC_NAMESPACE,
    PIDFD_GET_MNT_NAMESPACE,
    PIDFD_GET_NET_NAMESPACE,
    PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE,
    PIDFD_GET_PID_NAMESPACE,
    PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE,
    PIDFD_GET_TIME_NAMESPACE,
    PIDFD_GET_USER_NAMESPACE,
    PIDFD_GET_UTS_NAMESPACE,
)
from conformance.syscalls.machinery.aliases import (
    AlwaysZero,
    Fd,
    In,
    InOut,
    NoFlags,
    Pid,
    Pid32,
    Varying32,
    Varying64,
    Zero,
)
from conformance.syscalls.machinery.buffers import I32, U32, U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING, PROCESS, SOCKETS
from conformance.syscalls.processes.identity import NOBODY
from conformance.syscalls.signals import SentSignal, Siginfo

PIDFD_NONBLOCK, PIDFD_THREAD = 0o4000, 0o200
_FLAGS = named(globals(), "PIDFD_")

PIDFD_SIGNAL_THREAD, PIDFD_SIGNAL_THREAD_GROUP, PIDFD_SIGNAL_PROCESS_GROUP = 1, 2, 4

_INFO = {
    "PIDFD_INFO_PID": 1,
    "PIDFD_INFO_CREDS": 2,
    "PIDFD_INFO_CGROUPID": 4,
    "PIDFD_INFO_EXIT": 8,
    "PIDFD_INFO_COREDUMP": 0x10,
    "PIDFD_INFO_COREDUMP_SIGNAL": 0x40,
    "PIDFD_INFO_COREDUMP_CODE": 0x80,
}
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


@syscall(number=434, since="5.3", touches=NOTHING)
def pidfd_open(pid: Process, flags: PidfdFlags) -> ProcessFd: ...
@syscall(number=438, since="5.6", touches=PROCESS | SOCKETS)
def pidfd_getfd(pidfd: ProcessFd, fd: Fd, flags: NoFlags) -> Fd: ...
@syscall(number=424, since="5.1", touches=PROCESS)
def pidfd_send_signal(pidfd: ProcessFd, sig: SentSignal, info: OptionalSiginfo, flags: PidfdSignalFlags) -> Zero: ...


class PidfdInfo(Struct):
    """`struct pidfd_info`, first version."""

    mask: Annotated[U64, Flags(_INFO), Choices(7, 0, 1 << 40, ...)]
    cgroupid: Annotated[Varying64, Choices(0)]
    pid: Annotated[Pid32, Choices(0)]
    tgid: Annotated[Pid32, Choices(0)]
    ppid: Annotated[Varying32, Choices(0)]
    ruid: Annotated[U32, Choices(0)]
    rgid: Annotated[U32, Choices(0)]
    euid: Annotated[U32, Choices(0)]
    egid: Annotated[U32, Choices(0)]
    suid: Annotated[U32, Choices(0)]
    sgid: Annotated[U32, Choices(0)]
    fsuid: Annotated[U32, Choices(0)]
    fsgid: Annotated[U32, Choices(0)]
    exit_code: Annotated[I32, Choices(0)]


@operation(
    ioctl,
    request=(
        *(PIDFD_GET_CGROUP_NAMESPACE, PIDFD_GET_IPC_NAMESPACE, PIDFD_GET_MNT_NAMESPACE, PIDFD_GET_NET_NAMESPACE),
        *(PIDFD_GET_PID_NAMESPACE, PIDFD_GET_PID_FOR_CHILDREN_NAMESPACE, PIDFD_GET_TIME_NAMESPACE),
        *(PIDFD_GET_TIME_FOR_CHILDREN_NAMESPACE, PIDFD_GET_USER_NAMESPACE, PIDFD_GET_UTS_NAMESPACE),
    ),
    touches=PROCESS,
)
def ioctl_pidfd_namespace(fd: ProcessFd, request: IoctlRequest, arg: AlwaysZero = 0) -> Fd: ...
@operation(ioctl, request=PIDFD_GET_INFO, touches=PROCESS)
def ioctl_pidfd_info(fd: ProcessFd, request: IoctlRequest, arg: InOut[PidfdInfo] = 0) -> Zero: ...
