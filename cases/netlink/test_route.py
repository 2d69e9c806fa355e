"""Route netlink: links, addresses and routes are listed, changed and watched (rtnetlink(7))."""

from __future__ import annotations

import struct
from errno import EADDRNOTAVAIL, EEXIST, EHOSTUNREACH, EINVAL, ENODEV, ENOPROTOOPT, EOPNOTSUPP, EPERM, ESRCH

import pytest

from conformance.syscalls import missing, untraced
from conformance.syscalls.files.opening import O_CLOEXEC, O_RDONLY, openat
from conformance.syscalls.files.paths import AT_FDCWD
from conformance.syscalls.help.netlink import ask, dump, hears_nothing, netlink_socket, receive, verdict
from conformance.syscalls.namespaces import CLONE_NEWNET, unshare
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.netlink import (
    IFA_ADDRESS,
    IFA_LOCAL,
    IFF_LOOPBACK,
    IFF_UP,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    IFLA_NET_NS_FD,
    LOOPBACK_INDEX,
    NETLINK_EXT_ACK,
    NETLINK_GET_STRICT_CHK,
    NETLINK_ROUTE,
    NLA_F_NESTED,
    NLM_F_ACK,
    NLM_F_ACK_TLVS,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_ECHO,
    NLM_F_EXCL,
    NLM_F_MULTI,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
    RTA_DST,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELROUTE,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    RTM_SETLINK,
    RTMGRP_IPV4_IFADDR,
    RTMGRP_IPV4_ROUTE,
    RTMGRP_LINK,
    VETH_INFO_PEER,
    NetlinkMessage,
    attribute,
    attributes,
    ifaddrmsg,
    ifinfomsg,
    request,
    rtmsg,
)
from conformance.syscalls.sockets.options import SOL_NETLINK, setsockopt
from conformance.syscalls.sockets.socket import AF_INET

DO = NLM_F_REQUEST | NLM_F_ACK
NEW = DO | NLM_F_CREATE | NLM_F_EXCL
ADDRESS = bytes([192, 0, 2, 1])
"""Of TEST-NET-1 (RFC 5737)."""
NETWORK = bytes([198, 51, 100, 0])
RTN_UNREACHABLE, RTPROT_STATIC, RT_TABLE_MAIN, RT_TABLE_LOCAL = 7, 4, 254, 255


def named(name: bytes, *more: bytes) -> bytes:
    """A link by name, with further attributes."""
    return ifinfomsg() + attribute(IFLA_IFNAME, name + b"\0") + b"".join(more)


def kind_of_link(kind: bytes, data: bytes = b"") -> bytes:
    """IFLA_LINKINFO: what sort of device a new link is."""
    info = attribute(IFLA_INFO_KIND, kind)
    if data:
        info += attribute(IFLA_INFO_DATA | NLA_F_NESTED, data)
    return attribute(IFLA_LINKINFO | NLA_F_NESTED, info)


def pair_of_links(name: bytes, peer: bytes) -> bytes:
    """A veth pair (veth(4))."""
    return named(name, kind_of_link(b"veth", attribute(VETH_INFO_PEER | NLA_F_NESTED, named(peer))))


def add_pair(fd: int, name: bytes, peer: bytes) -> None:
    """Make a veth pair, or end the case where the kernel has none."""
    error = verdict(fd, request(RTM_NEWLINK, NEW, pair_of_links(name, peer)))
    if error == EOPNOTSUPP:
        missing("veth")
    assert error == 0


def loopback_address(*, family: int = AF_INET) -> bytes:
    """`ADDRESS` on the loopback interface."""
    head = ifaddrmsg(family=family, prefix=32, index=LOOPBACK_INDEX)
    return head + attribute(IFA_LOCAL, ADDRESS) + attribute(IFA_ADDRESS, ADDRESS)


def unreachable_network() -> bytes:
    """A route to `NETWORK` that needs no device."""
    head = rtmsg(family=AF_INET, prefix=24, table=RT_TABLE_MAIN, protocol=RTPROT_STATIC, kind=RTN_UNREACHABLE)
    return head + attribute(RTA_DST, NETWORK)


def link_names(links: list[NetlinkMessage]) -> list[bytes]:
    """The interfaces' names."""
    return [attributes(link.payload[16:])[IFLA_IFNAME].rstrip(b"\0") for link in links]


