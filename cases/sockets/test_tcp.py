"""TCP: connections over the loopback interface, and how they end (tcp(7))."""

from __future__ import annotations

import struct
from errno import (
    EADDRINUSE,
    EADDRNOTAVAIL,
    EAFNOSUPPORT,
    EAGAIN,
    ECONNREFUSED,
    ECONNRESET,
    EINPROGRESS,
    EINVAL,
    EISCONN,
    ENOTCONN,
    EPIPE,
)

from cases.sockets._sockets import bound, error_of, get_int, port_of, set_int, size_of, tcp_connection
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.descriptors import F_GETFD, F_GETFL, FD_CLOEXEC, fcntl
from conformance.syscalls.files.opening import O_NONBLOCK, close
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLERR, POLLHUP, POLLIN, POLLOUT, POLLPRI, POLLRDHUP
from conformance.syscalls.sockets.addresses import sockaddr_in, sockaddr_in6
from conformance.syscalls.sockets.connections import (
    SHUT_WR,
    accept,
    accept4,
    bind,
    connect,
    getpeername,
    getsockname,
    listen,
    shutdown,
)
from conformance.syscalls.sockets.ip import IPV6_V6ONLY
from conformance.syscalls.sockets.messages import MSG_NOSIGNAL, MSG_OOB, recvfrom, sendto
from conformance.syscalls.sockets.options import (
    SO_ACCEPTCONN,
    SO_LINGER,
    SO_REUSEADDR,
    SO_REUSEPORT,
    SOL_SOCKET,
    setsockopt,
)
from conformance.syscalls.sockets.socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_IPV6,
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_STREAM,
    socket,
)


def test_data_goes_both_ways() -> None:
    client, server = tcp_connection()
    assert write(client, b"hello", 5) == 5
    data = Buffer(8)
    assert read(server, data, 8) == 5
    assert write(server, b"you", 3) == 3
    assert read(client, data, 8) == 3
    assert data.take(3) == b"you"


def test_accept_tells_who_connected() -> None:
    listener, port = bound(SOCK_STREAM)
    listen(listener, 1)
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect(client, sockaddr_in(port), 16)
    address, length = Buffer(16), size_of(16)
    server = accept(listener, address, length)
    assert bytes(address) == sockaddr_in(port_of(client))
    assert length.int_at(0) == 16
    getpeername(client, address, length)
    assert bytes(address) == sockaddr_in(port)
    close(server)


def test_accept4_sets_flags_that_accept_does_not_inherit() -> None:
    listener, port = bound(SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
    listen(listener, 2)
    for _ in range(2):
        connect(socket(AF_INET, SOCK_STREAM, 0), sockaddr_in(port), 16)
    assert ready(listener) == POLLIN
    plain = accept(listener, 0, 0)
    assert fcntl(plain, F_GETFD) == 0
    assert not fcntl(plain, F_GETFL) & O_NONBLOCK
    flagged = accept4(listener, 0, 0, SOCK_CLOEXEC | SOCK_NONBLOCK)
    assert fcntl(flagged, F_GETFD) == FD_CLOEXEC
    assert fcntl(flagged, F_GETFL) & O_NONBLOCK


def test_port_without_listener_is_econnrefused() -> None:
    _, port = bound(SOCK_STREAM)
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect.fails_with(ECONNREFUSED, client, sockaddr_in(port), 16)


def test_refused_connection_of_a_nonblocking_socket_is_told_by_poll() -> None:
    _, port = bound(SOCK_STREAM)
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    connect.fails_with(EINPROGRESS, client, sockaddr_in(port), 16)
    assert ready(client, POLLOUT) & (POLLERR | POLLHUP) == POLLERR | POLLHUP
    assert error_of(client) == ECONNREFUSED
    assert error_of(client) == 0


def test_nonblocking_connection_is_writable_once_it_is_there() -> None:
    listener, port = bound(SOCK_STREAM)
    listen(listener, 1)
    client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    connect.fails_with(EINPROGRESS, client, sockaddr_in(port), 16)
    assert ready(client, POLLOUT) == POLLOUT
    assert error_of(client) == 0


def test_connecting_twice_is_eisconn() -> None:
    client, _ = tcp_connection()
    connect.fails_with(EISCONN, client, sockaddr_in(1), 16)


def test_half_closed_connection_still_carries_data_the_other_way() -> None:
    client, server = tcp_connection()
    shutdown(client, SHUT_WR)
    assert ready(server, POLLIN | POLLRDHUP) == POLLIN | POLLRDHUP
    assert read(server, Buffer(1), 1) == 0
    assert write(server, b"hello", 5) == 5
    assert ready(client) & POLLIN
    assert read(client, Buffer(8), 8) == 5
    sendto.fails_with(EPIPE, client, b"x", 1, MSG_NOSIGNAL, 0, 0)


def test_both_ends_closed_is_a_hangup() -> None:
    client, server = tcp_connection()
    shutdown(client, SHUT_WR)
    shutdown(server, SHUT_WR)
    assert ready(client, POLLHUP)
    assert ready(client, POLLIN | POLLRDHUP) == POLLIN | POLLRDHUP | POLLHUP


def test_lingering_for_no_time_resets_the_connection() -> None:
    """SO_LINGER with a timeout of zero, socket(7): close sends a reset."""
    client, server = tcp_connection()
    setsockopt(client, SOL_SOCKET, SO_LINGER, struct.pack("=ii", 1, 0), 8)
    close(client)
    assert ready(server) & (POLLERR | POLLHUP) == POLLERR | POLLHUP
    recvfrom.fails_with(ECONNRESET, server, Buffer(1), 1, 0, 0, 0)


def test_closing_with_unread_data_resets_the_connection() -> None:
    """RFC 2525, 2.17."""
    client, server = tcp_connection()
    write(client, b"hello", 5)
    assert ready(server) & POLLIN
    close(server)
    assert ready(client) & POLLERR
    recvfrom.fails_with(ECONNRESET, client, Buffer(1), 1, 0, 0, 0)


def test_urgent_byte_is_read_apart() -> None:
    client, server = tcp_connection()
    assert sendto(client, b"hello!", 6, MSG_OOB, 0, 0) == 6
    assert ready(server, POLLPRI) == POLLPRI
    data = Buffer(8)
    assert recvfrom(server, data, 8, MSG_OOB, 0, 0) == 1
    assert data.take(1) == b"!"
    assert read(server, data, 8) == 5


def test_nothing_to_accept_is_eagain() -> None:
    listener, _ = bound(SOCK_STREAM | SOCK_NONBLOCK)
    listen(listener, 1)
    accept.fails_with(EAGAIN, listener, 0, 0)


def test_socket_that_does_not_listen_accepts_nothing() -> None:
    fd, _ = bound(SOCK_STREAM)
    accept.fails_with(EINVAL, fd, 0, 0)
    assert get_int(fd, SOL_SOCKET, SO_ACCEPTCONN) == 0
    listen(fd, 1)
    assert get_int(fd, SOL_SOCKET, SO_ACCEPTCONN) == 1


def test_unconnected_socket_is_enotconn() -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    shutdown.fails_with(ENOTCONN, fd, SHUT_WR)
    recvfrom.fails_with(ENOTCONN, fd, Buffer(1), 1, 0, 0, 0)
    getpeername.fails_with(ENOTCONN, fd, Buffer(16), size_of(16))


def test_port_that_is_taken_is_eaddrinuse() -> None:
    _, port = bound(SOCK_STREAM)
    second = socket(AF_INET, SOCK_STREAM, 0)
    bind.fails_with(EADDRINUSE, second, sockaddr_in(port), 16)


def test_reuseaddr_does_not_let_two_listen() -> None:
    first = socket(AF_INET, SOCK_STREAM, 0)
    set_int(first, SOL_SOCKET, SO_REUSEADDR, 1)
    bind(first, sockaddr_in(0), 16)
    listen(first, 1)
    second = socket(AF_INET, SOCK_STREAM, 0)
    set_int(second, SOL_SOCKET, SO_REUSEADDR, 1)
    bind.fails_with(EADDRINUSE, second, sockaddr_in(port_of(first)), 16)


def test_reuseport_lets_two_listen() -> None:
    """SO_REUSEPORT (Linux 3.9): every connection goes to one of them."""
    first = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    set_int(first, SOL_SOCKET, SO_REUSEPORT, 1)
    bind(first, sockaddr_in(0), 16)
    listen(first, 1)
    second = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)
    set_int(second, SOL_SOCKET, SO_REUSEPORT, 1)
    bind(second, sockaddr_in(port_of(first)), 16)
    listen(second, 1)
    connect(socket(AF_INET, SOCK_STREAM, 0), sockaddr_in(port_of(first)), 16)
    with untraced():  # which of the two is the kernel's choice
        accepted = [accept.result_of(fd, 0, 0)[1] for fd in (first, second)]
    assert sorted(accepted) == [0, EAGAIN]


