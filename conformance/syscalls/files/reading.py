"""read(2), write(2), pread(2), lseek(2): bytes at a position, and the events that some fds give instead."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.machinery.aliases import Count, InBytes, Offset, OutBytes, Size
from conformance.syscalls.machinery.call import Look, syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, Use, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import MASK, FileDescriptor, Flags, Kind, Names, Seen, named
from conformance.syscalls.machinery.touches import NOTHING

SEEK_SET, SEEK_CUR, SEEK_END, SEEK_DATA, SEEK_HOLE = range(5)

Whence = Annotated[int, Flags(named(globals(), "SEEK_"), bits=False)]
Readable = Annotated[
    int,
    FileDescriptor(),
    Choices(
        *(Use("fd:file"), Use("fd"), Use("fd:pipe:r"), Use("fd:inotify")),
        seldom(Use("fd:event"), Use("fd:timer"), Use("fd:signal"), Use("fd:fanotify"), Use("fd:epoll")),
        seldom(Use("fd:socket:unix"), Use("fd:mem"), Use("fd:dir"), Use("fd:path"), Use("fd", 1), -1, 63),
        seldom(Use("fd:pty:master"), Use("fd:pty:slave"), Use("fd:proc")),
    ),
]
Writable = Annotated[
    int,
    FileDescriptor(),
    Choices(
        *(Use("fd:file"), Use("fd"), Use("fd:pipe:w")),
        seldom(Use("fd:event"), Use("fd:socket:unix"), Use("fd:mem"), Use("fd:path"), Use("fd:inotify"), Use("fd", 1)),
        seldom(Use("fd:pty:master"), Use("fd:pty:slave"), Use("fd:proc"), -1),
    ),
]


class Stream(Kind):
    """What `read` gives: bytes of a file, or events, of which cookies, pids and fds are the kernel's choice.

    Events are known by their form, which is too regular for chance: all of the bytes have to be of it.
    """

    named = ("wd", "cookie", "fd", "pid", "portid")
    EVENT, SIGNAL = 24, 128
    """Bytes of a `struct fanotify_event_metadata` and of a `struct signalfd_siginfo`."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 16:
            return seen
        try:
            data = seen.encode("latin-1")
        except UnicodeEncodeError:  # cut off
            return seen
        if seen.startswith("QSIZE:"):  # a message queue's status (mq_overview(7))
            return re.sub(r"NOTIFY_PID:\d+ *", "NOTIFY_PID", seen)
        found = self._signals(data, names) or self._file_events(data, names) or self._watch_events(data, names)
        return found or self._netlink_messages(data, names) or seen

    def _watch_events(self, data: bytes, names: Names) -> list[Seen]:
        """`struct inotify_event`: wd, mask, cookie, length of the name."""
        found: list[Seen] = []
        while data:
            if len(data) < 16:
                return []
            wd, mask, cookie, size = struct.unpack_from("=iIII", data)
            name = data[16 : 16 + size]
            if not 0 < wd < 1 << 16 or not mask & 0xFFFF or size % 16 or len(name) < size or size > 272:
                return []
            if cookie and not mask & 0xC0:  # only the two halves of a rename have one
                return []
            said = names.name("cookie", cookie) if cookie else 0
            found.append([names.name("wd", wd), mask, said, name.rstrip(b"\0").decode("latin-1")])
            data = data[16 + size :]
        return found

    def _file_events(self, data: bytes, names: Names) -> list[Seen]:
        """`struct fanotify_event_metadata`, of version 3, without further information."""
        found: list[Seen] = []
        for at in range(0, len(data), self.EVENT):
            if len(data) < at + self.EVENT:
                return []
            length, version, reserved, head, mask, fd, pid = struct.unpack_from("=IBBHQii", data, at)
            if (length, version, reserved, head) != (self.EVENT, 3, 0, self.EVENT):
                return []
            found.append([mask, names.name("fd", fd) if fd >= 0 else fd, names.name("pid", pid) if pid > 0 else pid])
        return found

    def _netlink_messages(self, data: bytes, names: Names) -> list[Seen]:
        """`struct nlmsghdr`: length, type, flags, number, port id. What they hold is compared where it is known of what
        they are (`conformance/syscalls/sockets/records.py`): times are among it."""
        found: list[Seen] = []
        while data:
            if len(data) < 16:
                return []
            length, kind, flags, sequence, port = struct.unpack_from("=IHHII", data)
            if not 16 <= length <= 1 << 16 or kind < 2 or flags >= 1 << 12 or not 0 < sequence <= 16:
                return []
            found.append([length, kind, flags, sequence, names.name("portid", port) if port else 0, len(data) < length])
            data = data[length + 3 & ~3 :]
        return found

    def _signals(self, data: bytes, names: Names) -> list[Seen]:
        """`struct signalfd_siginfo`: signal, errno, code, pid, uid and more; zero to the end."""
        found: list[Seen] = []
        for at in range(0, len(data), self.SIGNAL):
            info = data[at : at + self.SIGNAL]
            if len(info) < self.SIGNAL or not 0 < info[0] <= 64 or any(info[1:8]) or any(info[96:]):
                return []
            signal, _, code, pid, uid = struct.unpack_from("=IiiII", info)
            status, value = struct.unpack_from("=iiQ", info, 40)[0:3:2]
            found.append([signal, code, names.name("pid", pid) if pid else 0, uid, status, value])
        return found


class PositionKind(Kind):
    """Where in a file an fd is. In a directory of which entries were read, it means something to the file system only
    (`struct linux_dirent64` calls it `d_off`, getdents64(2) an opaque value)."""

    def normal_result(self, seen: Seen, args: Sequence[Seen], names: Names) -> Seen:
        listed = bool(args) and isinstance(args[0], int) and names.is_listed(args[0])
        return MASK if seen and listed else seen


Position = Annotated[int, PositionKind()]

StreamBytes = Annotated[
    OutBytes,
    Stream(),
    Choices(
        often(room(64)),
        *(room(16), room(8), room(4), room(1), room(4096), room(64, edge=True), room(0), room(128), room(256)),
        rarely(*BAD_POINTERS),
    ),
]


@syscall(x86_64=0, aarch64=63, touches=NOTHING, shows="fd")
def read(fd: Readable, buf: StreamBytes, count: Size) -> Count: ...
@syscall(x86_64=1, aarch64=64, touches=NOTHING)
def write(fd: Writable, buf: InBytes, count: Size) -> Count: ...
@syscall(x86_64=17, aarch64=67, touches=NOTHING)
def pread64(fd: File, buf: OutBytes, count: Size, offset: Offset) -> Count: ...
@syscall(x86_64=18, aarch64=68, touches=NOTHING)
def pwrite64(fd: File, buf: InBytes, count: Size, offset: Offset) -> Count: ...
@syscall(x86_64=8, aarch64=62, touches=NOTHING, shows=Look("fd", offset=0, whence=SEEK_CUR))
def lseek(fd: File, offset: Offset, whence: Whence) -> Position: ...
