"""Unix sockets: names, data, and what they tell about the peer (unix(7))."""

from __future__ import annotations

import struct
from errno import (
    EADDRINUSE,
    EAGAIN,
    ECONNREFUSED,
    EINVAL,
    EISCONN,
    EMSGSIZE,
    ENOENT,
    ENOTCONN,
    EOPNOTSUPP,
    EPERM,
    EPIPE,
    EPROTOTYPE,
)

import pytest

from cases.sockets._sockets import pair, set_int, size_of
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.links import unlink
from conformance.syscalls.files.opening import close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.files.status import S_IFMT, S_IFSOCK, Stat, stat
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLHUP, POLLIN, POLLOUT, POLLRDHUP
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.sockets.addresses import sockaddr_un
from conformance.syscalls.sockets.connections import (
    SHUT_RD,
    SHUT_WR,
    accept,
    bind,
    connect,
    getpeername,
    getsockname,
    listen,
    shutdown,
)
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, MSG_NOSIGNAL, MSG_OOB, recvfrom, sendto
from conformance.syscalls.sockets.options import SO_PEERCRED, SO_SNDBUF, SOL_SOCKET, Ucred, getsockopt
from conformance.syscalls.sockets.socket import AF_UNIX, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM, socket

FIONREAD = 0x541B
ABSTRACT = sockaddr_un(b"\0conformance-sockets")


def listener(address: bytes, kind: int = SOCK_STREAM) -> int:
    """A socket that listens at `address`."""
    fd = socket(AF_UNIX, kind, 0)
    bind(fd, address, len(address))
    listen(fd, 1)
    return fd


def test_stream_joins_what_was_written_apart() -> None:
    left, right = pair(SOCK_STREAM)
    assert write(left, b"hel", 3) == 3
    assert write(left, b"lo", 2) == 2
    data = Buffer(16)
    assert read(right, data, 16) == 5
    assert data.take(5) == b"hello"


@pytest.mark.parametrize("kind", [SOCK_DGRAM, SOCK_SEQPACKET], ids=["dgram", "seqpacket"])
def test_packets_keep_their_boundaries(kind: int) -> None:
    left, right = pair(kind)
    assert write(left, b"hel", 3) == 3
    assert write(left, b"lo", 2) == 2
    data = Buffer(16)
    assert read(right, data, 16) == 3
    assert read(right, data, 16) == 2
    assert data.take(2) == b"lo"


def test_bytes_that_wait_are_counted() -> None:
    left, right = pair(SOCK_STREAM)
    write(left, b"hello", 5)
    count = Buffer(4)
    ioctl(right, FIONREAD, count)
    assert count.int_at(0) == 5


def test_bytes_that_wait_are_fewer_once_part_of_a_write_is_read() -> None:
    """unix(7), SIOCINQ: what is queued and unread. Linux 6.18.15 counts a write whole until it is wholly read."""
    left, right = pair(SOCK_STREAM)
    write(left, b"hello", 5)
    write(left, b"world", 5)
    count = Buffer(4)
    for size, rest in ((1, 9), (3, 6), (1, 5), (4, 1), (1, 0)):
        assert read(right, Buffer(size), size) == size
        ioctl(right, FIONREAD, count)
        assert count.int_at(0) == rest


def test_end_of_the_peer_is_end_of_file_for_reading_and_epipe_for_writing() -> None:
    left, right = pair(SOCK_STREAM)
    close(left)
    assert read(right, Buffer(1), 1) == 0
    sendto.fails_with(EPIPE, right, b"x", 1, MSG_NOSIGNAL, 0, 0)


def test_half_closed_connection_still_carries_data_the_other_way() -> None:
    left, right = pair(SOCK_STREAM)
    shutdown(left, SHUT_WR)
    assert read(right, Buffer(1), 1) == 0
    assert write(right, b"hello", 5) == 5
    assert read(left, Buffer(8), 8) == 5