def test_reuseport_of_one_side_alone_is_eaddrinuse() -> None:
    _, port = bound(SOCK_STREAM)
    second = socket(AF_INET, SOCK_STREAM, 0)
    set_int(second, SOL_SOCKET, SO_REUSEPORT, 1)
    bind.fails_with(EADDRINUSE, second, sockaddr_in(port), 16)


def test_address_of_nobody_here_is_eaddrnotavail() -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    bind.fails_with(EADDRNOTAVAIL, fd, sockaddr_in(0, 0xC0000201), 16)  # 192.0.2.1, RFC 5737


def test_address_too_short_is_einval_and_of_another_family_eafnosupport() -> None:
    fd = socket(AF_INET, SOCK_STREAM, 0)
    bind.fails_with(EINVAL, fd, sockaddr_in(0), 8)
    bind.fails_with(EAFNOSUPPORT, fd, struct.pack("=H", AF_INET6) + bytes(26), 28)


def test_bound_socket_cannot_be_bound_again() -> None:
    fd, _ = bound(SOCK_STREAM)
    bind.fails_with(EINVAL, fd, sockaddr_in(0), 16)


def test_ipv6_socket_takes_ipv4_connections_unless_told_otherwise() -> None:
    """ipv6(7): the peer then has an address of ::ffff:0:0/96."""
    listener = socket(AF_INET6, SOCK_STREAM, 0)
    set_int(listener, IPPROTO_IPV6, IPV6_V6ONLY, 0)
    bind(listener, sockaddr_in6(0, bytes(16)), 28)
    listen(listener, 1)
    connect(socket(AF_INET, SOCK_STREAM, 0), sockaddr_in(port_of6(listener)), 16)
    address = Buffer(28)
    accept(listener, address, size_of(28))
    assert address.take(16, 8) == bytes(10) + b"\xff\xff\x7f\0\0\1"


def test_ipv6_only_socket_refuses_ipv4_connections() -> None:
    listener = socket(AF_INET6, SOCK_STREAM, 0)
    set_int(listener, IPPROTO_IPV6, IPV6_V6ONLY, 1)
    bind(listener, sockaddr_in6(0, bytes(16)), 28)
    listen(listener, 1)
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect.fails_with(ECONNREFUSED, client, sockaddr_in(port_of6(listener)), 16)


def port_of6(fd: int) -> int:
    """The port that an IPv6 socket is bound to."""
    address = Buffer(28)
    getsockname(fd, address, size_of(28))
    return int(struct.unpack_from("!H", bytes(address), 2)[0])
