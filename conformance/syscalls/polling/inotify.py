"""inotify(7): being told of what happens to files."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.machinery.aliases import Int, Path, Zero
from conformance.syscalls.machinery.buffers import I32, U32, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Renamed, named
from conformance.syscalls.machinery.touches import FILES, NOTHING, PROCESS
from conformance.syscalls.machinery.world import READ_ONLY, UNMAPPED

IN_NONBLOCK, IN_CLOEXEC = 0o4000, 0o2000000

IN_ACCESS, IN_MODIFY, IN_ATTRIB, IN_CLOSE_WRITE, IN_CLOSE_NOWRITE, IN_OPEN = 1, 2, 4, 8, 0x10, 0x20
IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
IN_ALL_EVENTS = 0xFFF

IN_UNMOUNT, IN_Q_OVERFLOW, IN_IGNORED = 0x2000, 0x4000, 0x8000
IN_ONLYDIR, IN_DONT_FOLLOW, IN_EXCL_UNLINK, IN_MASK_CREATE = 1 << 24, 1 << 25, 1 << 26, 1 << 28
IN_MASK_ADD, IN_ISDIR, IN_ONESHOT = 1 << 29, 1 << 30, 1 << 31

INOTIFY_IOC_SETNEXTWD = 0x40044900

_FLAGS = named(globals(), "IN_NONBLOCK", "IN_CLOEXEC")
_EVENTS = {name: bit for name, bit in named(globals(), "IN_").items() if name not in (*_FLAGS, "IN_ALL_EVENTS")}

InotifyFlags = Annotated[
    int,
    Flags(_FLAGS),
    Choices(often(IN_NONBLOCK, IN_NONBLOCK | IN_CLOEXEC), 0, IN_CLOEXEC, 1, -1),
]
"""Reading from an instance that blocks waits for ever where nothing has happened."""
InotifyMask = Annotated[
    int,
    Flags(_EVENTS),
    Choices(
        often(IN_ALL_EVENTS),
        *(IN_CREATE | IN_DELETE, IN_MOVED_FROM | IN_MOVED_TO, IN_ATTRIB | IN_MODIFY),
        IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE,
        ...,
    ),
]
InotifyFd = Annotated[int, FileDescriptor("inotify")]
Watch = Annotated[int, Renamed("wd")]
"""The first watch of a group is 1 on Linux, but that is the kernel's choice."""
WatchedPath = Annotated[
    Path,
    Choices(b".", b"f0", b"d0", seldom(b"l0", b"f1", b"absent", b""), rarely(0, UNMAPPED, READ_ONLY)),
]
NextWatch = Annotated[int, Choices(7, 1, 100, 0, -1)]


class InotifyEvent(Struct):
    """The head of `struct inotify_event`; `len` bytes of name follow."""

    wd: I32
    mask: U32
    cookie: U32
    len: U32


@syscall(x86_64=294, aarch64=26, since="2.6.27", touches=NOTHING)
def inotify_init1(flags: InotifyFlags) -> InotifyFd: ...
@syscall(x86_64=253, since="2.6.13", touches=NOTHING)
def inotify_init() -> InotifyFd: ...
@syscall(x86_64=254, aarch64=27, since="2.6.13", touches=FILES)
def inotify_add_watch(fd: InotifyFd, path: WatchedPath, mask: InotifyMask) -> Watch: ...
@syscall(x86_64=255, aarch64=28, since="2.6.13", touches=NOTHING)
def inotify_rm_watch(fd: InotifyFd, wd: Watch) -> Zero: ...
@operation(ioctl, request=INOTIFY_IOC_SETNEXTWD, touches=PROCESS)
def ioctl_inotify_setnextwd(fd: InotifyFd, request: Int, arg: NextWatch = 0) -> Zero: ...
