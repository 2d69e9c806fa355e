from __future__ import annotations

import socket
import struct

import pytest

from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.kinds import MASK, Names, Seen
from conformance.syscalls.sockets.options import (
    SO_ATTACH_FILTER,
    SO_LINGER,
    BufferSize,
    instruction,
    linger,
    numbers,
    sock_fprog,
)

BPF_LD_IMM, BPF_RET = 0x00, 0x06


def number(value: int) -> str:
    """A C int as a record has it."""
    return value.to_bytes(4, "little").decode("latin-1")


@pytest.mark.parametrize(
    ("seen", "normal"),
    [
        (number(8192), 8192),
        (number(131072), 131072),
        (number(212992), MASK),
        (number(87380), MASK),
        (None, None),
        (5, 5),
    ],
)
def test_the_size_of_a_buffer_is_compared_where_a_program_has_set_it(seen: Seen, normal: Seen) -> None:
    assert BufferSize().normal(seen, Names()) == normal


def test_numbers_are_c_ints_whatever_their_sign() -> None:
    assert [each.data for each in numbers(1, -1, 1 << 31)] == [b"\1\0\0\0", b"\xff" * 4, b"\0\0\0\x80"]


def test_the_kernel_takes_linger_as_it_is_built() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as one:
        one.setsockopt(socket.SOL_SOCKET, SO_LINGER, linger(1, 3).data)
        assert struct.unpack("=ii", one.getsockopt(socket.SOL_SOCKET, SO_LINGER, 8)) == (1, 3)


def test_the_kernel_takes_a_filter_as_it_is_built() -> None:
    """The first lets two bytes of a datagram through (BPF_RET), the second is two instructions, and lets none."""
    left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with left, right:
        for instructions in ([(BPF_RET, 2)], [(BPF_LD_IMM, 7), (BPF_RET, 0)]):
            program = sock_fprog(*(instruction(*each) for each in instructions))
            ((at, size, code),) = program.parts
            assert isinstance(code, Blob)
            memory, head = Buffer(code.data), bytearray(program.data)
            head[at : at + size] = memory.address.to_bytes(size, "little")
            right.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, bytes(head))
            left.send(b"hello")
        right.setblocking(False)
        assert right.recv(8) == b"he"
        with pytest.raises(BlockingIOError):
            right.recv(8)
