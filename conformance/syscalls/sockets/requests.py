"""netlink(7): what programs ask the kernel, well-formed and not, and what it answers."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Annotated

from conformance.syscalls.machinery.aliases import AlwaysZero, InBytes, OutBytes, Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choice, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, ZeroOrNot
from conformance.syscalls.machinery.touches import NETWORK, NOTHING
from conformance.syscalls.sockets.addresses import OF_NETLINK, SockaddrKind
from conformance.syscalls.sockets.connections import bind
from conformance.syscalls.sockets.messages import MSG_DONTWAIT, MSG_PEEK, MSG_TRUNC, recvfrom, sendto
from conformance.syscalls.sockets.netlink import (
    HEADER,
    IFF_UP,
    LOOPBACK_INDEX,
    NETLINK_AUDIT,
    NETLINK_CAP_ACK,
    NETLINK_EXT_ACK,
    NETLINK_GENERIC,
    NETLINK_GET_STRICT_CHK,
    NETLINK_KOBJECT_UEVENT,
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    NETLINK_SOCK_DIAG,
    NLA_F_NESTED,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    attribute,
    ifaddrmsg,
    ifinfomsg,
    request,
    rtmsg,
)
from conformance.syscalls.sockets.options import SOL_NETLINK, InFlag, SocketLevel, SocketOption, setsockopt
from conformance.syscalls.sockets.records import (
    AUDIT_GET,
    CTRL_ATTR_FAMILY_ID,
    CTRL_ATTR_FAMILY_NAME,
    CTRL_CMD_GETFAMILY,
    CTRL_CMD_GETPOLICY,
    GENL_ID_CTRL,
    IFA_ADDRESS,
    IFA_BROADCAST,
    IFA_LABEL,
    IFA_LOCAL,
    IFLA_ADDRESS,
    IFLA_EXT_MASK,
    IFLA_IFNAME,
    IFLA_INFO_DATA,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    IFLA_TXQLEN,
    NDA_DST,
    NDA_LLADDR,
    PLAIN_NETLINK,
    RTA_DST,
    RTA_OIF,
    RTA_TABLE,
    RTM_DELADDR,
    RTM_DELLINK,
    RTM_DELNEIGH,
    RTM_DELROUTE,
    RTM_DELRULE,
    RTM_GETADDR,
    RTM_GETADDRLABEL,
    RTM_GETLINK,
    RTM_GETNEIGH,
    RTM_GETNEXTHOP,
    RTM_GETNSID,
    RTM_GETQDISC,
    RTM_GETROUTE,
    RTM_GETRULE,
    RTM_GETSTATS,
    RTM_NEWADDR,
    RTM_NEWLINK,
    RTM_NEWNEIGH,
    RTM_NEWROUTE,
    RTM_NEWRULE,
    RTM_SETLINK,
    SOCK_DESTROY,
    SOCK_DIAG_BY_FAMILY,
    VETH_INFO_PEER,
)
from conformance.syscalls.sockets.socket import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_PACKET,
    AF_UNIX,
    SOCK_NONBLOCK,
    SOCK_RAW,
    Family,
    SocketType,
    socket,
)

_SINGLE_FLAGS = (2, 4, 8, 0x10, 0x20, 0x40, 0x80, 0x100, 0x200, 0x300, 0x400, 0x800, 0x1000, 0x8000)
"""What beside `NLM_F_REQUEST` a request may say."""
_UNKNOWN = 0x3F00
"""An attribute that there is in no place."""


def _asked(kind: int, payload: bytes, flags: int) -> bytes:
    return request(kind, NLM_F_REQUEST | flags, payload)


def _lengths(data: bytes) -> Iterator[bytes]:
    """A message that says that it is shorter or longer than it is, and one that is."""
    for size in (0, HEADER - 1, HEADER, len(data) - 1, len(data) - 4, len(data) + 4, 0xFFFFFFFF):
        yield struct.pack("=I", size) + data[4:]
    yield from (data[:-1], data[: HEADER + 1], data[:HEADER], data[:4])


def _attributes(data: bytes, first: int) -> Iterator[bytes]:
    """A message with attributes that are too short, too long, empty, unknown, nested or there twice.

    `first` is one of which the kernel takes notice there."""
    four = struct.pack("=I", 1500)
    for more in (
        *(struct.pack("=HH", size, first) + four for size in (0, 3, 4, 5, 7, 9, 12, 0xFFFF)),
        *(attribute(first, each) for each in (b"", b"a", four[:2], four + four, bytes(64))),
        *(attribute(_UNKNOWN, four), attribute(0, four), attribute(first | NLA_F_NESTED, four)),
        *(attribute(first | 0x4000, four), attribute(first, four) * 2, attribute(first, attribute(first, four))),
        *(b"\0", bytes(3), bytes(4), bytes(8)),
    ):
        whole = data + more
        yield struct.pack("=I", len(whole)) + whole[4:]


def _blobs(plain: Iterable[bytes], odd: Iterable[bytes]) -> Iterator[Choice]:
    """The plain ones often, of the odd ones each once."""
    usual = tuple(map(Blob, dict.fromkeys(plain)))
    others = tuple(map(Blob, dict.fromkeys(odd)))
    yield from usual * max(1, len(others) // len(usual))
    yield from others
    yield from (0, KERNEL_ADDRESS)


def _flagged(kind: int, payload: bytes) -> Iterator[bytes]:
    for flags in _SINGLE_FLAGS:
        yield _asked(kind, payload, flags)
    yield request(kind, 0, payload)
    yield request(kind, NLM_F_ACK, payload)


def _text(name: bytes) -> bytes:
    return attribute(IFLA_IFNAME, name + b"\0")


def _kind(kind: bytes, data: bytes = b"") -> bytes:
    more = attribute(IFLA_INFO_DATA, data) if data else b""
    return attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, kind + b"\0") + more)


_LO = ifinfomsg(index=LOOPBACK_INDEX)
_NEW = NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK
_MTU = partial(attribute, IFLA_MTU)
_ONE = bytes((10, 9, 8, 1))
_ADDRESS = ifaddrmsg(family=AF_INET, prefix=24, index=LOOPBACK_INDEX)
_OWN = attribute(IFA_LOCAL, _ONE) + attribute(IFA_ADDRESS, _ONE)
_HERE = attribute(RTA_DST, bytes((10, 7, 0, 0))) + attribute(RTA_OIF, struct.pack("=I", LOOPBACK_INDEX))
_PATH = rtmsg(family=AF_INET, prefix=16, table=254, protocol=3, kind=1)
_NEIGHBOUR = struct.pack("=BBHiHBB", AF_INET, 0, 0, LOOPBACK_INDEX, 0x80, 0, 0)
_RULE = struct.pack("=BBBBBBBBI", AF_INET, 0, 0, 0, 100, 0, 0, 1, 0)
VETH = _text(b"v0") + _kind(b"veth", attribute(VETH_INFO_PEER, ifinfomsg() + _text(b"v1")))

_CHANGES = (
    (RTM_NEWLINK, ifinfomsg() + _text(b"d0") + _kind(b"dummy"), _NEW),
    (RTM_NEWLINK, ifinfomsg() + VETH, _NEW),
    (RTM_NEWLINK, ifinfomsg() + _text(b"n0") + _kind(b"absent"), _NEW),
    (RTM_NEWLINK, ifinfomsg() + _text(b"lo") + _kind(b"dummy"), _NEW),
    (RTM_NEWLINK, ifinfomsg() + _text(b"a" * 16) + _kind(b"dummy"), _NEW),
    (RTM_NEWLINK, ifinfomsg() + _text(b"a/b") + _kind(b"dummy"), _NEW),
    (RTM_NEWLINK, _LO + _text(b"lo"), NLM_F_ACK),
    (RTM_NEWLINK, _LO, _NEW),
    *((kind, _LO + _MTU(struct.pack("=I", 1400)), NLM_F_ACK) for kind in (RTM_NEWLINK, RTM_SETLINK)),
    (RTM_SETLINK, _LO + _MTU(struct.pack("=I", 1 << 31)), NLM_F_ACK),
    (RTM_SETLINK, _LO + attribute(IFLA_TXQLEN, struct.pack("=I", 7)), NLM_F_ACK),
    (RTM_SETLINK, _LO + attribute(IFLA_ADDRESS, bytes((2, 0, 0, 0, 0, 1))), NLM_F_ACK),
    *((RTM_SETLINK, ifinfomsg(index=1, flags=each, change=IFF_UP), NLM_F_ACK) for each in (IFF_UP, 0)),
    *((kind, ifinfomsg(index=99), NLM_F_ACK) for kind in (RTM_SETLINK, RTM_DELLINK)),
    *((RTM_DELLINK, ifinfomsg() + _text(each), NLM_F_ACK) for each in (b"d0", b"v1", b"absent", b"lo")),
    (RTM_DELLINK, _LO, NLM_F_ACK),
    (RTM_DELLINK, ifinfomsg(), NLM_F_ACK),
    *((kind, _ADDRESS + _OWN, _NEW) for kind in (RTM_NEWADDR, RTM_DELADDR)),
    (RTM_NEWADDR, _ADDRESS + _OWN, NLM_F_ACK),
    (RTM_NEWADDR, _ADDRESS + _OWN + attribute(IFA_LABEL, b"lo:1\0") + attribute(IFA_BROADCAST, _ONE), _NEW),
    (RTM_NEWADDR, _ADDRESS, _NEW),
    (RTM_NEWADDR, ifaddrmsg(family=AF_INET, prefix=33, index=1) + _OWN, _NEW),
    (RTM_NEWADDR, ifaddrmsg(family=AF_INET, prefix=24, index=99) + _OWN, _NEW),
    (RTM_NEWADDR, ifaddrmsg(family=99, prefix=24, index=1) + _OWN, _NEW),
    (RTM_NEWADDR, ifaddrmsg(family=AF_INET6, prefix=64, index=1) + attribute(IFA_ADDRESS, b"\xfd" + bytes(15)), _NEW),
    *((kind, _PATH + _HERE, _NEW) for kind in (RTM_NEWROUTE, RTM_DELROUTE)),
    (RTM_NEWROUTE, _PATH + _HERE + attribute(RTA_TABLE, struct.pack("=I", 1000)), _NEW),
    (RTM_NEWROUTE, _PATH, _NEW),
    (RTM_NEWROUTE, rtmsg(family=AF_INET, prefix=33, table=254, protocol=3, kind=1) + _HERE, _NEW),
    (RTM_DELROUTE, _PATH, NLM_F_ACK),
    *((kind, _NEIGHBOUR + attribute(NDA_DST, _ONE), _NEW) for kind in (RTM_NEWNEIGH, RTM_DELNEIGH)),
    (RTM_NEWNEIGH, _NEIGHBOUR + attribute(NDA_DST, _ONE) + attribute(NDA_LLADDR, bytes(6)), _NEW),
    (RTM_NEWNEIGH, _NEIGHBOUR, _NEW),
    *((kind, _RULE, _NEW) for kind in (RTM_NEWRULE, RTM_DELRULE)),
)
"""What changes the program's own network, or is refused."""
_QUESTIONS = (
    (RTM_GETLINK, _LO),
    (RTM_GETLINK, ifinfomsg() + _text(b"lo")),
    (RTM_GETLINK, ifinfomsg() + _text(b"absent")),
    (RTM_GETLINK, ifinfomsg(index=99)),
    (RTM_GETLINK, ifinfomsg()),
    (RTM_GETLINK, _LO + attribute(IFLA_EXT_MASK, struct.pack("=I", 9))),
    (RTM_GETADDR, ifaddrmsg(family=AF_INET)),
    (RTM_GETADDR, ifaddrmsg(family=AF_INET6, index=1) + attribute(IFA_ADDRESS, bytes(15) + b"\1")),
    (RTM_GETROUTE, rtmsg(family=AF_INET, prefix=32) + attribute(RTA_DST, bytes((127, 0, 0, 1)))),
    (RTM_GETROUTE, rtmsg(family=AF_INET, prefix=32) + attribute(RTA_DST, bytes((8, 8, 8, 8)))),
    (RTM_GETROUTE, rtmsg(family=AF_INET6, prefix=128) + attribute(RTA_DST, bytes(15) + b"\1")),
    (RTM_GETNEIGH, _NEIGHBOUR + attribute(NDA_DST, _ONE)),
    (RTM_GETRULE, rtmsg(family=AF_INET)),
    *((kind, bytes(4)) for kind in (RTM_GETADDRLABEL, RTM_GETNSID, RTM_GETNEXTHOP)),
    (RTM_GETSTATS, struct.pack("=BBHII", 0, 0, 0, 1, 1)),
    (RTM_GETQDISC, struct.pack("=BBHiIII", 0, 0, 0, 1, 0, 0, 0)),
)
"""What is asked for one thing."""
_DUMPS = (
    *((RTM_GETLINK, each) for each in (ifinfomsg(), b"\0", bytes(4))),
    *((RTM_GETADDR, ifaddrmsg(family=each)) for each in (0, AF_INET, AF_INET6, 99)),
    *((RTM_GETROUTE, rtmsg(family=each)) for each in (AF_INET, AF_INET6)),
    *((RTM_GETRULE, rtmsg(family=each)) for each in (AF_INET, 0)),
    (RTM_GETNEIGH, bytes(12)),
)
"""What is asked for all of a kind."""


