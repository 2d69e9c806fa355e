"""Page faults for user space: userfaultfd(2) tells who touches a page, and another process fills it."""

from __future__ import annotations

import struct

from cases.memory._pages import pages
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.reading import read
from conformance.syscalls.help.child import exit_status, fork_child
from conformance.syscalls.machinery.buffers import memory_at
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.userfaultfd import (
    UFFD_API,
    UFFD_EVENT_PAGEFAULT,
    UFFD_USER_MODE_ONLY,
    UFFDIO_API,
    UFFDIO_COPY,
    UFFDIO_REGISTER,
    UFFDIO_REGISTER_MODE_MISSING,
    userfaultfd,
)


def test_page_that_is_touched_is_filled_by_another_process() -> None:
    fd, error = userfaultfd.result_of(UFFD_USER_MODE_ONLY)
    if error:  # the flag is of Linux 5.11
        fd = userfaultfd(0)
    area, content = pages(2), Buffer(b"filled".ljust(PAGE, b"."))
    with untraced():  # the structs hold addresses
        ioctl(fd, UFFDIO_API, Buffer(struct.pack("=3Q", UFFD_API, 0, 0)))
        ioctl(fd, UFFDIO_REGISTER, Buffer(struct.pack("=4Q", area, 2 * PAGE, UFFDIO_REGISTER_MODE_MISSING, 0)))

    def pager() -> None:
        message = Buffer(32)
        with untraced():
            assert read(fd, message, 32) == 32
            assert (message.int_at(0, 1), message.int_at(16, 8)) == (UFFD_EVENT_PAGEFAULT, area + PAGE)
            ioctl(fd, UFFDIO_COPY, Buffer(struct.pack("=5Q", area + PAGE, content.address, PAGE, 0, 0)))

    pid = fork_child(pager)
    assert memory_at(area + PAGE, 8) == b"filled.."
    assert exit_status(pid) == 0
