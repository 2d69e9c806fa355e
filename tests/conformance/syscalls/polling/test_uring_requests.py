from __future__ import annotations

import errno
import struct

import pytest

from conformance.programs.program import Argument, Memory, Ref
from conformance.programs.wire import State
from conformance.syscalls.machinery.choices import room
from conformance.syscalls.polling.uring_requests import IORING_OP_NOP, IORING_OP_OPENAT, IORING_OP_READ, Sqe, sqe
from tests.conformance.search.native import needs_executor, program, run

FILE = ("openat", -100, Memory(b"f0\0"), 2, 0)
NOTHING = Memory(bytes(Sqe(opcode=IORING_OP_NOP)))


def request(opcode: int, *parts: tuple[int, int, Argument], **members: int) -> Memory:
    """A request as a program has it."""
    return Memory(bytes(Sqe(opcode=opcode, **members)), parts)


def results(*steps: tuple[str, *tuple[Argument, ...]]) -> list[tuple[int, tuple[bytes, ...]]]:
    """What the calls of a program return, and what they write."""
    ((_, outcome),) = run([program(*steps)])
    assert outcome.state is State.DONE
    return list(outcome.results)


def test_a_request_has_the_layout_of_the_kernel() -> None:
    assert Sqe.size() == 64
    made = sqe(IORING_OP_READ, flags=3, fd=7, addr=room(16), len=16)
    assert struct.unpack_from("=BBHi", made.data) == (IORING_OP_READ, 3, 0, 7)
    assert [(offset, width) for offset, width, _ in made.parts] == [(16, 8)]


@needs_executor
def test_what_a_request_comes_to_is_told() -> None:
    first, _ = results(("uring_nothing", NOTHING), FILE)
    if first[0] in (-errno.ENOSYS, -errno.EPERM):
        pytest.skip("this kernel has no rings for us")
    reads = request(IORING_OP_READ, (4, 4, Ref(0)), (16, 8, Memory(bytes(8), room=True)), len=8)
    opened, (read, (written,)) = results(FILE, ("uring_file", reads))
    assert (first[0], opened[0], read) == (0, 0, 8)
    assert written == b"abcdefgh"
    assert results(("uring_nothing", request(255))) == [(-errno.EINVAL, ())]


@needs_executor
def test_what_a_request_opens_has_the_number_that_it_would_have_without_a_ring() -> None:
    opens = request(IORING_OP_OPENAT, (16, 8, Memory(b"f0\0")), fd=-100)
    first, second, third = results(("uring_open", opens), FILE, ("uring_open", opens))
    if first[0] in (-errno.ENOSYS, -errno.EPERM):
        pytest.skip("this kernel has no rings for us")
    assert [first[0], second[0], third[0]] == [0, 1, 2]


@needs_executor
def test_a_request_lies_in_the_memory_of_programs() -> None:
    assert results(("uring_nothing", 0))[0][0] == -errno.EINVAL
