"""mkdir(2), mknod(2), getdents(2), chdir(2), chroot(2): directories, what is in them, and where a process is."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from typing import Annotated

from conformance.syscalls.files.opening import DirFd
from conformance.syscalls.files.paths import ODD_NAMES, DirPath, NewPath
from conformance.syscalls.files.status import (
    S_IFBLK,
    S_IFCHR,
    S_IFDIR,
    S_IFIFO,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    S_IFSOCK,
)
from conformance.syscalls.machinery.aliases import AlwaysZero, Count, Dir, Mode, OutBytes, Path, Size, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import BAD_POINTERS, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Kind, Names, Seen
from conformance.syscalls.machinery.touches import FILES, MOUNTS, NAMES, PLACE, PROCESS

DT_FIFO, DT_CHR, DT_DIR, DT_BLK, DT_REG, DT_LNK, DT_SOCK = 1, 2, 4, 6, 8, 10, 12

NewDirPath = Annotated[
    Path, Choices(often(b"d1"), b"d2", rarely(b"d1/d2", b"d1/", b"d0/d1", b"f0", b"d0", b"l0"), ODD_NAMES)
]
RemovedDirPath = Annotated[
    Path, Choices(often(b"d1"), rarely(b"d1/d2", b"d0", b".", b"..", b"d0/.", b"f0", b"l0"), ODD_NAMES)
]
NodeMode = Annotated[
    Mode,
    Choices(
        *(S_IFREG | 0o644, S_IFIFO | 0o644),
        seldom(*(kind | 0o644 for kind in (S_IFSOCK, 0, S_IFCHR, S_IFBLK, S_IFDIR, S_IFLNK, S_IFMT)), S_IFREG | 0o4777),
    ),
]
"""A mode with the type of what is made: files, FIFOs and sockets may be made by all, devices not."""
Device = Annotated[int, Choices(0, rarely(0x103, 0x501, -1))]


class EntriesRead(Kind):
    """How many bytes of a directory's entries were read."""

    def normal_result(self, seen: Seen, args: Sequence[Seen], names: Names) -> Seen:
        if seen and args and isinstance(args[0], int):
            names.list_directory(args[0])
        return seen


EntriesSize = Annotated[int, EntriesRead()]


class DirectoryEntries(Kind):
    """What `getdents64` says: names and types, in no order. Offsets in a directory are the file system's choice."""

    named = ("ino",)

    def __init__(self, *, old: bool = False) -> None:
        self.old = old

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or not seen:
            return seen
        try:
            found = [self._entry(each) for each in _records(seen.encode("latin-1"), "=H", 16)]
        except ValueError:  # not of this form, or cut off; UnicodeEncodeError is one, too
            return seen
        return [[name, kind, names.name("ino", inode)] for name, kind, inode in sorted(found)]

    def _entry(self, record: bytes) -> tuple[str, int, int]:
        inode = int.from_bytes(record[:8], "little")
        if self.old:
            return record[18:-1].split(b"\0")[0].decode("latin-1"), record[-1], inode
        return record[19:].split(b"\0")[0].decode("latin-1"), record[18], inode


def _records(data: bytes, form: str, length_at: int) -> Iterator[bytes]:
    """What lies in a row, each with its own length in it. Raises ValueError when it does not fit."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from(form, data.ljust(at + length_at + 8, b"\0"), at + length_at)
        if length < length_at + 2 or at + length > len(data):
            raise ValueError("no such records")
        yield data[at : at + length]
        at += length


_ROOMS = Choices(often(room(512)), seldom(room(4096), room(64), room(24), room(8), room(0)), rarely(*BAD_POINTERS))
Entries = Annotated[OutBytes, DirectoryEntries(), _ROOMS]
OldEntries = Annotated[OutBytes, DirectoryEntries(old=True), _ROOMS]


@syscall(x86_64=83, touches=FILES)
def mkdir(path: NewDirPath, mode: Mode) -> Zero: ...
@syscall(x86_64=258, aarch64=34, since="2.6.16", touches=FILES)
def mkdirat(dirfd: Dir, path: NewDirPath, mode: Mode) -> Zero: ...
@syscall(x86_64=84, touches=FILES)
def rmdir(path: RemovedDirPath) -> Zero: ...
@syscall(x86_64=133, touches=FILES)
def mknod(path: NewPath, mode: NodeMode, dev: Device) -> Zero: ...
@syscall(x86_64=259, aarch64=33, since="2.6.16", touches=FILES)
def mknodat(dirfd: Dir, path: NewPath, mode: NodeMode, dev: Device) -> Zero: ...
@syscall(x86_64=217, aarch64=61, touches=NAMES)
def getdents64(fd: DirFd, buf: Entries, count: Size) -> EntriesSize: ...
@syscall(x86_64=78, touches=NAMES)
def getdents(fd: DirFd, buf: OldEntries, count: Size) -> EntriesSize: ...
@syscall(x86_64=79, aarch64=17, touches=NAMES)
def getcwd(buf: OutBytes, size: Size) -> Count: ...
@syscall(x86_64=80, aarch64=49, touches=FILES | PLACE)
def chdir(path: DirPath) -> Zero: ...
@syscall(x86_64=81, aarch64=50, touches=FILES | PLACE)
def fchdir(fd: DirFd) -> Zero: ...
@syscall(x86_64=161, aarch64=51, touches=MOUNTS)
def chroot(path: DirPath) -> Zero: ...
@syscall(number=472, since="7.3", touches=PROCESS)
def fchroot(fd: DirFd, flags: AlwaysZero) -> Zero: ...
