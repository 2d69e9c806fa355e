"""Waiting for events: epoll, poll, select, eventfd, timerfd, signalfd, inotify, fanotify, asynchronous I/O."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import I16, I32, I64, U16, U32, U64, Buffer, Struct
from conformance.syscalls.call import syscall, untraced
from conformance.syscalls.files import Timespec
from conformance.syscalls.kinds import (
    Address,
    Address64,
    Any_,
    Bits,
    Count,
    Dir,
    Fd,
    Fd32,
    Flags,
    In,
    InBytes,
    InOut,
    Int,
    MaskedMemory,
    Out,
    Path,
    Size,
    Zero,
    named,
)

EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP = 1, 2, 4, 8, 16, 0x2000
EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET = 1 << 28, 1 << 29, 1 << 30, 1 << 31
EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD = 1, 2, 3
EPOLL_CLOEXEC = 0o2000000
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP = 1, 2, 4, 8, 16, 32, 0x2000
EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC = 1, 0o4000, 0o2000000
TFD_NONBLOCK, TFD_CLOEXEC = 0o4000, 0o2000000
TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2
SFD_NONBLOCK, SFD_CLOEXEC = 0o4000, 0o2000000
IN_NONBLOCK, IN_CLOEXEC = 0o4000, 0o2000000
IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN = 1, 2, 4, 8, 16, 32
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF = 64, 128, 256, 512, 1024, 2048
IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED = 0x2000, 0x4000, 0x8000
IN_ONLYDIR, IN_DONT_FOLLOW, IN_EXCL_UNLINK, IN_MASK_CREATE = 1 << 24, 1 << 25, 1 << 26, 1 << 28
IN_MASK_ADD, IN_ISDIR, IN_ONESHOT = 1 << 29, 1 << 30, 1 << 31
FAN_CLOEXEC, FAN_NONBLOCK, FAN_CLASS_NOTIF, FAN_CLASS_CONTENT, FAN_CLASS_PRE_CONTENT = 1, 2, 0, 4, 8
FAN_UNLIMITED_QUEUE, FAN_UNLIMITED_MARKS, FAN_REPORT_PIDFD, FAN_REPORT_TID = 0x10, 0x20, 0x80, 0x100
FAN_REPORT_FID, FAN_REPORT_DIR_FID, FAN_REPORT_NAME = 0x200, 0x400, 0x800
FAN_MARK_ADD, FAN_MARK_REMOVE, FAN_MARK_ONLYDIR, FAN_MARK_MOUNT, FAN_MARK_FLUSH = 1, 2, 8, 0x10, 0x80
FAN_MARK_FILESYSTEM = 0x100
FAN_ACCESS, FAN_MODIFY, FAN_CLOSE_WRITE, FAN_CLOSE_NOWRITE, FAN_OPEN, FAN_OPEN_EXEC = 1, 2, 8, 16, 32, 0x1000
FAN_CREATE, FAN_DELETE = 0x100, 0x200
FAN_OPEN_PERM, FAN_ACCESS_PERM = 0x10000, 0x20000
FAN_ONDIR, FAN_EVENT_ON_CHILD = 1 << 30, 1 << 27
FAN_ALLOW, FAN_DENY = 1, 2
FAN_EVENT_INFO_TYPE_FID, FAN_EVENT_INFO_TYPE_DFID_NAME = 1, 2
IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_FLAG_RESFD = 0, 1, 1
IORING_OFF_SQ_RING, IORING_OFF_CQ_RING, IORING_OFF_SQES = 0, 0x8000000, 0x10000000
IORING_ENTER_GETEVENTS = 1
IORING_OP_NOP, IORING_OP_READ = 0, 22

EpollOperation = Annotated[int, Flags(named(globals(), "EPOLL_CTL_"), bits=False)]
InotifyMask = Annotated[int, Flags(named(globals(), "IN_"))]
FanotifyFlags = Annotated[int, Flags(named(globals(), "FAN_CLOEXEC", "FAN_NONBLOCK", "FAN_CLASS", "FAN_UNLIM", "FAN_REPORT"))]
FanotifyMark = Annotated[int, Flags(named(globals(), "FAN_MARK_"))]


class EpollEvent(Struct):
    """`struct epoll_event`: packed on x86-64. The data is split, since it is a case's own number."""

    events: U32
    data: U32
    data_high: U32


class Pollfd(Struct):
    """`struct pollfd`."""

    fd: Fd32
    events: I16
    revents: I16


class Itimerspec(Struct):
    """`struct itimerspec`."""

    it_interval: Timespec
    it_value: Timespec


class InotifyEvent(Struct):
    """The head of `struct inotify_event`; `len` bytes of name follow."""

    wd: I32
    mask: U32
    cookie: U32
    len: U32


class AioContext(Struct):
    """`aio_context_t`: an address."""

    context: Address64


