"""netlink(7), rtnetlink(7): what messages and their attributes are made of, by protocol and by what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Annotated, Any, TypeAlias

from conformance.syscalls.machinery.buffers import BE16, I32, U8, U16, U32, Struct
from conformance.syscalls.machinery.chains import Chain, text_of
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import (
    MASK,
    Flags,
    Kind,
    Masked,
    Names,
    Piece,
    Renamed,
    Seen,
    ZeroOrNot,
    named,
)
from conformance.syscalls.sockets.addresses import Host6
from conformance.syscalls.sockets.netlink import (
    NETLINK_AUDIT,
    NETLINK_GENERIC,
    NETLINK_KOBJECT_UEVENT,
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    NETLINK_SOCK_DIAG,
    NLA_F_NESTED,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLMSG_DONE,
    NLMSG_ERROR,
)
from conformance.syscalls.sockets.socket import AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_UNIX, AF_UNSPEC

NLMSG_NOOP, NLMSG_OVERRUN = 1, 4
NLM_F_REQUEST, NLM_F_MULTI, NLM_F_ACK, NLM_F_ECHO, NLM_F_DUMP_INTR, NLM_F_DUMP_FILTERED = 1, 2, 4, 8, 0x10, 0x20
NLM_F_ROOT, NLM_F_MATCH, NLM_F_ATOMIC, NLM_F_DUMP = 0x100, 0x200, 0x400, 0x300
NLM_F_REPLACE, NLM_F_EXCL, NLM_F_CREATE, NLM_F_APPEND = 0x100, 0x200, 0x400, 0x800
NLA_F_NET_BYTEORDER = 0x4000
NLMSGERR_ATTR_MSG, NLMSGERR_ATTR_OFFS, NLMSGERR_ATTR_COOKIE, NLMSGERR_ATTR_POLICY = 1, 2, 3, 4
NLMSGERR_ATTR_MISS_TYPE, NLMSGERR_ATTR_MISS_NEST = 5, 6

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK, RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR = 16, 17, 18, 19, 20, 21, 22
RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE, RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH = 24, 25, 26, 28, 29, 30
RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE, RTM_NEWQDISC, RTM_DELQDISC, RTM_GETQDISC = 32, 33, 34, 36, 37, 38
RTM_GETNEIGHTBL, RTM_NEWADDRLABEL, RTM_GETADDRLABEL, RTM_NEWNSID, RTM_GETNSID = 66, 72, 74, 88, 90
RTM_GETSTATS, RTM_GETNEXTHOP = 94, 106

IFLA_UNSPEC, IFLA_ADDRESS, IFLA_BROADCAST, IFLA_IFNAME, IFLA_MTU, IFLA_LINK, IFLA_QDISC, IFLA_STATS = range(8)
IFLA_MASTER, IFLA_TXQLEN, IFLA_MAP, IFLA_OPERSTATE, IFLA_LINKMODE, IFLA_LINKINFO = 10, 13, 14, 16, 17, 18
IFLA_IFALIAS, IFLA_NUM_VF, IFLA_STATS64, IFLA_AF_SPEC, IFLA_GROUP, IFLA_EXT_MASK = 20, 21, 23, 26, 27, 29
IFLA_PROMISCUITY, IFLA_NUM_TX_QUEUES, IFLA_NUM_RX_QUEUES, IFLA_CARRIER, IFLA_CARRIER_CHANGES = 30, 31, 32, 33, 35
IFLA_LINK_NETNSID, IFLA_PROTO_DOWN, IFLA_GSO_MAX_SEGS, IFLA_GSO_MAX_SIZE, IFLA_XDP = 37, 39, 40, 41, 43
IFLA_MIN_MTU, IFLA_MAX_MTU, IFLA_PROP_LIST, IFLA_ALT_IFNAME, IFLA_PERM_ADDRESS = 50, 51, 52, 53, 54
IFLA_INFO_KIND, IFLA_INFO_DATA, IFLA_INFO_SLAVE_KIND = 1, 2, 4
VETH_INFO_PEER = 1
IFA_ADDRESS, IFA_LOCAL, IFA_LABEL, IFA_BROADCAST, IFA_ANYCAST, IFA_CACHEINFO, IFA_MULTICAST, IFA_FLAGS = range(1, 9)
IFA_RT_PRIORITY, IFA_TARGET_NETNSID, IFA_PROTO = 9, 10, 11
RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_METRICS = range(1, 9)
RTA_CACHEINFO, RTA_TABLE, RTA_PREF = 12, 15, 20
NDA_DST, NDA_LLADDR, NDA_CACHEINFO, NDA_PROBES, NDA_IFINDEX = 1, 2, 3, 4, 8
FRA_DST, FRA_SRC, FRA_IIFNAME, FRA_PRIORITY, FRA_FWMARK, FRA_SUPPRESS_PREFIXLEN = 1, 2, 3, 6, 10, 14
FRA_TABLE, FRA_PROTOCOL = 15, 21

GENL_ID_CTRL, CTRL_CMD_NEWFAMILY, CTRL_CMD_GETFAMILY, CTRL_CMD_GETPOLICY = 0x10, 1, 3, 10
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_VERSION, CTRL_ATTR_HDRSIZE, CTRL_ATTR_MAXATTR = 1, 2, 3, 4, 5
CTRL_ATTR_OPS, CTRL_ATTR_MCAST_GROUPS, CTRL_ATTR_POLICY, CTRL_ATTR_OP_POLICY, CTRL_ATTR_OP = 6, 7, 8, 9, 10
SOCK_DIAG_BY_FAMILY, SOCK_DESTROY, TCPDIAG_GETSOCK = 20, 21, 18
AUDIT_GET = 1000

_ANY_FLAGS = {
    "NLM_F_REQUEST": NLM_F_REQUEST,
    "NLM_F_MULTI": NLM_F_MULTI,
    "NLM_F_ACK": NLM_F_ACK,
    "NLM_F_ECHO": NLM_F_ECHO,
    "NLM_F_DUMP_INTR": NLM_F_DUMP_INTR,
    "NLM_F_DUMP_FILTERED": NLM_F_DUMP_FILTERED,
}
_ASKING = {"NLM_F_DUMP": NLM_F_DUMP, "NLM_F_ROOT": NLM_F_ROOT, "NLM_F_MATCH": NLM_F_MATCH, "NLM_F_ATOMIC": NLM_F_ATOMIC}
_MAKING = {
    "NLM_F_REPLACE": NLM_F_REPLACE,
    "NLM_F_EXCL": NLM_F_EXCL,
    "NLM_F_CREATE": NLM_F_CREATE,
    "NLM_F_APPEND": NLM_F_APPEND,
}
_ANSWERING = {"NLM_F_CAPPED": NLM_F_CAPPED, "NLM_F_ACK_TLVS": NLM_F_ACK_TLVS}
"""Some bits have three meanings: in what asks, in what makes something anew, and in an answer."""


class AttributeType(Flags):
    """What an attribute is, with the two bits that say how it is to be read."""

    _BITS = MappingProxyType({"NLA_F_NESTED": NLA_F_NESTED, "NLA_F_NET_BYTEORDER": NLA_F_NET_BYTEORDER})

    def __init__(self, names: Mapping[str, int]) -> None:
        super().__init__(names, bits=False)

    @property
    def words(self) -> Mapping[str, int]:
        return {**self.names, **self._BITS}

    def show(self, seen: Seen) -> str:
        if not isinstance(seen, int):
            return super().show(seen)
        bits = [name for name, bit in self._BITS.items() if seen & bit]
        return "|".join([super().show(seen & 0x3FFF), *bits])


PORT_ID = Renamed("portid", keep=(0,), resource=False)


class ErrorCode(Struct):
    """Minus an errno; 0: an acknowledgement, or the end of a dump that went well."""

    error: I32


class Nlmsghdr(Struct):
    """`struct nlmsghdr`, of any protocol."""

    nlmsg_len: U32
    nlmsg_type: U16
    nlmsg_flags: U16
    nlmsg_seq: U32
    nlmsg_pid: U32


_Family = Flags(
    {
        "AF_UNSPEC": AF_UNSPEC,
        "AF_UNIX": AF_UNIX,
        "AF_INET": AF_INET,
        "AF_INET6": AF_INET6,
        "AF_NETLINK": AF_NETLINK,
        "AF_PACKET": AF_PACKET,
    },
    bits=False,
)
Family8 = Annotated[U8, _Family]


class Ifinfomsg(Struct):
    """`struct ifinfomsg`."""

    ifi_family: Family8
    pad: U8
    ifi_type: U16
    ifi_index: I32
    ifi_flags: U32
    ifi_change: U32


class Ifaddrmsg(Struct):
    """`struct ifaddrmsg`."""

    ifa_family: Family8
    ifa_prefixlen: U8
    ifa_flags: U8
    ifa_scope: U8
    ifa_index: U32


class Rtmsg(Struct):
    """`struct rtmsg`; of a rule it is `struct fib_rule_hdr`, which has the same form."""

    rtm_family: Family8
    rtm_dst_len: U8
    rtm_src_len: U8
    rtm_tos: U8
    rtm_table: U8
    rtm_protocol: U8
    rtm_scope: U8
    rtm_type: U8
    rtm_flags: U32


class Ndmsg(Struct):
    """`struct ndmsg`."""

    ndm_family: Family8
    pad1: U8
    pad2: U16
    ndm_ifindex: I32
    ndm_state: U16
    ndm_flags: U8
    ndm_type: U8


class Rtgenmsg(Struct):
    """`struct rtgenmsg`, with what fills it up to four bytes."""

    rtgen_family: Family8
    pad1: U8
    pad2: U16


class Genlmsghdr(Struct):
    """`struct genlmsghdr`."""

    cmd: U8
    version: U8
    reserved: U16


class Nfgenmsg(Struct):
    """`struct nfgenmsg`."""

    nfgen_family: Family8
    version: U8
    res_id: BE16


class DiagReq(Struct):
    """The head of what sock_diag(7) is asked: which family, and of which protocol."""

    sdiag_family: Family8
    sdiag_protocol: U8
    pad: U16


class Value8(Struct):
    """One byte."""

    value8: U8


class Value16(Struct):
    """A number of 16 bits."""

    value16: U16


class Value32(Struct):
    """A number of 32 bits."""

    value32: U32


class Address128(Kind):
    """An address of IPv6: which one it is, but for those that are made of a device's own."""

    def normal(self, seen: Seen, names: Names) -> Seen:
        return MASK if isinstance(seen, str) and seen.startswith(_LINK_LOCAL) else super().normal(seen, names)


