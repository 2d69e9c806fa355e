# ruff: noqa
"""Waiting for events: epoll, poll, select, eventfd, timerfd, signalfd, inotify, fanotify, asynchronous I/O."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.files import O_RDONLY, O_RDWR, DirPath, LongOut, ioctl, iovecs
from conformance.syscalls.machinery.buffers import I32, I64, U32, U64, Buffer, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall, untraced
from conformance.syscalls.machinery.choices import BAD_POINTERS, UNMAPPED, Blob, Choice, Use, room, struct_blobs
from conformance.syscalls.machinery.kinds import (
    Address64,
    AddressKind,
    Any_,
    Array,
    ChosenFd,
    ChosenMemory,
    Count,
    Dir,
    Done,
    FileDescriptor,
    Flags,
    In,
    Int,
    Length,
    Masked,
    MaskedMemory,
    Memory,
    Names,
    Number,
    Out,
    PathKind,
    Renamed,
    Seen,
    Zero,
    named,
)
from conformance.syscalls.machinery.touches import FILES, MEMORY, NOTHING, PROCESS
from conformance.syscalls.signals import InSigset, SigsetSize
from conformance.syscalls.time.clocks import AtOnce
from conformance.syscalls.time.timers import FAR as FAR  # moved
from conformance.syscalls.time.timers import NOW as NOW  # moved
from conformance.syscalls.time.timers import OFF as OFF  # moved
from conformance.syscalls.time.timers import Itimerspec as Itimerspec  # moved
from conformance.syscalls.time.timers import OutTimeLeft as OutTimeLeft  # moved
from conformance.syscalls.time.timers import TimeLeft as TimeLeft  # moved
from conformance.syscalls.time.timers import TimerSetting as TimerSetting  # moved

EPOLLIN, EPOLLPRI, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP = 1, 2, 4, 8, 16, 0x2000
EPOLLEXCLUSIVE, EPOLLWAKEUP, EPOLLONESHOT, EPOLLET = 1 << 28, 1 << 29, 1 << 30, 1 << 31
EPOLL_CTL_ADD, EPOLL_CTL_DEL, EPOLL_CTL_MOD = 1, 2, 3
EPOLL_CLOEXEC = 0o2000000
POLLIN, POLLPRI, POLLOUT, POLLERR, POLLHUP, POLLNVAL, POLLRDHUP = 1, 2, 4, 8, 16, 32, 0x2000
EFD_SEMAPHORE, EFD_NONBLOCK, EFD_CLOEXEC = 1, 0o4000, 0o2000000
TFD_NONBLOCK, TFD_CLOEXEC = 0o4000, 0o2000000
TFD_TIMER_ABSTIME, TFD_TIMER_CANCEL_ON_SET = 1, 2
SFD_NONBLOCK, SFD_CLOEXEC = 0o4000, 0o2000000
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
IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC, IOCB_CMD_POLL, IOCB_CMD_PREADV, IOCB_CMD_PWRITEV = 2, 3, 5, 7, 8
IORING_OFF_SQ_RING, IORING_OFF_CQ_RING, IORING_OFF_SQES = 0, 0x8000000, 0x10000000
IORING_ENTER_GETEVENTS = 1
IORING_OP_NOP, IORING_OP_READ = 0, 22
IORING_SETUP_CQSIZE, IORING_SETUP_CLAMP, IORING_SETUP_ATTACH_WQ, IORING_SETUP_R_DISABLED = 8, 16, 32, 64
IORING_SETUP_SUBMIT_ALL, IORING_SETUP_COOP_TASKRUN, IORING_SETUP_SQE128, IORING_SETUP_CQE32 = 0x80, 0x100, 0x400, 0x800
IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_NO_SQARRAY = 0x1000, 0x2000, 0x10000
IORING_REGISTER_BUFFERS, IORING_UNREGISTER_BUFFERS, IORING_REGISTER_FILES, IORING_UNREGISTER_FILES = 0, 1, 2, 3
IORING_REGISTER_EVENTFD, IORING_UNREGISTER_EVENTFD, IORING_REGISTER_FILES_UPDATE, IORING_REGISTER_EVENTFD_ASYNC = 4, 5, 6, 7
IORING_REGISTER_PROBE, IORING_REGISTER_PERSONALITY, IORING_UNREGISTER_PERSONALITY = 8, 9, 10
IORING_REGISTER_RESTRICTIONS, IORING_REGISTER_ENABLE_RINGS = 11, 12
TFD_IOC_SET_TICKS, EPIOCSPARAMS, EPIOCGPARAMS = 0x40085400, 0x40088A01, 0x80088A02

EpollOperation = Annotated[int, Flags(named(globals(), "EPOLL_CTL_"), bits=False, plain=(EPOLL_CTL_ADD, EPOLL_CTL_ADD, EPOLL_CTL_ADD))]
EpollFlags = Annotated[int, Flags({"EPOLL_CLOEXEC": EPOLL_CLOEXEC})]
EventfdFlags = Annotated[int, Flags(named(globals(), "EFD_"), only=(*(EFD_NONBLOCK, EFD_NONBLOCK | EFD_CLOEXEC, EFD_NONBLOCK | EFD_SEMAPHORE) * 4, 0, EFD_CLOEXEC, 2, -1))]
TimerfdFlags = Annotated[int, Flags(named(globals(), "TFD_NONBLOCK", "TFD_CLOEXEC"), only=(*(TFD_NONBLOCK, TFD_NONBLOCK | TFD_CLOEXEC) * 5, 0, TFD_CLOEXEC, 1, -1))]
SetTimeFlags = Annotated[int, Flags(named(globals(), "TFD_TIMER_"), plain=(0, 0, TFD_TIMER_ABSTIME))]
SignalfdFlags = Annotated[int, Flags(named(globals(), "SFD_"), only=(*(SFD_NONBLOCK, SFD_NONBLOCK | SFD_CLOEXEC) * 5, 0, SFD_CLOEXEC, 1, -1))]
FanotifyFlags = Annotated[int, Flags(named(globals(), "FAN_CLOEXEC", "FAN_NONBLOCK", "FAN_CLASS", "FAN_UNLIM", "FAN_REPORT"), only=(*(FAN_NONBLOCK, FAN_NONBLOCK | FAN_CLOEXEC) * 6, FAN_NONBLOCK | FAN_REPORT_FID, FAN_NONBLOCK | FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME, FAN_NONBLOCK | FAN_REPORT_NAME, FAN_NONBLOCK | FAN_REPORT_TID, FAN_NONBLOCK | FAN_REPORT_PIDFD, FAN_NONBLOCK | FAN_CLASS_CONTENT, FAN_NONBLOCK | FAN_CLASS_PRE_CONTENT, FAN_NONBLOCK | 0xC, FAN_NONBLOCK | FAN_CLASS_CONTENT | FAN_REPORT_FID, FAN_NONBLOCK | FAN_UNLIMITED_QUEUE, 1 << 30, -1))]
FanotifyMark = Annotated[int, Flags(named(globals(), "FAN_MARK_"), only=(*(FAN_MARK_ADD,) * 8, FAN_MARK_REMOVE, FAN_MARK_REMOVE, FAN_MARK_FLUSH, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_MARK_ADD | 4, FAN_MARK_ADD | 0x20, FAN_MARK_ADD | FAN_MARK_REMOVE, 0, 1 << 30))]
FanotifyEvents = Annotated[int, Flags(named(globals(), "FAN_ACCESS", "FAN_MODIFY", "FAN_CLOSE_", "FAN_OPEN", "FAN_CREATE", "FAN_DELETE", "FAN_ONDIR", "FAN_EVENT_ON_CHILD"), only=(*(FAN_OPEN | FAN_ACCESS | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE,) * 4, FAN_MODIFY, FAN_OPEN | FAN_ONDIR, FAN_OPEN | FAN_EVENT_ON_CHILD, FAN_CREATE, FAN_CREATE | FAN_DELETE | FAN_ONDIR, FAN_OPEN_EXEC, 0, 1 << 40, 0x20))]
"""Without the events that ask for permission: nobody would give it."""
EventFlags = Annotated[int, Flags({"O_RDONLY": O_RDONLY, "O_RDWR": O_RDWR, "O_CLOEXEC": 0o2000000, "O_LARGEFILE": 0o100000}, plain=(0, 0))]

EpollFd = Annotated[int, FileDescriptor("epoll")]
EventFd = Annotated[int, FileDescriptor("event")]
TimerFd = Annotated[int, FileDescriptor("timer")]
SignalFd = Annotated[int, FileDescriptor("signal")]
SignalFdOrNew = Annotated[int, FileDescriptor("signal", *(-1,) * 12)]
FanotifyFd = Annotated[int, FileDescriptor("fanotify")]
UringFd = Annotated[int, FileDescriptor("uring")]
_POLLABLE = (Use("fd:event"), Use("fd:pipe:r"), Use("fd:pipe:w"), Use("fd:event"), Use("fd:timer"), Use("fd:socket:unix"), Use("fd:inotify"), Use("fd:signal"), Use("fd:epoll"), Use("fd:pid"), Use("fd", 1), Use("fd:file"), -1)
Pollable = Annotated[int, ChosenFd("", *_POLLABLE)]
Pollable32 = Annotated[int, Layout(ctypes.c_int32), ChosenFd("", *_POLLABLE)]
WaitTime = Annotated[int, Number(*(0,) * 36, 1, 1, 1, -1)]
"""Milliseconds: blocking for ever is tried, rarely."""
Clock_ = Annotated[int, Flags({"CLOCK_MONOTONIC": 1, "CLOCK_REALTIME": 0, "CLOCK_BOOTTIME": 7, "CLOCK_REALTIME_ALARM": 8}, bits=False, plain=(1, 1, 0))]
Entries_ = Annotated[int, Number(1, 2, 4, 8, 3, 0, -1, 4096, 1 << 20)]
CountOf12 = Annotated[int, Length(12)]
CountOf8 = Annotated[int, Length(8)]


class Events(Number):
    """Bits of events, shown by their names; tried are combinations that mean something."""

    def __init__(self, prefix: str, *choices: Choice) -> None:
        super().__init__(*choices)
        self._flags = Flags(named(globals(), *(f"{prefix}{name}" for name in ("IN", "PRI", "OUT", "ERR", "HUP", "NVAL", "RDHUP", "EXCLUSIVE", "WAKEUP", "ONESHOT", "ET"))))

    def show(self, seen: Seen) -> str:
        return self._flags.show(seen) if isinstance(seen, int) and seen > 0 else super().show(seen)


class EpollEvent(Struct):
    """`struct epoll_event`: packed on x86-64. The data is split, since it is a case's own number."""

    events: Annotated[int, Layout(ctypes.c_uint32), Events("EPOLL", EPOLLIN, EPOLLOUT, EPOLLIN | EPOLLOUT, EPOLLIN | EPOLLET, EPOLLIN | EPOLLONESHOT, EPOLLIN | EPOLLEXCLUSIVE, EPOLLIN | EPOLLRDHUP | EPOLLPRI, EPOLLIN | EPOLLEXCLUSIVE | EPOLLONESHOT, 0, 0xFFFFFFFF)]
    data: Annotated[int, Layout(ctypes.c_uint32), Number(1, 2, 3)]
    data_high: Annotated[int, Layout(ctypes.c_uint32), Number(0, 7)]


