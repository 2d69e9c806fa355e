"""UDP: datagrams over the loopback interface (udp(7), ip(7))."""

from __future__ import annotations

import struct
from errno import EACCES, EAGAIN, ECONNREFUSED, EDESTADDRREQ, EINVAL, EMSGSIZE, ENOTCONN

import pytest

from cases.sockets._sockets import bound, error_of, port_of, set_int, size_of
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLERR, POLLIN
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.connections import bind, connect, getpeername
from conformance.syscalls.sockets.ip import IP_PKTINFO, IP_RECVERR, IP_TTL
from conformance.syscalls.sockets.messages import (
    MSG_DONTWAIT,
    MSG_ERRQUEUE,
    MSG_MORE,
    Message,
    recvfrom,
    recvmsg,
    sendto,
)
from conformance.syscalls.sockets.options import SO_BROADCAST, SO_REUSEPORT, SOL_SOCKET
from conformance.syscalls.sockets.socket import AF_INET, AF_UNSPEC, IPPROTO_IP, SOCK_DGRAM, socket

ORIGIN_ICMP, PORT_UNREACHABLE = 2, (3, 3)


def waiting_datagrams(fd: int) -> int:
    """Takes all datagrams that wait; how many there were."""
    count = 0
    while not recvfrom.result_of(fd, Buffer(1), 1, MSG_DONTWAIT, 0, 0)[1]:
        count += 1
    return count


def test_datagram_tells_where_it_is_from() -> None:
    receiver, port = bound(SOCK_DGRAM)
    sender, from_port = bound(SOCK_DGRAM)
    assert sendto(sender, b"hello", 5, 0, sockaddr_in(port), 16) == 5
    assert ready(receiver) == POLLIN
    data, address, length = Buffer(8), Buffer(16), size_of(16)
    assert recvfrom(receiver, data, 8, MSG_DONTWAIT, address, length) == 5
    assert data.take(5) == b"hello"
    assert bytes(address) == sockaddr_in(from_port)


def test_empty_datagram_is_a_message() -> None:
    receiver, port = bound(SOCK_DGRAM)
    sender = socket(AF_INET, SOCK_DGRAM, 0)
    assert sendto(sender, b"", 0, 0, sockaddr_in(port), 16) == 0
    assert ready(receiver) == POLLIN
    assert recvfrom(receiver, Buffer(8), 8, MSG_DONTWAIT, 0, 0) == 0


def test_connected_socket_hears_its_peer_alone() -> None:
    receiver, port = bound(SOCK_DGRAM)
    friend, friends_port = bound(SOCK_DGRAM)
    stranger = socket(AF_INET, SOCK_DGRAM, 0)
    connect(receiver, sockaddr_in(friends_port), 16)
    sendto(stranger, b"no", 2, 0, sockaddr_in(port), 16)
    sendto(friend, b"yes", 3, 0, sockaddr_in(port), 16)
    assert ready(receiver) == POLLIN
    data = Buffer(8)
    assert recvfrom(receiver, data, 8, MSG_DONTWAIT, 0, 0) == 3
    assert data.take(3) == b"yes"
    recvfrom.fails_with(EAGAIN, receiver, data, 8, MSG_DONTWAIT, 0, 0)


def test_connecting_to_no_family_dissolves_the_association() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    connect(fd, sockaddr_in(7), 16)
    connect(fd, struct.pack("=H", AF_UNSPEC) + bytes(14), 16)
    getpeername.fails_with(ENOTCONN, fd, Buffer(16), size_of(16))
    sendto.fails_with(EDESTADDRREQ, fd, b"x", 1, 0, 0, 0)


def test_connected_socket_learns_that_nobody_listens() -> None:
    """udp(7): asynchronous errors are returned when the socket is connected."""
    other, port = bound(SOCK_DGRAM)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    connect(other, sockaddr_in(7), 16)  # hears one peer only, which is not us
    connect(fd, sockaddr_in(port), 16)
    assert write(fd, b"x", 1) == 1
    assert ready(fd) & POLLERR
    recvfrom.fails_with(ECONNREFUSED, fd, Buffer(1), 1, MSG_DONTWAIT, 0, 0)
    assert error_of(fd) == 0


def test_error_queue_tells_who_refused_which_datagram() -> None:
    """IP_RECVERR, ip(7): a `struct sock_extended_err`, and the datagram that was refused."""
    other, port = bound(SOCK_DGRAM)
    connect(other, sockaddr_in(7), 16)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    set_int(fd, IPPROTO_IP, IP_RECVERR, 1)
    sendto(fd, b"hello", 5, 0, sockaddr_in(port), 16)
    assert ready(fd) & POLLERR
    message = Message(8, control=128, name=16)
    assert recvmsg.or_missing("MSG_ERRQUEUE", EINVAL, fd, message.header, MSG_ERRQUEUE | MSG_DONTWAIT) == 5
    assert message.header.flags & MSG_ERRQUEUE
    assert message.data.take(5) == b"hello"
    assert bytes(message.name) == sockaddr_in(port)
    ((level, kind, data),) = message.controls()
    assert (level, kind) == (IPPROTO_IP, IP_RECVERR)
    error, origin, icmp_type, icmp_code = struct.unpack_from("=IBBB", data)
    assert (error, origin, (icmp_type, icmp_code)) == (ECONNREFUSED, ORIGIN_ICMP, PORT_UNREACHABLE)


