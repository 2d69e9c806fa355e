"""netlink(7), rtnetlink(7): messages to and from the kernel; the sockets for them and their options."""

from __future__ import annotations

import struct
from typing import Annotated, NamedTuple

from conformance.syscalls.machinery.aliases import Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import Choices, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.sockets.addresses import InSockaddrNl
from conformance.syscalls.sockets.connections import bind
from conformance.syscalls.sockets.options import SOL_NETLINK, InFlag, OutNumber, SocketLevel, getsockopt, setsockopt
from conformance.syscalls.sockets.socket import (
    AF_NETLINK,
    SOCK_DGRAM,
    SOCK_RAW,
    Family,
    SocketType,
    non_blocking,
    socket,
)

NETLINK_ROUTE, NETLINK_USERSOCK, NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_CONNECTOR = 0, 2, 4, 9, 11
NETLINK_NETFILTER, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC = 12, 15, 16
NETLINK_UNUSED, NETLINK_FIREWALL, NETLINK_INET_DIAG, NETLINK_NFLOG, NETLINK_XFRM, NETLINK_SELINUX = 1, 3, 4, 5, 6, 7
NETLINK_ISCSI, NETLINK_FIB_LOOKUP, NETLINK_IP6_FW, NETLINK_DNRTMSG, NETLINK_SCSITRANSPORT = 8, 10, 13, 14, 18
NETLINK_ECRYPTFS, NETLINK_RDMA, NETLINK_CRYPTO, NETLINK_SMC = 19, 20, 21, 22
_PROTOCOLS = named(globals(), "NETLINK_")

NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS = 1, 2, 3, 5
NETLINK_LISTEN_ALL_NSID, NETLINK_LIST_MEMBERSHIPS, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 8, 9, 10, 11
NETLINK_BROADCAST_ERROR, NETLINK_RX_RING, NETLINK_TX_RING, NETLINK_GET_STRICT_CHK = 4, 6, 7, 12

NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_ECHO = 1, 2, 4, 8
NLM_F_DUMP, NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x300, 0x100, 0x200, 0x400, 0x800
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS = 1, 2
NLA_F_NESTED = 0x8000

RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV4_ROUTE = 1, 0x10, 0x40
RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR = 1, 5
RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK = 16, 17, 18, 19
RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE = 24, 25, 26
IFLA_IFNAME, IFLA_MTU, IFLA_LINKINFO, IFLA_NET_NS_FD = 3, 4, 18, 28
IFLA_INFO_KIND, IFLA_INFO_DATA, VETH_INFO_PEER = 1, 2, 1
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL = 1, 2, 3
RTA_DST, RTA_OIF, RTA_TABLE = 1, 4, 15
IFF_UP, IFF_LOOPBACK = 1, 8
LOOPBACK_INDEX = 1
"""The index of `lo` in every network namespace."""

HEADER = 16
"""Bytes of a `struct nlmsghdr`."""

_OPTIONS = {name: value for name, value in named(globals(), "NETLINK_").items() if name not in _PROTOCOLS}
NetlinkOption = Annotated[int, Flags(_OPTIONS, bits=False)]
NETLINK_NUMBERS = tuple(_OPTIONS.values())

NetlinkSocket = Annotated[int, FileDescriptor("socket:netlink")]
NetlinkProtocol = Annotated[
    int,
    Flags(_PROTOCOLS, bits=False),
    Choices(NETLINK_ROUTE, seldom(NETLINK_SOCK_DIAG, NETLINK_KOBJECT_UEVENT, NETLINK_AUDIT, 99)),
]


class NetlinkMessage(NamedTuple):
    """A message as it was received."""

    kind: int
    flags: int
    sequence: int
    payload: bytes

    @property
    def error(self) -> int:
        """The errno that an NLMSG_ERROR carries (0: an acknowledgement), or an NLMSG_DONE at the end of a dump."""
        assert self.kind in (NLMSG_ERROR, NLMSG_DONE), f"message {self.kind} says nothing about errors"
        return -int(struct.unpack_from("=i", self.payload)[0])


def attribute(kind: int, data: bytes) -> bytes:
    """A `struct nlattr` with its data, padded to four bytes."""
    raw = struct.pack("=HH", 4 + len(data), kind) + data
    return raw + bytes(-len(raw) % 4)


def request(kind: int, flags: int, payload: bytes, *, sequence: int = 1) -> bytes:
    """A netlink message with its header."""
    return struct.pack("=IHHII", HEADER + len(payload), kind, flags, sequence, 0) + payload


def messages(data: bytes) -> list[NetlinkMessage]:
    """The messages in what was received."""
    found, at = [], 0
    while at + HEADER <= len(data):
        length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data, at)
        if length < HEADER:
            break
        found.append(NetlinkMessage(kind, flags, sequence, data[at + HEADER : at + length]))
        at += (length + 3) & ~3
    return found


def attributes(data: bytes) -> dict[int, bytes]:
    """The attributes in a payload, by type; nested ones are left as they are."""
    found, at = {}, 0
    while at + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, at)
        if length < 4:
            break
        found[kind & 0x3FFF] = data[at + 4 : at + length]
        at += (length + 3) & ~3
    return found


def ifinfomsg(*, index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    """A `struct ifinfomsg`, the head of messages about links."""
    return struct.pack("=BxHiII", 0, 0, index, flags, change)


def ifaddrmsg(*, family: int = 0, prefix: int = 0, index: int = 0) -> bytes:
    """A `struct ifaddrmsg`, the head of messages about addresses."""
    return struct.pack("=BBBBI", family, prefix, 0, 0, index)


def rtmsg(*, family: int = 0, prefix: int = 0, table: int = 0, protocol: int = 0, kind: int = 0) -> bytes:
    """A `struct rtmsg`, the head of messages about routes."""
    return struct.pack("=BBBBBBBBI", family, prefix, 0, 0, table, protocol, 0, kind, 0)


@operation(socket, family=AF_NETLINK, type=non_blocking(SOCK_RAW, SOCK_DGRAM))
def socket_netlink(family: Family, type: SocketType, protocol: NetlinkProtocol) -> NetlinkSocket: ...
@operation(bind, length=12)
def bind_netlink(fd: NetlinkSocket, address: InSockaddrNl, length: Size) -> Zero: ...
@operation(getsockopt, level=SOL_NETLINK, option=NETLINK_NUMBERS)
def getsockopt_netlink(
    fd: NetlinkSocket, level: SocketLevel, option: NetlinkOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_NETLINK, option=NETLINK_NUMBERS)
def setsockopt_netlink(
    fd: NetlinkSocket, level: SocketLevel, option: NetlinkOption, value: InFlag, length: Size
) -> Zero: ...
