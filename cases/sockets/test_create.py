"""Creating sockets: which family, type and protocol go together (socket(2), socketpair(2))."""

from __future__ import annotations

from errno import EAFNOSUPPORT, EINVAL, EOPNOTSUPP, EPERM, EPROTONOSUPPORT, ESOCKTNOSUPPORT

import pytest

from cases.sockets._sockets import get_int, pair
from conformance.syscalls import Buffer
from conformance.syscalls.files.descriptors import F_GETFD, F_GETFL, FD_CLOEXEC, fcntl
from conformance.syscalls.files.opening import O_NONBLOCK
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.options import SO_DOMAIN, SO_PROTOCOL, SO_TYPE, SOL_SOCKET
from conformance.syscalls.sockets.socket import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    IPPROTO_ICMP,
    IPPROTO_TCP,
    IPPROTO_UDP,
    SOCK_CLOEXEC,
    SOCK_DGRAM,
    SOCK_NONBLOCK,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    socket,
    socketpair,
)

SOCK_RDM = 4
"""Of no protocol of AF_INET."""


@pytest.mark.parametrize(
    ("family", "kind", "protocol"),
    [
        (AF_UNIX, SOCK_STREAM, 0),
        (AF_UNIX, SOCK_DGRAM, 0),
        (AF_UNIX, SOCK_SEQPACKET, 0),
        (AF_INET, SOCK_STREAM, IPPROTO_TCP),
        (AF_INET, SOCK_DGRAM, IPPROTO_UDP),
        (AF_INET6, SOCK_STREAM, IPPROTO_TCP),
        (AF_INET6, SOCK_DGRAM, IPPROTO_UDP),
    ],
    ids=["unix-stream", "unix-dgram", "unix-seqpacket", "tcp", "udp", "tcp6", "udp6"],
)
def test_socket_tells_family_type_and_protocol(family: int, kind: int, protocol: int) -> None:
    fd = socket(family, kind, 0)
    assert get_int(fd, SOL_SOCKET, SO_DOMAIN) == family
    assert get_int(fd, SOL_SOCKET, SO_TYPE) == kind
    assert get_int(fd, SOL_SOCKET, SO_PROTOCOL) == protocol


@pytest.mark.needs("root")
def test_raw_socket_of_a_protocol_can_be_made() -> None:
    fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP)
    assert get_int(fd, SOL_SOCKET, SO_TYPE) == SOCK_RAW


@pytest.mark.needs("root")
def test_raw_socket_takes_a_privilege() -> None:
    setresuid(65534, 65534, 65534)
    socket.fails_with(EPERM, AF_INET, SOCK_RAW, IPPROTO_ICMP)


@pytest.mark.parametrize("family", [1000, -1])
def test_unknown_family_is_eafnosupport(family: int) -> None:
    socket.fails_with(EAFNOSUPPORT, family, SOCK_STREAM, 0)


@pytest.mark.parametrize("kind", [11, -1])
def test_unknown_type_is_einval(kind: int) -> None:
    socket.fails_with(EINVAL, AF_UNIX, kind, 0)


def test_flag_that_is_none_is_einval() -> None:
    socket.fails_with(EINVAL, AF_UNIX, SOCK_STREAM | 0x100, 0)


@pytest.mark.parametrize(
    ("family", "kind", "protocol", "error"),
    [
        (AF_INET, SOCK_RDM, 0, ESOCKTNOSUPPORT),
        (AF_INET, SOCK_STREAM, IPPROTO_UDP, EPROTONOSUPPORT),
        (AF_INET, SOCK_DGRAM, IPPROTO_TCP, EPROTONOSUPPORT),
        (AF_INET, SOCK_STREAM, -1, EINVAL),
        (AF_UNIX, SOCK_STREAM, 7, EPROTONOSUPPORT),
    ],
    ids=["inet-rdm", "stream-of-udp", "dgram-of-tcp", "negative", "unix-protocol"],
)
def test_type_or_protocol_that_a_family_lacks_is_an_error(family: int, kind: int, protocol: int, error: int) -> None:
    socket.fails_with(error, family, kind, protocol)


@pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET], ids=["stream", "dgram", "seqpacket"])
def test_pair_is_connected(kind: int) -> None:
    left, right = pair(kind)
    assert get_int(left, SOL_SOCKET, SO_TYPE) == kind
    assert get_int(right, SOL_SOCKET, SO_TYPE) == kind


def test_pair_of_internet_sockets_is_eopnotsupp() -> None:
    socketpair.fails_with(EOPNOTSUPP, AF_INET, SOCK_STREAM, 0, Buffer(8))


@pytest.mark.parametrize("kind", [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET], ids=["stream", "dgram", "seqpacket"])
def test_flags_in_the_type_apply_to_both_ends(kind: int) -> None:
    for fd in pair(kind | SOCK_CLOEXEC | SOCK_NONBLOCK):
        assert fcntl(fd, F_GETFD) == FD_CLOEXEC
        assert fcntl(fd, F_GETFL) & O_NONBLOCK


def test_without_flags_a_socket_blocks_and_survives_execve() -> None:
    fd = socket(AF_UNIX, SOCK_STREAM, 0)
    assert fcntl(fd, F_GETFD) == 0
    assert not fcntl(fd, F_GETFL) & O_NONBLOCK


def test_type_raw_makes_a_datagram_socket_of_a_unix_socket() -> None:
    """unix(7) knows three types; SOCK_RAW has been another name for SOCK_DGRAM from the start."""
    fd = socket(AF_UNIX, SOCK_RAW, 0)
    assert get_int(fd, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM
