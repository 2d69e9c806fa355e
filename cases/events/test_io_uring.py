"""Rings of requests: io_uring_setup(2) shares two rings with the kernel, one to submit by, one to complete by."""

from __future__ import annotations

import struct
from errno import EEXIST, EINVAL, ENOBUFS, ENOENT, EPERM
from typing import NamedTuple

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.opening import O_CREAT, O_RDWR, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import write
from conformance.syscalls.help.pipes import new_pipe
from conformance.syscalls.machinery.buffers import memory_at, write_memory
from conformance.syscalls.machinery.world import PAGE
from conformance.syscalls.memory.mapping import (
    MAP_ANONYMOUS,
    MAP_POPULATE,
    MAP_PRIVATE,
    MAP_SHARED,
    PROT_READ,
    PROT_WRITE,
    mmap,
)
from conformance.syscalls.polling.io_uring import (
    IORING_CQE_BUFFER_SHIFT,
    IORING_CQE_F_BUFFER,
    IORING_ENTER_GETEVENTS,
    IORING_OFF_CQ_RING,
    IORING_OFF_SQ_RING,
    IORING_OFF_SQES,
    IORING_OP_NOP,
    IORING_OP_PROVIDE_BUFFERS,
    IORING_OP_READ,
    IORING_REGISTER_PBUF_RING,
    IORING_UNREGISTER_PBUF_RING,
    IOSQE_BUFFER_SELECT,
    IoUringBufReg,
    io_uring_enter,
    io_uring_register,
    io_uring_setup,
)

ENTRIES = 2
PARAMETERS = 120
"""Bytes of a `struct io_uring_params`."""


ENTRY = 64
"""Bytes of a `struct io_uring_sqe`."""
GROUP, OTHER_GROUP = 100, 101
"""Of buffers. The first 64 have always been there until Linux 6.8, where nothing else differs."""


class Completion(NamedTuple):
    """The head of a `struct io_uring_cqe`."""

    tag: int
    result: int
    flags: int


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
        self.submitted = 0

    def submit(
        self, opcode: int, *, fd: int = -1, data: Buffer | None = None, tag: int = 0, size: int = 0, group: int = 0
    ) -> int:
        """Put a request into the ring and wait for its completion: the number of requests that were taken.

        `group` is that of the buffer which the kernel is to choose for at most `size` bytes.
        """
        address, size = (data.address, size or len(data)) if data else (0, size)
        flags = IOSQE_BUFFER_SELECT if group and data is None else 0
        head = struct.pack("=BBHiQQIIQH", opcode, flags, 0, fd, 0, address, size, 0, tag, group)
        write_memory(self.entries, head.ljust(ENTRY, b"\0"))
        at = self.submitted & (ENTRIES - 1)
        self.submitted += 1
        write_memory(self.sq + self.submission[6] + 4 * at, struct.pack("=I", 0))
        write_memory(self.sq + self.submission[1], struct.pack("=I", self.submitted))
        return io_uring_enter(self.fd, 1, 1, IORING_ENTER_GETEVENTS, None, 0)

    def completed(self) -> Completion:
        """What the last request was completed with."""
        assert memory_at(self.cq + self.completion[1], 4) == struct.pack("=I", self.submitted), "not completed"
        (mask,) = struct.unpack("=I", memory_at(self.cq + self.completion[2], 4))
        place = self.cq + self.completion[5] + 16 * (self.submitted - 1 & mask)
        write_memory(self.cq + self.completion[0], struct.pack("=I", self.submitted))
        return Completion(*struct.unpack("=QiI", memory_at(place, 16)))


