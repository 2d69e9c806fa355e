"""bind(2), listen(2), accept(2), connect(2), shutdown(2), getsockname(2), getpeername(2): who talks with whom."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import Choices, Use, often, rarely, seldom
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.touches import FILES, NOTHING
from conformance.syscalls.sockets.addresses import InSockaddr, InSockaddrIn, InSockaddrIn6, InSockaddrUn, OutSockaddr
from conformance.syscalls.sockets.socket import (
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCKET_TYPES,
    AnySocket,
    Inet6Socket,
    Socket,
)

SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2

_STREAM, _DATAGRAM, _PACKET = Use("fd:socket:unix:stream"), Use("fd:socket:unix:dgram"), Use("fd:socket:unix:seqpacket")
_TCP, _UDP = Use("fd:socket:inet:tcp"), Use("fd:socket:inet:udp")

UnixSocket = Annotated[int, FileDescriptor("socket:unix"), Choices(_STREAM, _DATAGRAM, rarely(_PACKET), ...)]
UnixClient = Annotated[
    int,
    FileDescriptor("socket:unix"),
    Choices(often(Use("fd:socket:unix:client")), _DATAGRAM, rarely(Use("fd:socket:unix:dgram", 1)), ...),
]
InetServer = Annotated[int, FileDescriptor("socket:inet"), Choices(_TCP, seldom(_UDP), ...)]
InetClient = Annotated[int, FileDescriptor("socket:inet"), Choices(Use("fd:socket:inet:client"), seldom(_UDP), ...)]
Listener = Annotated[
    int,
    FileDescriptor("socket"),
    Choices(often(_STREAM, _TCP), seldom(_PACKET), rarely(Use("fd:socket:unix:stream", 1)), ...),
]
Accepted = Annotated[int, FileDescriptor("socket:accepted")]

Backlog = Annotated[int, Choices(5, seldom(0, 1, 128, -1))]
AcceptFlags = Annotated[
    int,
    Flags(SOCKET_TYPES),
    Choices(SOCK_NONBLOCK, seldom(SOCK_NONBLOCK | SOCK_CLOEXEC, SOCK_CLOEXEC, 0, 1, -1)),
]
Direction = Annotated[int, Choices(SHUT_WR, SHUT_RD, SHUT_RDWR, 3, -1)]


@syscall(x86_64=49, aarch64=200, touches=FILES)
def bind(fd: AnySocket, address: InSockaddr, length: Size) -> Zero: ...
@operation(bind, length=110)
def bind_unix(fd: UnixSocket, address: InSockaddrUn, length: Size) -> Zero: ...
@operation(bind, length=16)
def bind_inet(fd: InetServer, address: InSockaddrIn, length: Size) -> Zero: ...
@operation(bind, length=28)
def bind_inet6(fd: Inet6Socket, address: InSockaddrIn6, length: Size) -> Zero: ...
@syscall(x86_64=50, aarch64=201, touches=NOTHING)
def listen(fd: Listener, backlog: Backlog) -> Zero: ...
@syscall(x86_64=43, aarch64=202, touches=NOTHING, after=("bind_unix", "listen", "connect_unix"))
def accept(fd: Listener, address: OutSockaddr, length: SizePointer) -> Accepted: ...
@syscall(x86_64=288, aarch64=242, since="2.6.28", touches=NOTHING)
def accept4(fd: Listener, address: OutSockaddr, length: SizePointer, flags: AcceptFlags) -> Accepted: ...
@syscall(x86_64=42, aarch64=203, touches=FILES)
def connect(fd: AnySocket, address: InSockaddr, length: Size) -> Zero: ...
@operation(connect, length=110)
def connect_unix(fd: UnixClient, address: InSockaddrUn, length: Size) -> Zero: ...
@operation(connect, length=16, after=("bind_inet",))
def connect_inet(fd: InetClient, address: InSockaddrIn, length: Size) -> Zero: ...
@operation(connect, length=28)
def connect_inet6(fd: Inet6Socket, address: InSockaddrIn6, length: Size) -> Zero: ...
@syscall(x86_64=48, aarch64=210, touches=NOTHING)
def shutdown(fd: Socket, how: Direction) -> Zero: ...
@syscall(
    x86_64=51,
    aarch64=204,
    touches=NOTHING,
    spares_networks=True,
    after=("bind_unix", "listen", "connect_unix", "accept4"),
)
def getsockname(fd: AnySocket, address: OutSockaddr, length: SizePointer) -> Zero: ...
@syscall(x86_64=52, aarch64=205, touches=NOTHING, spares_networks=True)
def getpeername(fd: Socket, address: OutSockaddr, length: SizePointer) -> Zero: ...
