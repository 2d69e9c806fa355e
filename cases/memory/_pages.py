"""Pages to play with, and children that touch what they should not."""

from __future__ import annotations

from collections.abc import Callable

from conformance.syscalls import untraced
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.child import in_child
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap

READ_WRITE = PROT_READ | PROT_WRITE


def pages(count: int, prot: int = READ_WRITE, flags: int = MAP_PRIVATE | MAP_ANONYMOUS) -> int:
    """The address of new memory."""
    return mmap(0, count * PAGE, prot, flags, -1, 0)


def new_file(content: bytes) -> int:
    """A file in the working directory, opened for reading and writing; the fd."""
    with untraced():
        fd = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
        assert write(fd, content, len(content)) == len(content)
    return fd


def map_file(fd: int, count: int, flags: int, prot: int = READ_WRITE) -> int:
    """The address of a mapping of a file's first pages."""
    return mmap(0, count * PAGE, prot, flags, fd, 0)


def ending(body: Callable[[], object]) -> int:
    """Run `body` in a child: 0, or minus the signal that it dies of."""

    def child() -> None:
        body()

    return in_child(child)


def after_reading(address: int) -> int:
    """What becomes of a child that reads a byte."""
    return ending(lambda: memory_at(address, 1))


def after_writing(address: int) -> int:
    """What becomes of a child that writes a byte."""
    return ending(lambda: write_memory(address, b"x"))
