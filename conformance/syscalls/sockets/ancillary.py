"""recvmsg(2) of those who asked for control messages, and sendmsg(2) with those that a datagram may have."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import Count, In, Size, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import Blob, Choices, LengthOf, often, rarely, room, seldom
from conformance.syscalls.machinery.touches import NETWORK, TouchesUnless
from conformance.syscalls.sockets.addresses import OF_INET, OF_INET6, InSockaddrIn
from conformance.syscalls.sockets.connections import bind
from conformance.syscalls.sockets.ip import (
    IP_CHECKSUM,
    IP_ORIGDSTADDR,
    IP_PKTINFO,
    IP_PROTOCOL,
    IP_RECVERR,
    IP_RECVFRAGSIZE,
    IP_RECVOPTS,
    IP_RECVTOS,
    IP_RECVTTL,
    IP_RETOPTS,
    IP_TOS,
    IP_TTL,
    IPV6_DSTOPTS,
    IPV6_FLOWINFO,
    IPV6_HOPLIMIT,
    IPV6_HOPOPTS,
    IPV6_ORIGDSTADDR,
    IPV6_PKTINFO,
    IPV6_RECVERR,
    IPV6_RECVFRAGSIZE,
    IPV6_RECVHOPLIMIT,
    IPV6_RECVPKTINFO,
    IPV6_RECVTCLASS,
    IPV6_TCLASS,
    UDP_GRO,
    UDP_SEGMENT,
    SetIpOption,
    SetIpv6Option,
    UdpOption,
)
from conformance.syscalls.sockets.messages import (
    Msghdr,
    OutMessage,
    ReceiveFlags,
    SendFlags,
    control_message,
    header,
    recvmsg,
    sendmsg,
)
from conformance.syscalls.sockets.options import (
    SO_INQ,
    SO_MARK,
    SO_PASSCRED,
    SO_PASSPIDFD,
    SO_PASSSEC,
    SO_PRIORITY,
    SO_RCVMARK,
    SO_RCVPRIORITY,
    SO_RIGHTS_NOTRUNC,
    SO_RXQ_OVFL,
    SO_TIMESTAMP,
    SO_TIMESTAMP_NEW,
    SO_TIMESTAMPNS,
    SO_TIMESTAMPNS_NEW,
    SO_WIFI_STATUS,
    SOL_SOCKET,
    InFlag,
    SocketLevel,
    SocketOption,
    setsockopt,
)
from conformance.syscalls.sockets.socket import (
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_UDP,
    Receiver,
    Udp6,
    UdpSocket,
)

OfSocket = Annotated[SocketLevel, TouchesUnless(NETWORK, SOL_SOCKET), Choices(SOL_SOCKET)]
OfIp = Annotated[SocketLevel, TouchesUnless(NETWORK, IPPROTO_IP), Choices(IPPROTO_IP)]
OfIpv6 = Annotated[SocketLevel, TouchesUnless(NETWORK, IPPROTO_IPV6), Choices(IPPROTO_IPV6)]
OfUdp = Annotated[SocketLevel, TouchesUnless(NETWORK, IPPROTO_UDP), Choices(IPPROTO_UDP)]
_STAMPS = (SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW)
_MORE = (SO_RCVMARK, SO_RCVPRIORITY, SO_WIFI_STATUS)
AskedOfUnix = Annotated[
    SocketOption,
    Choices(
        often(SO_PASSCRED, SO_TIMESTAMP), SO_PASSPIDFD, SO_PASSSEC, SO_INQ, SO_RIGHTS_NOTRUNC, seldom(*_STAMPS, *_MORE)
    ),
]
AskedOfUdp = Annotated[SocketOption, Choices(SO_TIMESTAMP, *_STAMPS, SO_RXQ_OVFL, *_MORE)]
AskedOfIp = Annotated[
    SetIpOption,
    Choices(
        *(IP_PKTINFO, IP_RECVTTL, IP_RECVTOS, IP_ORIGDSTADDR, IP_RECVERR),
        seldom(IP_RECVOPTS, IP_RETOPTS, IP_CHECKSUM, IP_RECVFRAGSIZE, IP_PROTOCOL),
    ),
]
AskedOfIpv6 = Annotated[
    SetIpv6Option,
    Choices(
        *(IPV6_RECVPKTINFO, IPV6_RECVHOPLIMIT, IPV6_RECVTCLASS, IPV6_FLOWINFO, IPV6_ORIGDSTADDR, IPV6_RECVERR),
        seldom(IPV6_RECVFRAGSIZE, IPV6_HOPOPTS, IPV6_DSTOPTS),
    ),
]
Grown = Annotated[UdpOption, Choices(UDP_GRO)]

_ROOMS = (room(200), room(64), room(40), room(32), room(28), room(24), room(23), room(20), room(17), room(16), room(15))
"""For several control messages, for one, for some of one, for its head, and for less than that."""


def _to_receive() -> Choices:
    name = room(28)
    return Choices(
        often(header(room(64), control=_ROOMS[0])),
        *(header(room(64), control=each) for each in _ROOMS[1:]),
        *(header(room(64), name=name, control=_ROOMS[0]), header(room(2), control=_ROOMS[0])),
        seldom(header(room(64)), header(control=_ROOMS[0])),
    )


ToReceive = Annotated[OutMessage, _to_receive()]


def _number(level: int, kind: int, number: int, size: int = 4) -> bytes:
    return control_message(level, kind, (number & (1 << 8 * size) - 1).to_bytes(size, "little"))


def _pktinfo(index: int, source: int = 0) -> bytes:
    return control_message(IPPROTO_IP, IP_PKTINFO, struct.pack("=iII", index, source, 0))


_OF_IPV4 = (
    *(_number(IPPROTO_IP, IP_TTL, value) for value in (7, 0, 256, -1)),
    *(_number(IPPROTO_IP, IP_TOS, value) for value in (0x10, 0xFF, 0x100)),
    *(_number(IPPROTO_IP, kind, 7, size=1) for kind in (IP_TTL, IP_TOS)),
    *(_pktinfo(1), _pktinfo(0), _pktinfo(99), _pktinfo(0, 0x0100007F), _pktinfo(0, 0x01010101)),
    *(control_message(IPPROTO_IP, kind, b"\1\2") for kind in (IP_TTL, IP_TOS, IP_PKTINFO, 99)),
)
_OF_IPV6 = (
    *(_number(IPPROTO_IPV6, IPV6_HOPLIMIT, value) for value in (7, 0, -1, 256, -2)),
    *(_number(IPPROTO_IPV6, IPV6_TCLASS, value) for value in (0x10, 0xFF, 0x100, -1)),
    *(control_message(IPPROTO_IPV6, IPV6_PKTINFO, bytes(16) + struct.pack("=I", index)) for index in (0, 1, 99)),
    *(control_message(IPPROTO_IPV6, kind, b"\1\2") for kind in (IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_PKTINFO, 99)),
    *(_number(IPPROTO_IP, IP_TTL, 7), _number(IPPROTO_IPV6, IPV6_FLOWINFO, 0)),
)
_OF_ALL = (
    *(_number(IPPROTO_UDP, UDP_SEGMENT, value, size=2) for value in (2, 0, 5, 6, 0xFFFF)),
    _number(IPPROTO_UDP, UDP_SEGMENT, 2),
    *(_number(SOL_SOCKET, kind, 3) for kind in (SO_MARK, SO_PRIORITY)),
    _number(SOL_SOCKET, SO_PRIORITY, 7, size=2),
)


def _datagrams(address: Blob, several: tuple[bytes, ...]) -> Choices:
    """Datagrams to an address, each with one control message; with two, with the same twice, with one that is cut."""
    hello, first = Blob(b"hello"), several[0]
    odd = (first + several[-1], first + first, first[:-5], first[:12], struct.pack("=Qii", 8, 0, 0) + first)
    return Choices(
        often(header(hello, name=address)),
        *(header(hello, name=address, control=Blob(each)) for each in (*several, *_OF_ALL)),
        *(header(hello, name=address, control=Blob(each)) for each in odd),
        rarely(header(hello), header(hello, control=Blob(first))),
    )


ToSend = Annotated[In[Msghdr], _datagrams(OF_INET[0], _OF_IPV4)]
ToSend6 = Annotated[In[Msghdr], _datagrams(OF_INET6[0], _OF_IPV6)]
Four = Annotated[int, Choices(often(LengthOf()), rarely(1, 3, 0))]


@operation(setsockopt)
def setsockopt_asking(fd: Receiver, level: OfSocket, option: AskedOfUnix, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt)
def setsockopt_asking_udp(fd: UdpSocket, level: OfSocket, option: AskedOfUdp, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt)
def setsockopt_asking_ip(fd: UdpSocket, level: OfIp, option: AskedOfIp, value: InFlag, length: Four) -> Zero: ...
@operation(setsockopt)
def setsockopt_asking_ipv6(fd: Udp6, level: OfIpv6, option: AskedOfIpv6, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt)
def setsockopt_asking_gro(fd: UdpSocket, level: OfUdp, option: Grown, value: InFlag, length: Size) -> Zero: ...
@operation(bind)
def bind_udp(fd: UdpSocket, address: InSockaddrIn, length: Size) -> Zero: ...
@operation(sendmsg, after=("bind_udp",))
def sendmsg_udp(fd: UdpSocket, message: ToSend, flags: SendFlags) -> Count: ...
@operation(sendmsg, after=("bind_inet6",))
def sendmsg_udp6(fd: Udp6, message: ToSend6, flags: SendFlags) -> Count: ...
@operation(recvmsg, after=(("socketpair_unix", "setsockopt_asking", "sendmsg"), ("sendmsg", "setsockopt_asking")))
def recvmsg_asked(fd: Receiver, message: ToReceive, flags: ReceiveFlags) -> Count: ...
@operation(
    recvmsg,
    after=(
        ("socket_udp", "bind_udp", "setsockopt_asking_ip", "sendmsg_udp"),
        ("socket_udp", "bind_udp", "setsockopt_asking_udp", "sendmsg_udp"),
        ("socket_udp", "bind_udp", "setsockopt_asking_gro", "sendmsg_udp"),
    ),
)
def recvmsg_udp(fd: UdpSocket, message: ToReceive, flags: ReceiveFlags) -> Count: ...
@operation(recvmsg, after=("socket_udp6", "bind_inet6", "setsockopt_asking_ipv6", "sendmsg_udp6"))
def recvmsg_udp6(fd: Udp6, message: ToReceive, flags: ReceiveFlags) -> Count: ...