def addresses(found: list[NetlinkMessage]) -> list[tuple[int, int, bytes]]:
    """Index, length of the prefix and local address of IPv4 addresses."""
    return [
        (struct.unpack_from("=I", each.payload, 4)[0], each.payload[1], attributes(each.payload[8:])[IFA_LOCAL])
        for each in found
        if each.payload[0] == AF_INET
    ]


def test_dump_of_links_lists_the_loopback_interface() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    links = dump(fd, RTM_GETLINK, ifinfomsg())
    assert {link.kind for link in links} == {RTM_NEWLINK}
    assert all(link.flags & NLM_F_MULTI for link in links)
    assert b"lo" in link_names(links)


def test_dump_of_addresses_lists_that_of_the_loopback_interface() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    found = dump(fd, RTM_GETADDR, ifaddrmsg(family=AF_INET))
    assert {each.kind for each in found} == {RTM_NEWADDR}
    assert (LOOPBACK_INDEX, 8, bytes([127, 0, 0, 1])) in addresses(found)


def test_dump_of_routes_holds_the_local_table() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    routes = dump(fd, RTM_GETROUTE, rtmsg(family=AF_INET))
    assert {route.kind for route in routes} == {RTM_NEWROUTE}
    local = [route.payload for route in routes if route.payload[4] == RT_TABLE_LOCAL]
    assert bytes([127, 0, 0, 0]) in [attributes(route[12:]).get(RTA_DST) for route in local]


def test_link_is_found_by_its_name() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    (link,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, named(b"lo")))
    assert link.kind == RTM_NEWLINK
    index, flags = struct.unpack_from("=iI", link.payload, 4)
    assert index == LOOPBACK_INDEX
    assert flags & IFF_LOOPBACK


def test_absent_link_is_enodev() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    (answer,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, named(b"absent")))
    assert answer.kind == NLMSG_ERROR
    assert answer.error == ENODEV


@pytest.mark.needs("root")
def test_pair_of_links_appears_and_goes_with_either_end() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    add_pair(fd, b"left", b"right")
    assert {b"left", b"right"} <= set(link_names(dump(fd, RTM_GETLINK, ifinfomsg())))
    assert verdict(fd, request(RTM_DELLINK, DO, named(b"right"))) == 0
    assert not {b"left", b"right"} & set(link_names(dump(fd, RTM_GETLINK, ifinfomsg())))


@pytest.mark.needs("root")
def test_dummy_link_can_be_made() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    error = verdict(fd, request(RTM_NEWLINK, NEW, named(b"still", kind_of_link(b"dummy"))))
    if error == EOPNOTSUPP:
        missing("dummy links")
    assert error == 0
    assert b"still" in link_names(dump(fd, RTM_GETLINK, ifinfomsg()))


@pytest.mark.needs("root")
def test_second_link_of_a_name_is_eexist() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    add_pair(fd, b"left", b"right")
    assert verdict(fd, request(RTM_NEWLINK, NEW, pair_of_links(b"left", b"other"))) == EEXIST


@pytest.mark.needs("root")
def test_link_of_an_unknown_kind_is_eopnotsupp() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    assert verdict(fd, request(RTM_NEWLINK, NEW, named(b"odd", kind_of_link(b"conformance")))) == EOPNOTSUPP


@pytest.mark.needs("root")
def test_link_moves_to_another_network_namespace() -> None:
    here = netlink_socket(NETLINK_ROUTE)
    add_pair(here, b"left", b"right")
    unshare(CLONE_NEWNET)
    there = netlink_socket(NETLINK_ROUTE)
    namespace = openat(AT_FDCWD, b"/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC, 0)
    move = named(b"right", attribute(IFLA_NET_NS_FD, struct.pack("=i", namespace)))
    assert verdict(here, request(RTM_NEWLINK, DO, move)) == 0
    assert b"right" not in link_names(dump(here, RTM_GETLINK, ifinfomsg()))
    assert b"right" in link_names(dump(there, RTM_GETLINK, ifinfomsg()))


@pytest.mark.needs("root")
def test_mtu_of_a_link_can_be_set() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    change = named(b"lo", attribute(IFLA_MTU, struct.pack("=I", 9000)))
    assert verdict(fd, request(RTM_SETLINK, DO, change)) == 0
    (link,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, named(b"lo")))
    assert attributes(link.payload[16:])[IFLA_MTU] == struct.pack("=I", 9000)