_LINK_LOCAL = "\xfe\x80"


class Value128(Struct):
    """An address of IPv6, where one of IPv4 could be as well."""

    value128: Annotated[Host6, Address128()]


class SomeId(Struct):
    """A number that is given out while a kernel runs."""

    id: Annotated[U16, ZeroOrNot()]


class AttributeOffset(Struct):
    """Where in a request is what an extended acknowledgement speaks of."""

    offset: U32


class AnyText:
    """Stands for text of any size."""


Spec: TypeAlias = "type[Struct] | type[AnyText] | Space | About"


@dataclass(frozen=True)
class Space:
    """The attributes that there are in one place: their names, and what is known of what they hold. Of what is not
    told here only is compared that it is there, and how long."""

    name: str
    names: Mapping[str, int]
    holds: Mapping[int, Spec] = field(default_factory=dict)
    lengths: bool = True
    """Whether how long they are means something."""

    @cached_property
    def head(self) -> type[Struct]:
        """`struct nlattr`, with the names that types have here."""
        length: Any = U16 if self.lengths else Annotated[U16, Masked()]
        members = {"nla_len": length, "nla_type": Annotated[U16, AttributeType(self.names)]}
        made: Any = type(Struct)
        notes = {"__annotations__": members, "__module__": __name__}
        found: type[Struct] = made(f"Nlattr{self.name}", (Struct,), notes)
        return found


