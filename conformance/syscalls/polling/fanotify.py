"""fanotify(7): being told of what happens to files, and allowing it."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import O_RDONLY, O_RDWR
from conformance.syscalls.files.paths import DirPath
from conformance.syscalls.machinery.aliases import Dir, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, often, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import FILES, NOTHING, PROCESS

FAN_CLOEXEC, FAN_NONBLOCK, FAN_CLASS_NOTIF, FAN_CLASS_CONTENT, FAN_CLASS_PRE_CONTENT = 1, 2, 0, 4, 8
FAN_UNLIMITED_QUEUE, FAN_UNLIMITED_MARKS, FAN_REPORT_PIDFD, FAN_REPORT_TID = 0x10, 0x20, 0x80, 0x100
FAN_REPORT_FID, FAN_REPORT_DIR_FID, FAN_REPORT_NAME = 0x200, 0x400, 0x800

FAN_MARK_ADD, FAN_MARK_REMOVE, FAN_MARK_ONLYDIR, FAN_MARK_MOUNT, FAN_MARK_FLUSH = 1, 2, 8, 0x10, 0x80
FAN_MARK_FILESYSTEM = 0x100

FAN_ACCESS, FAN_MODIFY, FAN_CLOSE_WRITE, FAN_CLOSE_NOWRITE, FAN_OPEN, FAN_OPEN_EXEC = 1, 2, 8, 0x10, 0x20, 0x1000
FAN_CREATE, FAN_DELETE = 0x100, 0x200
FAN_OPEN_PERM, FAN_ACCESS_PERM = 0x10000, 0x20000
FAN_ONDIR, FAN_EVENT_ON_CHILD = 1 << 30, 1 << 27

FAN_EVENT_INFO_TYPE_FID, FAN_EVENT_INFO_TYPE_DFID_NAME = 1, 2

FAN_ALLOW, FAN_DENY = 1, 2
FAN_MARK_INODE, FAN_ATTRIB, FAN_MARK_DONT_FOLLOW, FAN_MARK_IGNORED_MASK, FAN_ENABLE_AUDIT = 0, 4, 4, 0x20, 0x40
FAN_MARK_IGNORED_SURV_MODIFY, FAN_MOVED_FROM, FAN_MOVED_TO, FAN_MOVE, FAN_MARK_MNTNS = 0x40, 0x40, 0x80, 192, 272
FAN_MARK_EVICTABLE, FAN_DELETE_SELF, FAN_MARK_IGNORE, FAN_MARK_IGNORE_SURV = 0x200, 0x400, 0x400, 0x440
FAN_MOVE_SELF, FAN_REPORT_DFID_NAME, FAN_REPORT_TARGET_FID, FAN_REPORT_DFID_NAME_TARGET = 0x800, 0xC00, 0x1000, 0x1E00
FAN_REPORT_FD_ERROR, FAN_Q_OVERFLOW, FAN_REPORT_MNT, FAN_FS_ERROR = 0x2000, 0x4000, 0x4000, 0x8000
FAN_OPEN_EXEC_PERM, FAN_PRE_ACCESS, FAN_MNT_ATTACH, FAN_MNT_DETACH = 0x40000, 0x100000, 0x1000000, 0x2000000
FAN_RENAME = 0x10000000

_EVENTS = (
    "FAN_ACCESS",
    "FAN_MODIFY",
    "FAN_CLOSE_",
    "FAN_OPEN",
    "FAN_CREATE",
    "FAN_DELETE",
    "FAN_ONDIR",
    "FAN_EVENT_ON",
    "FAN_FS_ERROR",
)

FanotifyFlags = Annotated[
    int,
    Flags(named(globals(), "FAN_CLOEXEC", "FAN_NONBLOCK", "FAN_CLASS", "FAN_UNLIM", "FAN_REPORT", "FAN_ENABLE")),
    Choices(
        often(FAN_NONBLOCK, FAN_NONBLOCK | FAN_CLOEXEC),
        *(FAN_NONBLOCK | FAN_REPORT_FID, FAN_NONBLOCK | FAN_REPORT_TID, FAN_NONBLOCK | FAN_REPORT_PIDFD),
        FAN_NONBLOCK | FAN_REPORT_FID | FAN_REPORT_DIR_FID | FAN_REPORT_NAME,
        FAN_NONBLOCK | FAN_REPORT_NAME,
        *(FAN_NONBLOCK | FAN_CLASS_CONTENT, FAN_NONBLOCK | FAN_CLASS_PRE_CONTENT),
        FAN_NONBLOCK | FAN_CLASS_CONTENT | FAN_CLASS_PRE_CONTENT,
        FAN_NONBLOCK | FAN_CLASS_CONTENT | FAN_REPORT_FID,
        *(FAN_NONBLOCK | FAN_UNLIMITED_QUEUE, 1 << 30, -1),
    ),
]
EventFlags = Annotated[
    int,
    Flags({"O_RDONLY": O_RDONLY, "O_RDWR": O_RDWR, "O_CLOEXEC": 0o2000000, "O_LARGEFILE": 0o100000}),
    Choices(0, ...),
]
FanotifyFd = Annotated[int, FileDescriptor("fanotify")]
FanotifyMark = Annotated[
    int,
    Flags(named(globals(), "FAN_MARK_")),
    Choices(
        often(FAN_MARK_ADD),
        FAN_MARK_REMOVE,
        seldom(FAN_MARK_FLUSH, FAN_MARK_ADD | FAN_MARK_ONLYDIR, FAN_MARK_ADD | 4, FAN_MARK_ADD | 0x20),
        seldom(FAN_MARK_ADD | FAN_MARK_REMOVE, 0, 1 << 30),
    ),
]
FanotifyEvents = Annotated[
    int,
    Flags(named(globals(), *_EVENTS)),
    Choices(
        often(FAN_OPEN | FAN_ACCESS | FAN_MODIFY | FAN_CLOSE_WRITE | FAN_CLOSE_NOWRITE),
        *(FAN_MODIFY, FAN_OPEN | FAN_ONDIR, FAN_OPEN | FAN_EVENT_ON_CHILD, FAN_OPEN_EXEC),
        *(FAN_CREATE, FAN_CREATE | FAN_DELETE | FAN_ONDIR),
        *(0, 1 << 40, 0x20),
    ),
]
"""Without the events that ask for permission: nobody would give it."""


@syscall(x86_64=300, aarch64=262, since="2.6.37", touches=NOTHING)
def fanotify_init(flags: FanotifyFlags, event_flags: EventFlags) -> FanotifyFd: ...
@syscall(x86_64=301, aarch64=263, since="2.6.37", never="can stop every process of a mount by its permission events")
def fanotify_mark(fd: FanotifyFd, flags: FanotifyMark, mask: FanotifyEvents, dirfd: Dir, path: DirPath) -> Zero: ...
@operation(
    fanotify_mark,
    mask=(FAN_OPEN_EXEC, FAN_FS_ERROR, FAN_OPEN_EXEC | FAN_ONDIR, FAN_OPEN_EXEC | FAN_EVENT_ON_CHILD, 0, 0x80, 1 << 40),
    touches=FILES | PROCESS,
    refused="nothing: without events that ask for permission nobody is stopped",
)
def fanotify_mark_quiet(
    fd: FanotifyFd, flags: FanotifyMark, mask: FanotifyEvents, dirfd: Dir, path: DirPath
) -> Zero: ...
