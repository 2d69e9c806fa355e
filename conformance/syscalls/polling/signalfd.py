"""signalfd(2): being told of signals by an fd."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, often
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.signals import InSigset, SigsetSize

SFD_NONBLOCK, SFD_CLOEXEC = 0o4000, 0o2000000

SignalfdFlags = Annotated[
    int,
    Flags(named(globals(), "SFD_")),
    Choices(often(SFD_NONBLOCK, SFD_NONBLOCK | SFD_CLOEXEC), 0, SFD_CLOEXEC, 1, -1),
]
SignalFd = Annotated[int, FileDescriptor("signal")]
SignalFdOrNew = Annotated[SignalFd, Choices(often(-1), ...)]


@syscall(x86_64=289, aarch64=74, since="2.6.27", touches=NOTHING)
def signalfd4(fd: SignalFdOrNew, mask: InSigset, size: SigsetSize, flags: SignalfdFlags) -> SignalFd: ...
@syscall(x86_64=282, since="2.6.22", touches=NOTHING)
def signalfd(fd: SignalFdOrNew, mask: InSigset, size: SigsetSize) -> SignalFd: ...
