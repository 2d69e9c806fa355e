"""open(2), openat2(2), close(2): what is opened, and what an fd may refer to."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.paths import DirPath, NewPath
from conformance.syscalls.machinery.aliases import Dir, Fd, In, Mode, Path, Size, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.touches import FILES, NOTHING

O_RDONLY, O_WRONLY, O_RDWR, O_ACCMODE = 0, 1, 2, 3
O_CREAT, O_EXCL, O_NOCTTY, O_TRUNC, O_APPEND, O_NONBLOCK = 0o100, 0o200, 0o400, 0o1000, 0o2000, 0o4000
O_DSYNC, O_ASYNC, O_DIRECT, O_LARGEFILE, O_DIRECTORY, O_NOFOLLOW = (
    0o10000,
    0o20000,
    0o40000,
    0o100000,
    0o200000,
    0o400000,
)
O_NOATIME, O_CLOEXEC, O_SYNC, O_PATH, O_TMPFILE = 0o1000000, 0o2000000, 0o4010000, 0o10000000, 0o20200000
O_EMPTYPATH = 1 << 26

OPENAT2_REGULAR = 1 << 32
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED = 8, 16, 32

CLOSE_RANGE_UNSHARE, CLOSE_RANGE_CLOEXEC = 2, 4

O_FLAGS = named(globals(), "O_")
O_BITS = {name: value for name, value in O_FLAGS.items() if value}
"""Those that stand where there is no mode of access, so that 0 is no O_RDONLY."""
OpenFlags = Annotated[
    int,
    Flags(O_FLAGS),
    Choices(
        *(O_RDWR, O_RDWR | O_CREAT, O_RDONLY, O_WRONLY, O_RDWR | O_APPEND, O_RDWR | O_TRUNC),
        *(O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_NONBLOCK | O_CLOEXEC),
        ...,
    ),
]
CloseRangeFlags = Annotated[int, Flags(named(globals(), "CLOSE_RANGE_"))]

FileOnly = Annotated[int, FileDescriptor("file")]
File = Annotated[
    FileOnly,
    Choices(
        often(Use("fd:file")),
        *(Use("fd:file", 1), Use("fd")),
        rarely(Use("fd:mem"), Use("fd:dir"), Use("fd:pipe:r"), Use("fd:path"), Use("fd:file", 2), -1, 63, -100),
        rarely(Use("fd:proc")),
    ),
]
"""A regular file, most of the time: what has a size and a position."""
DirFd = Annotated[int, FileDescriptor("dir")]
PathFd = Annotated[int, FileDescriptor("path")]
LastFd = Annotated[int, FileDescriptor(), Choices(-1, rarely(63, 5, 0))]


class OpenHow(Struct):
    """`struct open_how`."""

    flags: Annotated[
        U64,
        Flags(O_BITS | {"OPENAT2_REGULAR": OPENAT2_REGULAR}),
        Choices(
            *(O_RDWR, O_RDWR | O_CREAT, O_RDONLY, O_PATH, O_RDONLY | O_DIRECTORY, O_RDWR | O_NOFOLLOW),
            *(O_TMPFILE | O_RDWR, O_RDWR | O_TRUNC | O_CLOEXEC, 1 << 30, 1 << 62),
        ),
    ]
    mode: Annotated[U64, Choices(0, 0o644, 0o600, 1 << 20)]
    resolve: Annotated[
        U64,
        Flags(named(globals(), "RESOLVE_")),
        Choices(
            *(0, RESOLVE_NO_XDEV, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_NO_MAGICLINKS),
            *(RESOLVE_CACHED, RESOLVE_BENEATH | RESOLVE_IN_ROOT, 1 << 20),
        ),
    ]


@syscall(x86_64=257, aarch64=56, since="2.6.16", touches=FILES)
def openat(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@operation(
    openat,
    flags=(
        *(O_RDWR, O_RDWR, O_RDWR | O_CREAT, O_RDWR | O_CREAT | O_EXCL, O_RDWR | O_TRUNC, O_RDWR | O_APPEND),
        *(O_RDONLY, O_WRONLY),
    ),
)
def openat_file(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> FileOnly: ...
@operation(openat, flags=(O_DIRECTORY, O_DIRECTORY, O_DIRECTORY | O_CLOEXEC, O_DIRECTORY | O_NOFOLLOW))
def openat_dir(dirfd: Dir, path: DirPath, flags: OpenFlags, mode: Mode = 0) -> DirFd: ...
@operation(
    openat,
    flags=(O_PATH, O_PATH, O_PATH | O_CLOEXEC, O_PATH | O_NOFOLLOW, O_PATH | O_NOFOLLOW, O_PATH | O_DIRECTORY),
)
def openat_path(dirfd: Dir, path: Path, flags: OpenFlags, mode: Mode = 0) -> PathFd: ...
@operation(
    openat,
    flags=(O_TMPFILE | O_RDWR, O_TMPFILE | O_RDWR, O_TMPFILE | O_WRONLY, O_TMPFILE | O_RDWR | O_EXCL, O_TMPFILE),
)
def openat_tmpfile(dirfd: Dir, path: DirPath, flags: OpenFlags, mode: Mode = 0) -> FileOnly: ...
@syscall(x86_64=2, touches=FILES)
def open(path: Path, flags: OpenFlags, mode: Mode = 0) -> Fd: ...
@syscall(x86_64=85, touches=FILES)
def creat(path: NewPath, mode: Mode) -> FileOnly: ...
@syscall(number=437, since="5.6", touches=FILES)
def openat2(dirfd: Dir, path: Path, how: In[OpenHow], size: Size) -> FileOnly: ...
@syscall(x86_64=3, aarch64=57, touches=NOTHING, spares_networks=True)
def close(fd: Fd) -> Zero: ...
@syscall(number=436, since="5.9", touches=NOTHING)
def close_range(first: Fd, last: LastFd, flags: CloseRangeFlags) -> Zero: ...
