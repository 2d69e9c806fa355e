"""Netlink sockets: addresses, groups, errors and acknowledgements, whatever the protocol (netlink(7))."""

from __future__ import annotations

import struct
from errno import (
    EADDRINUSE,
    ECONNREFUSED,
    EINVAL,
    ENOBUFS,
    ENOPROTOOPT,
    EOPNOTSUPP,
    EPERM,
    EPROTONOSUPPORT,
    ESOCKTNOSUPPORT,
)

import pytest

from conformance.syscalls import Buffer, missing
from conformance.syscalls.help.netlink import (
    ask,
    netlink_socket,
    port_of,
    readable,
    receive,
    send,
    set_netlink_option,
    verdict,
)
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.sockets.addresses import sockaddr_nl
from conformance.syscalls.sockets.connections import SHUT_RDWR, bind, connect, listen, shutdown
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, Message, recvfrom, recvmsg, sendto
from conformance.syscalls.sockets.netlink import (
    IFLA_MTU,
    LOOPBACK_INDEX,
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_CAP_ACK,
    NETLINK_DROP_MEMBERSHIP,
    NETLINK_LIST_MEMBERSHIPS,
    NETLINK_NO_ENOBUFS,
    NETLINK_PKTINFO,
    NETLINK_ROUTE,
    NETLINK_USERSOCK,
    NLM_F_ACK,
    NLM_F_CAPPED,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    NLMSG_NOOP,
    RTM_GETLINK,
    RTM_SETLINK,
    RTMGRP_LINK,
    attribute,
    ifinfomsg,
    request,
)
from conformance.syscalls.sockets.options import (
    SO_DOMAIN,
    SO_PROTOCOL,
    SO_RCVBUF,
    SO_TYPE,
    SOL_NETLINK,
    SOL_SOCKET,
    getsockopt,
    setsockopt,
)
from conformance.syscalls.sockets.socket import AF_INET, AF_NETLINK, SOCK_DGRAM, SOCK_RAW, SOCK_STREAM, socket

RTM_LATE = 0x3FFC
"""A request of route netlink far beyond the last that any kernel knows, of the `get` kind."""


def user_socket(port: int, *, groups: int = 0) -> int:
    """A socket of the protocol that is left to user space, at a port id of our choice."""
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK)
    bind(fd, sockaddr_nl(pid=port, groups=groups), 12)
    return fd


def int_option(fd: int, level: int, option: int) -> int:
    """An option that is an int."""
    value, length = Buffer(4), Buffer(struct.pack("=I", 4))
    getsockopt(fd, level, option, value, length)
    return value.int_at(0, signed=True)


def flood(fd: int) -> None:
    """Change the loopback interface's MTU often enough for a small receive buffer to overflow."""
    for size in range(2000, 2040):
        change = ifinfomsg(index=LOOPBACK_INDEX) + attribute(IFLA_MTU, struct.pack("=I", size))
        assert verdict(fd, request(RTM_SETLINK, NLM_F_REQUEST | NLM_F_ACK, change)) == 0


def slow_listener() -> int:
    """A member of the group of links with the smallest receive buffer."""
    fd = netlink_socket(NETLINK_ROUTE, groups=RTMGRP_LINK)
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, struct.pack("=i", 1), 4)
    return fd


@pytest.mark.parametrize("protocol", [-1, 32])
def test_unknown_protocol_is_eprotonosupport(protocol: int) -> None:
    socket.fails_with(EPROTONOSUPPORT, AF_NETLINK, SOCK_RAW, protocol)


def test_stream_socket_is_esocktnosupport() -> None:
    socket.fails_with(ESOCKTNOSUPPORT, AF_NETLINK, SOCK_STREAM, NETLINK_ROUTE)


@pytest.mark.parametrize("kind", [SOCK_RAW, SOCK_DGRAM], ids=["raw", "dgram"])
def test_socket_tells_what_it_is(kind: int) -> None:
    fd = socket(AF_NETLINK, kind, NETLINK_ROUTE)
    assert int_option(fd, SOL_SOCKET, SO_DOMAIN) == AF_NETLINK
    assert int_option(fd, SOL_SOCKET, SO_TYPE) == kind
    assert int_option(fd, SOL_SOCKET, SO_PROTOCOL) == NETLINK_ROUTE


def test_first_socket_gets_the_process_id_as_port() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    assert port_of(fd) == getpid()


def test_second_socket_gets_another_port() -> None:
    first, second = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE)
    assert port_of(second) not in (0, port_of(first))


def test_sending_binds_the_socket() -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    send(fd, request(NLMSG_NOOP, 0, b""))
    assert port_of(fd) != 0


def test_port_that_is_taken_is_eaddrinuse() -> None:
    user_socket(7_000_001)
    other = socket(AF_NETLINK, SOCK_RAW, NETLINK_USERSOCK)
    bind.fails_with(EADDRINUSE, other, sockaddr_nl(pid=7_000_001), 12)


