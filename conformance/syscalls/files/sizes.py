"""truncate(2), fallocate(2): how large a file is, and what of it is there."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.machinery.aliases import Offset, Path, Zero
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices, rarely, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import FILES, NOTHING

FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE = 1, 2, 8
FALLOC_FL_ALLOCATE_RANGE, FALLOC_FL_NO_HIDE_STALE, FALLOC_FL_WRITE_ZEROES = 0, 4, 0x80
FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE, FALLOC_FL_UNSHARE_RANGE = 0x10, 0x20, 0x40

FallocMode = Annotated[
    int,
    Flags(named(globals(), "FALLOC_FL_")),
    Choices(
        *(0, FALLOC_FL_KEEP_SIZE, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE),
        rarely(FALLOC_FL_PUNCH_HOLE, FALLOC_FL_COLLAPSE_RANGE, FALLOC_FL_ZERO_RANGE, FALLOC_FL_INSERT_RANGE),
        rarely(FALLOC_FL_UNSHARE_RANGE, 1 << 30, -1),
    ),
]
FileSize = Annotated[
    int,
    Choices(5, seldom(13, 26, 30, 100, 4095, 4096, 4097, 1 << 20), 0, seldom(-1, 1 << 40, (1 << 63) - 1)),
]


@syscall(x86_64=76, aarch64=45, touches=FILES)
def truncate(path: Path, length: FileSize) -> Zero: ...
@syscall(x86_64=77, aarch64=46, touches=NOTHING)
def ftruncate(fd: File, length: FileSize) -> Zero: ...
@syscall(x86_64=285, aarch64=47, since="2.6.23", touches=NOTHING)
def fallocate(fd: File, mode: FallocMode, offset: Offset, length: FileSize) -> Zero: ...