@dataclass(frozen=True)
class About:
    """What a message of a type begins with, and what attributes follow; None: nobody's business."""

    head: type[Struct]
    space: Space | None


_OF_LINKS = {name: value for name, value in named(globals(), "IFLA_").items() if not name.startswith("IFLA_INFO_")}
ACK_SPACE = Space(
    "Ack", named(globals(), "NLMSGERR_ATTR_"), {NLMSGERR_ATTR_OFFS: AttributeOffset}, lengths=False
)  # fmt: skip
PEER_SPACE = Space(
    "Veth",
    {"VETH_INFO_PEER": VETH_INFO_PEER},
    {VETH_INFO_PEER: About(Ifinfomsg, Space("Peer", _OF_LINKS, {IFLA_IFNAME: AnyText, IFLA_MTU: Value32}))},
)
INFO_SPACE = Space("Info", named(globals(), "IFLA_INFO_"), {IFLA_INFO_KIND: AnyText, IFLA_INFO_DATA: PEER_SPACE})
LINK_SPACE = Space(
    "Link",
    _OF_LINKS,
    {
        **dict.fromkeys((IFLA_IFNAME, IFLA_QDISC, IFLA_IFALIAS), AnyText),
        **dict.fromkeys((IFLA_MTU, IFLA_LINK, IFLA_MASTER, IFLA_TXQLEN, IFLA_GROUP, IFLA_EXT_MASK), Value32),
        **dict.fromkeys((IFLA_PROMISCUITY, IFLA_MIN_MTU, IFLA_MAX_MTU), Value32),
        **dict.fromkeys((IFLA_LINKMODE, IFLA_PROTO_DOWN), Value8),
        IFLA_LINKINFO: INFO_SPACE,
    },
)
ADDRESS_SPACE = Space(
    "Addr",
    named(globals(), "IFA_"),
    {
        **dict.fromkeys((IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_FLAGS, IFA_RT_PRIORITY), Value32),
        IFA_LABEL: AnyText,
        IFA_PROTO: Value8,
    },
)
ROUTE_SPACE = Space(
    "Route",
    named(globals(), "RTA_"),
    dict.fromkeys((RTA_DST, RTA_SRC, RTA_IIF, RTA_OIF, RTA_GATEWAY, RTA_PRIORITY, RTA_PREFSRC, RTA_TABLE), Value32),
)
NEIGHBOUR_SPACE = Space("Neigh", named(globals(), "NDA_"), {NDA_DST: Value32, NDA_IFINDEX: Value32})
RULE_SPACE = Space(
    "Rule",
    named(globals(), "FRA_"),
    {
        **dict.fromkeys((FRA_DST, FRA_SRC, FRA_PRIORITY, FRA_FWMARK, FRA_TABLE, FRA_SUPPRESS_PREFIXLEN), Value32),
        FRA_IIFNAME: AnyText,
        FRA_PROTOCOL: Value8,
    },
)
CONTROL_SPACE = Space(
    "Ctrl",
    named(globals(), "CTRL_ATTR_"),
    {
        CTRL_ATTR_FAMILY_ID: SomeId,
        CTRL_ATTR_FAMILY_NAME: AnyText,
        **dict.fromkeys((CTRL_ATTR_VERSION, CTRL_ATTR_HDRSIZE, CTRL_ATTR_MAXATTR, CTRL_ATTR_OP), Value32),
    },
)
NO_SPACE = Space("Any", {})