def test_poll_tells_half_and_whole_hangup() -> None:
    left, right = pair(SOCK_STREAM)
    shutdown(left, SHUT_WR)
    assert ready(right, POLLIN | POLLRDHUP) == POLLIN | POLLRDHUP
    close(left)
    assert ready(right, POLLIN | POLLRDHUP) == POLLIN | POLLRDHUP | POLLHUP


def test_full_socket_is_eagain() -> None:
    left, _ = pair(SOCK_DGRAM)
    set_int(left, SOL_SOCKET, SO_SNDBUF, 1)
    with untraced():  # how much fits in is the kernel's choice
        while not sendto.result_of(left, bytes(1024), 1024, MSG_DONTWAIT, 0, 0)[1]:
            pass
    sendto.fails_with(EAGAIN, left, bytes(1024), 1024, MSG_DONTWAIT, 0, 0)
    assert not ready(left, POLLOUT, 0)


def test_datagram_larger_than_the_buffer_is_emsgsize() -> None:
    left, _ = pair(SOCK_DGRAM)
    set_int(left, SOL_SOCKET, SO_SNDBUF, 4096)
    sendto.fails_with(EMSGSIZE, left, bytes(1 << 16), 1 << 16, MSG_DONTWAIT, 0, 0)


def test_name_is_a_socket_file() -> None:
    listener(sockaddr_un(b"name"))
    found = Stat()
    stat(b"name", found)
    assert found.st_mode & S_IFMT == S_IFSOCK


def test_name_that_exists_is_eaddrinuse() -> None:
    listener(sockaddr_un(b"name"))
    second = socket(AF_UNIX, SOCK_STREAM, 0)
    bind.fails_with(EADDRINUSE, second, sockaddr_un(b"name"), 7)


def test_connecting_by_name_reaches_the_listener() -> None:
    server = listener(sockaddr_un(b"name"))
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect(client, sockaddr_un(b"name"), 7)
    connection = accept(server, 0, 0)
    write(client, b"hello", 5)
    assert read(connection, Buffer(8), 8) == 5


def test_absent_name_is_enoent_and_a_name_without_listener_econnrefused() -> None:
    close(listener(sockaddr_un(b"name")))
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect.fails_with(ECONNREFUSED, client, sockaddr_un(b"name"), 7)
    unlink(b"name")
    connect.fails_with(ENOENT, client, sockaddr_un(b"name"), 7)


def test_connecting_to_another_type_is_eprototype() -> None:
    listener(sockaddr_un(b"name"))
    client = socket(AF_UNIX, SOCK_DGRAM, 0)
    connect.fails_with(EPROTOTYPE, client, sockaddr_un(b"name"), 7)


def test_connecting_twice_is_eisconn() -> None:
    server = listener(sockaddr_un(b"name"))
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect(client, sockaddr_un(b"name"), 7)
    connect.fails_with(EISCONN, client, sockaddr_un(b"name"), 7)
    close(server)


def test_unconnected_stream_is_enotconn() -> None:
    fd = socket(AF_UNIX, SOCK_STREAM, 0)
    sendto.fails_with(ENOTCONN, fd, b"x", 1, MSG_NOSIGNAL, 0, 0)
    getpeername.fails_with(ENOTCONN, fd, Buffer(16), size_of(16))


def test_abstract_name_needs_no_file_and_goes_with_its_socket() -> None:
    server = listener(ABSTRACT)
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect(client, ABSTRACT, len(ABSTRACT))
    stat.fails_with(ENOENT, b"conformance-sockets", Stat())
    close(server)
    other = socket(AF_UNIX, SOCK_STREAM, 0)
    connect.fails_with(ECONNREFUSED, other, ABSTRACT, len(ABSTRACT))


def test_length_of_an_abstract_name_counts() -> None:
    """NULs in it have no meaning: a longer address is another name."""
    listener(ABSTRACT)
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect.fails_with(ECONNREFUSED, client, ABSTRACT + b"\0", len(ABSTRACT) + 1)
    connect(client, ABSTRACT, len(ABSTRACT))