class Pollfd(Struct):
    """`struct pollfd`."""

    fd: Pollable32
    events: Annotated[int, Layout(ctypes.c_int16), Events("POLL", POLLIN, POLLOUT, POLLIN | POLLOUT, POLLPRI, POLLIN | POLLRDHUP, 0, -1)]
    revents: Annotated[int, Layout(ctypes.c_int16), Events("POLL", 0, -1)]


class PollArray(Array):
    """Some `struct pollfd` in a row, one after the other another fd."""

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        yield from ()  # the fds are the program's own

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*super().choices(struct), *(_polls(*_POLLABLE[at : at + 3]) for at in range(len(_POLLABLE) - 3)))


def _polls(*fds: Choice) -> Blob:
    one = b"\0\0\0\0" + (POLLIN | POLLOUT).to_bytes(2, "little") + b"\0\0"
    return Blob(one * len(fds), tuple((8 * at, 4, fd) for at, fd in enumerate(fds)))


class AioContext(Struct):
    """`aio_context_t`: an address."""

    context: Annotated[int, Layout(ctypes.c_uint64), Renamed("aio", keep=(0,))]


class Iocb(Struct):
    """`struct iocb`."""

    data: Annotated[int, Layout(ctypes.c_uint64), Number(0x1234, 1)]
    key: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    rw_flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, 2, 8, 1 << 30)]
    opcode: Annotated[int, Layout(ctypes.c_uint16), Number(IOCB_CMD_PREAD, IOCB_CMD_PWRITE, IOCB_CMD_FSYNC, IOCB_CMD_FDSYNC, IOCB_CMD_POLL, 6, 99)]
    priority: Annotated[int, Layout(ctypes.c_int16), Number(0)]
    fd: Annotated[int, Layout(ctypes.c_int32), FileDescriptor("file", Use("fd:file"), Use("fd:event"), Use("fd:pipe:r"))]
    buf: Annotated[int, Layout(ctypes.c_uint64), AddressKind(room(16), room(64), POLLIN, 0, UNMAPPED)]
    nbytes: Annotated[int, Layout(ctypes.c_uint64), Number(16, 5, 0, -1)]
    offset: Annotated[int, Layout(ctypes.c_int64), Number(0, 5, 26, -1)]
    reserved: U64
    flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, IOCB_FLAG_RESFD, 4)]
    resfd: Annotated[int, Layout(ctypes.c_int32), FileDescriptor("event", 0)]


