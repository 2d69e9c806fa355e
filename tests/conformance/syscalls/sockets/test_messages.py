from __future__ import annotations

import array
import os
import socket
import struct

import pytest

from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.choices import Blob, LengthOf, Use
from conformance.syscalls.sockets.controls import SCM_RIGHTS
from conformance.syscalls.sockets.messages import (
    MSGHDR,
    Message,
    control_message,
    credentials,
    header,
    recvmsg,
    rights,
    sendmsg,
    vector,
)
from conformance.syscalls.sockets.options import SOL_SOCKET


@pytest.fixture
def pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets, closed when the test drops them."""
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)


def test_a_message_is_sent_as_another_library_receives_it(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    passed = control_message(SOL_SOCKET, SCM_RIGHTS, struct.pack("=i", left.fileno()))
    assert sendmsg(left.fileno(), Message(b"hello", control=passed).header, 0) == 5
    data, controls, flags, _ = right.recvmsg(16, socket.CMSG_SPACE(4))
    assert (data, flags) == (b"hello", 0)
    ((level, kind, content),) = controls
    assert (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS)
    (fd,) = array.array("i", content)
    assert os.path.samestat(os.fstat(fd), os.fstat(left.fileno()))
    os.close(fd)


def test_what_another_library_sends_is_received_with_its_controls(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    left.sendmsg([b"hello"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [left.fileno()]))])
    message = Message(8, control=64)
    assert recvmsg(right.fileno(), message.header, 0) == 5
    assert message.data.take(5) == b"hello"
    ((level, kind, content),) = message.controls()
    assert (level, kind) == (SOL_SOCKET, SCM_RIGHTS)
    os.close(struct.unpack("=i", content)[0])


def test_a_message_without_controls_has_none(pair: tuple[socket.socket, socket.socket]) -> None:
    left, right = pair
    left.send(b"x")
    message = Message(1, control=64)
    recvmsg(right.fileno(), message.header, 0)
    assert message.controls() == []


def test_several_controls_are_told_apart_and_what_is_none_ends_them() -> None:
    one, two = control_message(1, 1, b"abcde"), control_message(1, 2, b"x" * 8)
    message = Message(b"", control=one + two)
    assert message.controls() == [(1, 1, b"abcde"), (1, 2, b"x" * 8)]
    cut = Message(b"", control=one + struct.pack("Qii", 3, 0, 0))
    assert cut.controls() == [(1, 1, b"abcde")]


@pytest.mark.parametrize("size", [0, 1, 4, 8, 12])
def test_a_control_takes_the_room_that_cmsg_space_says(size: int) -> None:
    assert len(control_message(1, 1, bytes(size))) == socket.CMSG_SPACE(size)


# -- what programs send


def test_a_header_points_to_its_pieces_its_name_and_its_controls() -> None:
    hello, name, control = Blob(b"hello"), Blob(b"name"), rights(Use("fd"))
    blob = header(hello, name=name, control=control)
    assert len(blob.data) == MSGHDR
    assert blob.parts == (
        (0, 8, name),
        (8, 4, LengthOf()),
        (16, 8, vector(hello)),
        (32, 8, control),
        (40, 8, LengthOf()),
    )
    assert struct.unpack_from("=Q", blob.data, 24) == (1,)


def test_a_header_may_lie_about_how_many_pieces_there_are() -> None:
    assert struct.unpack_from("=Q", header(Blob(b"x"), count=1025).data, 24) == (1025,)
    assert header().parts == ()


def test_passed_descriptors_and_senders_are_resources_at_the_right_place() -> None:
    first, second = Use("fd"), Use("fd", 1)
    assert rights(first, second).parts == ((16, 4, first), (20, 4, second))
    assert credentials(1000, 1000).parts == ((16, 4, Use("pid")),)
    assert Buffer(credentials(1000, 1001).data).int_at(20) == 1000