def _of_route() -> Iterator[Choice]:
    whole = _asked(RTM_GETLINK, _LO, 0)
    setting = _asked(RTM_SETLINK, _LO, NLM_F_ACK)
    yield from _blobs(
        [whole, *(_asked(kind, payload, 0) for kind, payload in _QUESTIONS)],
        [
            *(_asked(kind, payload, NLM_F_DUMP) for kind, payload in _DUMPS),
            *(_asked(kind, payload, flags) for kind, payload, flags in _CHANGES),
            *(each for kind, payload in _QUESTIONS[:1] for each in _flagged(kind, payload)),
            *(each for kind, payload, _ in _CHANGES[:1] for each in _flagged(kind, payload)),
            *_lengths(whole),
            *_attributes(whole, IFLA_MTU),
            *_attributes(setting, IFLA_MTU),
            *_attributes(_asked(RTM_NEWADDR, _ADDRESS, _NEW), IFA_LOCAL),
            *_attributes(_asked(RTM_NEWLINK, ifinfomsg() + _text(b"d0"), _NEW), IFLA_LINKINFO),
            *(_asked(kind, bytes(16), NLM_F_ACK) for kind in (0, 1, 2, 3, 4, 15, 23, 27, 1000, 0xFFFF)),
            whole + whole,
            whole + setting,
        ],
    )


