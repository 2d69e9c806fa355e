"""Multipath TCP: IPPROTO_MPTCP makes sockets that may use several paths (Linux 5.6, RFC 8684)."""

from __future__ import annotations

from errno import EINVAL, EPROTONOSUPPORT

from cases.sockets._sockets import get_int, port_of
from conformance.syscalls import Buffer
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.connections import accept, bind, connect, listen
from conformance.syscalls.sockets.options import SO_PROTOCOL, SOL_SOCKET
from conformance.syscalls.sockets.socket import AF_INET, IPPROTO_MPTCP, SOCK_DGRAM, SOCK_STREAM, socket


def mptcp_socket() -> int:
    """A stream socket. A kernel that is too old finds the protocol's number too large."""
    return socket.or_missing("MPTCP", (EINVAL, EPROTONOSUPPORT), AF_INET, SOCK_STREAM, IPPROTO_MPTCP)


def listener() -> int:
    """An MPTCP socket that listens at a port of the kernel's choice."""
    fd = mptcp_socket()
    bind(fd, sockaddr_in(0), 16)
    listen(fd, 1)
    return fd


def test_socket_tells_its_protocol() -> None:
    fd = mptcp_socket()
    assert get_int(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_MPTCP


def test_connection_carries_data() -> None:
    server = listener()
    client = mptcp_socket()
    connect(client, sockaddr_in(port_of(server)), 16)
    connection = accept(server, 0, 0)
    assert write(client, b"hello", 5) == 5
    assert ready(connection) & POLLIN
    data = Buffer(8)
    assert read(connection, data, 8) == 5
    assert data.take(5) == b"hello"


def test_plain_tcp_client_is_served_as_well() -> None:
    server = listener()
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect(client, sockaddr_in(port_of(server)), 16)
    connection = accept(server, 0, 0)
    assert write(connection, b"hello", 5) == 5
    assert ready(client) & POLLIN
    assert read(client, Buffer(8), 8) == 5


def test_datagrams_are_eprotonosupport() -> None:
    mptcp_socket()
    socket.fails_with(EPROTONOSUPPORT, AF_INET, SOCK_DGRAM, IPPROTO_MPTCP)
