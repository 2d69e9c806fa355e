"""Rings of requests: io_uring_setup(2) shares two rings with the kernel, one to submit by, one to complete by."""

from __future__ import annotations

import struct
from errno import EINVAL, EPERM

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import MAP_POPULATE, MAP_SHARED, PROT_READ, PROT_WRITE, mmap
from conformance.syscalls.polling.io_uring import (
    IORING_ENTER_GETEVENTS,
    IORING_OFF_CQ_RING,
    IORING_OFF_SQ_RING,
    IORING_OFF_SQES,
    IORING_OP_NOP,
    IORING_OP_READ,
    io_uring_enter,
    io_uring_setup,
)

ENTRIES = 2
PARAMETERS = 120
"""Bytes of a `struct io_uring_params`."""


class Ring:
    """A ring of two entries. Not traced: the offsets in it are the kernel's choice."""

    def __init__(self) -> None:
        parameters = Buffer(bytes(PARAMETERS))
        with untraced():
            self.fd = io_uring_setup.or_missing("io_uring", EPERM, ENTRIES, parameters)  # EPERM: switched off
            layout = bytes(parameters)
            self.submission = struct.unpack_from("=7I", layout, 40)  # head, tail, mask, entries, flags, dropped, array
            self.completion = struct.unpack_from("=6I", layout, 80)  # head, tail, mask, entries, overflow, cqes
            self.sq, self.cq, self.entries = (
                mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, self.fd, offset)
                for offset in (IORING_OFF_SQ_RING, IORING_OFF_CQ_RING, IORING_OFF_SQES)
            )

    def submit(self, opcode: int, *, fd: int = -1, data: Buffer | None = None, tag: int = 0) -> int:
        """Put a request into the ring and wait for its completion: the number of requests that were taken."""
        address, size = (data.address, len(data)) if data else (0, 0)
        write_memory(self.entries, struct.pack("=BBHiQQIIQ24x", opcode, 0, 0, fd, 0, address, size, 0, tag))
        write_memory(self.sq + self.submission[6], struct.pack("=I", 0))
        write_memory(self.sq + self.submission[1], struct.pack("=I", 1))
        return io_uring_enter(self.fd, 1, 1, IORING_ENTER_GETEVENTS, None, 0)

    def completed(self) -> tuple[int, int]:
        """Tag and result of the first completion."""
        assert memory_at(self.cq + self.completion[1], 4) == struct.pack("=I", 1), "nothing was completed"
        tag, result = struct.unpack("=Qi", memory_at(self.cq + self.completion[5], 12))
        return tag, result


def test_request_that_does_nothing_is_completed_with_its_tag() -> None:
    ring = Ring()
    assert ring.submit(IORING_OP_NOP, tag=0x1234) == 1
    assert ring.completed() == (0x1234, 0)


def test_read_by_the_ring_fills_the_buffer() -> None:
    """IORING_OP_READ (Linux 5.6)."""
    ring, data = Ring(), Buffer(8)
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    write(file, b"hello", 5)
    ring.submit(IORING_OP_READ, fd=file, data=data, tag=7)
    tag, result = ring.completed()
    if result == -EINVAL:
        missing("IORING_OP_READ")
    assert (tag, result) == (7, 5)
    assert data.take(5) == b"hello"
