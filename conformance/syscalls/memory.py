"""Memory: mappings, protection, advice, locks in memory, keys, NUMA, userfaultfd."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.buffers import U64, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.files import Iovec
from conformance.syscalls.kinds import (
    Address,
    Address64,
    Any_,
    Bits,
    Count,
    Fd,
    Flags,
    InBytes,
    Int,
    Offset,
    OutInt,
    Pid,
    Size,
    Zero,
    named,
)
from conformance.syscalls.signals import OneOf

PAGE = 4096
PROT_NONE, PROT_READ, PROT_WRITE, PROT_EXEC = 0, 1, 2, 4
PROT_GROWSDOWN = 0x01000000
MAP_SHARED, MAP_PRIVATE, MAP_SHARED_VALIDATE, MAP_FIXED, MAP_ANONYMOUS = 1, 2, 3, 0x10, 0x20
MAP_32BIT, MAP_GROWSDOWN, MAP_LOCKED, MAP_NORESERVE, MAP_POPULATE = 0x40, 0x100, 0x2000, 0x4000, 0x8000
MAP_STACK, MAP_HUGETLB, MAP_SYNC, MAP_FIXED_NOREPLACE = 0x20000, 0x40000, 0x80000, 0x100000
MREMAP_MAYMOVE, MREMAP_FIXED, MREMAP_DONTUNMAP = 1, 2, 4
MS_ASYNC, MS_INVALIDATE, MS_SYNC = 1, 2, 4
MADV_NORMAL, MADV_RANDOM, MADV_SEQUENTIAL, MADV_WILLNEED, MADV_DONTNEED = range(5)
MADV_FREE, MADV_REMOVE, MADV_DONTFORK, MADV_DOFORK = 8, 9, 10, 11
MADV_MERGEABLE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTDUMP = 12, 14, 15, 16
MADV_WIPEONFORK, MADV_KEEPONFORK, MADV_COLD, MADV_PAGEOUT = 18, 19, 20, 21
MADV_POPULATE_READ, MADV_POPULATE_WRITE, MADV_COLLAPSE = 22, 23, 25
MADV_GUARD_INSTALL, MADV_GUARD_REMOVE = 102, 103
MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
MLOCK_ONFAULT = 1
MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_HUGETLB, MFD_NOEXEC_SEAL, MFD_EXEC = 1, 2, 4, 8, 16
PKEY_DISABLE_ACCESS, PKEY_DISABLE_WRITE = 1, 2
UFFD_USER_MODE_ONLY, UFFD_API, UFFD_EVENT_PAGEFAULT = 1, 0xAA, 0x12
UFFDIO_API, UFFDIO_REGISTER, UFFDIO_COPY = 0xC018AA3F, 0xC020AA00, 0xC028AA03
UFFDIO_REGISTER_MODE_MISSING = 1

Prot = Annotated[int, Flags(named(globals(), "PROT_"))]
MapFlags = Annotated[int, Flags(named(globals(), "MAP_"))]
Advice = Annotated[int, Flags(named(globals(), "MADV_"), bits=False)]
MremapFlags = Annotated[int, Flags(named(globals(), "MREMAP_"))]


class TwoIovecs(Struct):
    """An array of two `struct iovec`."""

    base0: Address64
    length0: U64
    base1: Address64
    length1: U64


Vectors = Annotated[object, OneOf(Iovec, TwoIovecs, out=False)]  # not named here: a struct would lend its kinds to all


@syscall
def mmap(addr: Address, length: Size, prot: Prot, flags: MapFlags, fd: Fd, offset: Offset) -> Address: ...
@syscall
def munmap(addr: Address, length: Size) -> Zero: ...
@syscall
def mprotect(addr: Address, length: Size, prot: Prot) -> Zero: ...
@syscall
def mremap(addr: Address, old_size: Size, new_size: Size, flags: MremapFlags, new_addr: Address = 0) -> Address: ...
@syscall
def madvise(addr: Address, length: Size, advice: Advice) -> Zero: ...
@syscall
def process_madvise(pidfd: Fd, iov: Vectors, count: Size, advice: Advice, flags: Bits) -> Count: ...
@syscall
def process_mrelease(pidfd: Fd, flags: Bits) -> Zero: ...
@syscall
def msync(addr: Address, length: Size, flags: Bits) -> Zero: ...
@syscall
def mincore(addr: Address, length: Size, vec: OutInt) -> Zero: ...
@syscall
def mlock(addr: Address, length: Size) -> Zero: ...
@syscall
def mlock2(addr: Address, length: Size, flags: Bits) -> Zero: ...
@syscall
def munlock(addr: Address, length: Size) -> Zero: ...
@syscall
def mlockall(flags: Bits) -> Zero: ...
@syscall
def munlockall() -> Zero: ...
@syscall
def brk(addr: Address) -> Address: ...
@syscall
def remap_file_pages(addr: Address, size: Size, prot: Prot, pgoff: Size, flags: MapFlags) -> Zero: ...
@syscall
def mseal(addr: Address, length: Size, flags: Bits) -> Zero: ...
@syscall
def map_shadow_stack(addr: Address, size: Size, flags: Bits) -> Address: ...
@syscall
def memfd_secret(flags: Bits) -> Fd: ...
@syscall
def userfaultfd(flags: Bits) -> Fd: ...
@syscall
def pkey_alloc(flags: Bits, rights: Bits) -> Int: ...
@syscall
def pkey_free(key: Int) -> Zero: ...
@syscall
def pkey_mprotect(addr: Address, length: Size, prot: Prot, key: Int) -> Zero: ...
@syscall
def process_vm_readv(pid: Pid, local: Vectors, nlocal: Size, remote: Vectors, nremote: Size, flags: Bits) -> Count: ...
@syscall
def process_vm_writev(pid: Pid, local: Vectors, nlocal: Size, remote: Vectors, nremote: Size, flags: Bits) -> Count: ...
@syscall
def mbind(addr: Address, length: Size, mode: Int, mask: InBytes, maxnode: Size, flags: Bits) -> Zero: ...
@syscall
def get_mempolicy(mode: OutInt, mask: OutInt, maxnode: Size, addr: Address, flags: Bits) -> Zero: ...
@syscall
def set_mempolicy(mode: Int, mask: InBytes, maxnode: Size) -> Zero: ...
@syscall
def set_mempolicy_home_node(addr: Address, length: Size, node: Size, flags: Bits) -> Zero: ...
@syscall
def migrate_pages(pid: Pid, maxnode: Size, old: InBytes, new: InBytes) -> Count: ...
@syscall
def move_pages(pid: Pid, count: Size, pages: InBytes, nodes: InBytes, status: Any_, flags: Bits) -> Zero: ...
