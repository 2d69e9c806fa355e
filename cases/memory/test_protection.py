"""Protection: mprotect(2), protection keys, and mseal(2), which keeps all of it as it is."""

from __future__ import annotations

import signal
from errno import EACCES, EINVAL, ENOMEM, ENOSPC, EPERM

from cases.memory._pages import READ_WRITE, after_reading, after_writing, map_file, new_file, pages
from conformance.syscalls import missing
from conformance.syscalls.files.opening import O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.advice import MADV_DONTNEED, madvise
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_PRIVATE,
    MAP_SHARED,
    MREMAP_MAYMOVE,
    PROT_NONE,
    PROT_READ,
    mmap,
    mprotect,
    mremap,
    mseal,
    munmap,
)
from conformance.syscalls.memory.protection_keys import (
    PKEY_DISABLE_ACCESS,
    PKEY_DISABLE_WRITE,
    pkey_alloc,
    pkey_free,
    pkey_mprotect,
)


def test_protection_holds_for_just_its_pages() -> None:
    area = pages(3)
    mprotect(area + PAGE, PAGE, PROT_READ)
    write_memory(area, b"x")
    write_memory(area + 2 * PAGE, b"x")
    assert after_writing(area + PAGE) == -signal.SIGSEGV
    mprotect(area + PAGE, 1, PROT_NONE)
    assert after_reading(area + 2 * PAGE - 1) == -signal.SIGSEGV
    mprotect(area, 3 * PAGE, READ_WRITE)
    write_memory(area + PAGE, b"x")
    mprotect.fails_with(EINVAL, area + 1, PAGE, PROT_READ)
    mprotect.fails_with(EINVAL, area, PAGE, 1 << 20)
    munmap(area + PAGE, PAGE)
    mprotect.fails_with(ENOMEM, area, 3 * PAGE, PROT_READ)
    assert after_writing(area) == -signal.SIGSEGV  # "up to the hole" (mprotect(2), "ENOMEM")
    new_file(b"hello")
    shared = map_file(openat(AT_FDCWD, b"file", O_RDONLY, 0), 1, MAP_SHARED, PROT_READ)
    mprotect.fails_with(EACCES, shared, PAGE, READ_WRITE)


def test_key_protects_pages_until_it_is_lifted() -> None:
    """pkeys(7) (Linux 4.9), with a processor that has them."""
    pkey_alloc.fails_with(EINVAL, 1, 0)
    pkey_alloc.fails_with(EINVAL, 0, 4)
    writable, error = pkey_alloc.result_of(0, PKEY_DISABLE_WRITE)
    if error in (EINVAL, ENOSPC):
        missing("protection keys")
    assert error == 0
    area, unreadable = pages(2), pkey_alloc(0, PKEY_DISABLE_ACCESS)
    pkey_mprotect(area, PAGE, READ_WRITE, writable)
    pkey_mprotect(area + PAGE, PAGE, READ_WRITE, unreadable)
    assert memory_at(area, 1) == b"\0"
    assert after_writing(area) == -signal.SIGSEGV
    assert after_reading(area + PAGE) == -signal.SIGSEGV
    pkey_mprotect(area, 2 * PAGE, READ_WRITE, 0)
    write_memory(area + PAGE, b"x")
    pkey_free(unreadable)
    pkey_free.fails_with(EINVAL, unreadable)
    pkey_mprotect.fails_with(EINVAL, area, PAGE, READ_WRITE, unreadable)


def test_sealed_pages_stay_as_they_are() -> None:
    """mseal(2) (Linux 6.10): no unmapping, moving, replacing or protecting; contents can still be written."""
    area = pages(2)
    mseal(area, PAGE, 0)
    mprotect.fails_with(EPERM, area, 2 * PAGE, PROT_READ)
    munmap.fails_with(EPERM, area, PAGE)
    mremap.fails_with(EPERM, area, PAGE, 2 * PAGE, MREMAP_MAYMOVE)
    mmap.fails_with(EPERM, area, PAGE, READ_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
    write_memory(area, b"x")
    madvise(area, PAGE, MADV_DONTNEED)
    assert memory_at(area, 1) == b"\0"
    mprotect(area + PAGE, PAGE, PROT_READ)
    mseal.fails_with(EINVAL, area + 1, PAGE, 0)
    mseal.fails_with(EINVAL, area, PAGE, 1)
    mseal.fails_with(ENOMEM, area, 1 << 40, 0)