_LINK, _ADDRESS = About(Ifinfomsg, LINK_SPACE), About(Ifaddrmsg, ADDRESS_SPACE)
_ROUTE, _RULE = About(Rtmsg, ROUTE_SPACE), About(Rtmsg, RULE_SPACE)
_NEIGHBOUR, _ANY = About(Ndmsg, NEIGHBOUR_SPACE), About(Rtgenmsg, NO_SPACE)


@dataclass(frozen=True)
class NetlinkProtocol:
    """How the messages of one protocol are read."""

    name: str
    types: Mapping[str, int]
    about: Mapping[int, About]
    others: About | None = None
    """Of types that are not told."""
    makes: frozenset[int] = frozenset()
    """The types that make, change or take away something."""

    @cached_property
    def head(self) -> type[Struct]:
        """`struct nlmsghdr`, with the names that types and flags have here."""
        making, answering = self._head("Making", _MAKING), self._head("Answering", _ANSWERING)

        def told_by(data: bytes) -> type[Struct]:
            kind = int.from_bytes(data[4:6], "little")
            return answering if kind in (NLMSG_ERROR, NLMSG_DONE) else making if kind in self.makes else found

        found = self._head("", _ASKING, told_by=staticmethod(told_by))
        return found

    def _head(self, name: str, flags: Mapping[str, int], **more: Any) -> type[Struct]:
        types = Flags({**named(globals(), "NLMSG_"), **self.types}, bits=False)
        members: dict[str, Any] = {
            "nlmsg_len": U32,
            "nlmsg_type": Annotated[U16, types],
            "nlmsg_flags": Annotated[U16, Flags(_ANY_FLAGS | dict(flags))],
            "nlmsg_seq": U32,
            "nlmsg_pid": Annotated[U32, PORT_ID],
        }
        notes = {"__annotations__": members, "__module__": __name__, **more}
        made: Any = type(Struct)
        found: type[Struct] = made(f"Nlmsghdr{self.name}{name}", (Struct,), notes)
        return found

    def of(self, kind: int) -> About | None:
        """What a message of a type is about."""
        return self.about.get(kind, self.others)


