"""Sockets: the calls, the address forms, the options and messages that the cases use."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.buffers import BE16, BE32, I32, U16, U32, U64, Buffer, Struct
from conformance.syscalls.call import syscall
from conformance.syscalls.kinds import (
    Address64,
    Any_,
    Count,
    Fd,
    Flags,
    In,
    InBytes,
    InOut,
    Int,
    Memory,
    Names,
    OutBytes,
    OutFds,
    Pid32,
    Seen,
    Size,
    Zero,
    named,
)

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK, AF_XDP = 0, 1, 2, 10, 16, 17, 38, 40, 44
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 1, 2, 3, 5
SOCK_NONBLOCK, SOCK_CLOEXEC = 0o4000, 0o2000000
IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPPROTO_MPTCP = 0, 1, 6, 17, 41, 262
IP_TTL, IP_PKTINFO, IP_RECVERR, IPV6_V6ONLY = 2, 8, 11, 26
TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
SOL_SOCKET, SOL_NETLINK, SOL_PACKET = 1, 270, 263
SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST = 1, 2, 3, 4, 5, 6
SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_PRIORITY, SO_LINGER = 7, 8, 9, 10, 12, 13
SO_REUSEPORT, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO, SO_SNDTIMEO = 15, 16, 17, 18, 19, 20, 21
SO_BINDTODEVICE, SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_TIMESTAMP, SO_ACCEPTCONN, SO_PEERSEC = 25, 26, 27, 29, 30, 31
SO_RCVBUFFORCE, SO_SNDBUFFORCE, SO_PASSSEC, SO_MARK, SO_PROTOCOL, SO_DOMAIN, SO_PEEK_OFF = 33, 32, 34, 36, 38, 39, 42
SO_LOCK_FILTER, SO_BPF_EXTENSIONS, SO_INCOMING_CPU, SO_PEERGROUPS, SO_BINDTOIFINDEX = 44, 48, 49, 59, 62
SO_PASSPIDFD, SO_PEERPIDFD = 76, 77
SCM_RIGHTS, SCM_CREDENTIALS, SCM_SECURITY, SCM_PIDFD = 1, 2, 3, 4
MSG_OOB, MSG_PEEK, MSG_CTRUNC, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_WAITALL = 1, 2, 8, 0x20, 0x40, 0x80, 0x100
MSG_ERRQUEUE, MSG_NOSIGNAL, MSG_MORE, MSG_CMSG_CLOEXEC = 0x2000, 0x4000, 0x8000, 0x40000000
SHUT_RD, SHUT_WR, SHUT_RDWR = 0, 1, 2

Family = Annotated[int, Flags(named(globals(), "AF_"), bits=False)]
SocketType = Annotated[int, Flags(named(globals(), "SOCK_"))]
MessageFlags = Annotated[int, Flags(named(globals(), "MSG_"))]
LEVELS = {"IPPROTO_IP": IPPROTO_IP, "IPPROTO_TCP": IPPROTO_TCP, "IPPROTO_UDP": IPPROTO_UDP, "IPPROTO_IPV6": IPPROTO_IPV6}
SocketLevel = Annotated[int, Flags(named(globals(), "SOL_") | LEVELS, bits=False)]
SocketOption = Annotated[int, Flags(named(globals(), "SO_"), bits=False)]


FIRST_OF_THE_KERNELS_CHOICE = 16000
"""The first ephemeral port: 32768 on Linux (ip(7), `ip_local_port_range`), 16000 in gVisor. A case picks lower ones."""


class SockaddrKind(Memory):
    """A socket's address: ports that the kernel picked, and netlink's port ids, are its choice."""

    def __init__(self, *, out: bool = False) -> None:
        super().__init__(out=out, reads=not out)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 8:
            return super().normal(seen, names)
        data = seen.encode("latin-1", "replace")
        family = int.from_bytes(data[:2], "little")
        if family in (AF_INET, AF_INET6):
            port = int.from_bytes(data[2:4], "big")
            return [family, port if port < FIRST_OF_THE_KERNELS_CHOICE else names.name("port", port), data[4:].hex()]
        if family == AF_NETLINK:
            portid = int.from_bytes(data[4:8], "little")
            return [family, names.name("portid", portid) if portid else 0, data[8:].hex()]
        return super().normal(seen, names)


InSockaddr = Annotated[bytes | Buffer | int | None, SockaddrKind()]
OutSockaddr = Annotated[Buffer | int | None, SockaddrKind(out=True)]


class SockaddrIn(Struct):
    """`struct sockaddr_in`; the port in host order here, the address as its four bytes' big-endian number."""

    family: U16
    port: BE16
    address_: BE32
    zero: U64


class Ucred(Struct):
    """`struct ucred`."""

    pid: Pid32
    uid: U32
    gid: U32