def _of_generic() -> Iterator[Choice]:
    def named(name: bytes, command: int = CTRL_CMD_GETFAMILY, version: int = 1) -> bytes:
        return struct.pack("=BBH", command, version, 0) + attribute(CTRL_ATTR_FAMILY_NAME, name + b"\0")

    head = struct.pack("=BBH", CTRL_CMD_GETFAMILY, 1, 0)
    whole = _asked(GENL_ID_CTRL, named(b"nlctrl"), 0)
    known = attribute(CTRL_ATTR_FAMILY_ID, struct.pack("=H", GENL_ID_CTRL))
    yield from _blobs(
        [whole, _asked(GENL_ID_CTRL, head + known, 0), _asked(GENL_ID_CTRL, named(b"absent"), 0)],
        [
            *_flagged(GENL_ID_CTRL, named(b"nlctrl")),
            *_lengths(whole),
            *_attributes(_asked(GENL_ID_CTRL, head, 0), CTRL_ATTR_FAMILY_ID),
            _asked(GENL_ID_CTRL, named(b"n" * 16), 0),
            *(_asked(GENL_ID_CTRL, named(b"nlctrl", command), NLM_F_ACK) for command in (0, 1, 2, 4, 7, 99, 255)),
            *(_asked(GENL_ID_CTRL, named(b"nlctrl", version=version), 0) for version in (0, 2, 255)),
            _asked(GENL_ID_CTRL, named(b"nlctrl", CTRL_CMD_GETPOLICY), NLM_F_DUMP),
            *(_asked(kind, named(b"nlctrl"), NLM_F_ACK) for kind in (0, 15, 0x3FF, 0x400, 0xFFFF)),
        ],
    )


