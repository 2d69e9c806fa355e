"""Netlink: message framing, addresses and the constants of its families. Sources: netlink(7), rtnetlink(7), uapi."""

from __future__ import annotations

import struct

from conformance.syscalls.sockets import AF_NETLINK

NETLINK_ROUTE, NETLINK_SOCK_DIAG, NETLINK_AUDIT, NETLINK_CONNECTOR = 0, 4, 9, 11
NETLINK_NETFILTER, NETLINK_KOBJECT_UEVENT, NETLINK_GENERIC = 12, 15, 16
NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS = 1, 2, 3, 5
NETLINK_LISTEN_ALL_NSID, NETLINK_LIST_MEMBERSHIPS, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 8, 9, 10, 11
NETLINK_GET_STRICT_CHK = 12
NLMSG_NOOP, NLMSG_ERROR, NLMSG_DONE = 1, 2, 3
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_ECHO = 1, 2, 4, 8
NLM_F_DUMP, NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x300, 0x100, 0x200, 0x400, 0x800
NLM_F_CAPPED, NLM_F_ACK_TLVS = 0x100, 0x200


def sockaddr_nl(*, pid: int = 0, groups: int = 0) -> bytes:
    """A netlink address; `groups` is a bit mask of multicast groups."""
    return struct.pack("=HHII", AF_NETLINK, 0, pid, groups)


def attribute(kind: int, data: bytes) -> bytes:
    """A `struct nlattr` with its data, padded to four bytes."""
    raw = struct.pack("=HH", 4 + len(data), kind) + data
    return raw + bytes(-len(raw) % 4)


def request(kind: int, flags: int, payload: bytes, *, sequence: int = 1) -> bytes:
    """A netlink message with its header."""
    return struct.pack("=IHHII", 16 + len(payload), kind, flags, sequence, 0) + payload


def messages(data: bytes) -> list[tuple[int, int, int, bytes]]:
    """The messages in what was received: type, flags, sequence number, payload."""
    found, at = [], 0
    while at + 16 <= len(data):
        length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", data, at)
        if length < 16:
            break
        found.append((kind, flags, sequence, data[at + 16 : at + length]))
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