def test_bound_socket_cannot_change_its_port() -> None:
    fd = user_socket(7_000_002)
    bind.fails_with(EINVAL, fd, sockaddr_nl(pid=7_000_003), 12)


def test_bind_to_a_short_address_is_einval() -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    bind.fails_with(EINVAL, fd, sockaddr_nl(), 8)


def test_bind_to_an_address_of_another_family_is_einval() -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    bind.fails_with(EINVAL, fd, struct.pack("=HHII", AF_INET, 0, 0, 0), 12)


def test_what_needs_a_connection_is_eopnotsupp() -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    listen.fails_with(EOPNOTSUPP, fd, 1)
    shutdown.fails_with(EOPNOTSUPP, fd, SHUT_RDWR)


def test_unknown_option_is_enoprotoopt() -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    setsockopt.fails_with(ENOPROTOOPT, fd, SOL_NETLINK, 9999, struct.pack("=i", 1), 4)
    getsockopt.fails_with(ENOPROTOOPT, fd, SOL_NETLINK, 9999, Buffer(4), Buffer(struct.pack("=I", 4)))


def test_process_sends_to_a_port_of_another_socket() -> None:
    sender, receiver = user_socket(7_000_004), user_socket(7_000_005)
    assert sendto(sender, b"hello", 5, 0, sockaddr_nl(pid=7_000_005), 12) == 5
    data, address = Buffer(16), Buffer(12)
    assert readable(receiver)
    assert recvfrom(receiver, data, 16, MSG_DONTWAIT, address, Buffer(struct.pack("=I", 12))) == 5
    assert data.take(5) == b"hello"
    assert bytes(address) == sockaddr_nl(pid=7_000_004)


def test_connected_socket_sends_to_its_peer() -> None:
    sender, receiver = user_socket(7_000_006), user_socket(7_000_007)
    connect(sender, sockaddr_nl(pid=7_000_007), 12)
    assert sendto(sender, b"hello", 5, 0, 0, 0) == 5
    assert readable(receiver)


def test_port_that_nobody_has_is_econnrefused() -> None:
    fd = user_socket(7_000_008)
    sendto.fails_with(ECONNREFUSED, fd, b"hello", 5, 0, sockaddr_nl(pid=7_000_009), 12)


def test_truncated_datagram_tells_its_length() -> None:
    sender, receiver = user_socket(7_000_010), user_socket(7_000_011)
    sendto(sender, b"hello, world", 12, 0, sockaddr_nl(pid=7_000_011), 12)
    assert readable(receiver)
    assert recvfrom(receiver, Buffer(4), 4, MSG_DONTWAIT | MSG_PEEK | MSG_TRUNC, 0, 0) == 12
    message = Message(4)
    assert recvmsg(receiver, message.header, MSG_DONTWAIT) == 4
    assert bytes(message.data) == b"hell"
    assert message.header.flags & MSG_TRUNC


@pytest.mark.needs("root")
def test_group_message_reaches_the_members_and_says_which_group() -> None:
    """It goes to the port of the address as well, so there must be somebody: this protocol's port 0 is nobody's."""
    sender, single = user_socket(7_000_012), user_socket(7_000_013)
    member, other = user_socket(7_000_014, groups=1 << 4), user_socket(7_000_015, groups=1 << 5)
    set_netlink_option(member, NETLINK_PKTINFO, 1, "NETLINK_PKTINFO")
    assert sendto(sender, b"hello", 5, 0, sockaddr_nl(pid=7_000_013, groups=1 << 4), 12) == 5
    assert readable(single)
    assert readable(member)
    message = Message(16, control=64, name=12)
    assert recvmsg(member, message.header, MSG_DONTWAIT) == 5
    assert message.controls() == [(SOL_NETLINK, NETLINK_PKTINFO, struct.pack("=I", 5))]
    assert not readable(other, 0)


@pytest.mark.needs("root")
def test_memberships_are_listed() -> None:
    """NETLINK_LIST_MEMBERSHIPS (Linux 4.2): a bit a group."""
    fd = user_socket(7_000_016)
    memberships, length = Buffer(bytes(4)), Buffer(struct.pack("=I", 4))
    _, error = getsockopt.result_of(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, memberships, length)
    if error == ENOPROTOOPT:
        missing("NETLINK_LIST_MEMBERSHIPS")
    assert memberships.int_at(0) == 0
    set_netlink_option(fd, NETLINK_ADD_MEMBERSHIP, 3, "NETLINK_ADD_MEMBERSHIP")
    set_netlink_option(fd, NETLINK_ADD_MEMBERSHIP, 7, "NETLINK_ADD_MEMBERSHIP")
    set_netlink_option(fd, NETLINK_DROP_MEMBERSHIP, 3, "NETLINK_DROP_MEMBERSHIP")
    getsockopt(fd, SOL_NETLINK, NETLINK_LIST_MEMBERSHIPS, memberships, Buffer(struct.pack("=I", 4)))
    assert memberships.int_at(0) == 1 << 6