def _of_diag() -> Iterator[Choice]:
    def unix(states: int, show: int = 0) -> bytes:
        return struct.pack("=BBHIII", AF_UNIX, 0, 0, states, 0, show) + b"\xff" * 8

    def inet(family: int, protocol: int, states: int = 0xFFFFFFFF) -> bytes:
        return struct.pack("=BBBBI", family, protocol, 0, 0, states) + bytes(48)

    whole = _asked(SOCK_DIAG_BY_FAMILY, inet(AF_INET, 6), NLM_F_DUMP)
    yield from _blobs(
        [whole, _asked(SOCK_DIAG_BY_FAMILY, unix(0xFFFFFFFF), 0), _asked(SOCK_DIAG_BY_FAMILY, inet(AF_INET, 6), 0)],
        [
            *(_asked(SOCK_DIAG_BY_FAMILY, inet(family, 17), NLM_F_DUMP) for family in (AF_INET, AF_INET6, 0, 46, 255)),
            *(_asked(SOCK_DIAG_BY_FAMILY, inet(AF_INET, each), NLM_F_DUMP) for each in (0, 1, 132, 200, 255)),
            *(
                _asked(SOCK_DIAG_BY_FAMILY, struct.pack("=BB", each, 0) + bytes(18), 0)
                for each in (AF_NETLINK, AF_PACKET)
            ),
            *_flagged(SOCK_DIAG_BY_FAMILY, inet(AF_INET, 6, 0)),
            *_lengths(whole),
            *(_asked(kind, inet(AF_INET, 6), NLM_F_ACK) for kind in (18, 19, SOCK_DESTROY, 22, 99)),
        ],
    )