OutOption = Annotated[Buffer | Ucred | Struct | int | None, Memory(out=True, reads=False)]
"""An option's value; Ucred is the one struct among them that holds what is the kernel's choice."""


class Msghdr(Struct):
    """`struct msghdr`. Build one with `message`, which keeps what it points to alive."""

    name: Address64
    namelen: U32
    pad0: U32
    iov: Address64
    iovlen: U64
    control: Address64
    controllen: U64
    flags: I32
    pad1: U32


class Message:
    """A `struct msghdr` and everything that it points to; `header` alone keeps all of it alive.

    `data` is what to send, or how many bytes to make room for; `control` likewise.
    """

    def __init__(self, data: bytes | int, *, control: bytes | int = 0, name: bytes | int = 0) -> None:
        self.data, self.control, self.name = Buffer(data), Buffer(control), Buffer(name)
        self.iovec = Buffer(struct.pack("QQ", self.data.address, len(self.data)))
        self.header = Msghdr(
            name=self.name.address if name else 0,
            namelen=len(self.name),
            iov=self.iovec.address,
            iovlen=1,
            control=self.control.address if control else 0,
            controllen=len(self.control),
        ).holding(self.data, self.control, self.name, self.iovec)

    def controls(self) -> list[tuple[int, int, bytes]]:
        """The control messages that were received: level, type, data."""
        found, at, data = [], 0, self.control.take(self.header.controllen)
        while at + 16 <= len(data):
            length, level, kind = struct.unpack_from("Qii", data, at)
            if length < 16:
                break
            found.append((level, kind, data[at + 16 : at + length]))
            at += (length + 7) & ~7
        return found


def control_message(level: int, kind: int, data: bytes) -> bytes:
    """A `struct cmsghdr` with its data, padded as CMSG_SPACE is."""
    raw = struct.pack("Qii", 16 + len(data), level, kind) + data
    return raw + bytes(-len(raw) % 8)


def sockaddr_in(port: int, host: int = 0x7F000001) -> bytes:
    """An IPv4 address; the loopback address unless told."""
    return struct.pack("=H", AF_INET) + struct.pack("!HI8x", port, host)


def sockaddr_in6(port: int, host: bytes = bytes(15) + b"\x01") -> bytes:
    """An IPv6 address; the loopback address unless told."""
    return struct.pack("=H", AF_INET6) + struct.pack("!HI16sI", port, 0, host, 0)


def sockaddr_un(path: bytes) -> bytes:
    """A unix socket's address. A path that begins with NUL is abstract."""
    return struct.pack("=H", AF_UNIX) + path + (b"" if path.startswith(b"\0") else b"\0")


@syscall
def socket(family: Family, type: SocketType, protocol: Int) -> Fd: ...
@syscall
def socketpair(family: Family, type: SocketType, protocol: Int, fds: OutFds) -> Zero: ...
@syscall
def bind(fd: Fd, address: InSockaddr, length: Size) -> Zero: ...
@syscall
def listen(fd: Fd, backlog: Int) -> Zero: ...
@syscall
def accept(fd: Fd, address: OutSockaddr, length: InOut[Struct]) -> Fd: ...
@syscall
def accept4(fd: Fd, address: OutSockaddr, length: InOut[Struct], flags: SocketType) -> Fd: ...
@syscall
def connect(fd: Fd, address: InSockaddr, length: Size) -> Zero: ...
@syscall
def getsockname(fd: Fd, address: OutSockaddr, length: InOut[Struct]) -> Zero: ...
@syscall
def getpeername(fd: Fd, address: OutSockaddr, length: InOut[Struct]) -> Zero: ...
@syscall
def sendto(fd: Fd, buf: InBytes, size: Size, flags: MessageFlags, address: InSockaddr, length: Size) -> Count: ...
@syscall
def recvfrom(
    fd: Fd, buf: OutBytes, size: Size, flags: MessageFlags, address: OutSockaddr, length: InOut[Struct]
) -> Count: ...
@syscall
def sendmsg(fd: Fd, message: In[Msghdr], flags: MessageFlags) -> Count: ...
@syscall
def recvmsg(fd: Fd, message: InOut[Msghdr], flags: MessageFlags) -> Count: ...
@syscall
def sendmmsg(fd: Fd, messages: Any_, count: Int, flags: MessageFlags) -> Count: ...
@syscall
def recvmmsg(fd: Fd, messages: Any_, count: Int, flags: MessageFlags, timeout: InBytes) -> Count: ...
@syscall
def getsockopt(
    fd: Fd, level: SocketLevel, option: SocketOption, value: OutOption, length: InOut[Struct]
) -> Zero: ...
@syscall
def setsockopt(fd: Fd, level: SocketLevel, option: SocketOption, value: InBytes, length: Size) -> Zero: ...
@syscall
def shutdown(fd: Fd, how: Int) -> Zero: ...