ROUTE = NetlinkProtocol(
    "Route",
    named(globals(), "RTM_"),
    {
        **dict.fromkeys((RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK, RTM_SETLINK), _LINK),
        **dict.fromkeys((RTM_NEWADDR, RTM_DELADDR, RTM_GETADDR), _ADDRESS),
        **dict.fromkeys((RTM_NEWROUTE, RTM_DELROUTE, RTM_GETROUTE), _ROUTE),
        **dict.fromkeys((RTM_NEWNEIGH, RTM_DELNEIGH, RTM_GETNEIGH), _NEIGHBOUR),
        **dict.fromkeys((RTM_NEWRULE, RTM_DELRULE, RTM_GETRULE), _RULE),
    },
    _ANY,
    frozenset(each for each in range(RTM_NEWLINK, 0x80) if each % 4 != RTM_GETLINK % 4),
)
GENERIC = NetlinkProtocol(
    "Generic",
    {"GENL_ID_CTRL": GENL_ID_CTRL},
    {GENL_ID_CTRL: About(Genlmsghdr, CONTROL_SPACE)},
    About(Genlmsghdr, NO_SPACE),
)
DIAG = NetlinkProtocol(
    "Diag",
    {"SOCK_DIAG_BY_FAMILY": SOCK_DIAG_BY_FAMILY, "SOCK_DESTROY": SOCK_DESTROY, "TCPDIAG_GETSOCK": TCPDIAG_GETSOCK},
    {},
    About(DiagReq, None),
)
NETFILTER = NetlinkProtocol("Netfilter", {}, {}, About(Nfgenmsg, NO_SPACE))
UEVENT = NetlinkProtocol("Uevent", {}, {})
AUDIT = NetlinkProtocol("Audit", {"AUDIT_GET": AUDIT_GET}, {})

PROTOCOLS: Mapping[int, NetlinkProtocol] = MappingProxyType(
    {
        NETLINK_ROUTE: ROUTE,
        NETLINK_GENERIC: GENERIC,
        NETLINK_SOCK_DIAG: DIAG,
        NETLINK_NETFILTER: NETFILTER,
        NETLINK_AUDIT: AUDIT,
        NETLINK_KOBJECT_UEVENT: UEVENT,
    }
)
HEAD, ATTRIBUTE = 16, 4
"""Bytes of a `struct nlmsghdr`, and of a `struct nlattr`; what follows upon either begins at a multiple of four."""
_SPACES = (ACK_SPACE, PEER_SPACE, INFO_SPACE, LINK_SPACE, ADDRESS_SPACE, ROUTE_SPACE, NEIGHBOUR_SPACE, RULE_SPACE)
_VALUES = (ErrorCode, Value8, Value16, Value32, Value128, SomeId, AttributeOffset, text_of(16))


def _up(at: int) -> int:
    """The next multiple of four."""
    return at + 3 & ~3