def _of_netfilter() -> Iterator[Choice]:
    """Questions alone: what is changed there is a network's, too, but it loads modules."""
    head = struct.pack("=BBH", AF_INET, 0, 0)
    tables, connections = 10 << 8 | 1, 1 << 8 | 1
    yield from _blobs(
        [_asked(connections, head, NLM_F_ACK), _asked(tables, head, NLM_F_DUMP)],
        [
            *(
                _asked(kind, head, NLM_F_ACK)
                for kind in (10 << 8 | 16, 10 << 8 | 4, 10 << 8 | 7, 99 << 8, 0, 15, 0xFFFF)
            ),
            *_lengths(_asked(connections, head, 0)),
            *_flagged(connections, head),
            _asked(connections, bytes(2), NLM_F_ACK),
        ],
    )


def _of_audit() -> Iterator[Choice]:
    yield from _blobs(
        [_asked(AUDIT_GET, b"", NLM_F_ACK)],
        [
            _asked(AUDIT_GET, bytes(40), 0),
            request(AUDIT_GET, 0, b""),
            *_lengths(_asked(AUDIT_GET, bytes(4), NLM_F_ACK)),
        ],
    )


def _of_uevents() -> Iterator[Choice]:
    """Of a device that there is not: who listens in the same network is told, and nobody else (Linux 4.18)."""
    event = b"change@/devices/d0\0ACTION=change\0DEVPATH=/devices/d0\0SUBSYSTEM=s0\0"
    whole = _asked(0x10, event, NLM_F_ACK)
    yield from _blobs(
        [whole, _asked(0x10, event, 0)],
        [
            *_lengths(whole),
            *_flagged(0x10, event),
            *(_asked(kind, event, NLM_F_ACK) for kind in (0, 1, 15, 17, 0xFFFF)),
            *(_asked(0x10, each, NLM_F_ACK) for each in (b"", b"\0", b"x", event[:-1], b"x" * 3000)),
            event,
        ],
    )


