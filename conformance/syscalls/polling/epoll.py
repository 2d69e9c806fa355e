"""epoll(7): waiting until some of many fds are ready."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.machinery.aliases import Count, In, InBytes, Int, Out, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Length, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.polling.poll import Events, Pollable, WaitMask, WaitTime
from conformance.syscalls.signals import SigsetSize
from conformance.syscalls.time.clocks import AtOnce

EPOLL_CLOEXEC = 0o2000000

EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD = 1, 2, 3

EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP = 1, 2, 4, 8, 0x10, 0x2000
EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET = 1 << 28, 1 << 29, 1 << 30, 1 << 31
EPOLLNVAL, EPOLLRDNORM, EPOLLRDBAND, EPOLLWRNORM, EPOLLWRBAND, EPOLLMSG = 0x20, 0x40, 0x80, 0x100, 0x200, 0x400
EPOLL_URING_WAKE = 0x8000000

EPIOCSPARAMS, EPIOCGPARAMS = 0x40088A01, 0x80088A02

_EVENTS = {name: bit for name, bit in named(globals(), "EPOLL").items() if "_" not in name}

EpollFlags = Annotated[int, Flags({"EPOLL_CLOEXEC": EPOLL_CLOEXEC})]
SizeHint = Annotated[int, Choices(often(1), 0, 2)]
EpollFd = Annotated[int, FileDescriptor("epoll")]
EpollOperation = Annotated[int, Flags(named(globals(), "EPOLL_CTL_"), bits=False), Choices(EPOLL_CTL_ADD, ...)]


class EpollEvent(Struct):
    """`struct epoll_event`: packed on x86-64. The data is split, since it is a case's own number."""

    events: Annotated[
        U32,
        Events(_EVENTS),
        Choices(
            *(EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT),
            *(EPOLLIN | EPOLLEXCLUSIVE, EPOLLIN | EPOLLRDHUP | EPOLLPRI, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT),
            *(0, 0xFFFFFFFF),
        ),
    ]
    data: Annotated[U32, Choices(1, 2, 3)]
    data_high: Annotated[U32, Choices(0, 7)]


EpollEvents = Annotated[
    Out[EpollEvent],
    Choices(often(room(12), room(48)), room(12, edge=True), rarely(*BAD_POINTERS)),
]
MaxEvents = Annotated[int, Length(12)]

NewEpollParams = Annotated[InBytes, Choices(*(Blob(bytes([usecs, *bytes(7)])) for usecs in (1, 5, 0)), UNMAPPED)]
"""A `struct epoll_params`, which begins with how long to poll busily, in microseconds."""
EpollParams = Annotated[Out[Struct], Choices(often(room(8)), seldom(room(8, edge=True)), rarely(*BAD_POINTERS))]


@syscall(x86_64=291, aarch64=20, since="2.6.27", touches=NOTHING)
def epoll_create1(flags: EpollFlags) -> EpollFd: ...
@syscall(x86_64=213, touches=NOTHING)
def epoll_create(size: SizeHint) -> EpollFd: ...
@syscall(x86_64=233, aarch64=21, touches=NOTHING)
def epoll_ctl(epfd: EpollFd, op: EpollOperation, fd: Pollable, event: In[EpollEvent]) -> Zero: ...
@syscall(x86_64=232, touches=NOTHING, shows="fd:epoll")
def epoll_wait(epfd: EpollFd, events: EpollEvents, maxevents: MaxEvents, timeout: WaitTime) -> Count: ...
@syscall(x86_64=281, aarch64=22, since="2.6.19", touches=NOTHING)
def epoll_pwait(
    epfd: EpollFd, events: EpollEvents, maxevents: MaxEvents, timeout: WaitTime, mask: WaitMask, size: SigsetSize
) -> Count: ...
@syscall(number=441, since="5.11", touches=NOTHING)
def epoll_pwait2(
    epfd: EpollFd, events: EpollEvents, maxevents: MaxEvents, timeout: AtOnce, mask: WaitMask, size: SigsetSize
) -> Count: ...
@operation(ioctl, request=EPIOCSPARAMS, touches=NOTHING)
def ioctl_epiocsparams(fd: EpollFd, request: Int, arg: NewEpollParams = 0) -> Zero: ...
@operation(ioctl, request=EPIOCGPARAMS, touches=NOTHING)
def ioctl_epiocgparams(fd: EpollFd, request: Int, arg: EpollParams = 0) -> Zero: ...