class Netlink(Chain):
    """Messages of a netlink protocol: their heads, what they are about, and their attributes, however nested."""

    def __init__(self, protocol: NetlinkProtocol) -> None:
        self.protocol = protocol
        heads = [each.head for each in (*protocol.about.values(), protocol.others) if each]
        spaces = [each.head for each in (*_SPACES, CONTROL_SPACE, NO_SPACE)]
        super().__init__(protocol.head, *dict.fromkeys(heads), *spaces, *_VALUES)

    def title(self, head: Struct) -> str:
        kind = "nlmsg_type" if "nlmsg_type" in head.members else "nla_type"
        said = of_member(type(head), kind)[0].show(getattr(head, kind)).removesuffix("|NLA_F_NESTED")
        return said if said[0].isalpha() else f"{kind.removesuffix('_type')}/{said}"

    def pieces(self, data: bytes) -> Iterator[Piece]:
        at = 0
        while True:
            yield Piece(at, HEAD, self.protocol.head, depth=0)
            if at + HEAD > len(data):
                return
            head: Any = Nlmsghdr.parse(data, at)
            if head.nlmsg_len < HEAD:
                return
            end = at + head.nlmsg_len
            yield from self._body(data, at + HEAD, end, head)
            at = _up(end)
            if end < at:
                yield Piece(end, at - end, filler=True)

    def _body(self, data: bytes, at: int, end: int, head: Any) -> Iterator[Piece]:
        if head.nlmsg_type in (NLMSG_ERROR, NLMSG_DONE):
            yield from self._answer(data, at, end, head)
            return
        about = self.protocol.of(head.nlmsg_type) if head.nlmsg_type > NLMSG_OVERRUN else None
        if about is not None and at + about.head.size() <= end:
            yield Piece(at, about.head.size(), about.head)
            at = _up(at + about.head.size())
            if about.space is not None:
                yield from _attributes(data, at, end, about.space, 1)
                return
        if at < end:
            yield Piece(at, end - at, filler=True)

    def _answer(self, data: bytes, at: int, end: int, head: Any) -> Iterator[Piece]:
        """What an error, an acknowledgement or the end of a dump says."""
        if at + 4 > end:
            return
        yield Piece(at, 4, ErrorCode)
        if at + 4 > len(data):
            return
        failed, at = any(data[at : at + 4]), at + 4
        if head.nlmsg_type == NLMSG_ERROR and at + HEAD <= end:
            yield Piece(at, HEAD, self.protocol.head)
            if at + HEAD > len(data):
                return
            echoed: Any = Nlmsghdr.parse(data, at)
            at += HEAD
            more = echoed.nlmsg_len - HEAD if failed and not head.nlmsg_flags & NLM_F_CAPPED else 0
            more = min(_up(max(more, 0)), end - at)
            if more:
                yield Piece(at, more, filler=True)
                at += more
        if head.nlmsg_flags & NLM_F_ACK_TLVS:
            yield from _attributes(data, at, end, ACK_SPACE, 1)
        elif at < end:
            yield Piece(at, end - at)


def _attributes(data: bytes, at: int, end: int, space: Space, depth: int) -> Iterator[Piece]:
    while at + ATTRIBUTE <= end:
        yield Piece(at, ATTRIBUTE, space.head, depth=depth)
        if at + ATTRIBUTE > len(data):
            return
        length, kind = (int.from_bytes(data[each : each + 2], "little") for each in (at, at + 2))
        if length < ATTRIBUTE:
            at += ATTRIBUTE
            break
        stop = min(at + length, end)
        yield from _held(data, at + ATTRIBUTE, stop, space.holds.get(kind & 0x3FFF), depth)
        at = min(_up(stop), end)
        if stop < at:
            yield Piece(stop, at - stop, filler=True)
    if at < end:
        yield Piece(at, end - at)


def _held(data: bytes, at: int, stop: int, spec: Spec | None, depth: int) -> Iterator[Piece]:
    """What an attribute holds."""
    if isinstance(spec, About) and spec.space and at + spec.head.size() <= stop:
        yield Piece(at, spec.head.size(), spec.head)
        yield from _attributes(data, at + spec.head.size(), stop, spec.space, depth + 1)
        return
    if isinstance(spec, Space):
        yield from _attributes(data, at, stop, spec, depth + 1)
        return
    if spec is AnyText and at < stop:
        yield Piece(at, stop - at, text_of(stop - at))
        return
    if at == stop:
        return
    known = (spec, Value128) if isinstance(spec, type) and issubclass(spec, Struct) else ()
    yield Piece(at, stop - at, next((each for each in known if each.size() == stop - at), None), filler=not known)


class Uevents(Netlink):
    """What is told of devices, which is text; what a program makes known is in a message, and so is the answer to it.

    Events are counted, for all networks together.
    """

    EVENT = re.compile(r"[a-z]+@")
    COUNTED = re.compile(r"SEQNUM=\d+\0")

    def normal(self, seen: Seen, names: Names) -> Seen:
        if isinstance(seen, str) and self.EVENT.match(seen):
            return self.COUNTED.sub("SEQNUM\0", seen)
        return super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        return Kind.show(self, seen) if isinstance(seen, str) and self.EVENT.match(seen) else super().show(seen)


PLAIN_NETLINK: Mapping[int, Kind] = MappingProxyType(
    {number: (Uevents if each is UEVENT else Netlink)(each) for number, each in PROTOCOLS.items()}
)
"""The kinds of memory that hold messages, by protocol."""
