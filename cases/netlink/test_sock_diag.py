"""Socket diagnosis: NETLINK_SOCK_DIAG lists sockets of a network namespace (sock_diag(7)), as ss(8) does."""

from __future__ import annotations

import struct
from errno import ECONNABORTED, EINVAL, ENOENT, EOPNOTSUPP

import pytest

from conformance.syscalls import Buffer, missing, untraced
from conformance.syscalls.files.status import Stat, fstat
from conformance.syscalls.help.netlink import ask, dump, netlink_socket, port_of, readable, verdict
from conformance.syscalls.sockets.addresses import sockaddr_in, sockaddr_un
from conformance.syscalls.sockets.connections import accept, bind, connect, getsockname, listen
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, recvfrom
from conformance.syscalls.sockets.netlink import (
    NETLINK_ROUTE,
    NETLINK_SOCK_DIAG,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NetlinkMessage,
    attributes,
    request,
)
from conformance.syscalls.sockets.socket import (
    AF_INET,
    AF_NETLINK,
    AF_UNIX,
    IPPROTO_TCP,
    SOCK_DGRAM,
    SOCK_STREAM,
    socket,
)

SOCK_DIAG_BY_FAMILY, SOCK_DESTROY = 20, 21
TCP_ESTABLISHED, TCP_LISTEN = 1, 10
ALL_STATES = 0xFFFFFFFF
NO_COOKIE = 0xFFFFFFFF
UDIAG_SHOW_NAME, UDIAG_SHOW_ICONS = 1, 8
UNIX_DIAG_NAME, UNIX_DIAG_ICONS = 0, 3
ALL_PROTOCOLS = 0xFF


def diagnosis() -> int:
    """A socket to ask with."""
    return netlink_socket(NETLINK_SOCK_DIAG)


def inode_of(fd: int) -> int:
    """The inode number by which a diagnosis names a socket."""
    found = Stat()
    fstat(fd, found)
    return int(found.st_ino)


def port_number(fd: int) -> int:
    """The port that an IPv4 socket is bound to."""
    address = Buffer(16)
    getsockname(fd, address, Buffer(struct.pack("=I", 16)))
    return int(struct.unpack_from("!H", bytes(address), 2)[0])


def tcp_request(*, states: int = ALL_STATES, local: int = 0, remote: int = 0) -> bytes:
    """`struct inet_diag_req_v2` for IPv4 and TCP; with ports, of the one connection over loopback that has them."""
    loopback = bytes([127, 0, 0, 1]) + bytes(12) if remote else bytes(16)
    identity = struct.pack("!HH", local, remote) + loopback * 2 + struct.pack("=III", 0, NO_COOKIE, NO_COOKIE)
    return struct.pack("=BBBBI", AF_INET, IPPROTO_TCP, 0, 0, states) + identity


def unix_request(*, inode: int = 0, show: int = 0) -> bytes:
    """`struct unix_diag_req`."""
    return struct.pack("=BBHIIIII", AF_UNIX, 0, 0, ALL_STATES, inode, show, NO_COOKIE, NO_COOKIE)


def dump_of(fd: int, payload: bytes, what: str) -> list[NetlinkMessage]:
    """The sockets of a family; a kernel without a handler for it says ENOENT."""
    try:
        return dump(fd, SOCK_DIAG_BY_FAMILY, payload)
    except OSError as error:
        if error.errno in (ENOENT, EOPNOTSUPP):
            missing(what)
        raise


def by_inode(found: list[NetlinkMessage], offset: int) -> dict[int, NetlinkMessage]:
    """Answers by the inode number at `offset` of their payload."""
    return {struct.unpack_from("=I", each.payload, offset)[0]: each for each in found}


def listening_tcp_socket() -> int:
    """A socket that listens at a port of the kernel's choice."""
    fd = socket(AF_INET, SOCK_STREAM, 0)
    bind(fd, sockaddr_in(0), 16)
    listen(fd, 1)
    return fd


def test_listening_tcp_socket_is_found_with_state_and_port() -> None:
    fd = diagnosis()
    listener = listening_tcp_socket()
    found = by_inode(dump_of(fd, tcp_request(states=1 << TCP_LISTEN), "diagnosis of TCP sockets"), 68)
    payload = found[inode_of(listener)].payload
    assert (payload[0], payload[1]) == (AF_INET, TCP_LISTEN)
    assert struct.unpack_from("!H", payload, 4)[0] == port_number(listener)