class Provided:
    """Buffers of a group that the kernel chooses of, by a ring of them (Linux 5.19)."""

    def __init__(self, ring: Ring, *buffers: tuple[int, Buffer]) -> None:
        """Each with the number by which it is told."""
        with untraced():
            self.ring = mmap(0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        register = IoUringBufReg(ring_addr=self.ring, ring_entries=4, bgid=GROUP)
        io_uring_register.or_missing(
            "IORING_REGISTER_PBUF_RING", EINVAL, ring.fd, IORING_REGISTER_PBUF_RING, register, 1
        )
        self.buffers = buffers  # kept alive
        for at, (number, buffer) in enumerate(buffers):
            write_memory(self.ring + 16 * at, struct.pack("=QIH", buffer.address, len(buffer), number))
        write_memory(self.ring + 14, struct.pack("=H", len(buffers)))


def test_request_that_does_nothing_is_completed_with_its_tag() -> None:
    ring = Ring()
    assert ring.submit(IORING_OP_NOP, tag=0x1234) == 1
    assert ring.completed() == (0x1234, 0, 0)


def test_read_by_the_ring_fills_the_buffer() -> None:
    """IORING_OP_READ (Linux 5.6)."""
    ring, data = Ring(), Buffer(8)
    file = openat(AT_FDCWD, b"file", O_RDWR | O_CREAT, 0o600)
    write(file, b"hello", 5)
    ring.submit(IORING_OP_READ, fd=file, data=data, tag=7)
    tag, result, _ = ring.completed()
    if result == -EINVAL:
        missing("IORING_OP_READ")
    assert (tag, result) == (7, 5)
    assert data.take(5) == b"hello"


def filled_pipe() -> int:
    """What can be read from, and has eleven bytes."""
    reader, writer = new_pipe()
    write(writer, b"eleven char", 11)
    return reader


def number_in(flags: int) -> int | None:
    """The number of the buffer that a completion tells, if it tells one."""
    return flags >> IORING_CQE_BUFFER_SHIFT if flags & IORING_CQE_F_BUFFER else None


@pytest.mark.parametrize(("asked", "got"), [(0, 11), (64, 11), (100, 11), (5, 5)], ids=["zero", "all", "more", "less"])
def test_read_takes_as_much_as_is_asked_for_and_the_buffer_has_room_for(asked: int, got: int) -> None:
    """Zero is the length of the buffer (Linux 6.0, `io_ring_buffer_select`; tokio-rs/io-uring#173)."""
    ring, data = Ring(), Buffer(64)
    provided = Provided(ring, (7, data))
    assert ring.submit(IORING_OP_READ, fd=filled_pipe(), size=asked, group=GROUP) == 1
    _, result, flags = ring.completed()
    assert (result, number_in(flags)) == (got, 7)
    assert data.take(got) == b"eleven char"[:got]
    assert provided.buffers


def test_buffers_of_a_ring_are_taken_in_order_until_there_are_none() -> None:
    """Each read gets as much as fits into one; ENOBUFS then."""
    ring, first, second = Ring(), Buffer(4), Buffer(4)
    provided = Provided(ring, (9, first), (5, second))
    pipe = filled_pipe()
    for number in (9, 5):
        ring.submit(IORING_OP_READ, fd=pipe, group=GROUP)
        _, result, flags = ring.completed()
        assert (result, number_in(flags)) == (4, number)
    assert (bytes(first), bytes(second)) == (b"elev", b"en c")
    ring.submit(IORING_OP_READ, fd=pipe, group=GROUP)
    assert ring.completed()[1:] == (-ENOBUFS, 0)
    assert len(provided.buffers) == 2


def test_group_that_has_no_buffers_is_enobufs() -> None:
    ring, data = Ring(), Buffer(64)
    Provided(ring, (7, data))
    ring.submit(IORING_OP_READ, fd=filled_pipe(), size=11, group=OTHER_GROUP)
    assert ring.completed()[1:] == (-ENOBUFS, 0)


@pytest.mark.parametrize(("asked", "got"), [(0, 11), (5, 5)], ids=["zero", "less"])
def test_buffers_that_are_provided_by_a_request_are_read_into_alike(asked: int, got: int) -> None:
    """IORING_OP_PROVIDE_BUFFERS (Linux 5.7)."""
    ring, data = Ring(), Buffer(64)
    ring.submit(IORING_OP_PROVIDE_BUFFERS, fd=1, data=data, group=GROUP)
    if ring.completed().result == -EINVAL:
        missing("IORING_OP_PROVIDE_BUFFERS")
    ring.submit(IORING_OP_READ, fd=filled_pipe(), size=asked, group=GROUP)
    _, result, flags = ring.completed()
    assert (result, number_in(flags)) == (got, 0)
    assert data.take(got) == b"eleven char"[:got]


def test_ring_of_buffers_that_cannot_be_is_refused() -> None:
    """io_uring_register(2): a power of two of them, on a page of its own, for a group that has none."""
    ring = Ring()
    provided = Provided(ring)

    def refused(error: int, **changed: int) -> None:
        register = IoUringBufReg(**{"ring_addr": provided.ring, "ring_entries": 4, "bgid": OTHER_GROUP} | changed)
        io_uring_register.fails_with(error, ring.fd, IORING_REGISTER_PBUF_RING, register, 1)

    refused(EEXIST, bgid=GROUP)
    refused(EINVAL, ring_entries=3)
    refused(EINVAL, ring_entries=0)
    refused(EINVAL, ring_entries=1 << 16)
    refused(EINVAL, ring_addr=provided.ring + 16)
    refused(EINVAL, reserved0=1)
    gone = IoUringBufReg(bgid=GROUP)
    io_uring_register(ring.fd, IORING_UNREGISTER_PBUF_RING, gone, 1)
    io_uring_register.fails_with(ENOENT, ring.fd, IORING_UNREGISTER_PBUF_RING, gone, 1)