class Iocb(Struct):
    """`struct iocb`."""

    data: U64
    key: U32
    rw_flags: U32
    opcode: U16
    priority: I16
    fd: Fd32
    buf: Address64
    nbytes: U64
    offset: I64
    reserved: U64
    flags: U32
    resfd: Fd32


class IoEvent(Struct):
    """`struct io_event`."""

    data: U64
    obj: Address64
    res: I64
    res2: I64


Pointers = Annotated[bytes | Buffer | int | None, MaskedMemory()]
"""Memory that holds addresses."""


@syscall
def epoll_create(size: Int) -> Fd: ...
@syscall
def epoll_create1(flags: Bits) -> Fd: ...
@syscall
def epoll_ctl(epfd: Fd, op: EpollOperation, fd: Fd, event: In[EpollEvent]) -> Zero: ...
@syscall
def epoll_wait(epfd: Fd, events: Out[EpollEvent], maxevents: Int, timeout: Int) -> Count: ...
@syscall
def epoll_pwait(epfd: Fd, events: Out[EpollEvent], maxevents: Int, timeout: Int, mask: InBytes, size: Size) -> Count: ...
@syscall
def epoll_pwait2(epfd: Fd, events: Out[EpollEvent], maxevents: Int, timeout: In[Timespec], mask: InBytes, size: Size) -> Count: ...
@syscall
def poll(fds: InOut[Pollfd], nfds: Size, timeout: Int) -> Count: ...
@syscall
def ppoll(fds: InOut[Pollfd], nfds: Size, timeout: In[Timespec], mask: InBytes, size: Size) -> Count: ...
@syscall
def select(nfds: Int, readfds: InOut[Struct], writefds: InOut[Struct], exceptfds: InOut[Struct], timeout: InBytes) -> Count: ...
@syscall
def pselect6(nfds: Int, readfds: InOut[Struct], writefds: InOut[Struct], exceptfds: InOut[Struct], timeout: In[Timespec], mask: Pointers) -> Count: ...
@syscall
def eventfd(initial: Int) -> Fd: ...
@syscall
def eventfd2(initial: Int, flags: Bits) -> Fd: ...
@syscall
def timerfd_create(clock: Int, flags: Bits) -> Fd: ...
@syscall
def timerfd_settime(fd: Fd, flags: Bits, new: In[Itimerspec], old: Out[Itimerspec]) -> Zero: ...
@syscall
def timerfd_gettime(fd: Fd, current: Out[Itimerspec]) -> Zero: ...
@syscall
def signalfd(fd: Fd, mask: InBytes, size: Size) -> Fd: ...
@syscall
def signalfd4(fd: Fd, mask: InBytes, size: Size, flags: Bits) -> Fd: ...
@syscall
def inotify_init() -> Fd: ...
@syscall
def inotify_init1(flags: Bits) -> Fd: ...
@syscall
def inotify_add_watch(fd: Fd, path: Path, mask: InotifyMask) -> Int: ...
@syscall
def inotify_rm_watch(fd: Fd, wd: Int) -> Zero: ...
@syscall
def fanotify_init(flags: FanotifyFlags, event_flags: Bits) -> Fd: ...
@syscall
def fanotify_mark(fd: Fd, flags: FanotifyMark, mask: Bits, dirfd: Dir, path: Path) -> Zero: ...
@syscall
def io_setup(count: Int, context: InOut[AioContext]) -> Zero: ...
@syscall
def io_destroy(context: Address) -> Zero: ...
@syscall
def io_submit(context: Address, count: Int, iocbs: Pointers) -> Count: ...
@syscall
def io_getevents(context: Address, minimum: Int, maximum: Int, events: Out[IoEvent], timeout: In[Timespec]) -> Count: ...
@syscall
def io_pgetevents(context: Address, minimum: Int, maximum: Int, events: Out[IoEvent], timeout: In[Timespec], mask: Pointers) -> Count: ...
@syscall
def io_cancel(context: Address, iocb: In[Iocb], result: Out[IoEvent]) -> Zero: ...
@syscall
def io_uring_setup(entries: Int, params: Any_) -> Fd: ...
@syscall
def io_uring_enter(fd: Fd, submit: Int, complete: Int, flags: Bits, argument: InBytes, size: Size) -> Count: ...
@syscall
def io_uring_register(fd: Fd, opcode: Int, argument: Any_, count: Int) -> Int: ...


PATIENCE = 4_000
"""Milliseconds to wait for what is bound to come."""


def ready(fd: int, wanted: int = POLLIN, timeout: int = PATIENCE) -> int:
    """What poll(2) says of an fd within `timeout` milliseconds: a set of POLL bits, 0 for nothing. Not traced."""
    state = Pollfd(fd=fd, events=wanted)
    with untraced():
        poll(state, 1, timeout)
    return int(state.revents)