@pytest.mark.needs("root")
def test_address_is_added_once_and_deleted_once() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    assert verdict(fd, request(RTM_NEWADDR, NEW, loopback_address())) == 0
    assert (LOOPBACK_INDEX, 32, ADDRESS) in addresses(dump(fd, RTM_GETADDR, ifaddrmsg(family=AF_INET)))
    assert verdict(fd, request(RTM_NEWADDR, NEW, loopback_address())) == EEXIST
    assert verdict(fd, request(RTM_DELADDR, DO, loopback_address())) == 0
    assert verdict(fd, request(RTM_DELADDR, DO, loopback_address())) == EADDRNOTAVAIL


@pytest.mark.needs("root")
def test_route_is_added_once_and_deleted_once() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    assert verdict(fd, request(RTM_NEWROUTE, NEW, unreachable_network())) == 0
    assert verdict(fd, request(RTM_NEWROUTE, NEW, unreachable_network())) == EEXIST
    assert verdict(fd, request(RTM_DELROUTE, DO, unreachable_network())) == 0
    assert verdict(fd, request(RTM_DELROUTE, DO, unreachable_network())) == ESRCH


@pytest.mark.needs("root")
def test_lookup_of_an_unreachable_address_is_ehostunreach() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    assert verdict(fd, request(RTM_NEWROUTE, NEW, unreachable_network())) == 0
    lookup = rtmsg(family=AF_INET, prefix=32) + attribute(RTA_DST, NETWORK[:3] + b"\x07")
    (answer,) = ask(fd, request(RTM_GETROUTE, NLM_F_REQUEST, lookup))
    assert answer.kind == NLMSG_ERROR
    assert answer.error == EHOSTUNREACH


@pytest.mark.needs("root")
@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (RTM_NEWLINK, pair_of_links(b"left", b"right")),
        (RTM_SETLINK, named(b"lo", attribute(IFLA_MTU, struct.pack("=I", 9000)))),
        (RTM_NEWADDR, loopback_address()),
        (RTM_NEWROUTE, unreachable_network()),
    ],
    ids=["newlink", "setlink", "newaddr", "newroute"],
)
def test_unprivileged_process_may_change_nothing(kind: int, payload: bytes) -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    setresuid(65534, 65534, 65534)
    assert verdict(fd, request(kind, NEW, payload)) == EPERM


@pytest.mark.needs("root")
def test_unprivileged_process_may_list_links() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    setresuid(65534, 65534, 65534)
    assert b"lo" in link_names(dump(fd, RTM_GETLINK, ifinfomsg()))


@pytest.mark.needs("root")
def test_group_of_links_hears_of_a_change() -> None:
    fd, member = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE, groups=RTMGRP_LINK)
    assert verdict(fd, request(RTM_SETLINK, DO, named(b"lo", attribute(IFLA_MTU, struct.pack("=I", 9000))))) == 0
    (event,) = receive(member)
    assert event.kind == RTM_NEWLINK
    assert attributes(event.payload[16:])[IFLA_MTU] == struct.pack("=I", 9000)


@pytest.mark.needs("root")
def test_group_of_links_hears_of_a_link_that_goes_down() -> None:
    fd, member = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE, groups=RTMGRP_LINK)
    assert verdict(fd, request(RTM_SETLINK, DO, ifinfomsg(index=LOOPBACK_INDEX, flags=0, change=IFF_UP))) == 0
    (event,) = receive(member)
    _, flags, change = struct.unpack_from("=iII", event.payload, 4)
    assert event.kind == RTM_NEWLINK
    assert not flags & IFF_UP
    assert change & IFF_UP


@pytest.mark.needs("root")
def test_group_of_addresses_hears_of_addresses_alone() -> None:
    fd, member = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE, groups=RTMGRP_IPV4_IFADDR)
    assert verdict(fd, request(RTM_NEWROUTE, NEW, unreachable_network())) == 0
    assert verdict(fd, request(RTM_NEWADDR, NEW, loopback_address())) == 0
    (added,) = receive(member)
    assert added.kind == RTM_NEWADDR
    assert addresses([added]) == [(LOOPBACK_INDEX, 32, ADDRESS)]
    assert verdict(fd, request(RTM_DELADDR, DO, loopback_address())) == 0
    (deleted,) = receive(member)
    assert deleted.kind == RTM_DELADDR


