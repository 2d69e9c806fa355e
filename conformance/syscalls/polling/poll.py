"""poll(2), select(2): waiting until one of several fds is ready."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.machinery.aliases import Count, Fd, Fd32, InBytes, InOut
from conformance.syscalls.machinery.buffers import I16, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    Blob,
    Choice,
    Choices,
    Use,
    joined,
    often,
    rarely,
    seldom,
    struct_blobs,
)
from conformance.syscalls.machinery.kinds import Flags, Length, Masked, Seen, named
from conformance.syscalls.machinery.touches import NOTHING
from conformance.syscalls.machinery.world import UNMAPPED
from conformance.syscalls.signals import SIGSET_SIZE, SigsetSize, sigset
from conformance.syscalls.time.clocks import AtOnce, time_of

POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP = 1, 2, 4, 8, 0x10, 0x20, 0x2000


class Events(Flags):
    """Bits of events; a mask of all that there may be is a negative number."""

    def show(self, seen: Seen) -> str:
        return str(seen) if isinstance(seen, int) and seen < 0 else super().show(seen)


_POLLABLE: tuple[Choice, ...] = (
    *(Use("fd:event"), Use("fd:pipe:r"), Use("fd:pipe:w"), Use("fd:event"), Use("fd:timer"), Use("fd:socket:unix")),
    *(Use("fd:inotify"), Use("fd:signal"), Use("fd:epoll"), Use("fd:pid"), Use("fd", 1), Use("fd:file"), -1),
    *(Use("fd:pty:master"), Use("fd:pty:slave"), Use("fd:proc")),
)
POLLRDNORM, POLLRDBAND, POLLWRNORM, POLLWRBAND, POLLMSG, POLLREMOVE = 0x40, 0x80, 0x100, 0x200, 0x400, 0x1000
POLLFREE = 0x4000

Pollable = Annotated[Fd, Choices(*_POLLABLE)]
PollEvents = Annotated[
    I16,
    Events(named(globals(), "POLL")),
    Choices(POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, POLLIN | POLLRDHUP, 0, -1),
]


class Pollfd(Struct):
    """`struct pollfd`."""

    fd: Annotated[Fd32, Choices(*_POLLABLE)]
    events: PollEvents
    revents: Annotated[PollEvents, Choices(0, -1)]


def _polls() -> Iterator[Blob]:
    """One, two and three `struct pollfd`."""
    ones = list(struct_blobs(Pollfd))
    yield from ones
    for one, other in zip(ones, ones[1:] + ones[:1], strict=True):
        yield joined(one, other)
    each = bytes(Pollfd(events=POLLIN | POLLOUT))
    for at in range(len(_POLLABLE) - 3):
        yield Blob(each * 3, tuple((len(each) * index, 4, fd) for index, fd in enumerate(_POLLABLE[at : at + 3])))


def fd_set(bits: int) -> Blob:
    """An `fd_set` of 128 fds."""
    return Blob(bits.to_bytes(16, "little"))


Polls = Annotated[InOut[Pollfd], Choices(_polls, *BAD_POINTERS, Blob(b""))]
PollCount = Annotated[int, Length(8)]
WaitTime = Annotated[int, Choices(often(0), seldom(1), rarely(-1))]
"""Milliseconds: blocking for ever is tried, rarely."""

FdSet = Annotated[InOut[Struct], Choices(*map(fd_set, (1, 3, 7, 15, 2, 255, 0, 1 << 63)), often(0), UNMAPPED)]
FdSetSize = Annotated[int, Choices(1, 2, 4, 8, 64, 0, 65, -1, 1 << 20)]
SelectTime = Annotated[
    InBytes,
    Choices(often(time_of(0)), seldom(time_of(0, 1), time_of(-1, -1), time_of(0, -1), UNMAPPED)),
]
"""A `struct timeval`, which Linux changes: nobody looks at it."""

_MASKS = tuple(map(Blob, (sigset(), sigset(*range(1, 65)), sigset(signal.SIGUSR1))))
WaitMask = Annotated[InBytes, Choices(often(0), *_MASKS, UNMAPPED)]
"""The signals that are blocked for as long as a call waits, or NULL."""


def _mask_and_size(mask: Blob, size: int = SIGSET_SIZE) -> Blob:
    return Blob(bytes(8) + size.to_bytes(8, "little"), ((0, 8, mask),))


WaitMaskPointer = Annotated[
    InBytes,
    Masked(),
    Choices(
        often(0),
        *map(_mask_and_size, _MASKS),
        seldom(Blob(bytes(16)), _mask_and_size(_MASKS[0], 4), UNMAPPED),
    ),
]
"""Such a mask's address and its size, as the last argument of `pselect6` and `io_pgetevents` has them."""


@syscall(x86_64=7, touches=NOTHING, shows="fd:socket")
def poll(fds: Polls, nfds: PollCount, timeout: WaitTime) -> Count: ...
@syscall(x86_64=271, aarch64=73, since="2.6.16", touches=NOTHING)
def ppoll(fds: Polls, nfds: PollCount, timeout: AtOnce, mask: WaitMask, size: SigsetSize) -> Count: ...
@syscall(x86_64=23, touches=NOTHING)
def select(nfds: FdSetSize, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, timeout: SelectTime) -> Count: ...
@syscall(x86_64=270, aarch64=72, since="2.6.16", touches=NOTHING)
def pselect6(
    nfds: FdSetSize, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, timeout: AtOnce, mask: WaitMaskPointer
) -> Count: ...
