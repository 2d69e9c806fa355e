"""ip(7), ipv6(7), tcp(7), udp(7): the options of the Internet's protocols."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import KERNEL_ADDRESS, Blob, Choices, seldom
from conformance.syscalls.machinery.kinds import Flags, named
from conformance.syscalls.machinery.touches import NETWORK, TouchesUnless
from conformance.syscalls.sockets.options import (
    InFlag,
    OutNumber,
    OutVarying,
    SocketLevel,
    getsockopt,
    numbers,
    setsockopt,
)
from conformance.syscalls.sockets.socket import (
    IPPROTO_IP,
    IPPROTO_IPV6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    Inet6Socket,
    InetSocket,
    TcpClient,
    TcpSocket,
    UdpSocket,
)

IP_TOS, IP_TTL, IP_HDRINCL, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS = 1, 2, 3, 8, 10, 11, 12, 13
IP_FREEBIND, IP_TRANSPARENT, IP_MINTTL, IP_BIND_ADDRESS_NO_PORT = 15, 19, 21, 24
IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP = 32, 33, 34, 35, 36
IP_OPTIONS, IP_ROUTER_ALERT, IP_RECVOPTS, IP_RETOPTS, IP_PKTOPTIONS, IP_MTU, IP_IPSEC_POLICY = 4, 5, 6, 7, 9, 14, 0x10
IP_XFRM_POLICY, IP_PASSSEC, IP_ORIGDSTADDR, IP_NODEFRAG, IP_CHECKSUM, IP_RECVFRAGSIZE = 17, 18, 20, 22, 23, 25
IP_RECVERR_RFC4884, IP_UNBLOCK_SOURCE, IP_BLOCK_SOURCE, IP_ADD_SOURCE_MEMBERSHIP = 26, 37, 38, 39
IP_DROP_SOURCE_MEMBERSHIP, IP_MSFILTER, MCAST_JOIN_GROUP, MCAST_BLOCK_SOURCE, MCAST_UNBLOCK_SOURCE = 40, 41, 42, 43, 44
MCAST_LEAVE_GROUP, MCAST_JOIN_SOURCE_GROUP, MCAST_LEAVE_SOURCE_GROUP, MCAST_MSFILTER = 45, 46, 47, 48
IP_MULTICAST_ALL, IP_UNICAST_IF, IP_LOCAL_PORT_RANGE, IP_PROTOCOL = 49, 50, 51, 52

IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_V6ONLY, IPV6_RECVPKTINFO = 16, 18, 19, 26, 49
IPV6_TCLASS, IPV6_RECVERR, IPV6_DONTFRAG = 67, 25, 62
IPV6_ADDRFORM, IPV6_2292PKTINFO, IPV6_2292HOPOPTS, IPV6_2292DSTOPTS, IPV6_2292RTHDR = 1, 2, 3, 4, 5
IPV6_2292PKTOPTIONS, IPV6_CHECKSUM, IPV6_2292HOPLIMIT, IPV6_NEXTHOP, IPV6_AUTHHDR, IPV6_FLOWINFO = 6, 7, 8, 9, 10, 11
IPV6_MULTICAST_IF, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_ROUTER_ALERT, IPV6_MTU_DISCOVER = 17, 20, 21, 22, 23
IPV6_MTU, IPV6_JOIN_ANYCAST, IPV6_LEAVE_ANYCAST, IPV6_MULTICAST_ALL, IPV6_ROUTER_ALERT_ISOLATE = 24, 27, 28, 29, 30
IPV6_RECVERR_RFC4884, IPV6_FLOWLABEL_MGR, IPV6_FLOWINFO_SEND, IPV6_IPSEC_POLICY = 31, 0x20, 33, 34
IPV6_XFRM_POLICY, IPV6_HDRINCL, IPV6_PKTINFO, IPV6_RECVHOPLIMIT, IPV6_HOPLIMIT = 35, 36, 50, 51, 52
IPV6_RECVHOPOPTS, IPV6_HOPOPTS, IPV6_RTHDRDSTOPTS, IPV6_RECVRTHDR, IPV6_RTHDR = 53, 54, 55, 56, 57
IPV6_RECVDSTOPTS, IPV6_DSTOPTS, IPV6_RECVPATHMTU, IPV6_PATHMTU, IPV6_RECVTCLASS = 58, 59, 60, 61, 66
IPV6_AUTOFLOWLABEL, IPV6_ADDR_PREFERENCES, IPV6_MINHOPCOUNT, IPV6_ORIGDSTADDR = 70, 72, 73, 74
IPV6_RECVORIGDSTADDR, IPV6_TRANSPARENT, IPV6_UNICAST_IF, IPV6_RECVFRAGSIZE, IPV6_FREEBIND = 74, 75, 76, 77, 78

TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_QUICKACK, TCP_CONGESTION = 7, 8, 9, 10, 12, 13
TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_NOTSENT_LOWAT, TCP_INQ = 18, 23, 25, 36
TCP_MD5SIG, TCP_THIN_LINEAR_TIMEOUTS, TCP_THIN_DUPACK, TCP_REPAIR, TCP_REPAIR_QUEUE = 14, 0x10, 17, 19, 20
TCP_QUEUE_SEQ, TCP_TIMESTAMP, TCP_CC_INFO, TCP_SAVE_SYN, TCP_SAVED_SYN, TCP_REPAIR_WINDOW = 21, 24, 26, 27, 28, 29
TCP_FASTOPEN_CONNECT, TCP_ULP, TCP_MD5SIG_EXT, TCP_FASTOPEN_KEY, TCP_FASTOPEN_NO_COOKIE = 30, 31, 0x20, 33, 34
TCP_ZEROCOPY_RECEIVE, TCP_CM_INQ, TCP_TX_DELAY, TCP_AO_ADD_KEY, TCP_AO_DEL_KEY, TCP_AO_INFO = 35, 36, 37, 38, 39, 40
TCP_AO_GET_KEYS, TCP_AO_REPAIR, TCP_IS_MPTCP, TCP_RTO_MAX_MS, TCP_RTO_MIN_US = 41, 42, 43, 44, 45
TCP_DELACK_MAX_US = 46

UDP_CORK, UDP_SEGMENT, UDP_GRO = 1, 103, 104
UDP_ENCAP, UDP_NO_CHECK6_TX, UDP_NO_CHECK6_RX = 100, 101, 102

IpOption = Annotated[int, Flags(named(globals(), "IP_", "MCAST_"), bits=False)]
Ipv6Option = Annotated[int, Flags(named(globals(), "IPV6_", "MCAST_"), bits=False)]
TcpOption = Annotated[int, Flags(named(globals(), "TCP_"), bits=False)]
UdpOption = Annotated[int, Flags(named(globals(), "UDP_"), bits=False)]

MEMBERSHIPS = (
    *(IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF, IP_ADD_SOURCE_MEMBERSHIP, IP_DROP_SOURCE_MEMBERSHIP),
    *(IP_BLOCK_SOURCE, IP_UNBLOCK_SOURCE, IP_MSFILTER),
)
IP_NUMBERS = tuple(each for each in named(globals(), "IP_", "MCAST_").values() if each not in MEMBERSHIPS)
IPV6_NUMBERS = tuple(named(globals(), "IPV6_", "MCAST_").values())
_SHARED = (MCAST_JOIN_GROUP, MCAST_JOIN_SOURCE_GROUP, IPV6_ADD_MEMBERSHIP, IPV6_JOIN_ANYCAST, IPV6_FLOWLABEL_MGR)
"""What they change is the network's and no socket's."""
SetIpOption = Annotated[IpOption, TouchesUnless(NETWORK, *(each for each in IP_NUMBERS if each not in _SHARED))]
SetIpv6Option = Annotated[Ipv6Option, TouchesUnless(NETWORK, *(each for each in IPV6_NUMBERS if each not in _SHARED))]
TCP_VARYING = (TCP_INFO, TCP_CC_INFO, TCP_TIMESTAMP, TCP_ZEROCOPY_RECEIVE, TCP_REPAIR_WINDOW, TCP_FASTOPEN_KEY)
"""Times and counts of a connection."""
TCP_NUMBERS = tuple(each for each in named(globals(), "TCP_").values() if each not in TCP_VARYING)
TCP_TEXTS = (TCP_CONGESTION, TCP_ULP)
TCP_SET = tuple(each for each in (*TCP_NUMBERS, *TCP_VARYING) if each not in TCP_TEXTS)
UDP_NUMBERS = tuple(named(globals(), "UDP_").values())

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


@operation(getsockopt, level=IPPROTO_IP, option=IP_NUMBERS)
def getsockopt_ip(
    fd: InetSocket, level: SocketLevel, option: IpOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=IPPROTO_IPV6, option=IPV6_NUMBERS)
def getsockopt_ipv6(
    fd: Inet6Socket, level: SocketLevel, option: Ipv6Option, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=IPPROTO_TCP, option=TCP_NUMBERS)
def getsockopt_tcp(
    fd: TcpSocket, level: SocketLevel, option: TcpOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=IPPROTO_TCP, option=TCP_VARYING)
def getsockopt_tcp_varying(
    fd: TcpClient, level: SocketLevel, option: TcpOption, value: OutVarying, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=IPPROTO_UDP, option=UDP_NUMBERS)
def getsockopt_udp(
    fd: UdpSocket, level: SocketLevel, option: UdpOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=IP_NUMBERS)
def setsockopt_ip(fd: InetSocket, level: SocketLevel, option: SetIpOption, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=MEMBERSHIPS, touches=NETWORK)
def setsockopt_membership(
    fd: UdpSocket, level: SocketLevel, option: IpOption, value: InGroup, length: Size
) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IPV6, option=IPV6_NUMBERS)
def setsockopt_ipv6(
    fd: Inet6Socket, level: SocketLevel, option: SetIpv6Option, value: InFlag, length: Size
) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_SET)
def setsockopt_tcp(fd: TcpSocket, level: SocketLevel, option: TcpOption, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_TEXTS)
def setsockopt_congestion(
    fd: TcpSocket, level: SocketLevel, option: TcpOption, value: InCongestion, length: Size
) -> Zero: ...
@operation(setsockopt, level=IPPROTO_UDP, option=UDP_NUMBERS)
def setsockopt_udp(fd: UdpSocket, level: SocketLevel, option: UdpOption, value: InFlag, length: Size) -> Zero: ...
