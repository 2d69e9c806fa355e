"""Performance events: counters of what a process does (perf_event_open(2))."""

from __future__ import annotations

from errno import E2BIG, EACCES, EINVAL, ENODEV

from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read
from conformance.syscalls.machinery.buffers import write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.security.perf import (
    PERF_COUNT_SW_PAGE_FAULTS,
    PERF_EVENT_IOC_DISABLE,
    PERF_EVENT_IOC_ENABLE,
    PERF_TYPE_SOFTWARE,
    PerfEvent,
    perf_event_open,
)

DISABLED, EXCLUDE_KERNEL, EXCLUDE_HYPERVISOR = 1 << 0, 1 << 5, 1 << 6
FLAG_FD_CLOEXEC = 8
PAGES = 16
FIRST_SIZE = 64
"""PERF_ATTR_SIZE_VER0."""


def event(config: int = PERF_COUNT_SW_PAGE_FAULTS, *, size: int = 64) -> PerfEvent:
    """A software event of user space, that does not count yet."""
    flags = DISABLED | EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR
    return PerfEvent(type_=PERF_TYPE_SOFTWARE, size_=size, config=config, flags=flags)


def counter() -> int:
    """A counter of this process's page faults."""
    return perf_event_open.or_missing(
        "performance events", (EACCES, ENODEV, EINVAL), event(), 0, -1, -1, FLAG_FD_CLOEXEC
    )


def count(fd: int) -> int:
    """What was counted. Not traced."""
    value = Buffer(8)
    with untraced():
        assert read(fd, value, 8) == 8
    return value.int_at(0, 8)


def touch(pages: int) -> None:
    """Fault in so many pages of new memory."""
    with untraced():
        address = mmap(0, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    for page in range(pages):
        write_memory(address + page * PAGE, b"x")


def test_counter_counts_while_it_is_enabled() -> None:
    """Page faults: at least one for each new page that is touched."""
    fd = counter()
    touch(PAGES)
    assert count(fd) == 0
    ioctl(fd, PERF_EVENT_IOC_ENABLE)
    touch(PAGES)
    ioctl(fd, PERF_EVENT_IOC_DISABLE)
    found = count(fd)
    assert found >= PAGES
    touch(PAGES)
    assert count(fd) == found


def test_event_that_does_not_fit_is_e2big_and_tells_the_size_that_the_kernel_knows() -> None:
    """`perf_copy_attr` in kernel/events/core.c. Which size that is differs from release to release."""
    close(counter())
    for size, last in ((256, 1), (FIRST_SIZE - 1, 0)):
        data = bytes(event(size=size)).ljust(size, b"\0")[:-1] + bytes([last])
        attr = Buffer(data)
        with untraced():
            perf_event_open.fails_with(E2BIG, attr, 0, -1, -1, FLAG_FD_CLOEXEC)
        assert FIRST_SIZE <= attr.int_at(4) < 256
        assert attr.take(4) + attr.take(len(data), 8) == data[:4] + data[8:]
