"""Asynchronous I/O: requests are submitted and their results collected later (io_submit(2))."""

from __future__ import annotations

import struct
from errno import EBADF, EINVAL

from conformance.syscalls import Buffer
from conformance.syscalls.help.paths import new_file
from conformance.syscalls.help.waiting import PATIENCE
from conformance.syscalls.polling.aio import (
    IOCB_CMD_PREAD,
    AioContext,
    Iocb,
    IoEvent,
    io_getevents,
    io_setup,
    io_submit,
)
from conformance.syscalls.time.clocks import Timespec


def context(requests: int = 4) -> int:
    """A context for so many requests."""
    made = AioContext()
    io_setup(requests, made)
    return int(made.context)


def submit(to: int, *requests: Iocb) -> int:
    """How many requests were taken."""
    return io_submit(to, len(requests), b"".join(struct.pack("=Q", each.address) for each in requests))


def test_result_of_a_request_is_collected_with_its_data() -> None:
    own, fd, data = context(), new_file(b"file", b"hello, world", 0o600), Buffer(5)
    request = Iocb(data=0x1234, opcode=IOCB_CMD_PREAD, fd=fd, buf=data.address, nbytes=5, offset=7)
    assert submit(own, request) == 1
    event = IoEvent()
    assert io_getevents(own, 1, 1, event, Timespec(tv_sec=PATIENCE)) == 1
    assert (event.data, event.obj, event.res) == (0x1234, request.address, 5)
    assert bytes(data) == b"world"
    assert io_getevents(own, 0, 1, event, None) == 0


def test_request_that_cannot_be_begun_is_refused_at_once() -> None:
    """Unless one before it was taken: then that one is counted."""
    own, fd, data = context(), new_file(b"file", b"hello", 0o600), Buffer(5)
    good = Iocb(opcode=IOCB_CMD_PREAD, fd=fd, buf=data.address, nbytes=5)
    unknown = Iocb(opcode=99, fd=fd)
    unopened = Iocb(opcode=IOCB_CMD_PREAD, fd=999, buf=data.address, nbytes=5)
    for bad, error in ((unknown, EINVAL), (unopened, EBADF)):
        io_submit.fails_with(error, own, 1, struct.pack("=Q", bad.address))
    assert submit(own, good, unknown) == 1