NetlinkFamily = Annotated[Family, Choices(AF_NETLINK)]
NetlinkType = Annotated[SocketType, Choices(often(SOCK_RAW | SOCK_NONBLOCK))]
OnlyRoute = Annotated[int, Flags({"NETLINK_ROUTE": NETLINK_ROUTE}, bits=False), Choices(NETLINK_ROUTE)]
OnlyGeneric = Annotated[int, Flags({"NETLINK_GENERIC": NETLINK_GENERIC}, bits=False), Choices(NETLINK_GENERIC)]
OnlyDiag = Annotated[int, Flags({"NETLINK_SOCK_DIAG": NETLINK_SOCK_DIAG}, bits=False), Choices(NETLINK_SOCK_DIAG)]
OnlyFilter = Annotated[int, Flags({"NETLINK_NETFILTER": NETLINK_NETFILTER}, bits=False), Choices(NETLINK_NETFILTER)]
OnlyUevent = Annotated[
    int, Flags({"NETLINK_KOBJECT_UEVENT": NETLINK_KOBJECT_UEVENT}, bits=False), Choices(NETLINK_KOBJECT_UEVENT)
]
OnlyAudit = Annotated[int, Flags({"NETLINK_AUDIT": NETLINK_AUDIT}, bits=False), Choices(NETLINK_AUDIT)]

RouteSocket = Annotated[int, FileDescriptor("socket:netlink:route")]
GenericSocket = Annotated[int, FileDescriptor("socket:netlink:generic")]
DiagSocket = Annotated[int, FileDescriptor("socket:netlink:diag")]
FilterSocket = Annotated[int, FileDescriptor("socket:netlink:netfilter")]
UeventSocket = Annotated[int, FileDescriptor("socket:netlink:uevent")]
AuditSocket = Annotated[int, FileDescriptor("socket:netlink:audit")]

RouteRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_ROUTE], Choices(_of_route)]
GenericRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_GENERIC], Choices(_of_generic)]
DiagRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_SOCK_DIAG], Choices(_of_diag)]
FilterRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_NETFILTER], Choices(_of_netfilter)]
UeventRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_KOBJECT_UEVENT], Choices(_of_uevents)]
AuditRequest = Annotated[InBytes, PLAIN_NETLINK[NETLINK_AUDIT], Choices(_of_audit)]

_ROOMS = Choices(often(room(4096)), rarely(room(64), room(36), room(20), room(16), room(8), KERNEL_ADDRESS))
RouteAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_ROUTE], _ROOMS]
GenericAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_GENERIC], _ROOMS]
DiagAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_SOCK_DIAG], _ROOMS]
FilterAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_NETFILTER], _ROOMS]
UeventAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_KOBJECT_UEVENT], _ROOMS]
InGroups = Annotated[InBytes, SockaddrKind(), Choices(often(OF_NETLINK[2]), OF_NETLINK[0], OF_NETLINK[3])]
AuditAnswer = Annotated[OutBytes, PLAIN_NETLINK[NETLINK_AUDIT], _ROOMS]
AnswerSize = Annotated[int, ZeroOrNot()]
"""How long it is, its messages say."""
NoName = Annotated[InBytes, Choices(0)]
NoSender = Annotated[OutBytes, Choices(0)]
NoLength = Annotated[SizePointer, Choices(0)]
Now = Annotated[
    int,
    Flags({"MSG_DONTWAIT": MSG_DONTWAIT, "MSG_PEEK": MSG_PEEK, "MSG_TRUNC": MSG_TRUNC}),
    Choices(often(MSG_DONTWAIT), seldom(MSG_DONTWAIT | MSG_PEEK, MSG_DONTWAIT | MSG_TRUNC)),
]
AtOnceOnly = Annotated[int, Flags({"MSG_DONTWAIT": MSG_DONTWAIT}), Choices(MSG_DONTWAIT)]
OfNetlink = Annotated[SocketLevel, Choices(SOL_NETLINK)]
Strictness = Annotated[
    SocketOption,
    Flags(
        {
            "NETLINK_EXT_ACK": NETLINK_EXT_ACK,
            "NETLINK_CAP_ACK": NETLINK_CAP_ACK,
            "NETLINK_GET_STRICT_CHK": NETLINK_GET_STRICT_CHK,
        },
        bits=False,
    ),
    Choices(NETLINK_CAP_ACK, NETLINK_EXT_ACK, NETLINK_GET_STRICT_CHK),
]