class IoEvent(Struct):
    """`struct io_event`."""

    data: U64
    obj: Address64
    res: I64
    res2: I64


class IocbPointers(MaskedMemory):
    """Addresses of some `struct iocb`."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        ones = tuple(struct_blobs(Iocb))
        pairs = (Blob(bytes(16), ((0, 8, one), (8, 8, other))) for one, other in zip(ones[::2], ones[1::2], strict=False))
        return (*(Blob(bytes(8), ((0, 8, one),)) for one in ones), *pairs, Blob(bytes(8)), Blob(UNMAPPED.to_bytes(8, "little")), Blob(b""), UNMAPPED, 0)


class SigsetPointers(MaskedMemory):
    """A signal set's address and its size, as the last argument of `pselect6` and `io_pgetevents` has them."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        own = tuple(Blob(bytes(8) + (8).to_bytes(8, "little"), ((0, 8, Blob(mask)),)) for mask in (bytes(8), b"\xff" * 8, b"\0\2" + bytes(6)))
        return (*(0,) * 12, *own, *own, Blob(bytes(16)), Blob(bytes(8) + (4).to_bytes(8, "little"), ((0, 8, Blob(bytes(8))),)), UNMAPPED)


Pointers = Annotated[bytes | Buffer | int | None, MaskedMemory()]
"""Memory that holds addresses."""
SigsetPointer = Annotated[bytes | Buffer | int | None, SigsetPointers()]
NoOrSigset = Annotated[bytes | Buffer | int | None, ChosenMemory(*(0,) * 8, Blob(bytes(8)), Blob(b"\xff" * 8), Blob(b"\0\2" + bytes(6)), UNMAPPED)]
Iocbs = Annotated[bytes | Buffer | int | None, IocbPointers()]
EpollEvents = Annotated[EpollEvent | Buffer | int | None, Memory(out=True, reads=False, choices=(*(room(12),) * 4, *(room(48),) * 4, room(12, edge=True)))]
FdSet = Annotated[Struct | bytes | Buffer | int | None, ChosenMemory(*(Blob(bits + bytes(16 - len(bits))) for bits in (b"\1", b"\3", b"\7", b"\x0f", b"\2", b"\xff", b"\0", b"\0\0\0\0\0\0\0\x80")), *(0,) * 12, UNMAPPED, out=True)]
FdSetSize = Annotated[int, Number(1, 2, 4, 4, 8, 64, 64, 0, 65, -1, 1 << 20)]
Timeval = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(bytes(16)),) * 12, Blob(bytes(8) + b"\1" + bytes(7)), Blob(b"\xff" * 16), Blob(bytes(8) + b"\xff" * 8), UNMAPPED)]
AioId = Annotated[int, Renamed("aio", keep=(0,))]
NewAio = Annotated[AioContext | bytes | Buffer | int | None, ChosenMemory(*(Blob(bytes(8)),) * 8, Blob(b"\1" + bytes(7)), UNMAPPED, 0, out=True, reads=False)]
AioSize = Annotated[int, Number(1, 1, 8, 128, 0, -1)]
AioCount = Annotated[int, Number(1, 1, 1, 2, 0, -1)]
Submitted = Annotated[int, Done("submitted")]
AioMinimum = Annotated[int, Number(*(0,) * 6, *(Use("submitted"),) * 6, 2, -1)]
IoEvents = Annotated[IoEvent | Buffer | int | None, Memory(out=True, reads=False, choices=(*(room(32),) * 4, *(room(64),) * 4, room(32, edge=True)))]


