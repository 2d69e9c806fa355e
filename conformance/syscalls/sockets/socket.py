"""socket(2): how sockets are made, alone and in pairs; what kinds of them there are."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd, OutFds, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.memory import FdPair
from conformance.syscalls.machinery.touches import CONNECTIONS, NETWORK, SOCKETS, TouchesUnless

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK, AF_XDP = 0, 1, 2, 10, 16, 17, 38, 40, 44

SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 1, 2, 3, 5
SOCK_NONBLOCK, SOCK_CLOEXEC = 0o4000, 0o2000000

IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6 = 0, 1, 6, 17, 41
IPPROTO_SCTP, IPPROTO_RAW, IPPROTO_MPTCP = 132, 255, 262
IPPROTO_HOPOPTS, IPPROTO_IGMP, IPPROTO_IPIP, IPPROTO_EGP, IPPROTO_PUP, IPPROTO_IDP, IPPROTO_TP = 0, 2, 4, 8, 12, 22, 29
IPPROTO_DCCP, IPPROTO_ROUTING, IPPROTO_FRAGMENT, IPPROTO_RSVP, IPPROTO_GRE, IPPROTO_ESP = 33, 43, 44, 46, 47, 50
IPPROTO_AH, IPPROTO_ICMPV6, IPPROTO_NONE, IPPROTO_DSTOPTS, IPPROTO_MTP, IPPROTO_BEETPH = 51, 58, 59, 60, 92, 94
IPPROTO_ENCAP, IPPROTO_PIM, IPPROTO_COMP, IPPROTO_L2TP, IPPROTO_MH, IPPROTO_UDPLITE = 98, 103, 108, 115, 135, 136
IPPROTO_MPLS, IPPROTO_ETHERNET, IPPROTO_AGGFRAG, IPPROTO_SMC = 137, 143, 144, 0x100

AF_KNOWN = tuple(named(globals(), "AF_").values())
SOCKET_TYPES = named(globals(), "SOCK_")
LEVELS = named(globals(), "IPPROTO_IP", "IPPROTO_TCP", "IPPROTO_UDP")
"""Protocols that have options of their own (getsockopt(2))."""

Family = Annotated[
    int,
    Flags(named(globals(), "AF_"), bits=False),
    Choices(AF_UNIX, AF_INET, seldom(AF_INET6, AF_NETLINK, AF_UNSPEC, 46, -1)),
    TouchesUnless(NETWORK, *AF_KNOWN),
    TouchesUnless(CONNECTIONS, AF_UNIX),
]
SocketType = Annotated[
    int,
    Flags(SOCKET_TYPES),
    Choices(
        *(SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_NONBLOCK),
        *(SOCK_SEQPACKET | SOCK_NONBLOCK, SOCK_RAW | SOCK_NONBLOCK),
        ...,
    ),
]
Protocol = Annotated[
    int,
    Flags({name: each for name, each in named(globals(), "IPPROTO_").items() if each}, bits=False),
    Choices(0, rarely(IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_RAW, IPPROTO_MPTCP, IPPROTO_SCTP, -1)),
]
Default = Annotated[int, Choices(often(0), IPPROTO_TCP, IPPROTO_UDP)]
"""The protocol that a family has for the type, unless told."""
RawProtocol = Annotated[int, Choices(IPPROTO_ICMP, seldom(0, 253, IPPROTO_RAW))]

AnySocket = Annotated[int, FileDescriptor("socket")]
PAIR, OTHER_END = Use("fd:socket:unix:pair"), Use("fd:socket:unix:pair", 1)
Socket = Annotated[int, FileDescriptor("socket"), Choices(often(PAIR, OTHER_END), ...)]
"""One that has a peer, mostly."""
Receiver = Annotated[int, FileDescriptor("socket"), Choices(often(OTHER_END, PAIR), ...)]
"""Where what was sent to a `Socket` arrives."""
UnixStream = Annotated[int, FileDescriptor("socket:unix:stream")]
UnixStreamClient = Annotated[int, FileDescriptor("socket:unix:client")]
"""A socket like the others: it has a family of its own, so that one program has one to listen and one to connect."""
UnixDatagram = Annotated[int, FileDescriptor("socket:unix:dgram")]
UnixPacket = Annotated[int, FileDescriptor("socket:unix:seqpacket")]
UnixPair = Annotated[OutFds, FdPair("socket:unix:pair", "socket:unix:pair")]
InetSocket = Annotated[int, FileDescriptor("socket:inet")]
TcpSocket = Annotated[int, FileDescriptor("socket:inet:tcp")]
TcpClient = Annotated[int, FileDescriptor("socket:inet:client")]
"""Of a family of its own, as `UnixStreamClient` is."""
UdpSocket = Annotated[int, FileDescriptor("socket:inet:udp")]
Inet6Socket = Annotated[int, FileDescriptor("socket:inet6")]
Tcp6 = Annotated[int, FileDescriptor("socket:inet6:tcp")]
Udp6 = Annotated[int, FileDescriptor("socket:inet6:udp")]
RawSocket = Annotated[int, FileDescriptor("socket:raw")]


def non_blocking(*types: int) -> Choices:
    """Types of sockets, hardly ever of one whose calls wait."""
    usual = tuple(kind | SOCK_NONBLOCK for kind in types)
    return Choices(
        often(*usual),
        *(each | SOCK_CLOEXEC for each in usual),
        rarely(*types, *(kind | SOCK_CLOEXEC for kind in types)),
    )


_CLIENT = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC


@syscall(x86_64=41, aarch64=198, touches=SOCKETS, spares_networks=True)
def socket(family: Family, type: SocketType, protocol: Protocol) -> Fd: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_STREAM))
def socket_unix_stream(family: Family, type: SocketType, protocol: Default) -> UnixStream: ...
@operation(socket, family=AF_UNIX, type=_CLIENT)
def socket_unix_client(family: Family, type: SocketType, protocol: Default) -> UnixStreamClient: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_DGRAM))
def socket_unix_dgram(family: Family, type: SocketType, protocol: Default) -> UnixDatagram: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_SEQPACKET))
def socket_unix_seqpacket(family: Family, type: SocketType, protocol: Default) -> UnixPacket: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_STREAM))
def socket_tcp(family: Family, type: SocketType, protocol: Default) -> TcpSocket: ...
@operation(socket, family=AF_INET, type=_CLIENT)
def socket_tcp_client(family: Family, type: SocketType, protocol: Default) -> TcpClient: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_DGRAM))
def socket_udp(family: Family, type: SocketType, protocol: Default) -> UdpSocket: ...
@operation(socket, family=AF_INET6, type=non_blocking(SOCK_STREAM))
def socket_tcp6(family: Family, type: SocketType, protocol: Default) -> Tcp6: ...
@operation(socket, family=AF_INET6, type=non_blocking(SOCK_DGRAM))
def socket_udp6(family: Family, type: SocketType, protocol: Default) -> Udp6: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_RAW))
def socket_raw(family: Family, type: SocketType, protocol: RawProtocol) -> RawSocket: ...
@syscall(x86_64=53, aarch64=199, touches=SOCKETS, spares_networks=True)
def socketpair(family: Family, type: SocketType, protocol: Protocol, fds: OutFds) -> Zero: ...
@operation(socketpair, family=AF_UNIX, type=non_blocking(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET))
def socketpair_unix(family: Family, type: SocketType, protocol: Default, fds: UnixPair) -> Zero: ...
