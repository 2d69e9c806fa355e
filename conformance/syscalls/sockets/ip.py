"""ip(7), ipv6(7), tcp(7), udp(7): the options of the Internet's protocols."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, Int, Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, seldom
from conformance.syscalls.sockets.options import InFlag, OutNumber, SocketLevel, getsockopt, numbers, setsockopt
from conformance.syscalls.sockets.socket import (
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    Inet6Socket,
    InetSocket,
    TcpSocket,
    UdpSocket,
)

IP_TOS, IP_TTL, IP_HDRINCL, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS = 1, 2, 3, 8, 10, 11, 12, 13
IP_FREEBIND, IP_TRANSPARENT, IP_MINTTL, IP_BIND_ADDRESS_NO_PORT = 15, 19, 21, 24
IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP = 32, 33, 34, 35, 36

IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_V6ONLY, IPV6_RECVPKTINFO = 16, 18, 19, 26, 49
IPV6_TCLASS, IPV6_RECVERR, IPV6_DONTFRAG = 67, 25, 62

TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_QUICKACK, TCP_CONGESTION = 7, 8, 9, 10, 12, 13
TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_NOTSENT_LOWAT, TCP_INQ = 18, 23, 25, 36

UDP_CORK, UDP_SEGMENT, UDP_GRO = 1, 103, 104

IP_FLAGS = (
    *(IP_TTL, IP_TOS, IP_PKTINFO, IP_RECVERR, IP_RECVTTL, IP_RECVTOS, IP_MTU_DISCOVER, IP_FREEBIND, IP_TRANSPARENT),
    *(IP_MINTTL, IP_BIND_ADDRESS_NO_PORT, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_HDRINCL, 22, 49, 20),
)
IPV6_FLAGS = (
    *(IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_RECVPKTINFO),
    *(IPV6_TCLASS, IPV6_RECVERR, IPV6_DONTFRAG, 24, 66, 78),
)
TCP_FLAGS = (
    *(TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT),
    *(TCP_QUICKACK, TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_NOTSENT_LOWAT, TCP_INQ, TCP_MAXSEG, 19, 26, 30),
)
UDP_FLAGS = (UDP_CORK, UDP_SEGMENT, UDP_GRO, 101, 102)

_GROUP, _LOOPBACK = bytes.fromhex("e0000001"), bytes.fromhex("7f000001")
InGroup = Annotated[
    InBytes,
    Choices(
        *(Blob(_GROUP + _LOOPBACK), Blob(_GROUP + bytes(4) + b"\1\0\0\0"), Blob(_GROUP + bytes(4)), Blob(bytes(8))),
        *(*numbers(0), KERNEL_ADDRESS),
    ),
]
"""`struct ip_mreq`, and `struct ip_mreqn` with the index of `lo`."""
InCongestion = Annotated[InBytes, Choices(Blob(b"reno"), seldom(b"reno", Blob(b"absent"), Blob(b""), KERNEL_ADDRESS))]


@operation(getsockopt, level=IPPROTO_IP, option=IP_FLAGS)
def getsockopt_ip(fd: InetSocket, level: SocketLevel, option: Int, value: OutNumber, length: SizePointer) -> Zero: ...
@operation(getsockopt, level=IPPROTO_IPV6, option=IPV6_FLAGS)
def getsockopt_ipv6(
    fd: Inet6Socket, level: SocketLevel, option: Int, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=IPPROTO_TCP, option=TCP_FLAGS)
def getsockopt_tcp(fd: TcpSocket, level: SocketLevel, option: Int, value: OutNumber, length: SizePointer) -> Zero: ...
@operation(getsockopt, level=IPPROTO_UDP, option=UDP_FLAGS)
def getsockopt_udp(fd: UdpSocket, level: SocketLevel, option: Int, value: OutNumber, length: SizePointer) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=IP_FLAGS)
def setsockopt_ip(fd: InetSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=(IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF))
def setsockopt_membership(fd: UdpSocket, level: SocketLevel, option: Int, value: InGroup, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IPV6, option=IPV6_FLAGS)
def setsockopt_ipv6(fd: Inet6Socket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_FLAGS)
def setsockopt_tcp(fd: TcpSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_CONGESTION)
def setsockopt_congestion(
    fd: TcpSocket, level: SocketLevel, option: Int, value: InCongestion, length: Size
) -> Zero: ...
@operation(setsockopt, level=IPPROTO_UDP, option=UDP_FLAGS)
def setsockopt_udp(fd: UdpSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
