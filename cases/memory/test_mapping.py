"""Mappings: what mmap(2) refuses, where it puts things, and what private and shared mappings of a file show."""

from __future__ import annotations

import signal
from errno import EACCES, EBADF, EEXIST, EINVAL, ENODEV, ENOMEM, EOPNOTSUPP, EOVERFLOW

from cases.memory._pages import READ_WRITE, after_reading, map_file, new_file, pages
from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.opening import O_DIRECTORY, O_RDONLY, O_WRONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import pread64, pwrite64
from conformance.syscalls.files.sizes import ftruncate
from conformance.syscalls.help.child import in_child
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_FIXED,
    MAP_FIXED_NOREPLACE,
    MAP_PRIVATE,
    MAP_SHARED,
    MAP_SHARED_VALIDATE,
    MS_ASYNC,
    MS_SYNC,
    PROT_NONE,
    PROT_READ,
    PROT_WRITE,
    mmap,
    msync,
    munmap,
)

UNKNOWN_FLAG = 1 << 22
ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS


def test_mapping_that_makes_no_sense_is_refused() -> None:
    file = new_file(b"hello")
    for error, length, flags, fd, offset in (
        (EINVAL, 0, ANONYMOUS, -1, 0),
        (EINVAL, PAGE, MAP_ANONYMOUS, -1, 0),
        (EINVAL, PAGE, MAP_PRIVATE, file, 1),
        (EBADF, PAGE, MAP_PRIVATE, 999, 0),
        (ENOMEM, 1 << 62, ANONYMOUS, -1, 0),
        (EOVERFLOW, 2 * PAGE, MAP_PRIVATE, file, 2**63 - PAGE),
    ):
        mmap.fails_with(error, 0, length, PROT_READ, flags, fd, offset)
    mmap.fails_with(EINVAL, 0x10001, PAGE, PROT_READ, ANONYMOUS | MAP_FIXED, -1, 0)
    munmap.fails_with(EINVAL, 0x10000, 0)
    munmap.fails_with(EINVAL, 0x10001, PAGE)
    munmap(0x10000, PAGE)


def test_mapping_must_suit_its_file() -> None:
    new_file(b"hello")
    reader, writer = openat(AT_FDCWD, b"file", O_RDONLY, 0), openat(AT_FDCWD, b"file", O_WRONLY, 0)
    mmap.fails_with(EACCES, 0, PAGE, READ_WRITE, MAP_SHARED, reader, 0)
    mmap.fails_with(EACCES, 0, PAGE, PROT_WRITE, MAP_SHARED, writer, 0)
    mmap.fails_with(EACCES, 0, PAGE, PROT_NONE, MAP_PRIVATE, writer, 0)
    write_memory(map_file(reader, 1, MAP_PRIVATE), b"x")
    mmap.fails_with(ENODEV, 0, PAGE, PROT_READ, MAP_PRIVATE, openat(AT_FDCWD, b".", O_RDONLY | O_DIRECTORY, 0), 0)


def test_flag_that_is_unknown_is_refused_where_that_is_asked_for() -> None:
    """MAP_SHARED_VALIDATE (Linux 4.15) refuses flags that it does not know, which the other types ignore."""
    shared = new_file(b"hello")
    map_file(shared, 1, MAP_SHARED | UNKNOWN_FLAG)
    mmap.or_missing("MAP_SHARED_VALIDATE", (EINVAL, EOPNOTSUPP), 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE, shared, 0)
    mmap.fails_with(EOPNOTSUPP, 0, PAGE, PROT_READ, MAP_SHARED_VALIDATE | UNKNOWN_FLAG, shared, 0)


def test_fixed_mapping_replaces_or_refuses_to() -> None:
    """MAP_FIXED_NOREPLACE (Linux 4.17), which earlier kernels take as a hint."""
    area = pages(3)
    write_memory(area + PAGE, b"old")
    found, error = mmap.result_of(area + PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0)
    if error == EOPNOTSUPP or (error == 0 and found != area + PAGE):
        missing("MAP_FIXED_NOREPLACE")
    assert error == EEXIST
    assert memory_at(area + PAGE, 3) == b"old"
    assert mmap(area + PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED, -1, 0) == area + PAGE
    assert memory_at(area + PAGE, 3) == bytes(3)
    munmap(area + PAGE, PAGE)
    assert mmap(area + PAGE, PAGE, READ_WRITE, ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == area + PAGE


def test_shared_mapping_is_the_file_and_a_private_one_a_copy_of_what_is_written() -> None:
    fd, data = new_file(b"hello"), Buffer(5)
    shared, private = map_file(fd, 1, MAP_SHARED), map_file(fd, 1, MAP_PRIVATE)
    pwrite64(fd, b"J", 1, 0)
    assert (memory_at(shared, 5), memory_at(private, 5)) == (b"Jello", b"Jello")
    assert in_child(lambda: write_memory(shared + 4, b"y")) == 0
    write_memory(private, b"M")
    assert memory_at(private, 5) == b"Melly"
    pread64(fd, data, 5, 0)
    assert bytes(data) == memory_at(shared, 5) == b"Jelly"
    msync(shared, PAGE, MS_SYNC)
    msync.fails_with(EINVAL, shared, PAGE, MS_SYNC | MS_ASYNC)
    msync.fails_with(EINVAL, shared + 1, PAGE, MS_SYNC)
    munmap(shared, PAGE)
    msync.fails_with(ENOMEM, shared, PAGE, MS_ASYNC)


def test_page_behind_the_end_of_the_file_is_sigbus() -> None:
    """And the rest of its last page is zero, even after the file has shrunk (mmap(2), POSIX)."""
    fd = new_file(b"x" * (PAGE + 10))
    area = map_file(fd, 3, MAP_SHARED)
    assert memory_at(area + PAGE, 12) == b"x" * 10 + bytes(2)
    assert after_reading(area + 2 * PAGE) == -signal.SIGBUS
    ftruncate(fd, 10)
    assert memory_at(area, 12) == b"x" * 10 + bytes(2)
    assert after_reading(area + PAGE) == -signal.SIGBUS
    ftruncate(fd, 3 * PAGE)
    assert memory_at(area + 2 * PAGE, 1) == b"\0"