@pytest.mark.needs("root")
def test_group_of_routes_hears_of_a_route() -> None:
    fd, member = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE, groups=RTMGRP_IPV4_ROUTE)
    assert verdict(fd, request(RTM_NEWROUTE, NEW, unreachable_network())) == 0
    (event,) = receive(member)
    assert event.kind == RTM_NEWROUTE
    assert event.payload[7] == RTN_UNREACHABLE
    assert attributes(event.payload[12:])[RTA_DST] == NETWORK


@pytest.mark.needs("root")
def test_events_stay_in_their_network_namespace() -> None:
    outside = netlink_socket(NETLINK_ROUTE, groups=RTMGRP_IPV4_IFADDR)
    unshare(CLONE_NEWNET)
    fd, inside = netlink_socket(NETLINK_ROUTE), netlink_socket(NETLINK_ROUTE, groups=RTMGRP_IPV4_IFADDR)
    assert verdict(fd, request(RTM_NEWADDR, NEW, loopback_address())) == 0
    (event,) = receive(inside)
    assert event.kind == RTM_NEWADDR
    assert hears_nothing(outside)


@pytest.mark.needs("root")
def test_echo_brings_the_event_to_who_caused_it() -> None:
    """NLM_F_ECHO, without being a member of the group."""
    fd = netlink_socket(NETLINK_ROUTE)
    echo, acknowledgement = ask(fd, request(RTM_NEWADDR, NEW | NLM_F_ECHO, loopback_address()))
    assert echo.kind == RTM_NEWADDR
    assert addresses([echo]) == [(LOOPBACK_INDEX, 32, ADDRESS)]
    assert acknowledgement.error == 0


def strict_socket() -> int:
    """A socket with NETLINK_GET_STRICT_CHK (Linux 4.20)."""
    fd = netlink_socket(NETLINK_ROUTE)
    _, error = setsockopt.result_of(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, struct.pack("=i", 1), 4)
    if error == ENOPROTOOPT:
        missing("NETLINK_GET_STRICT_CHK")
    assert error == 0
    return fd


def test_strict_check_refuses_a_dump_with_a_head_that_makes_no_sense() -> None:
    relaxed, strict = netlink_socket(NETLINK_ROUTE), strict_socket()
    message = request(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, ifinfomsg(flags=IFF_UP))
    assert ask(relaxed, message)[-1].error == 0
    assert ask(strict, message)[-1].error == EINVAL


@pytest.mark.needs("root")
def test_strict_check_lets_a_dump_be_limited_to_one_link() -> None:
    fd, strict = netlink_socket(NETLINK_ROUTE), strict_socket()
    add_pair(fd, b"left", b"right")
    (left,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, named(b"left")))
    (index,) = struct.unpack_from("=i", left.payload, 4)
    up = ifinfomsg(index=index, flags=IFF_UP, change=IFF_UP)
    address = ifaddrmsg(family=AF_INET, prefix=32, index=index) + attribute(IFA_LOCAL, ADDRESS)
    with untraced():  # the index depends on which links a new namespace has
        assert verdict(fd, request(RTM_SETLINK, DO, up)) == 0
        assert verdict(fd, request(RTM_NEWADDR, NEW, address)) == 0
        limited = dump(strict, RTM_GETADDR, ifaddrmsg(family=AF_INET, index=index))
    assert addresses(limited) == [(index, 32, ADDRESS)]


@pytest.mark.needs("root")
def test_extended_acknowledgement_says_what_is_wrong_and_where() -> None:
    """NETLINK_EXT_ACK (Linux 4.12): a text, and the offset in the request of the attribute that is at fault."""
    fd = netlink_socket(NETLINK_ROUTE)
    _, error = setsockopt.result_of(fd, SOL_NETLINK, NETLINK_EXT_ACK, struct.pack("=i", 1), 4)
    if error == ENOPROTOOPT:
        missing("NETLINK_EXT_ACK")
    message = request(RTM_SETLINK, DO, named(b"lo", attribute(IFLA_MTU, b"\0")))  # an MTU of one byte
    answer = ask(fd, message)[-1]
    assert answer.error != 0
    assert answer.flags & NLM_F_ACK_TLVS
    details = attributes(answer.payload[4 + len(message) :])
    assert len(details[NLMSGERR_ATTR_MSG].rstrip(b"\0")) > 0
    assert details[NLMSGERR_ATTR_OFFS] == struct.pack("=I", message.index(attribute(IFLA_MTU, b"\0")))
