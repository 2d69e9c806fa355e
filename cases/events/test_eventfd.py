"""Event descriptors: eventfd(2) is a counter that can be read, written and waited for."""

from __future__ import annotations

import struct
from errno import EAGAIN, EINVAL

from conformance.syscalls import Buffer
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.eventfd import EFD_NONBLOCK, EFD_SEMAPHORE, eventfd2
from conformance.syscalls.polling.poll import POLLIN, POLLOUT

LARGEST = 2**64 - 2


def number(value: int) -> bytes:
    """Eight bytes to write."""
    return struct.pack("=Q", value)


def take(fd: int) -> int:
    """Read the counter."""
    value = Buffer(8)
    assert read(fd, value, 8) == 8
    return value.int_at(0, 8)


def test_semaphore_is_taken_one_by_one() -> None:
    fd = eventfd2(2, EFD_SEMAPHORE | EFD_NONBLOCK)
    assert [take(fd), take(fd)] == [1, 1]
    read.fails_with(EAGAIN, fd, Buffer(8), 8)


def test_full_counter_does_not_overflow() -> None:
    """2**64-1 is never stored: it cannot even be asked for."""
    fd = eventfd2(0, EFD_NONBLOCK)
    write.fails_with(EINVAL, fd, number(LARGEST + 1), 8)
    write(fd, number(LARGEST), 8)
    write.fails_with(EAGAIN, fd, number(1), 8)
    assert ready(fd, POLLIN | POLLOUT) == POLLIN
    assert take(fd) == LARGEST
    assert ready(fd, POLLIN | POLLOUT) == POLLOUT


def test_fewer_than_eight_bytes_are_einval() -> None:
    fd = eventfd2(1, EFD_NONBLOCK)
    read.fails_with(EINVAL, fd, Buffer(7), 7)
    write.fails_with(EINVAL, fd, bytes(7), 7)
    assert take(fd) == 1