class Unknown(Masked):
    """What a kernel fills in, and does not say anything about how it behaves: 0 before the call."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (0, 0, 0, 1)


Unknown32 = Annotated[int, Layout(ctypes.c_uint32), Unknown()]
Unknown64 = Annotated[int, Layout(ctypes.c_uint64), Unknown()]


class ParamsMemory(Memory):
    """A `struct io_uring_params`: the fd in it is the program's own."""

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        yield from ()


class RingOffsets(Struct):
    """The kernel's `struct io_sqring_offsets`, which is as large as that of the other ring."""

    head: Unknown32
    tail: Unknown32
    ring_mask: Unknown32
    ring_entries: Unknown32
    flags: Unknown32
    dropped: Unknown32
    array: Unknown32
    resv1: Unknown32
    reserved: Unknown64


class IoUringParams(Struct):
    """`struct io_uring_params`. Where things lie in the rings, and what a kernel knows, is its choice."""

    sq_entries: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    cq_entries: Annotated[int, Layout(ctypes.c_uint32), Number(0, 8, 1, 1 << 20)]
    flags: Annotated[int, Layout(ctypes.c_uint32), Number(0, IORING_SETUP_CQSIZE, IORING_SETUP_CLAMP, IORING_SETUP_R_DISABLED, IORING_SETUP_SUBMIT_ALL, IORING_SETUP_SINGLE_ISSUER, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_DEFER_TASKRUN, IORING_SETUP_ATTACH_WQ, 1 << 31)]
    sq_thread_cpu: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    sq_thread_idle: Annotated[int, Layout(ctypes.c_uint32), Number(0)]
    features: Unknown32
    wq_fd: Annotated[int, Layout(ctypes.c_uint32), ChosenFd("uring", 0, Use("fd:uring"), Use("fd"))]
    reserved0: U32
    reserved1: U32
    reserved2: U32
    sq_off: RingOffsets
    cq_off: RingOffsets