def test_datagram_too_large_for_the_protocol_is_emsgsize() -> None:
    _, port = bound(SOCK_DGRAM)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    sendto.fails_with(EMSGSIZE, fd, bytes(65508), 65508, 0, sockaddr_in(port), 16)


def test_largest_datagram_arrives() -> None:
    receiver, port = bound(SOCK_DGRAM)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    assert sendto(fd, bytes(65507), 65507, 0, sockaddr_in(port), 16) == 65507
    assert ready(receiver) == POLLIN
    assert recvfrom(receiver, Buffer(65507), 65507, MSG_DONTWAIT, 0, 0) == 65507


def test_parts_marked_as_more_become_one_datagram() -> None:
    """MSG_MORE (Linux 2.6), send(2)."""
    receiver, port = bound(SOCK_DGRAM)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    sendto.or_missing("MSG_MORE", EINVAL, fd, b"hel", 3, MSG_MORE, sockaddr_in(port), 16)
    sendto(fd, b"lo", 2, 0, sockaddr_in(port), 16)
    assert ready(receiver) == POLLIN
    data = Buffer(8)
    assert recvfrom(receiver, data, 8, MSG_DONTWAIT, 0, 0) == 5
    assert data.take(5) == b"hello"


def test_broadcast_must_be_allowed_first() -> None:
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    sendto.fails_with(EACCES, fd, b"x", 1, 0, sockaddr_in(7, 0x7FFFFFFF), 16)  # of 127.0.0.0/8
    set_int(fd, SOL_SOCKET, SO_BROADCAST, 1)
    assert sendto(fd, b"x", 1, 0, sockaddr_in(7, 0x7FFFFFFF), 16) == 1


def test_destination_and_lifetime_of_a_datagram_are_told() -> None:
    """IP_PKTINFO and IP_RECVTTL, ip(7)."""
    receiver, port = bound(SOCK_DGRAM)
    set_int(receiver, IPPROTO_IP, IP_PKTINFO, 1)
    set_int(receiver, IPPROTO_IP, 12, 1)  # IP_RECVTTL
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    set_int(fd, IPPROTO_IP, IP_TTL, 33)
    sendto(fd, b"hello", 5, 0, sockaddr_in(port), 16)
    assert ready(receiver) == POLLIN
    message = Message(8, control=128)
    assert recvmsg(receiver, message.header, MSG_DONTWAIT) == 5
    found = {kind: data for level, kind, data in message.controls() if level == IPPROTO_IP}
    assert found[IP_PKTINFO][8:12] == bytes([127, 0, 0, 1])
    assert found[IP_TTL] == struct.pack("=i", 33)


def test_reuseport_spreads_senders_over_the_sockets() -> None:
    """SO_REUSEPORT: a sender's datagrams all go to one socket, and no datagram to two."""
    first = socket(AF_INET, SOCK_DGRAM, 0)
    set_int(first, SOL_SOCKET, SO_REUSEPORT, 1)
    bind(first, sockaddr_in(0), 16)
    second = socket(AF_INET, SOCK_DGRAM, 0)
    set_int(second, SOL_SOCKET, SO_REUSEPORT, 1)
    bind(second, sockaddr_in(port_of(first)), 16)
    sender = socket(AF_INET, SOCK_DGRAM, 0)
    for _ in range(3):
        sendto(sender, b"x", 1, 0, sockaddr_in(port_of(first)), 16)
    with untraced():  # which of the two is the kernel's choice
        received = [waiting_datagrams(fd) for fd in (first, second)]
    assert sorted(received) == [0, 3]


@pytest.mark.needs("root")
def test_port_below_1024_takes_a_privilege() -> None:
    setresuid(65534, 65534, 65534)
    fd = socket(AF_INET, SOCK_DGRAM, 0)
    bind.fails_with(EACCES, fd, sockaddr_in(1023), 16)
    bind(fd, sockaddr_in(1024), 16)


def test_read_takes_a_datagram_of_a_connected_socket() -> None:
    left, left_port = bound(SOCK_DGRAM)
    right, right_port = bound(SOCK_DGRAM)
    connect(left, sockaddr_in(right_port), 16)
    connect(right, sockaddr_in(left_port), 16)
    assert write(left, b"hello", 5) == 5
    assert ready(right) == POLLIN
    assert read(right, Buffer(8), 8) == 5
