"""Netlink: message framing, conversations, and the constants of its families. Sources: netlink(7), rtnetlink(7), uapi.

What a kernel sends is received untraced: lengths, counters and the attributes that a release adds differ between
kernels, while what a case asserts of them does not.
"""

from __future__ import annotations

import struct
from errno import EAGAIN, ENOPROTOOPT
from typing import NamedTuple

from conformance.syscalls.machinery.buffers import Buffer
from conformance.syscalls.machinery.call import untraced
from conformance.syscalls.polling import POLLIN, Pollfd, poll
from conformance.syscalls.sockets import (
    AF_NETLINK,
    MSG_DONTWAIT,
    SOCK_CLOEXEC,
    SOCK_RAW,
    SOL_NETLINK,
    bind,
    getsockname,
    recvfrom,
    sendto,
    setsockopt,
    socket,
)

NETLINK_ROUTE, NETLINK_USERSOCK, NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_CONNECTOR = 0, 2, 4, 9, 11
NETLINK_NETFILTER, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC = 12, 15, 16
NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS = 1, 2, 3, 5
NETLINK_LISTEN_ALL_NSID, NETLINK_LIST_MEMBERSHIPS, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 8, 9, 10, 11
NETLINK_GET_STRICT_CHK = 12
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

PATIENCE = 2.0
"""Seconds to wait for what the kernel is bound to send."""
HEADER = 16
"""Bytes of a `struct nlmsghdr`."""


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


class NetlinkTimeout(AssertionError):
    """Nothing came from the kernel, although it was bound to send something."""


def sockaddr_nl(*, pid: int = 0, groups: int = 0) -> bytes:
    """A netlink address; `groups` is a bit mask of multicast groups."""
    return struct.pack("=HHII", AF_NETLINK, 0, pid, groups)


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


def netlink_socket(protocol: int, *, groups: int = 0) -> int:
    """A raw netlink socket, bound to a port id of the kernel's choice and to `groups`, a bit mask."""
    fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)
    bind(fd, sockaddr_nl(groups=groups), 12)
    return fd


def port_of(fd: int) -> int:
    """The port id that a netlink socket is bound to."""
    address, length = Buffer(12), Buffer(struct.pack("=I", 12))
    getsockname(fd, address, length)
    return address.int_at(4)


def set_netlink_option(fd: int, option: int, value: int, name: str) -> None:
    """Set an option of SOL_NETLINK, an int. A target that does not know it lacks it, by its name."""
    setsockopt.or_missing(name, ENOPROTOOPT, fd, SOL_NETLINK, option, struct.pack("=i", value), 4)


def send(fd: int, message: bytes) -> None:
    """Send a message to the kernel."""
    assert sendto(fd, message, len(message), 0, sockaddr_nl(), 12) == len(message)


def readable(fd: int, seconds: float = PATIENCE) -> bool:
    """Whether `fd` becomes readable within `seconds`, or has an error to tell. Not traced."""
    with untraced():
        return poll(Pollfd(fd=fd, events=POLLIN), 1, int(seconds * 1000)) > 0


def receive_bytes(fd: int, seconds: float = PATIENCE) -> bytes:
    """The next datagram. Not traced.

    Raises NetlinkTimeout when there is none within `seconds`, OSError when receiving fails (ENOBUFS, say).
    """
    if not readable(fd, seconds):
        raise NetlinkTimeout("nothing was received in time")
    room = Buffer(1 << 16)
    with untraced():
        return room.take(recvfrom(fd, room, len(room), 0, 0, 0))


def receive(fd: int, seconds: float = PATIENCE) -> list[NetlinkMessage]:
    """The messages of the next datagram; raises as `receive_bytes` does. Not traced."""
    return messages(receive_bytes(fd, seconds))


def hears_nothing(fd: int) -> bool:
    """Whether nothing is waiting to be received, at this moment. Not traced."""
    with untraced():
        return recvfrom.result_of(fd, Buffer(16), 16, MSG_DONTWAIT, 0, 0)[1] == EAGAIN


def ask(fd: int, message: bytes) -> list[NetlinkMessage]:
    """Send a request; all that answers it: up to NLMSG_DONE, NLMSG_ERROR, or the one message that is not a part.

    What was not asked for (events of groups that the socket is a member of) is passed over.
    """
    flags, sequence = struct.unpack_from("=HI", message, 6)
    send(fd, message)
    found: list[NetlinkMessage] = []
    while True:
        for answer in receive(fd):
            if answer.sequence != sequence:
                continue
            found.append(answer)
            parts = answer.flags & NLM_F_MULTI or flags & NLM_F_ACK
            if answer.kind in (NLMSG_ERROR, NLMSG_DONE) or not parts:
                return found


def verdict(fd: int, message: bytes) -> int:
    """Send a request that wants an acknowledgement; the errno that the kernel answers, 0 when it obeys."""
    return ask(fd, message)[-1].error


def dump(fd: int, kind: int, payload: bytes) -> list[NetlinkMessage]:
    """Everything of a kind, without the NLMSG_DONE that must end it. Raises OSError when the kernel refuses."""
    answers = ask(fd, request(kind, NLM_F_REQUEST | NLM_F_DUMP, payload))
    last = answers.pop()
    if last.error:
        raise OSError(last.error, f"dump of {kind} refused")
    assert last.kind == NLMSG_DONE, "a dump ended without NLMSG_DONE"
    return answers


def ifinfomsg(*, index: int = 0, flags: int = 0, change: int = 0) -> bytes:
    """A `struct ifinfomsg`, the head of messages about links."""
    return struct.pack("=BxHiII", 0, 0, index, flags, change)


def ifaddrmsg(*, family: int = 0, prefix: int = 0, index: int = 0) -> bytes:
    """A `struct ifaddrmsg`, the head of messages about addresses."""
    return struct.pack("=BBBBI", family, prefix, 0, 0, index)


def rtmsg(*, family: int = 0, prefix: int = 0, table: int = 0, protocol: int = 0, kind: int = 0) -> bytes:
    """A `struct rtmsg`, the head of messages about routes."""
    return struct.pack("=BBBBBBBBI", family, prefix, 0, 0, table, protocol, 0, kind, 0)
