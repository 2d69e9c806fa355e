"""Vsock: sockets between a virtual machine and its host (vsock(7))."""

from __future__ import annotations

import struct
from errno import EADDRNOTAVAIL, EINVAL, ENOPROTOOPT

from cases.sockets._sockets import get_int, size_of
from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.sockets.connections import accept, bind, connect, getsockname, listen
from conformance.syscalls.sockets.options import SO_DOMAIN, SO_TYPE, SOL_SOCKET, getsockopt, setsockopt
from conformance.syscalls.sockets.socket import AF_INET, AF_VSOCK, SOCK_STREAM, socket

VMADDR_CID_LOCAL, VMADDR_CID_ANY, VMADDR_PORT_ANY = 1, 0xFFFFFFFF, 0xFFFFFFFF
SO_VM_SOCKETS_BUFFER_SIZE = 0
OPTION_LEVEL = AF_VSOCK


def sockaddr_vm(cid: int, port: int, *, family: int = AF_VSOCK) -> bytes:
    """`struct sockaddr_vm`."""
    return struct.pack("=HHII4x", family, 0, port, cid)


def listener(port: int) -> int:
    """A socket that listens for every machine."""
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    bind(fd, sockaddr_vm(VMADDR_CID_ANY, port), 16)
    listen(fd, 1)
    return fd


def test_socket_tells_what_it_is() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    assert get_int(fd, SOL_SOCKET, SO_DOMAIN) == AF_VSOCK
    assert get_int(fd, SOL_SOCKET, SO_TYPE) == SOCK_STREAM


def test_bound_socket_has_the_port_that_it_asked_for() -> None:
    fd = listener(70_001)
    address = Buffer(16)
    getsockname(fd, address, size_of(16))
    assert address.int_at(4) == 70_001


def test_any_port_is_one_of_the_kernels_choice() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    bind(fd, sockaddr_vm(VMADDR_CID_ANY, VMADDR_PORT_ANY), 16)
    address = Buffer(16)
    with untraced():
        getsockname(fd, address, size_of(16))
    assert address.int_at(4) not in (0, VMADDR_PORT_ANY)


def test_address_of_another_machine_is_eaddrnotavail() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    bind.fails_with(EADDRNOTAVAIL, fd, sockaddr_vm(0x7FFFFFFF, 70_002), 16)


def test_address_too_short_or_of_another_family_is_einval() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    bind.fails_with(EINVAL, fd, sockaddr_vm(VMADDR_CID_ANY, 70_003), 8)
    bind.fails_with(EINVAL, fd, sockaddr_vm(VMADDR_CID_ANY, 70_003, family=AF_INET), 16)


def test_loopback_carries_data() -> None:
    """VMADDR_CID_LOCAL (Linux 5.6). Without the loopback transport nobody has that address, and what is sent to it
    goes to the host.
    """
    server = socket(AF_VSOCK, SOCK_STREAM, 0)
    if bind.result_of(server, sockaddr_vm(VMADDR_CID_LOCAL, 70_004), 16)[1] == EADDRNOTAVAIL:
        missing("the loopback transport of vsock")
    listen(server, 1)
    client = socket(AF_VSOCK, SOCK_STREAM, 0)
    connect(client, sockaddr_vm(VMADDR_CID_LOCAL, 70_004), 16)
    connection = accept(server, 0, 0)
    assert write(client, b"hello", 5) == 5
    assert ready(connection) & POLLIN
    data = Buffer(8)
    assert read(connection, data, 8) == 5
    assert data.take(5) == b"hello"


def test_size_of_the_buffer_is_kept() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    setsockopt(fd, OPTION_LEVEL, SO_VM_SOCKETS_BUFFER_SIZE, struct.pack("=Q", 65536), 8)
    value = Buffer(8)
    getsockopt(fd, OPTION_LEVEL, SO_VM_SOCKETS_BUFFER_SIZE, value, size_of(8))
    assert value.int_at(0, 8) == 65536


def test_unknown_option_is_enoprotoopt() -> None:
    fd = socket(AF_VSOCK, SOCK_STREAM, 0)
    setsockopt.fails_with(ENOPROTOOPT, fd, OPTION_LEVEL, 9999, struct.pack("=Q", 1), 8)
