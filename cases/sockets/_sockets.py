"""What most cases about sockets need: pairs, options that are ints, connections."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOPROTOOPT

from conformance.syscalls import Buffer
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.connections import accept, bind, connect, getsockname, listen
from conformance.syscalls.sockets.options import SOL_SOCKET, getsockopt, setsockopt
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, SOCK_STREAM, socket, socketpair

UNKNOWN_OPTION = (ENOPROTOOPT, EINVAL)
"""What a target says of an option that it does not know: Linux the first, WSL1 the second."""


def size_of(size: int) -> Buffer:
    """A `socklen_t` to be passed by address."""
    return Buffer(struct.pack("=I", size))


def pair(kind: int, *, family: int = AF_UNIX) -> tuple[int, int]:
    """Two connected sockets."""
    fds = Buffer(8)
    socketpair(family, kind, 0, fds)
    return fds.int_at(0), fds.int_at(4)


def get_int(fd: int, level: int, option: int, *, name: str | None = None) -> int:
    """An option that is an int. A target that does not know it lacks it, if its name is told."""
    value = Buffer(4)
    if name:
        getsockopt.or_missing(name, UNKNOWN_OPTION, fd, level, option, value, size_of(4))
    else:
        getsockopt(fd, level, option, value, size_of(4))
    return value.int_at(0, signed=True)


def set_int(fd: int, level: int, option: int, value: int, *, name: str | None = None) -> None:
    """Set an option that is an int; `name` as for `get_int`."""
    if name:
        setsockopt.or_missing(name, UNKNOWN_OPTION, fd, level, option, struct.pack("=i", value), 4)
    else:
        setsockopt(fd, level, option, struct.pack("=i", value), 4)


def port_of(fd: int) -> int:
    """The port that an IPv4 socket is bound to."""
    address = Buffer(16)
    getsockname(fd, address, size_of(16))
    return int(struct.unpack_from("!H", bytes(address), 2)[0])


def bound(kind: int) -> tuple[int, int]:
    """An IPv4 socket at a port of the kernel's choice on the loopback address, and the port."""
    fd = socket(AF_INET, kind, 0)
    bind(fd, sockaddr_in(0), 16)
    return fd, port_of(fd)


def tcp_connection() -> tuple[int, int]:
    """Both ends of a connection over the loopback interface: who connected, and who accepted."""
    listener, port = bound(SOCK_STREAM)
    listen(listener, 1)
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect(client, sockaddr_in(port), 16)
    return client, accept(listener, 0, 0)


def error_of(fd: int) -> int:
    """SO_ERROR: the pending error, which is thereby cleared."""
    return get_int(fd, SOL_SOCKET, 4)