class ProbeMemory(MaskedMemory):
    """Which operations a kernel knows: a matter of its version."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (Blob(bytes(16 + 8 * 4)), Blob(bytes(16)), Blob(b"\1" * 48), UNMAPPED)


def _ints(*choices: Choice) -> Blob:
    return Blob(bytes(4 * len(choices)), tuple((4 * at, 4, choice) for at, choice in enumerate(choices)))


FileTable = Annotated[bytes | Buffer | int | None, ChosenMemory(_ints(Use("fd:file")), _ints(Use("fd:file"), Use("fd:pipe:r")), _ints(Use("fd"), -1), _ints(99), _ints(Use("fd:uring")), Blob(b""), UNMAPPED, 0)]
BufferTable = Annotated[bytes | Buffer | int | None, ChosenMemory(iovecs(room(64)), iovecs(room(64), room(16)), iovecs(UNMAPPED), iovecs(Blob(b"")), iovecs(), UNMAPPED, 0)]
EventFdPointer = Annotated[bytes | Buffer | int | None, ChosenMemory(_ints(Use("fd:event")), _ints(Use("fd:event")), _ints(Use("fd:file")), _ints(-1), UNMAPPED, 0)]
Probe = Annotated[bytes | Buffer | int | None, ProbeMemory(out=True)]
CountOf4 = Annotated[int, Length(4)]
CountOf16 = Annotated[int, Length(16)]
ProbeCount = Annotated[int, Number(4, 4, 0, 257)]
One = Annotated[int, Number(1, 1, 1, 0, 2)]
No = Annotated[int, Number(0, 0, 0, 1)]
UringPersonality = Annotated[int, Renamed("personality")]
UringOpcode = Annotated[int, Flags(named(globals(), "IORING_REGISTER_", "IORING_UNREGISTER_"), bits=False, plain=(IORING_UNREGISTER_FILES,))]
UringEnter = Annotated[int, Flags({"IORING_ENTER_GETEVENTS": 1, "IORING_ENTER_SQ_WAKEUP": 2, "IORING_ENTER_SQ_WAIT": 4})]
Submit = Annotated[int, Number(0, 0, 0, 1, 2)]
Ticks = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(number.to_bytes(8, "little")) for number in (1, 5, 0)), UNMAPPED)]
Polls = Annotated[Pollfd | bytes | Buffer | int | None, PollArray(out=True)]
EventCount = Annotated[int, Number(1, 1, 1, 0, 5, 0xFFFFFFFF)]
AioMaximum = Annotated[int, Number(*(1,) * 8, 2, 2, 0, -1)]
UringParams = Annotated[IoUringParams | bytes | Buffer | int | None, ParamsMemory(out=True)]


@syscall(x86_64=291, aarch64=20, since="2.6.27", touches=NOTHING)
def epoll_create1(flags: EpollFlags) -> EpollFd: ...
@syscall(x86_64=213, touches=NOTHING)
def epoll_create(size: One) -> EpollFd: ...
@syscall(x86_64=233, aarch64=21, touches=NOTHING)
def epoll_ctl(epfd: EpollFd, op: EpollOperation, fd: Pollable, event: In[EpollEvent]) -> Zero: ...
@syscall(x86_64=232, touches=NOTHING, shows="fd:epoll")
def epoll_wait(epfd: EpollFd, events: EpollEvents, maxevents: CountOf12, timeout: WaitTime) -> Count: ...
@syscall(x86_64=281, aarch64=22, since="2.6.19", touches=NOTHING)
def epoll_pwait(epfd: EpollFd, events: EpollEvents, maxevents: CountOf12, timeout: WaitTime, mask: NoOrSigset, size: SigsetSize) -> Count: ...
@syscall(number=441, since="5.11", touches=FILES)
def epoll_pwait2(epfd: EpollFd, events: EpollEvents, maxevents: CountOf12, timeout: AtOnce, mask: NoOrSigset, size: SigsetSize) -> Count: ...
@operation(ioctl, request=EPIOCSPARAMS, touches=NOTHING)
def ioctl_epiocsparams(fd: EpollFd, request: Int, arg: Ticks = 0) -> Zero: ...
@operation(ioctl, request=EPIOCGPARAMS, touches=NOTHING)
def ioctl_epiocgparams(fd: EpollFd, request: Int, arg: LongOut = 0) -> Zero: ...
@syscall(x86_64=7, touches=NOTHING, shows="fd:socket")
def poll(fds: Polls, nfds: CountOf8, timeout: WaitTime) -> Count: ...
@syscall(x86_64=271, aarch64=73, since="2.6.16", touches=NOTHING)
def ppoll(fds: Polls, nfds: CountOf8, timeout: AtOnce, mask: NoOrSigset, size: SigsetSize) -> Count: ...
@syscall(x86_64=23, touches=NOTHING)
def select(nfds: FdSetSize, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, timeout: Timeval) -> Count: ...
@syscall(x86_64=270, aarch64=72, since="2.6.16", touches=NOTHING)
def pselect6(nfds: FdSetSize, readfds: FdSet, writefds: FdSet, exceptfds: FdSet, timeout: AtOnce, mask: SigsetPointer) -> Count: ...
@syscall(x86_64=290, aarch64=19, since="2.6.27", touches=NOTHING)
def eventfd2(initial: EventCount, flags: EventfdFlags) -> EventFd: ...
@syscall(x86_64=284, since="2.6.22", touches=NOTHING)
def eventfd(initial: EventCount) -> EventFd: ...
@syscall(x86_64=283, aarch64=85, since="2.6.25", touches=NOTHING)
def timerfd_create(clock: Clock_, flags: TimerfdFlags) -> TimerFd: ...
@syscall(x86_64=286, aarch64=86, since="2.6.25", touches=NOTHING)
def timerfd_settime(fd: TimerFd, flags: SetTimeFlags, new: TimerSetting, old: OutTimeLeft) -> Zero: ...
@syscall(x86_64=287, aarch64=87, since="2.6.25", touches=NOTHING, shows="fd:timer")
def timerfd_gettime(fd: TimerFd, current: OutTimeLeft) -> Zero: ...
@operation(ioctl, request=TFD_IOC_SET_TICKS, touches=NOTHING)
def ioctl_tfd_set_ticks(fd: TimerFd, request: Int, arg: Ticks = 0) -> Zero: ...
@syscall(x86_64=289, aarch64=74, since="2.6.27", touches=NOTHING)
def signalfd4(fd: SignalFdOrNew, mask: InSigset, size: SigsetSize, flags: SignalfdFlags) -> SignalFd: ...
@syscall(x86_64=282, since="2.6.22", touches=NOTHING)
def signalfd(fd: SignalFdOrNew, mask: InSigset, size: SigsetSize) -> SignalFd: ...
@syscall(x86_64=300, aarch64=262, since="2.6.37", touches=PROCESS)
def fanotify_init(flags: FanotifyFlags, event_flags: EventFlags) -> FanotifyFd: ...
@syscall(x86_64=301, aarch64=263, since="2.6.37", never="can stop every process of a mount by its permission events")
def fanotify_mark(fd: FanotifyFd, flags: FanotifyMark, mask: FanotifyEvents, dirfd: Dir, path: DirPath) -> Zero: ...
@syscall(x86_64=206, aarch64=0, touches=PROCESS | MEMORY)
def io_setup(count: AioSize, context: NewAio) -> Zero: ...
@syscall(x86_64=207, aarch64=1, never="waits for a grace period of the kernel, longer than a call may take")
def io_destroy(context: AioId) -> Zero: ...
@syscall(x86_64=209, aarch64=2, touches=PROCESS)
def io_submit(context: AioId, count: AioCount, iocbs: Iocbs) -> Submitted: ...
@syscall(x86_64=208, aarch64=4, touches=PROCESS)
def io_getevents(context: AioId, minimum: AioMinimum, maximum: AioMaximum, events: IoEvents, timeout: AtOnce) -> Count: ...
@syscall(x86_64=333, aarch64=292, since="4.18", touches=PROCESS)
def io_pgetevents(context: AioId, minimum: AioMinimum, maximum: AioMaximum, events: IoEvents, timeout: AtOnce, mask: SigsetPointer) -> Count: ...
@syscall(x86_64=210, aarch64=3, touches=PROCESS)
def io_cancel(context: AioId, iocb: In[Iocb], result: Out[IoEvent]) -> Zero: ...
@syscall(number=425, since="5.1", touches=PROCESS)
def io_uring_setup(entries: Entries_, params: UringParams) -> UringFd: ...
@syscall(number=426, since="5.1", never="lets threads of the kernel go on beyond the program's end")
def io_uring_enter(fd: UringFd, submit: Submit, complete: No, flags: UringEnter, argument: NoOrSigset, size: SigsetSize) -> Count: ...
@syscall(number=427, since="5.1", touches=PROCESS)
def io_uring_register(fd: UringFd, opcode: UringOpcode, argument: Any_, count: Int) -> Int: ...
@operation(io_uring_register, opcode=(IORING_REGISTER_FILES, IORING_REGISTER_FILES))
def io_uring_register_files(fd: UringFd, opcode: UringOpcode, argument: FileTable, count: CountOf4) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_BUFFERS)
def io_uring_register_buffers(fd: UringFd, opcode: UringOpcode, argument: BufferTable, count: CountOf16) -> Zero: ...
@operation(io_uring_register, opcode=(IORING_UNREGISTER_BUFFERS, IORING_UNREGISTER_FILES, IORING_UNREGISTER_EVENTFD, IORING_REGISTER_ENABLE_RINGS))
def io_uring_register_nothing(fd: UringFd, opcode: UringOpcode, argument: No, count: No) -> Zero: ...
@operation(io_uring_register, opcode=(IORING_REGISTER_EVENTFD, IORING_REGISTER_EVENTFD_ASYNC))
def io_uring_register_eventfd(fd: UringFd, opcode: UringOpcode, argument: EventFdPointer, count: One) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_PROBE)
def io_uring_register_probe(fd: UringFd, opcode: UringOpcode, argument: Probe, count: ProbeCount) -> Zero: ...
@operation(io_uring_register, opcode=IORING_REGISTER_PERSONALITY)
def io_uring_register_personality(fd: UringFd, opcode: UringOpcode, argument: No, count: No) -> UringPersonality: ...
@operation(io_uring_register, opcode=IORING_UNREGISTER_PERSONALITY)
def io_uring_register_no_personality(fd: UringFd, opcode: UringOpcode, argument: No, count: UringPersonality) -> Zero: ...


PATIENCE = 4_000
"""Milliseconds to wait for what is bound to come."""


def ready(fd: int, wanted: int = POLLIN, timeout: int = PATIENCE) -> int:
    """What poll(2) says of an fd within `timeout` milliseconds: a set of POLL bits, 0 for nothing. Not traced."""
    state = Pollfd(fd=fd, events=wanted)
    with untraced():
        poll(state, 1, timeout)
    return int(state.revents)

# -- moved
from conformance.syscalls.polling.inotify import (  # noqa: E402
    IN_NONBLOCK as IN_NONBLOCK,
    IN_CLOEXEC as IN_CLOEXEC,
    IN_ACCESS as IN_ACCESS,
    IN_MODIFY as IN_MODIFY,
    IN_ATTRIB as IN_ATTRIB,
    IN_CLOSE_WRITE as IN_CLOSE_WRITE,
    IN_CLOSE_NOWRITE as IN_CLOSE_NOWRITE,
    IN_OPEN as IN_OPEN,
    IN_MOVED_FROM as IN_MOVED_FROM,
    IN_MOVED_TO as IN_MOVED_TO,
    IN_CREATE as IN_CREATE,
    IN_DELETE as IN_DELETE,
    IN_DELETE_SELF as IN_DELETE_SELF,
    IN_MOVE_SELF as IN_MOVE_SELF,
    IN_ALL_EVENTS as IN_ALL_EVENTS,
    IN_UNMOUNT as IN_UNMOUNT,
    IN_Q_OVERFLOW as IN_Q_OVERFLOW,
    IN_IGNORED as IN_IGNORED,
    IN_ONLYDIR as IN_ONLYDIR,
    IN_DONT_FOLLOW as IN_DONT_FOLLOW,
    IN_EXCL_UNLINK as IN_EXCL_UNLINK,
    IN_MASK_CREATE as IN_MASK_CREATE,
    IN_MASK_ADD as IN_MASK_ADD,
    IN_ISDIR as IN_ISDIR,
    IN_ONESHOT as IN_ONESHOT,
    INOTIFY_IOC_SETNEXTWD as INOTIFY_IOC_SETNEXTWD,
    InotifyFlags as InotifyFlags,
    InotifyMask as InotifyMask,
    InotifyFd as InotifyFd,
    Watch as Watch,
    WatchedPath as WatchedPath,
    NextWatch as NextWatch,
    InotifyEvent as InotifyEvent,
    inotify_init1 as inotify_init1,
    inotify_init as inotify_init,
    inotify_add_watch as inotify_add_watch,
    inotify_rm_watch as inotify_rm_watch,
    ioctl_inotify_setnextwd as ioctl_inotify_setnextwd,
)
# -- end of moved
