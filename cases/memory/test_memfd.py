"""Files of memory: memfd_create(2) and its seals, memfd_secret(2)."""

from __future__ import annotations

from errno import EACCES, EBUSY, EFAULT, EINVAL, EPERM

from cases.memory._pages import READ_WRITE, map_file
from conformance.syscalls import Buffer, missing
from conformance.syscalls.files.descriptors import F_ADD_SEALS, F_GET_SEALS, fcntl
from conformance.syscalls.files.memfd import (
    F_SEAL_FUTURE_WRITE,
    F_SEAL_GROW,
    F_SEAL_SEAL,
    F_SEAL_SHRINK,
    F_SEAL_WRITE,
    MFD_ALLOW_SEALING,
    memfd_create,
)
from conformance.syscalls.files.reading import pread64, pwrite64, read, write
from conformance.syscalls.files.sizes import ftruncate
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_PRIVATE, MAP_SHARED, PROT_READ, mmap, mprotect, munmap
from conformance.syscalls.memory.others import process_vm_readv
from conformance.syscalls.memory.secret import memfd_secret
from conformance.syscalls.processes.identity import getpid


def sealable() -> int:
    """A file of memory with a page of zeros."""
    fd = memfd_create(b"file", MFD_ALLOW_SEALING)
    ftruncate(fd, PAGE)
    return fd


def test_seals_stop_what_they_name_for_good() -> None:
    fd = sealable()
    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK)
    ftruncate.fails_with(EPERM, fd, PAGE - 1)
    fcntl(fd, F_ADD_SEALS, F_SEAL_GROW)
    ftruncate.fails_with(EPERM, fd, PAGE + 1)
    pwrite64.fails_with(EPERM, fd, b"x", 1, PAGE)
    assert pwrite64(fd, b"x", 1, 0) == 1
    fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL)
    fcntl.fails_with(EPERM, fd, F_ADD_SEALS, F_SEAL_WRITE)
    assert fcntl(fd, F_GET_SEALS) == F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL
    fcntl.fails_with(EINVAL, sealable(), F_ADD_SEALS, 1 << 20)
    unsealable = memfd_create(b"file", 0)
    assert fcntl(unsealable, F_GET_SEALS) == F_SEAL_SEAL
    fcntl.fails_with(EPERM, unsealable, F_ADD_SEALS, F_SEAL_GROW)
    fcntl.fails_with(EINVAL, 0, F_GET_SEALS)


def test_seal_of_writing_waits_for_mappings_that_write() -> None:
    fd = sealable()
    shared = map_file(fd, 1, MAP_SHARED)
    fcntl.fails_with(EBUSY, fd, F_ADD_SEALS, F_SEAL_WRITE)
    munmap(shared, PAGE)
    private = map_file(fd, 1, MAP_PRIVATE)
    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE)
    write_memory(private, b"x")
    pwrite64.fails_with(EPERM, fd, b"x", 1, 0)
    mmap.fails_with(EPERM, 0, PAGE, READ_WRITE, MAP_SHARED, fd, 0)


def test_seal_of_future_writing_spares_the_mapping_that_is_there() -> None:
    """F_SEAL_FUTURE_WRITE (Linux 5.1)."""
    fd, data = sealable(), Buffer(5)
    shared = map_file(fd, 1, MAP_SHARED)
    _, error = fcntl.result_of(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE)
    if error == EINVAL:
        missing("F_SEAL_FUTURE_WRITE")
    assert error == 0
    write_memory(shared, b"hello")
    assert pread64(fd, data, 5, 0) == 5
    assert bytes(data) == b"hello"
    write.fails_with(EPERM, fd, b"x", 1)
    mmap.fails_with(EPERM, 0, PAGE, READ_WRITE, MAP_SHARED, fd, 0)
    reader = map_file(fd, 1, MAP_SHARED, PROT_READ)
    mprotect.fails_with(EACCES, reader, PAGE, READ_WRITE)


def test_secret_memory_is_for_its_mapping_only() -> None:
    """memfd_secret(2) (Linux 5.14, on by default since 6.5): no read(2), no process_vm_readv(2)."""
    fd = memfd_secret(0)
    ftruncate(fd, PAGE)
    area = map_file(fd, 1, MAP_SHARED)
    write_memory(area, b"secret")
    assert memory_at(area, 6) == b"secret"
    data = Buffer(6)
    read.fails_with(EINVAL, fd, data, 6)
    local, remote = Iovec(iov_base=data.address, iov_len=6), Iovec(iov_base=area, iov_len=6)
    process_vm_readv.fails_with(EFAULT, getpid(), local, 1, remote, 1, 0)
    mmap.fails_with(EINVAL, 0, PAGE, READ_WRITE, MAP_PRIVATE, fd, 0)
    ftruncate.fails_with(EINVAL, fd, 2 * PAGE)
    memfd_secret.fails_with(EINVAL, 1)
