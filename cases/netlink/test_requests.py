"""Requests of route netlink: of no family, short, long, and what each is answered (rtnetlink(7))."""

from __future__ import annotations

import struct
from errno import EINVAL, EOPNOTSUPP, EPERM

import pytest

from conformance.syscalls import errno_name
from conformance.syscalls.help.netlink import ask, dump, netlink_socket, receive, send, set_netlink_option, verdict
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.netlink import (
    LOOPBACK_INDEX,
    NETLINK_GET_STRICT_CHK,
    NETLINK_ROUTE,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    NLMSG_NOOP,
    RTA_DST,
    RTM_DELROUTE,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_GETROUTE,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWROUTE,
    attribute,
    ifaddrmsg,
    ifinfomsg,
    request,
    rtmsg,
)
from conformance.syscalls.sockets.socket import AF_INET, AF_UNSPEC

NO_FAMILY = 99
"""Of which there is no address family, nor will there be soon."""
LOCAL_HOST = bytes([127, 0, 0, 1])
RTN_LOCAL = 2
UNKNOWN_ATTRIBUTE = 0x3FFF


def head(family: int) -> bytes:
    """A `struct rtgenmsg` as compilers pad it: the least that a request may have."""
    return struct.pack("=B3x", family)


def refusal(kind: int, payload: bytes) -> str:
    """The errno that the one answer to a request has."""
    (answer,) = ask(netlink_socket(NETLINK_ROUTE), request(kind, NLM_F_REQUEST, payload, sequence=5))
    assert (answer.kind, answer.sequence) == (NLMSG_ERROR, 5)
    return errno_name(answer.error)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        (RTM_GETROUTE, head(AF_UNSPEC)),
        (RTM_GETROUTE, rtmsg()),
        (RTM_GETROUTE, head(NO_FAMILY)),
        (RTM_GETADDR, head(AF_UNSPEC)),
        (RTM_GETADDR, ifaddrmsg(family=AF_INET)),
    ],
    ids=["route-short", "route", "route-unknown-family", "address-short", "address-that-can-be-dumped-only"],
)
def test_request_that_nobody_answers_for_its_family_is_eopnotsupp(kind: int, payload: bytes) -> None:
    """`rtnetlink_rcv_msg` takes the family of the first byte, however short the rest is (google/gvisor#14915)."""
    assert refusal(kind, payload) == errno_name(EOPNOTSUPP)


CHANGES = pytest.mark.parametrize(
    "kind", [RTM_NEWADDR, RTM_NEWROUTE, RTM_DELROUTE], ids=["newaddr", "newroute", "delroute"]
)
FAMILIES = pytest.mark.parametrize("family", [AF_UNSPEC, NO_FAMILY], ids=["none", "unknown"])


@pytest.mark.needs("root")
@CHANGES
@FAMILIES
def test_change_of_no_family_is_eopnotsupp(family: int, kind: int) -> None:
    assert refusal(kind, head(family)) == errno_name(EOPNOTSUPP)


@pytest.mark.needs("root")
@CHANGES
@FAMILIES
def test_who_may_change_nothing_learns_of_no_family(family: int, kind: int) -> None:
    """EPERM comes first (`rtnetlink_rcv_msg`)."""
    setresuid(65534, 65534, 65534)
    assert refusal(kind, head(family)) == errno_name(EPERM)


@pytest.mark.parametrize(
    ("kind", "payload"),
    [(RTM_GETROUTE, head(AF_INET)), (RTM_GETROUTE, rtmsg(family=AF_INET)[:11]), (RTM_GETLINK, head(AF_UNSPEC))],
    ids=["route", "route-less-one-byte", "link"],
)
def test_request_that_is_shorter_than_its_head_is_einval(kind: int, payload: bytes) -> None:
    assert refusal(kind, payload) == errno_name(EINVAL)


@pytest.mark.parametrize("kind", [RTM_GETLINK, RTM_GETROUTE], ids=["link", "route"])
def test_request_without_a_family_is_passed_over(kind: int) -> None:
    """It is acknowledged, if it wants to be, and nothing is done (`rtnetlink_rcv_msg`: at least one byte)."""
    fd = netlink_socket(NETLINK_ROUTE)
    assert verdict(fd, request(kind, NLM_F_REQUEST | NLM_F_ACK, b"")) == 0
    send(fd, request(kind, NLM_F_REQUEST, b"", sequence=2))
    send(fd, request(NLMSG_NOOP, NLM_F_REQUEST | NLM_F_ACK, b"", sequence=3))
    assert [each.sequence for each in receive(fd)] == [3]


@pytest.mark.parametrize(
    ("kind", "found"),
    [(RTM_GETLINK, RTM_NEWLINK), (RTM_GETADDR, RTM_NEWADDR), (RTM_GETROUTE, RTM_NEWROUTE)],
    ids=["links", "addresses", "routes"],
)
def test_dump_needs_no_more_than_a_family(kind: int, found: int) -> None:
    """As getifaddrs(3) asks; but a socket that wants its requests checked needs all of the head (Linux 4.20)."""
    fd = netlink_socket(NETLINK_ROUTE)
    assert {each.kind for each in dump(fd, kind, head(AF_INET if kind == RTM_GETROUTE else AF_UNSPEC))} == {found}
    set_netlink_option(fd, NETLINK_GET_STRICT_CHK, 1, "NETLINK_GET_STRICT_CHK")
    message = request(kind, NLM_F_REQUEST | NLM_F_DUMP, head(AF_INET))
    assert ask(fd, message)[-1].error == EINVAL


@pytest.mark.parametrize(
    "tail",
    [bytes(3), attribute(UNKNOWN_ATTRIBUTE, b"data"), struct.pack("=HHI", 64, 1, 0), struct.pack("=HHI", 2, 1, 0)],
    ids=["three-bytes", "unknown-attribute", "attribute-beyond-the-end", "attribute-without-a-head"],
)
def test_what_follows_a_request_and_means_nothing_is_ignored(tail: bytes) -> None:
    """`nlmsg_parse` says so in the log, and no more."""
    fd = netlink_socket(NETLINK_ROUTE)
    (link,) = ask(fd, request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg(index=LOOPBACK_INDEX) + tail))
    assert link.kind == RTM_NEWLINK
    assert struct.unpack_from("=i", link.payload, 4) == (LOOPBACK_INDEX,)


def test_route_to_an_address_of_ones_own_is_local() -> None:
    fd = netlink_socket(NETLINK_ROUTE)
    lookup = rtmsg(family=AF_INET, prefix=32) + attribute(RTA_DST, LOCAL_HOST)
    (route,) = ask(fd, request(RTM_GETROUTE, NLM_F_REQUEST, lookup))
    assert (route.kind, route.payload[0], route.payload[7]) == (RTM_NEWROUTE, AF_INET, RTN_LOCAL)
