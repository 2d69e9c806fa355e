"""posix_fadvise(2), readahead(2), cachestat(2), fsync(2): what of a file is in memory, and what is on the disk."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.files.opening import File
from conformance.syscalls.files.splicing import Amount
from conformance.syscalls.machinery.aliases import AlwaysZero, In, Offset, Out, Varying64, Zero
from conformance.syscalls.machinery.buffers import U64, Struct
from conformance.syscalls.machinery.call import syscall
from conformance.syscalls.machinery.choices import Choices
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import NOTHING

POSIX_FADV_NORMAL, POSIX_FADV_RANDOM, POSIX_FADV_SEQUENTIAL = 0, 1, 2
POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED, POSIX_FADV_NOREUSE = 3, 4, 5

SYNC_FILE_RANGE_WAIT_BEFORE, SYNC_FILE_RANGE_WRITE, SYNC_FILE_RANGE_WAIT_AFTER = 1, 2, 4

FileAdvice = Annotated[int, Flags(named(globals(), "POSIX_FADV_"), bits=False)]
SyncFlags = Annotated[int, Flags(named(globals(), "SYNC_FILE_RANGE_"))]


class CachestatRange(Struct):
    """`struct cachestat_range`."""

    off: Annotated[U64, Choices(0, 4096, 1, 1 << 40)]
    len: Annotated[U64, Choices(0, 4096, 1, 1 << 40)]


class Cachestat(Struct):
    """`struct cachestat`. What has been evicted is a matter of the machine's memory."""

    nr_cache: U64
    nr_dirty: U64
    nr_writeback: U64
    nr_evicted: Varying64
    nr_recently_evicted: Varying64


@syscall(x86_64=221, aarch64=223, touches=NOTHING)
def fadvise64(fd: File, offset: Offset, length: Offset, advice: FileAdvice) -> Zero: ...
@syscall(x86_64=187, aarch64=213, touches=NOTHING)
def readahead(fd: File, offset: Offset, count: Amount) -> Zero: ...
@syscall(number=451, since="6.5", touches=NOTHING)
def cachestat(fd: File, range: In[CachestatRange], stat: Out[Cachestat], flags: AlwaysZero) -> Zero: ...
@syscall(x86_64=74, aarch64=82, touches=NOTHING)
def fsync(fd: File) -> Zero: ...
@syscall(x86_64=75, aarch64=83, touches=NOTHING)
def fdatasync(fd: File) -> Zero: ...
@syscall(x86_64=277, aarch64=84, since="2.6.17", touches=NOTHING)
def sync_file_range(fd: File, offset: Offset, length: Offset, flags: SyncFlags) -> Zero: ...