def test_peer_has_the_name_that_it_is_bound_to() -> None:
    listener(ABSTRACT)
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect(client, ABSTRACT, len(ABSTRACT))
    address, length = Buffer(110), size_of(110)
    getpeername(client, address, length)
    assert address.take(length.int_at(0)) == ABSTRACT


def test_autobind_picks_an_abstract_name_of_five_digits() -> None:
    """unix(7): binding to the family alone gives a null byte and five characters of [0-9a-f]."""
    fd = socket(AF_UNIX, SOCK_DGRAM, 0)
    bind(fd, struct.pack("=H", AF_UNIX), 2)
    address, length = Buffer(110), size_of(110)
    with untraced():  # which name is the kernel's choice
        getsockname(fd, address, length)
    assert length.int_at(0) == 8
    assert address.int_at(2, 1) == 0
    assert set(address.take(5, 3)) <= set(b"0123456789abcdef")


def test_unnamed_socket_has_an_address_of_its_family_alone() -> None:
    left, _ = pair(SOCK_STREAM)
    address, length = Buffer(110), size_of(110)
    getsockname(left, address, length)
    assert length.int_at(0) == 2
    assert address.int_at(0, 2) == AF_UNIX


def test_peer_credentials_are_those_of_who_made_the_pair() -> None:
    left, _ = pair(SOCK_STREAM)
    peer = Ucred()
    getsockopt(left, SOL_SOCKET, SO_PEERCRED, peer, size_of(12))
    assert peer.pid == getpid()


@pytest.mark.needs("root")
def test_peer_credentials_stay_those_of_the_time_of_listening() -> None:
    listener(sockaddr_un(b"name"))
    client = socket(AF_UNIX, SOCK_STREAM, 0)
    connect(client, sockaddr_un(b"name"), 7)
    setresuid(65534, 65534, 65534)
    peer = Ucred()
    getsockopt(client, SOL_SOCKET, SO_PEERCRED, peer, size_of(12))
    assert peer.uid == 0


def test_datagram_tells_where_it_is_from() -> None:
    server, client = socket(AF_UNIX, SOCK_DGRAM, 0), socket(AF_UNIX, SOCK_DGRAM, 0)
    bind(server, sockaddr_un(b"server"), 9)
    bind(client, sockaddr_un(b"client"), 9)
    assert sendto(client, b"hello", 5, 0, sockaddr_un(b"server"), 9) == 5
    address, length = Buffer(110), size_of(110)
    assert recvfrom(server, Buffer(8), 8, 0, address, length) == 5
    assert address.take(length.int_at(0)) == sockaddr_un(b"client")


def test_datagram_socket_refuses_all_but_its_peer() -> None:
    """unix(7) says EPERM of such a sender (`unix_may_send`)."""
    left, right = pair(SOCK_DGRAM)
    bind(left, sockaddr_un(b"left"), 7)
    stranger = socket(AF_UNIX, SOCK_DGRAM, 0)
    sendto.fails_with(EPERM, stranger, b"x", 1, 0, sockaddr_un(b"left"), 7)
    assert write(right, b"x", 1) == 1


def test_shutdown_for_reading_ends_the_peers_writing() -> None:
    left, right = pair(SOCK_STREAM)
    shutdown(left, SHUT_RD)
    sendto.fails_with(EPIPE, right, b"x", 1, MSG_NOSIGNAL, 0, 0)


def test_listening_on_a_socket_without_a_name_is_einval() -> None:
    fd = socket(AF_UNIX, SOCK_STREAM, 0)
    listen.fails_with(EINVAL, fd, 1)


def test_urgent_byte_overtakes_the_others() -> None:
    """MSG_OOB on streams (Linux 5.15)."""
    left, right = pair(SOCK_STREAM)
    _, error = sendto.result_of(left, b"hello!", 6, MSG_OOB, 0, 0)
    if error == EOPNOTSUPP:
        missing("urgent data on unix sockets")
    assert error == 0
    data = Buffer(8)
    assert recvfrom(right, data, 8, MSG_OOB, 0, 0) == 1
    assert data.take(1) == b"!"
    assert recvfrom(right, data, 8, 0, 0, 0) == 5
