"""eventfd(2): a counter behind an fd."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, often
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import NOTHING

EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC = 1, 0o4000, 0o2000000

EventfdFlags = Annotated[
    int,
    Flags(named(globals(), "EFD_")),
    Choices(
        often(EFD_NONBLOCK, EFD_NONBLOCK | EFD_CLOEXEC, EFD_NONBLOCK | EFD_SEMAPHORE),
        *(0, EFD_CLOEXEC, 2, -1),
    ),
]
EventCount = Annotated[int, Choices(often(1), 0, 5, 0xFFFFFFFF)]
EventFd = Annotated[int, FileDescriptor("event")]


@syscall(x86_64=290, aarch64=19, since="2.6.27", touches=NOTHING)
def eventfd2(initial: EventCount, flags: EventfdFlags) -> EventFd: ...
@syscall(x86_64=284, since="2.6.22", touches=NOTHING)
def eventfd(initial: EventCount) -> EventFd: ...
