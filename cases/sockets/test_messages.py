"""Messages: what the flags of recvmsg(2), sendmsg(2) and their many-message forms do."""

from __future__ import annotations

import struct
from errno import EAGAIN, EBADF, EDESTADDRREQ, EFAULT, EINVAL, EMSGSIZE, ENOTSOCK

from cases.sockets._sockets import pair, set_int, tcp_connection
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.opening import O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.sockets.messages import (
    MSG_DONTWAIT,
    MSG_PEEK,
    MSG_TRUNC,
    MSG_WAITALL,
    Message,
    Msghdr,
    recvfrom,
    recvmmsg,
    recvmsg,
    sendmmsg,
    sendmsg,
    sendto,
)
from conformance.syscalls.sockets.options import SO_PEEK_OFF, SOL_SOCKET
from conformance.syscalls.sockets.socket import AF_INET, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, socket


def several(*parts: Message) -> Buffer:
    """An array of `struct mmsghdr`."""
    return Buffer(b"".join(bytes(each.header) + bytes(8) for each in parts))


def lengths(vector: Buffer, count: int) -> list[int]:
    """The `msg_len` of the first `count` of them."""
    return [vector.int_at(64 * at + 56) for at in range(count)]


def test_peeking_leaves_the_data() -> None:
    left, right = pair(SOCK_STREAM)
    write(left, b"hello", 5)
    data = Buffer(8)
    assert recvfrom(right, data, 8, MSG_PEEK, 0, 0) == 5
    assert recvfrom(right, data, 8, 0, 0, 0) == 5
    assert data.take(5) == b"hello"


def test_peek_offset_advances() -> None:
    """SO_PEEK_OFF, socket(7)."""
    left, right = pair(SOCK_STREAM)
    write(left, b"hello", 5)
    set_int(right, SOL_SOCKET, SO_PEEK_OFF, 0)
    data = Buffer(2)
    assert recvfrom(right, data, 2, MSG_PEEK, 0, 0) == 2
    assert recvfrom(right, data, 2, MSG_PEEK, 0, 0) == 2
    assert bytes(data) == b"ll"


def test_rest_of_a_datagram_is_lost() -> None:
    left, right = pair(SOCK_DGRAM)
    write(left, b"hello", 5)
    write(left, b"next!", 5)
    message = Message(2)
    assert recvmsg(right, message.header, 0) == 2
    assert message.header.flags & MSG_TRUNC
    assert recvmsg(right, message.header, 0) == 2
    assert bytes(message.data) == b"ne"


def test_trunc_flag_returns_the_whole_length() -> None:
    left, right = pair(SOCK_DGRAM)
    write(left, b"hello", 5)
    assert recvfrom(right, Buffer(2), 2, MSG_TRUNC, 0, 0) == 5


def test_trunc_flag_discards_data_of_a_tcp_connection() -> None:
    """tcp(7), since Linux 2.4."""
    client, server = tcp_connection()
    write(client, b"hello", 5)
    assert recvfrom(server, 0, 3, MSG_TRUNC, 0, 0) == 3
    data = Buffer(8)
    assert read(server, data, 8) == 2
    assert data.take(2) == b"lo"


def test_dontwait_with_nothing_there_is_eagain() -> None:
    _, right = pair(SOCK_STREAM)
    recvfrom.fails_with(EAGAIN, right, Buffer(1), 1, MSG_DONTWAIT, 0, 0)


def test_waitall_gathers_what_comes_in_parts() -> None:
    left, right = pair(SOCK_STREAM)
    write(left, b"hel", 3)
    write(left, b"lo", 2)
    data = Buffer(5)
    assert recvfrom(right, data, 5, MSG_WAITALL, 0, 0) == 5
    assert bytes(data) == b"hello"


def test_data_is_gathered_from_and_scattered_to_several_buffers() -> None:
    left, right = pair(SOCK_STREAM)
    parts = [Buffer(b"hel"), Buffer(b"lo")]
    vector = Buffer(b"".join(bytes(Iovec(iov_base=part.address, iov_len=len(part))) for part in parts))
    assert sendmsg(left, Msghdr(iov=vector.address, iovlen=2), 0) == 5
    halves = [Buffer(1), Buffer(4)]
    vector = Buffer(b"".join(bytes(Iovec(iov_base=half.address, iov_len=len(half))) for half in halves))
    assert recvmsg(right, Msghdr(iov=vector.address, iovlen=2), 0) == 5
    assert [bytes(half) for half in halves] == [b"h", b"ello"]


def test_more_buffers_than_iov_max_are_emsgsize() -> None:
    left, _ = pair(SOCK_STREAM)
    sendmsg.fails_with(EMSGSIZE, left, Msghdr(iov=Buffer(bytes(16 * 1025)).address, iovlen=1025), 0)


def test_empty_datagram_is_a_message() -> None:
    left, right = pair(SOCK_SEQPACKET)
    assert sendto(left, b"", 0, 0, 0, 0) == 0
    assert sendto(left, b"x", 1, 0, 0, 0) == 1
    assert recvfrom(right, Buffer(8), 8, 0, 0, 0) == 0
    assert recvfrom(right, Buffer(8), 8, 0, 0, 0) == 1


def test_several_messages_are_sent_and_received_by_one_call() -> None:
    left, right = pair(SOCK_DGRAM)
    sent, got = [Message(b"one"), Message(b"three"), Message(b"six")], [Message(8), Message(8), Message(8), Message(8)]
    outgoing, incoming = several(*sent), several(*got)
    with untraced():  # the messages' addresses are in the argument
        assert sendmmsg(left, outgoing, 3, 0) == 3
        assert lengths(outgoing, 3) == [3, 5, 3]
        assert recvmmsg(right, incoming, 4, MSG_DONTWAIT, 0) == 3
    assert lengths(incoming, 3) == [3, 5, 3]
    assert [each.data.take(size) for each, size in zip(got, (3, 5, 3), strict=False)] == [b"one", b"three", b"six"]


def test_receiving_several_messages_from_an_empty_socket_is_eagain() -> None:
    _, right = pair(SOCK_DGRAM)
    with untraced():
        recvmmsg.fails_with(EAGAIN, right, several(Message(8)), 1, MSG_DONTWAIT, 0)


def test_timeout_of_recvmmsg_must_be_a_time() -> None:
    _, right = pair(SOCK_DGRAM)
    recvmmsg.fails_with(EINVAL, right, 0, 1, 0, struct.pack("=qq", 0, 1_000_000_000))


def test_file_is_enotsock_and_a_closed_descriptor_ebadf() -> None:
    fd = openat(AT_FDCWD, b".", O_RDONLY, 0)
    recvfrom.fails_with(ENOTSOCK, fd, Buffer(1), 1, 0, 0, 0)
    recvfrom.fails_with(EBADF, 999, Buffer(1), 1, 0, 0, 0)


def test_bad_address_is_efault_and_the_message_stays() -> None:
    left, right = pair(SOCK_STREAM)
    write(left, b"hello", 5)
    recvfrom.fails_with(EFAULT, right, 8, 5, 0, 0, 0)
    assert read(right, Buffer(8), 8) == 5


def test_datagram_without_destination_is_edestaddrreq() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    sendto.fails_with(EDESTADDRREQ, fd, b"x", 1, 0, 0, 0)