@operation(socket)
def socket_route(family: NetlinkFamily, type: NetlinkType, protocol: OnlyRoute) -> RouteSocket: ...
@operation(socket)
def socket_generic(family: NetlinkFamily, type: NetlinkType, protocol: OnlyGeneric) -> GenericSocket: ...
@operation(socket)
def socket_diag(family: NetlinkFamily, type: NetlinkType, protocol: OnlyDiag) -> DiagSocket: ...
@operation(socket)
def socket_netfilter(family: NetlinkFamily, type: NetlinkType, protocol: OnlyFilter) -> FilterSocket: ...
@operation(socket)
def socket_uevent(family: NetlinkFamily, type: NetlinkType, protocol: OnlyUevent) -> UeventSocket: ...
@operation(bind)
def bind_uevent(fd: UeventSocket, address: InGroups, length: Size) -> Zero: ...
@operation(sendto, touches=NETWORK)
def sendto_uevent(
    fd: UeventSocket, buf: UeventRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(
    recvfrom,
    touches=NOTHING,
    after=(
        ("socket_uevent", "sendto_uevent"),
        ("socket_uevent", "bind_uevent", "sendto_uevent"),
        ("socket_uevent", "bind_uevent", "sendto_uevent", "recvfrom_uevent"),
    ),
    shows="fd:socket:netlink:uevent",
)
def recvfrom_uevent(
    fd: UeventSocket, buf: UeventAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
@operation(socket)
def socket_audit(family: NetlinkFamily, type: NetlinkType, protocol: OnlyAudit) -> AuditSocket: ...
@operation(setsockopt)
def setsockopt_strict(fd: RouteSocket, level: OfNetlink, option: Strictness, value: InFlag, length: Size) -> Zero: ...
@operation(sendto, touches=NETWORK)
def sendto_route(
    fd: RouteSocket, buf: RouteRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(sendto, touches=NETWORK)
def sendto_generic(
    fd: GenericSocket, buf: GenericRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(sendto, touches=NETWORK)
def sendto_diag(
    fd: DiagSocket, buf: DiagRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(sendto, touches=NETWORK)
def sendto_netfilter(
    fd: FilterSocket, buf: FilterRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(sendto, touches=NETWORK)
def sendto_audit(
    fd: AuditSocket, buf: AuditRequest, size: Size, flags: AtOnceOnly, address: NoName, length: AlwaysZero
) -> AnswerSize: ...
@operation(
    recvfrom,
    touches=NOTHING,
    after=(
        ("socket_route", "sendto_route"),
        ("socket_route", "setsockopt_strict", "sendto_route"),
        ("socket_route", "sendto_route", "recvfrom_route", "sendto_route"),
    ),
    shows="fd:socket:netlink:route",
)
def recvfrom_route(
    fd: RouteSocket, buf: RouteAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
@operation(recvfrom, touches=NOTHING, after=("socket_generic", "sendto_generic"), shows="fd:socket:netlink:generic")
def recvfrom_generic(
    fd: GenericSocket, buf: GenericAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
@operation(recvfrom, touches=NOTHING, after=("socket_diag", "sendto_diag"), shows="fd:socket:netlink:diag")
def recvfrom_diag(
    fd: DiagSocket, buf: DiagAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
@operation(
    recvfrom, touches=NOTHING, after=("socket_netfilter", "sendto_netfilter"), shows="fd:socket:netlink:netfilter"
)
def recvfrom_netfilter(
    fd: FilterSocket, buf: FilterAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
@operation(recvfrom, touches=NOTHING, after=("socket_audit", "sendto_audit"), shows="fd:socket:netlink:audit")
def recvfrom_audit(
    fd: AuditSocket, buf: AuditAnswer, size: Size, flags: Now, address: NoSender, length: NoLength
) -> AnswerSize: ...