def test_mask_of_states_selects_sockets() -> None:
    fd = diagnosis()
    listener = listening_tcp_socket()
    found = dump_of(fd, tcp_request(states=1 << TCP_ESTABLISHED), "diagnosis of TCP sockets")
    assert inode_of(listener) not in by_inode(found, 68)


@pytest.mark.needs("root")
def test_connection_can_be_destroyed_by_its_ports() -> None:
    """SOCK_DESTROY (CONFIG_INET_DIAG_DESTROY): the owner of the socket sees ECONNABORTED."""
    fd = diagnosis()
    listener = listening_tcp_socket()
    client = socket(AF_INET, SOCK_STREAM, 0)
    connect(client, sockaddr_in(port_number(listener)), 16)
    accept(listener, 0, 0)
    kill = tcp_request(local=port_number(client), remote=port_number(listener))
    with untraced():  # both ports are the kernel's choice
        error = verdict(fd, request(SOCK_DESTROY, NLM_F_REQUEST | NLM_F_ACK, kill))
    if error == EOPNOTSUPP:
        missing("SOCK_DESTROY")
    assert error == 0
    assert readable(client)
    recvfrom.fails_with(ECONNABORTED, client, Buffer(1), 1, MSG_DONTWAIT, 0, 0)


def test_unix_socket_is_found_with_its_name() -> None:
    fd = diagnosis()
    named = socket(AF_UNIX, SOCK_DGRAM, 0)
    address = sockaddr_un(b"\0conformance-diagnosis")
    bind(named, address, len(address))
    found = by_inode(dump_of(fd, unix_request(show=UDIAG_SHOW_NAME), "diagnosis of unix sockets"), 4)
    payload = found[inode_of(named)].payload
    assert (payload[0], payload[1]) == (AF_UNIX, SOCK_DGRAM)
    assert attributes(payload[16:])[UNIX_DIAG_NAME] == b"\0conformance-diagnosis"


def test_one_unix_socket_is_asked_for_by_its_inode() -> None:
    fd = diagnosis()
    listener, client = socket(AF_UNIX, SOCK_STREAM, 0), socket(AF_UNIX, SOCK_STREAM, 0)
    address = sockaddr_un(b"\0conformance-pending")
    bind(listener, address, len(address))
    listen(listener, 2)
    connect(client, address, len(address))
    dump_of(fd, unix_request(), "diagnosis of unix sockets")
    # the inode number is in the request, so only what it answers can be compared
    payload = one_unix_socket(fd, inode_of(listener))
    assert payload[2] == TCP_LISTEN
    assert len(attributes(payload[16:])[UNIX_DIAG_ICONS]) == 4  # one connection waits


def one_unix_socket(fd: int, inode: int) -> bytes:
    """The answer to a request for one unix socket, which is to show the connections that wait for `accept`."""
    wanted = unix_request(inode=inode, show=UDIAG_SHOW_ICONS)
    with untraced():
        (answer,) = ask(fd, request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST, wanted))
    assert answer.kind == SOCK_DIAG_BY_FAMILY
    return answer.payload


@pytest.mark.parametrize(("inode", "error"), [(0, EINVAL), (0xFFFFFFFE, ENOENT)], ids=["zero", "absent"])
def test_inode_of_no_unix_socket_is_an_error(inode: int, error: int) -> None:
    fd = diagnosis()
    dump_of(fd, unix_request(), "diagnosis of unix sockets")
    assert verdict(fd, request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_ACK, unix_request(inode=inode))) == error


def test_netlink_socket_is_found_with_its_port() -> None:
    fd = diagnosis()
    other = netlink_socket(NETLINK_ROUTE)
    everything = struct.pack("=BBHIIII", AF_NETLINK, ALL_PROTOCOLS, 0, 0, 0, NO_COOKIE, NO_COOKIE)
    found = by_inode(dump_of(fd, everything, "diagnosis of netlink sockets"), 16)
    payload = found[inode_of(other)].payload
    assert (payload[0], payload[2]) == (AF_NETLINK, NETLINK_ROUTE)
    assert struct.unpack_from("=I", payload, 4)[0] == port_of(other)


def test_request_shorter_than_its_family_is_einval() -> None:
    fd = diagnosis()
    assert verdict(fd, request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_ACK, b"\1")) == EINVAL


def test_family_beyond_the_last_is_einval() -> None:
    fd = diagnosis()
    assert verdict(fd, request(SOCK_DIAG_BY_FAMILY, NLM_F_REQUEST | NLM_F_ACK, b"\xff" + bytes(7))) == EINVAL
