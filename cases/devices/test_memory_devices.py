"""Memory devices: null, zero, full, the random ones, and those that are not for everybody (null(4), mem(4))."""

from __future__ import annotations

from errno import EACCES, ENOENT, ENOSPC, EPERM

import pytest

from cases.devices._devices import device
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import S_IFCHR, S_IFMT, Stat, stat
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.processes.credentials import setresuid

NUMBERS = {b"null": (1, 3), b"zero": (1, 5), b"full": (1, 7), b"random": (1, 8), b"urandom": (1, 9), b"tty": (5, 0)}
"""Documentation/admin-guide/devices.txt."""


@pytest.mark.parametrize("name", [name.decode() for name in NUMBERS])
def test_node_has_the_number_that_it_must_have(name: str) -> None:
    """And everybody may read and write it."""
    found = Stat()
    stat(f"/dev/{name}".encode(), found)
    major, minor = NUMBERS[name.encode()]
    assert (found.st_mode & S_IFMT, found.st_mode & 0o666) == (S_IFCHR, 0o666)
    assert found.st_rdev == major << 8 | minor


def test_null_takes_everything_and_gives_nothing() -> None:
    fd = device(b"/dev/null")
    assert write(fd, b"hello", 5) == 5
    assert read(fd, Buffer(8), 8) == 0


def test_zero_gives_zeros_and_private_memory() -> None:
    """zero(4): a private mapping of it is anonymous memory."""
    fd, data = device(b"/dev/zero"), Buffer(8)
    assert write(fd, b"hello", 5) == 5
    assert read(fd, data, 8) == 8
    assert bytes(data) == bytes(8)
    address = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0)
    assert memory_at(address, PAGE) == bytes(PAGE)
    write_memory(address, b"hello")


def test_full_has_no_room() -> None:
    fd, data = device(b"/dev/full"), Buffer(8)
    write.fails_with(ENOSPC, fd, b"x", 1)
    assert read(fd, data, 8) == 8
    assert bytes(data) == bytes(8)


@pytest.mark.parametrize("name", ["random", "urandom"])
def test_random_bytes_are_others_each_time(name: str) -> None:
    """Whoever may write adds to the pool; both are whole once the kernel's generator is ready (Linux 5.6)."""
    fd = device(f"/dev/{name}".encode())
    assert write(fd, b"hello", 5) == 5
    first, second = Buffer(32), Buffer(32)
    with untraced():  # what comes is the kernel's choice
        assert (read(fd, first, 32), read(fd, second, 32)) == (32, 32)
    assert len({bytes(first), bytes(second), bytes(32), b"\xaa" * 32}) == 4


@pytest.mark.needs("root")
def test_memory_of_the_machine_is_not_for_the_unprivileged() -> None:
    stat.or_missing("/dev/mem", ENOENT, b"/dev/mem", Stat())
    setresuid(65534, 65534, 65534)
    openat.fails_with((EACCES, EPERM), AT_FDCWD, b"/dev/mem", O_RDONLY, 0)
