"""open_by_handle_at(2): files by what their file system calls them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from conformance.syscalls.files import paths
from conformance.syscalls.files.opening import FileOnly, OpenFlags
from conformance.syscalls.machinery.aliases import Dir, InOut, Out, OutRandom, Path, Varying32, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Blob, Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, Masked, named
from conformance.syscalls.machinery.touches import FILES, PROCESS
from conformance.syscalls.machinery.world import UNMAPPED

MAX_HANDLE_SZ = 128


class FileHandle(Struct):
    """The head of `struct file_handle`; `handle_bytes` of opaque data follow."""

    handle_bytes: U32
    handle_type: Varying32


_PIECES = ("type", "first", "second", "third")
"""The type of a handle and the numbers behind it, each 4 bytes: 12 bytes of data are a file's of a tmpfs."""


class HandleData(Masked):
    """What memory holds: a `struct file_handle` with its data, which is the file system's choice."""

    def resources(self, struct: type[Struct] | None) -> Iterator[tuple[int, int, str]]:
        for at, piece in enumerate(_PIECES):
            yield 4 + 4 * at, 4, f"handle:{piece}"


def _handle(size: int, kind: int = 0, known: int = 0) -> Blob:
    """One of a size in bytes, of which so many pieces are those that a file has."""
    head = bytes(FileHandle(handle_bytes=size, handle_type=kind))
    parts = tuple((4 + 4 * at, 4, Use(f"handle:{piece}")) for at, piece in enumerate(_PIECES[:known]))
    return Blob(head + bytes(size), parts)


_TOO_LARGE = MAX_HANDLE_SZ + 1
Handle = Annotated[
    Out[FileHandle],
    HandleData(),
    Choices(
        often(_handle(MAX_HANDLE_SZ)),
        seldom(_handle(12), _handle(64), _handle(4), _handle(0)),
        seldom(Blob(_handle(_TOO_LARGE).data[:-1]), 0, UNMAPPED),
    ),
]
KnownHandle = Annotated[
    InOut[FileHandle],
    Masked(),
    Choices(
        often(_handle(12, known=4)),
        seldom(_handle(12, known=2), _handle(0, 1), _handle(_TOO_LARGE, 1), _handle(12, 77), 0, UNMAPPED),
    ),
]
HandleFlags = Annotated[int, Flags(named(vars(paths), "AT_SYMLINK_FOLLOW", "AT_EMPTY_PATH", "AT_HANDLE"))]
MountFd = Annotated[
    int,
    FileDescriptor("dir"),
    Choices(-100, often(Use("fd:dir")), Use("fd:dir", 1), rarely(Use("fd:dir", 2), Use("fd:file"), Use("fd"), -1, 63)),
]


@syscall(x86_64=303, aarch64=264, since="2.6.39", touches=FILES)
def name_to_handle_at(dirfd: Dir, path: Path, handle: Handle, mount_id: OutRandom, flags: HandleFlags) -> Zero: ...
@syscall(x86_64=304, aarch64=265, since="2.6.39", touches=PROCESS)
def open_by_handle_at(mount_fd: MountFd, handle: KnownHandle, flags: OpenFlags) -> FileOnly: ...
