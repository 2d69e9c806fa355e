"""stat(2), statx(2), access(2): what is known of a file, and what may be done with it."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Annotated, Any

from conformance.syscalls.files import paths
from conformance.syscalls.files.paths import (
    AT_EMPTY_PATH,
    AT_STATX_DONT_SYNC,
    AT_SYMLINK_NOFOLLOW,
    DirPath,
    EmptyPath,
)
from conformance.syscalls.machinery.aliases import (
    Dev64,
    Dir,
    Fd,
    Fraction32,
    Fraction64,
    Ino64,
    Out,
    Path,
    Seconds64,
    Some32,
    Some64,
    Varying32,
    Zero,
)
from conformance.syscalls.machinery.buffers import I32, I64, U16, U32, U64, Layout, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import MASK, Clocked, Flags, Kind, Masked, Names, Octal, Seen, named
from conformance.syscalls.machinery.touches import FILES, NOTHING

S_IFMT, S_IFSOCK, S_IFLNK, S_IFREG = 0o170000, 0o140000, 0o120000, 0o100000
S_IFBLK, S_IFDIR, S_IFCHR, S_IFIFO = 0o060000, 0o040000, 0o020000, 0o010000

STATX_TYPE, STATX_MODE, STATX_NLINK, STATX_UID, STATX_GID = 1, 2, 4, 8, 0x10
STATX_ATIME, STATX_MTIME, STATX_CTIME, STATX_INO, STATX_SIZE = 0x20, 0x40, 0x80, 0x100, 0x200
STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID, STATX_DIOALIGN, STATX_MNT_ID_UNIQUE = 0x7FF, 0x800, 0x1000, 0x2000, 0x4000
STATX_BLOCKS, STATX_ALL, STATX_SUBVOL, STATX_WRITE_ATOMIC = 0x400, 0xFFF, 0x8000, 0x10000
STATX_DIO_READ_ALIGN, STATX__RESERVED = 0x20000, 0x80000000

_MASK = named(globals(), "STATX_")

STATX_ATTR_COMPRESSED, STATX_ATTR_IMMUTABLE, STATX_ATTR_APPEND, STATX_ATTR_NODUMP = 4, 0x10, 0x20, 0x40
STATX_ATTR_ENCRYPTED, STATX_ATTR_AUTOMOUNT, STATX_ATTR_MOUNT_ROOT, STATX_ATTR_VERITY = 0x800, 0x1000, 0x2000, 0x100000
STATX_ATTR_DAX, STATX_ATTR_WRITE_ATOMIC = 0x200000, 0x400000
_ATTRIBUTES = named(globals(), "STATX_ATTR_")

F_OK, X_OK, W_OK, R_OK = 0, 1, 2, 4
TERMINALS = range(136, 144)
"""Major numbers of the slaves of pseudoterminals (devices.txt of the kernel's admin-guide)."""

StatFlags = Annotated[int, Flags(named(vars(paths), "AT_SYMLINK_NO", "AT_EMPTY", "AT_NO_AUTO", "AT_STATX"))]
StatxMask = Annotated[int, Flags(_MASK), Choices(STATX_BASIC_STATS, STATX_BASIC_STATS | STATX_BTIME, 0xFFF, 0, ...)]
AccessMode = Annotated[int, Flags(named(globals(), "X_OK", "W_OK", "R_OK"))]
AccessFlags = Annotated[int, Flags(named(vars(paths), "AT_EACCESS", "AT_SYMLINK_NOFOLLOW", "AT_EMPTY_PATH"))]


def _without_noise(seen: dict[str, Any], mode: str) -> dict[str, Any]:
    """A file's status less what says nothing.

    The nanoseconds of a time that the clock gave; all times of a socket, whose inode is recycled with those that the
    last one had (Linux sets none, `sock_alloc_inode`); and all of an inode without a type, which every eventfd, epoll
    and the like of a machine share, so that utimensat(2) outlives a program (`anon_inode_getfile`), and fchown(2) and
    fchmod(2) do, before Linux 6.16 ("anon_inode: explicitly block ->setattr()").
    """
    kind = seen.get(mode)
    if isinstance(kind, int) and kind & S_IFMT in (S_IFSOCK, 0):
        found = {name: value for name, value in seen.items() if "time" not in name}
        return (
            found if kind & S_IFMT else found | {name: MASK for name in found if name[-4:] in ("mode", "_uid", "_gid")}
        )
    found = dict(seen)
    for name, value in seen.items():
        if f"{name}_nsec" in seen and isinstance(value, int) and value > Clocked.EARLIEST:
            found[f"{name}_nsec"] = MASK
    return found


class DeviceNumber(Kind):
    """A device's number, of major and minor one. Which of the terminals it is, is the kernel's choice."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, int) and seen >> 8 & 0xFFF in TERMINALS:
            return f"{seen >> 8 & 0xFFF}:{MASK}"
        return seen


class Stat(Struct):
    """`struct stat` of x86-64. Blocks, times and numbers of inodes and devices are the file system's choice."""

    st_dev: Dev64
    st_ino: Ino64
    st_nlink: U64
    st_mode: Annotated[U32, Octal()]
    st_uid: U32
    st_gid: U32
    pad0: U32
    st_rdev: Annotated[U64, DeviceNumber()]
    st_size: I64
    st_blksize: Some64
    st_blocks: Some64
    st_atime: Seconds64
    st_atime_nsec: Fraction64
    st_mtime: Seconds64
    st_mtime_nsec: Fraction64
    st_ctime: Seconds64
    st_ctime_nsec: Fraction64
    unused0: I64
    unused1: I64
    unused2: I64

    @classmethod
    def comparable(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """See `Struct`."""
        return _without_noise(seen, "st_mode")


class StatxTimestamp(Struct):
    """`struct statx_timestamp`."""

    tv_sec: Seconds64
    tv_nsec: Fraction32
    pad: I32


_FILLED_IN = {"stx_atime": STATX_ATIME, "stx_btime": STATX_BTIME, "stx_ctime": STATX_CTIME, "stx_mtime": STATX_MTIME}
"""By time, the bit of `stx_mask` that says whether it was filled in."""
_FLAT = {
    **{name: f"{name}.tv_sec" for name in _FILLED_IN},
    **{f"{name}_nsec": f"{name}.tv_nsec" for name in _FILLED_IN},
    **{f"pad{at}": f"{name}.pad" for at, name in enumerate(_FILLED_IN, 1)},
    **{f"spare{at}": f"spare.{at}" for at in range(12)},
}
"""How records of old have what is nested."""


class Statx(Struct):
    """`struct statx`, as far as Linux 6.1 fills it."""

    stx_mask: Annotated[U32, Flags(_MASK)]
    stx_blksize: Some32
    stx_attributes: Annotated[U64, Flags(_ATTRIBUTES)]
    stx_nlink: U32
    stx_uid: U32
    stx_gid: U32
    stx_mode: Annotated[U16, Octal()]
    pad0: U16
    stx_ino: Ino64
    stx_size: U64
    stx_blocks: Some64
    stx_attributes_mask: Annotated[U64, Flags(_ATTRIBUTES)]
    stx_atime: StatxTimestamp
    stx_btime: StatxTimestamp
    stx_ctime: StatxTimestamp
    stx_mtime: StatxTimestamp
    stx_rdev_major: U32
    stx_rdev_minor: U32
    stx_dev_major: Varying32
    stx_dev_minor: Varying32
    stx_mnt_id: Some64
    stx_dio_mem_align: Some32
    stx_dio_offset_align: Some32
    spare: Annotated[ctypes.Array[ctypes.c_uint64], Layout(ctypes.c_uint64 * 12), Masked()]

    former = _FLAT

    @classmethod
    def comparable(cls, seen: dict[str, Any]) -> dict[str, Any]:
        """See `Struct`. A time that is not asked for may be filled in all the same; on Linux from 6.13 on it is not."""
        valid = seen.get("stx_mask")
        found = dict(seen)
        for name, bit in _FILLED_IN.items():
            time = seen.get(name)
            if not isinstance(time, dict) or not isinstance(valid, int):
                continue
            seconds = time.get("tv_sec")
            if isinstance(seconds, int) and (not valid & bit or seconds > Clocked.EARLIEST):
                found[name] = {**time, "tv_sec": MASK, "tv_nsec": MASK}
        if seen.get("stx_rdev_major") in TERMINALS:
            found["stx_rdev_minor"] = MASK
        return _without_noise(found, "stx_mode")


class MountNumber(Kind):
    """What memory holds: a `struct statx` that is asked for the number of a mount."""

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        field = getattr(Statx, "stx_mnt_id")  # noqa: B009 - a ctypes descriptor, which its annotation hides
        yield field.offset, field.size, "mount"


MountStatx = Annotated[Out[Statx], MountNumber()]


@syscall(x86_64=4, touches=FILES)
def stat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=6, touches=FILES)
def lstat(path: Path, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=5, aarch64=80, touches=NOTHING, shows="fd")
def fstat(fd: Fd, buf: Out[Stat]) -> Zero: ...
@syscall(x86_64=262, aarch64=79, since="2.6.16", touches=FILES)
def newfstatat(dirfd: Dir, path: Path, buf: Out[Stat], flags: StatFlags) -> Zero: ...
@operation(newfstatat, flags=(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW))
def newfstatat_fd(dirfd: Fd, path: EmptyPath, buf: Out[Stat], flags: StatFlags) -> Zero: ...
@syscall(x86_64=332, aarch64=291, since="4.11", touches=FILES)
def statx(dirfd: Dir, path: Path, flags: StatFlags, mask: StatxMask, buf: Out[Statx]) -> Zero: ...
@operation(statx, flags=(AT_EMPTY_PATH, AT_EMPTY_PATH, AT_EMPTY_PATH | AT_STATX_DONT_SYNC))
def statx_fd(dirfd: Fd, path: EmptyPath, flags: StatFlags, mask: StatxMask, buf: Out[Statx]) -> Zero: ...
@operation(statx, mask=(STATX_MNT_ID_UNIQUE, STATX_MNT_ID_UNIQUE | STATX_BASIC_STATS))
def statx_mount(dirfd: Dir, path: DirPath, flags: StatFlags, mask: StatxMask, buf: MountStatx) -> Zero: ...
@syscall(x86_64=21, touches=FILES)
def access(path: Path, mode: AccessMode) -> Zero: ...
@syscall(x86_64=269, aarch64=48, since="2.6.16", touches=FILES)
def faccessat(dirfd: Dir, path: Path, mode: AccessMode) -> Zero: ...
@syscall(number=439, since="5.8", touches=FILES)
def faccessat2(dirfd: Dir, path: Path, mode: AccessMode, flags: AccessFlags) -> Zero: ...