@pytest.mark.parametrize("group", [0, 0x7FFFFFFF], ids=["zero", "beyond-the-last"])
def test_group_that_is_not_there_is_einval(group: int) -> None:
    fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)
    _, error = setsockopt.result_of(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, struct.pack("=I", group), 4)
    if error == ENOPROTOOPT:
        missing("NETLINK_ADD_MEMBERSHIP")
    assert error == EINVAL


@pytest.mark.needs("root")
def test_unprivileged_process_may_not_send_to_others() -> None:
    fd, _ = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE)
    setresuid(65534, 65534, 65534)
    message = request(NLMSG_NOOP, 0, b"")
    sendto.fails_with(EPERM, fd, message, len(message), 0, sockaddr_nl(pid=7_000_017), 12)
    sendto.fails_with(EPERM, fd, message, len(message), 0, sockaddr_nl(groups=RTMGRP_LINK), 12)


def test_acknowledgement_repeats_sequence_and_header_of_the_request() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    message = request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b"", sequence=0x1234)
    send(fd, message)
    (answer,) = receive(fd)
    assert (answer.kind, answer.sequence, answer.error) == (NLMSG_ERROR, 0x1234, 0)
    assert answer.payload[4:20] == message


def test_request_of_an_unknown_type_is_eopnotsupp() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    (answer,) = ask(fd, request(RTM_LATE, NLM_F_REQUEST, ifinfomsg()))
    assert answer.kind == NLMSG_ERROR
    assert answer.error == EOPNOTSUPP


def test_error_repeats_the_whole_request() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    message = request(RTM_LATE, NLM_F_REQUEST, ifinfomsg())
    (answer,) = ask(fd, message)
    assert answer.payload[4:] == message


def test_error_repeats_the_header_alone_if_it_is_to_be_capped() -> None:
    """NETLINK_CAP_ACK (Linux 4.3); NLM_F_CAPPED tells that it was."""
    fd = netlink_socket(NETLINK_ROUTE)
    _, error = setsockopt.result_of(fd, SOL_NETLINK, NETLINK_CAP_ACK, struct.pack("=i", 1), 4)
    if error == ENOPROTOOPT:
        missing("NETLINK_CAP_ACK")
    message = request(RTM_LATE, NLM_F_REQUEST, ifinfomsg())
    (answer,) = ask(fd, message)
    assert answer.flags & NLM_F_CAPPED
    assert answer.payload[4:] == message[:16]


def test_request_too_short_for_its_kind_is_einval() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    (answer,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, bytes(4)))
    assert answer.error == EINVAL


@pytest.mark.parametrize("length", [0, 15, 64], ids=["zero", "less-than-a-header", "more-than-was-sent"])
def test_message_whose_length_is_wrong_is_ignored(length: int) -> None:
    """The next request on the socket is answered as if there had been none before."""
    fd = netlink_socket(NETLINK_ROUTE)
    bad = struct.pack("=IHHII", length, NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, 1, 0)
    send(fd, bad)
    send(fd, request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b"", sequence=2))
    assert [(each.sequence, each.error) for each in receive(fd)] == [(2, 0)]


def test_several_requests_in_one_datagram_are_answered_one_by_one() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    both = [request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b"", sequence=sequence) for sequence in (5, 6)]
    send(fd, b"".join(both))
    assert [each.sequence for each in receive(fd) + receive(fd)] == [5, 6]


def test_message_without_the_request_flag_is_not_carried_out() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    send(fd, request(RTM_GETLINK, 0, ifinfomsg(index=LOOPBACK_INDEX), sequence=1))
    send(fd, request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b"", sequence=2))
    assert [each.sequence for each in receive(fd)] == [2]


@pytest.mark.needs("root")
def test_listener_that_is_too_slow_learns_it_by_enobufs() -> None:
    fd, slow = netlink_socket(NETLINK_ROUTE), slow_listener()
    flood(fd)
    recvfrom.fails_with(ENOBUFS, slow, Buffer(8192), 8192, MSG_DONTWAIT, 0, 0)
    assert receive(slow)  # what was queued before is still there


@pytest.mark.needs("root")
def test_listener_can_choose_not_to_learn_of_what_it_lost() -> None:
    fd, slow = netlink_socket(NETLINK_ROUTE), slow_listener()
    set_netlink_option(slow, NETLINK_NO_ENOBUFS, 1, "NETLINK_NO_ENOBUFS")
    flood(fd)
    assert receive(slow)
