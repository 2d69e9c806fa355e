"""Sockets: the calls, the address forms, the options and messages that the cases use."""

from __future__ import annotations

import re
import struct
from typing import Annotated

from conformance.syscalls.machinery.buffers import BE16, BE32, I32, U16, U32, U64, Buffer, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    LENGTHS,
    Blob,
    Choice,
    LengthOf,
    Use,
    room,
    text,
)
from conformance.syscalls.machinery.kinds import (
    MASK,
    Address64,
    ChosenMemory,
    Count,
    Fd,
    FdPair,
    FileDescriptor,
    Flags,
    InBytes,
    Int,
    MaskedMemory,
    Memory,
    Names,
    Number,
    NumberMemory,
    OutBytes,
    OutFds,
    Pid32,
    Seen,
    Size,
    Zero,
    named,
)
from conformance.syscalls.machinery.touches import FILES, NETWORK, NOTHING, TouchesUnless
from conformance.syscalls.signals import AtOnce

AF_UNSPEC, AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_ALG, AF_VSOCK, AF_XDP = 0, 1, 2, 10, 16, 17, 38, 40, 44
SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET = 1, 2, 3, 5
SOCK_NONBLOCK, SOCK_CLOEXEC = 0o4000, 0o2000000
IPPROTO_IP, IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP, IPPROTO_IPV6, IPPROTO_MPTCP = 0, 1, 6, 17, 41, 262
IP_TOS, IP_TTL, IP_HDRINCL, IP_PKTINFO, IP_MTU_DISCOVER, IP_RECVERR, IP_RECVTTL, IP_RECVTOS = 1, 2, 3, 8, 10, 11, 12, 13
IP_FREEBIND, IP_TRANSPARENT, IP_MINTTL, IP_BIND_ADDRESS_NO_PORT = 15, 19, 21, 24
IP_MULTICAST_IF, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP = 32, 33, 34, 35, 36
IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_V6ONLY, IPV6_RECVPKTINFO = 16, 18, 19, 26, 49
IPV6_TCLASS, IPV6_RECVERR, IPV6_DONTFRAG = 67, 25, 62
TCP_NODELAY, TCP_MAXSEG, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_INFO = 1, 2, 3, 4, 5, 6, 11
TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_WINDOW_CLAMP, TCP_QUICKACK, TCP_CONGESTION = 7, 8, 9, 10, 12, 13
TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_NOTSENT_LOWAT, TCP_INQ = 18, 23, 25, 36
UDP_CORK, UDP_SEGMENT, UDP_GRO = 1, 103, 104
NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS, NETLINK_EXT_ACK = 1, 2, 3, 5, 11
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

Family = Annotated[int, Flags(named(globals(), "AF_"), only=(AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_UNIX, AF_INET, AF_UNSPEC, 46, -1), bits=False), TouchesUnless(NETWORK, AF_UNIX)]
_TYPES = named(globals(), "SOCK_")
SocketType = Annotated[int, Flags(_TYPES, plain=(SOCK_STREAM | SOCK_NONBLOCK, SOCK_DGRAM | SOCK_NONBLOCK, SOCK_SEQPACKET | SOCK_NONBLOCK, SOCK_RAW | SOCK_NONBLOCK))]
AcceptFlags = Annotated[int, Flags(_TYPES, only=(SOCK_NONBLOCK, SOCK_NONBLOCK, SOCK_NONBLOCK | SOCK_CLOEXEC, SOCK_CLOEXEC, 0, 1, -1))]
_MESSAGE_FLAGS = named(globals(), "MSG_")
MessageFlags = Annotated[int, Flags(_MESSAGE_FLAGS)]
SendFlags = Annotated[
    int,
    Flags(_MESSAGE_FLAGS, only=(*(MSG_DONTWAIT | more for more in (0, 0, 0, MSG_NOSIGNAL, MSG_NOSIGNAL, MSG_EOR, MSG_MORE, MSG_OOB, MSG_OOB | MSG_NOSIGNAL, 0x10, MSG_PEEK, MSG_ERRQUEUE, 0x20000000, 1 << 23)), MSG_NOSIGNAL, -1)),
]
ReceiveFlags = Annotated[
    int,
    Flags(_MESSAGE_FLAGS, only=(*(MSG_DONTWAIT | more for more in (0, 0, 0, 0, MSG_PEEK, MSG_PEEK, MSG_TRUNC, MSG_TRUNC, MSG_PEEK | MSG_TRUNC, MSG_OOB, MSG_WAITALL, MSG_ERRQUEUE, MSG_CMSG_CLOEXEC, MSG_EOR, MSG_NOSIGNAL)), -1)),
]
LEVELS = {"IPPROTO_IP": IPPROTO_IP, "IPPROTO_TCP": IPPROTO_TCP, "IPPROTO_UDP": IPPROTO_UDP, "IPPROTO_IPV6": IPPROTO_IPV6}
SocketLevel = Annotated[int, Flags(named(globals(), "SOL_") | LEVELS, bits=False)]
SocketOption = Annotated[int, Flags(named(globals(), "SO_"), bits=False)]


FIRST_OF_THE_KERNELS_CHOICE = 16000
"""The first ephemeral port: 32768 on Linux (ip(7), `ip_local_port_range`), 16000 in gVisor. A case picks lower ones."""


AUTOBOUND = re.compile(rb"\0[0-9a-f]{5}")
"""The abstract names that unix sockets are given by themselves (unix(7))."""
PORT = 5000


class SockaddrKind(Memory):
    """A socket's address: ports and abstract names that the kernel picked, and netlink's port ids, are its choice.

    `family` is the one that a program tries most.
    """

    named = ("port", "portid", "autobound")

    def __init__(self, family: int = AF_UNSPEC, *, out: bool = False) -> None:
        super().__init__(out=out, reads=not out)
        self.of = family

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        if self.out:
            return (*(room(110),) * 8, room(16), room(2), room(28, edge=True), 0, 0, *BAD_POINTERS)
        mine = addresses(self.of)
        others = tuple(each for other in (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK) for each in addresses(other)[:2])
        return (*mine[:1] * 30, *mine * 2, *others, *BAD_POINTERS) if mine else (*others, Blob(bytes(16)), Blob(b"\x63\0" + bytes(14)), *BAD_POINTERS)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str) or len(seen) < 2:
            return super().normal(seen, names)
        data = seen.encode("latin-1", "replace")
        family = int.from_bytes(data[:2], "little")
        if len(data) < 8:  # cut off, in the middle of a port perhaps
            return super().normal(seen, names) if family == AF_UNIX else [family, len(data)]
        if family in (AF_INET, AF_INET6):
            port = int.from_bytes(data[2:4], "big")
            return [family, port if port < FIRST_OF_THE_KERNELS_CHOICE else names.name("port", port), data[4:].hex()]
        if family == AF_NETLINK:
            portid = int.from_bytes(data[4:8], "little")
            return [family, names.name("portid", portid) if portid else 0, data[8:].hex()]
        if family == AF_UNIX and AUTOBOUND.fullmatch(data[2:]):
            return [family, names.name("autobound", int(data[3:], 16))]
        return super().normal(seen, names)

    def show(self, seen: Seen) -> str:
        data = seen.encode("latin-1", "replace") if isinstance(seen, str) else b""
        return address_shown(data) or super().show(seen)


_LONGS = {AF_INET: 16, AF_INET6: 28, AF_NETLINK: 12, AF_UNIX: 110}
"""The sizes of addresses, in bytes (ip(7), ipv6(7), netlink(7), unix(7))."""


def address_shown(data: bytes) -> str:
    """An address as a person would write it; empty where that would leave something out."""
    family, size = int.from_bytes(data[:2], "little"), f" ({len(data)} bytes)"
    size = "" if len(data) == _LONGS.get(family) else size
    port = int.from_bytes(data[2:4], "big")
    if family == AF_INET and len(data) >= 8 and not any(data[8:]):
        return f"AF_INET {'.'.join(map(str, data[4:8]))}:{port}{size}"
    if family == AF_INET6 and len(data) == 28 and not any(data[4:8]) and not any(data[24:]):
        from ipaddress import IPv6Address  # noqa: PLC0415 - guests have no need of it

        return f"AF_INET6 [{IPv6Address(data[8:24])}]:{port}"
    if family == AF_NETLINK and len(data) == 12 and not any(data[2:4]):
        portid, groups = struct.unpack("=II", data[4:])
        return f"AF_NETLINK portid={portid} groups={groups:#x}"
    if family == AF_UNIX and len(data) > 2:
        name = data[2:].rstrip(b"\0")
        shown = f"@{name[1:]!r}" if name.startswith(b"\0") else repr(name)
        return f"AF_UNIX {shown}{size}" if b"\0" not in name[1:] else ""
    return ""


def addresses(family: int) -> tuple[Blob, ...]:
    """Addresses of a family, in full length: the first is the one to listen at."""
    if family == AF_UNIX:
        names = (b"s0", b"\0abstract", b"s0", b"d0/s1", b"f0", b"absent/s", b"d0", b"", b"p" * 108)
        return tuple(Blob((struct.pack("=H", AF_UNIX) + name).ljust(110, b"\0")) for name in names)
    if family == AF_INET:
        ends = ((PORT, 0x7F000001), (PORT, 0x7F000001), (PORT + 1, 0x7F000001), (PORT, 0), (0, 0x7F000001), (80, 0x7F000002), (PORT, 0x0A000001), (PORT, 0xE0000001), (PORT, 0xFFFFFFFF))
        return tuple(Blob(sockaddr_in(port, host)) for port, host in ends)
    if family == AF_INET6:
        return tuple(Blob(sockaddr_in6(*end)) for end in ((PORT,), (PORT + 1,), (PORT, bytes(16)), (0,), (PORT, bytes(10) + b"\xff\xff\x7f\0\0\1"), (PORT, b"\xfe\x80" + bytes(14))))
    if family == AF_NETLINK:
        return tuple(Blob(struct.pack("=HHII", AF_NETLINK, 0, portid, groups)) for portid, groups in ((0, 0), (77, 0), (0, 1), (77, 3)))
    return ()


class OptionalSockaddr(SockaddrKind):
    """Where to send to, or room for where something came from; mostly NULL, as a connected socket has no need of it."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*(0,) * 40, *super().choices(struct))


InSockaddr = Annotated[bytes | Buffer | int | None, SockaddrKind()]
InSockaddrUn = Annotated[bytes | Buffer | int | None, SockaddrKind(AF_UNIX)]
InSockaddrIn = Annotated[bytes | Buffer | int | None, SockaddrKind(AF_INET)]
InSockaddrIn6 = Annotated[bytes | Buffer | int | None, SockaddrKind(AF_INET6)]
InSockaddrNl = Annotated[bytes | Buffer | int | None, SockaddrKind(AF_NETLINK)]
OutSockaddr = Annotated[Buffer | int | None, SockaddrKind(out=True)]
OutSender = Annotated[Buffer | int | None, OptionalSockaddr(out=True)]
SocketLength = Annotated[Struct | bytes | Buffer | int | None, NumberMemory(out=True, choices=LENGTHS)]


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


# What generated programs send, receive and set

PAIR = Use("fd:socket:unix:pair")
Socket = Annotated[int, FileDescriptor("socket", *(PAIR,) * 20, *(Use("fd:socket:unix:pair", 1),) * 16)]
Receiver = Annotated[int, FileDescriptor("socket", *(Use("fd:socket:unix:pair", 1),) * 20, *(PAIR,) * 16)]
AnySocket = Annotated[int, FileDescriptor("socket")]
UnixSocket = Annotated[int, FileDescriptor("socket:unix", *(Use("fd:socket:unix:stream"),) * 12, *(Use("fd:socket:unix:dgram"),) * 8, *(Use("fd:socket:unix:seqpacket"),) * 2)]
UnixClient = Annotated[int, FileDescriptor("socket:unix", *(Use("fd:socket:unix:client"),) * 20, *(Use("fd:socket:unix:dgram"),) * 6, Use("fd:socket:unix:dgram", 1))]
UnixSender = Annotated[int, FileDescriptor("socket:unix", *(Use("fd:socket:unix:dgram"),) * 20, Use("fd:socket:unix:dgram", 1))]
InetSocket = Annotated[int, FileDescriptor("socket:inet")]
InetServer = Annotated[int, FileDescriptor("socket:inet", *(Use("fd:socket:inet:tcp"),) * 12, *(Use("fd:socket:inet:udp"),) * 6)]
InetClient = Annotated[int, FileDescriptor("socket:inet", *(Use("fd:socket:inet:client"),) * 12, *(Use("fd:socket:inet:udp"),) * 6)]
Inet6Socket = Annotated[int, FileDescriptor("socket:inet6")]
NetlinkSocket = Annotated[int, FileDescriptor("socket:netlink")]
TcpSocket = Annotated[int, FileDescriptor("socket:inet:tcp")]
UdpSocket = Annotated[int, FileDescriptor("socket:inet:udp")]
Listener = Annotated[int, FileDescriptor("socket", *(Use("fd:socket:unix:stream"),) * 20, *(Use("fd:socket:inet:tcp"),) * 14, Use("fd:socket:unix:stream", 1), *(Use("fd:socket:unix:seqpacket"),) * 2)]


def vector(*pieces: Blob) -> Blob:
    """`struct iovec` for each piece."""
    parts: list[tuple[int, int, Choice]] = []
    for at, piece in enumerate(pieces):
        parts += [(16 * at, 8, piece), (16 * at + 8, 8, LengthOf())]
    return Blob(bytes(16 * len(pieces)), tuple(parts))


def header(*pieces: Blob, control: Blob | None = None, name: Blob | None = None, count: int | None = None, size: int = 56) -> Blob:
    """`struct msghdr` with all that it points to. `count` is a lie about how many pieces there are."""
    data = bytearray(size)
    struct.pack_into("=Q", data, 24, len(pieces) if count is None else count)
    parts: list[tuple[int, int, Choice]] = []
    if name is not None:
        parts += [(0, 8, name), (8, 4, LengthOf())]
    if pieces:
        parts += [(16, 8, vector(*pieces))]
    if control is not None:
        parts += [(32, 8, control), (40, 8, LengthOf())]
    return Blob(bytes(data), tuple(parts))


def rights(*fds: Choice) -> Blob:
    """A control message that passes descriptors."""
    data = control_message(SOL_SOCKET, SCM_RIGHTS, bytes(4 * len(fds)))
    return Blob(data, tuple((16 + 4 * at, 4, fd) for at, fd in enumerate(fds)))


def controls() -> tuple[Blob, ...]:
    """Control messages that are worth sending."""
    credentials = control_message(SOL_SOCKET, SCM_CREDENTIALS, bytes(12))
    return (
        *(rights(Use("fd")), rights(Use("fd")), rights(PAIR), rights(Use("fd"), Use("fd", 1)), rights(-1)),
        Blob(credentials, ((16, 4, Use("pid")),)),
        Blob(control_message(SOL_SOCKET, SCM_CREDENTIALS, struct.pack("=3I", 0, 1000, 1000)), ((16, 4, Use("pid")),)),
        Blob(control_message(IPPROTO_IP, IP_TTL, struct.pack("=i", 9))),
        Blob(control_message(SOL_SOCKET, 99, bytes(4))),
        Blob(struct.pack("=Qii", 15, SOL_SOCKET, SCM_RIGHTS)),
        Blob(struct.pack("=Qii", 1 << 32, SOL_SOCKET, SCM_RIGHTS)),
    )


class SentMessage(Memory):
    """A `struct msghdr` to send."""

    def __init__(self, size: int = 56, *, out: bool = False) -> None:
        super().__init__(out=out)
        self.size = size

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        hello, size = Blob(b"hello"), self.size
        plain = (header(hello, size=size), header(hello, Blob(b" world"), size=size), header(Blob(b""), size=size), header(Blob(b"x" * 2000), size=size))
        with_control = tuple(header(hello, control=each, size=size) for each in controls())
        to = tuple(header(hello, name=each, size=size) for family in (AF_UNIX, AF_INET) for each in addresses(family)[:2])
        wrong = (header(hello, count=1025, size=size), header(hello, count=2, size=size), header(size=size, count=1), header(size=size))
        return (*plain * 5, *with_control, *with_control[:4] * 2, *to, *wrong, 0, KERNEL_ADDRESS)


class ReceivedMessage(Memory):
    """A `struct msghdr` to receive into. What arrives in control messages may hold pids, and is not looked at."""

    def __init__(self, size: int = 56) -> None:
        super().__init__(out=True)
        self.size = size

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        size = self.size
        plain = (header(room(64), size=size), header(room(4), size=size), header(room(3), room(64), size=size))
        more = (header(room(64), control=Blob(bytes(64)), size=size), header(room(64), control=room(16), size=size), header(room(64), name=Blob(bytes(110)), size=size), header(room(64), name=Blob(bytes(110)), control=Blob(bytes(24)), size=size))
        wrong = (header(room(8), count=1025, size=size), header(size=size), header(room(64), control=Blob(bytes(15)), size=size))
        return (*plain * 6, *more * 4, *wrong, 0, KERNEL_ADDRESS)


class BufferSize(Memory):
    """The size of a socket's buffer: twice what a program has set, else the machine's choice (socket(7))."""

    EXACT = (8192, 16384, 32768, 131072)

    def __init__(self) -> None:
        super().__init__(out=True, reads=False, choices=(room(4), room(4), room(4), room(8)))

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return super().normal(seen, names)
        value = int.from_bytes(seen.encode("latin-1", "replace")[:4], "little")
        return value if value in self.EXACT else MASK


def numbers(*values: int) -> tuple[Blob, ...]:
    """C ints in memory."""
    return tuple(Blob((value & 0xFFFFFFFF).to_bytes(4, "little")) for value in values)


FILTERS = (
    struct.pack("=HBBI", 6, 0, 0, 0xFFFF),
    struct.pack("=HBBI", 6, 0, 0, 3),
    struct.pack("=HBBI", 6, 0, 0, 0),
    struct.pack("=HBBIHBBI", 0x28, 0, 0, 0, 6, 0, 0, 0xFFFF),
    struct.pack("=HBBI", 5, 0, 0, 9),
    struct.pack("=HBBI", 0xFFFF, 0, 0, 0),
    b"",
)
"""Programs of classic BPF: that let all pass, cut, let nothing pass, load, and three that are none."""


class FilterProgram(Memory):
    """A `struct sock_fprog`."""

    def choices(self, struct: type[Struct] | None = None) -> tuple[Choice, ...]:
        return (*(Blob((len(each) // 8).to_bytes(16, "little"), ((8, 8, Blob(each)),)) for each in (FILTERS[0], *FILTERS)), 0, KERNEL_ADDRESS)


InFilter = Annotated[bytes | Buffer | Struct | int | None, FilterProgram()]
InFlag = Annotated[bytes | Buffer | int | None, ChosenMemory(*numbers(1, 1, 1, 0, 0, 2, -1, 0x7FFFFFFF), KERNEL_ADDRESS, 0)]
InNumber = Annotated[bytes | Buffer | int | None, ChosenMemory(*numbers(4096, 1, 16, 8192, 100, 0, 65536, 64, -1, 0x7FFFFFFF), KERNEL_ADDRESS, 0)]
InLinger = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(struct.pack("=ii", *each)) for each in ((1, 0), (0, 0), (1, 1), (1, -1), (2, 7))), *numbers(1), KERNEL_ADDRESS)]
InTimeval = Annotated[bytes | Buffer | int | None, ChosenMemory(*(Blob(struct.pack("=qq", *each)) for each in ((0, 1000), (0, 1), (0, 0), (1, 0), (-1, 0), (0, 1_000_000), (0, -1))), *numbers(1), KERNEL_ADDRESS)]
InDevice = Annotated[bytes | Buffer | int | None, ChosenMemory(text(b"lo"), text(b""), text(b"absent0"), Blob(b"lo"), text(b"x" * 20), KERNEL_ADDRESS)]
InGroup = Annotated[bytes | Buffer | int | None, ChosenMemory(Blob(bytes.fromhex("e00000017f000001")), Blob(bytes.fromhex("e00000010000000001000000")), Blob(bytes.fromhex("e000000100000000")), Blob(bytes(8)), *numbers(0), KERNEL_ADDRESS)]
InCongestion = Annotated[bytes | Buffer | int | None, ChosenMemory(Blob(b"reno"), Blob(b"reno"), text(b"reno"), Blob(b"absent"), Blob(b""), KERNEL_ADDRESS)]
OutNumber = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(4),) * 8, room(8), room(1), room(2), KERNEL_ADDRESS, out=True, reads=False)]
OutPair = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(8),) * 4, room(16), room(4), KERNEL_ADDRESS, out=True, reads=False)]
OutTimeval = Annotated[Buffer | Struct | int | None, ChosenMemory(*(room(16),) * 4, room(32), room(8), KERNEL_ADDRESS, out=True, reads=False)]
OutBufferSize = Annotated[Buffer | Struct | int | None, BufferSize()]
OutMasked = Annotated[Buffer | Struct | int | None, MaskedMemory(out=True, reads=False, choices=(room(64), room(256), room(4)))]
OutCredentials = Annotated[Ucred | Buffer | int | None, ChosenMemory(*(room(12),) * 6, room(64), room(4), KERNEL_ADDRESS, out=True, reads=False)]
Level = Annotated[int, Number(SOL_SOCKET)]

FLAGS = (SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE, SO_DONTROUTE, SO_PASSCRED, SO_PASSSEC, SO_TIMESTAMP, SO_LOCK_FILTER, SO_DEBUG, SO_PASSPIDFD, 35, 11, 43, 41, 45)
NUMBERS = (SO_RCVLOWAT, SO_PRIORITY, SO_MARK, SO_PEEK_OFF, 46, SO_BINDTOIFINDEX, SO_INCOMING_CPU, 47, 69)
ASKED = (SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_ERROR, SO_SNDLOWAT)
WRONG = (0, 1000, -1)
IP_FLAGS = (IP_TTL, IP_TOS, IP_PKTINFO, IP_RECVERR, IP_RECVTTL, IP_RECVTOS, IP_MTU_DISCOVER, IP_FREEBIND, IP_TRANSPARENT, IP_MINTTL, IP_BIND_ADDRESS_NO_PORT, IP_MULTICAST_TTL, IP_MULTICAST_LOOP, IP_HDRINCL, 22, 49, 20)
IPV6_FLAGS = (IPV6_V6ONLY, IPV6_UNICAST_HOPS, IPV6_MULTICAST_HOPS, IPV6_MULTICAST_LOOP, IPV6_RECVPKTINFO, IPV6_TCLASS, IPV6_RECVERR, IPV6_DONTFRAG, 24, 66, 78)
TCP_FLAGS = (TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_SYNCNT, TCP_LINGER2, TCP_DEFER_ACCEPT, TCP_QUICKACK, TCP_USER_TIMEOUT, TCP_FASTOPEN, TCP_NOTSENT_LOWAT, TCP_INQ, TCP_MAXSEG, 19, 26, 30)
UDP_FLAGS = (UDP_CORK, UDP_SEGMENT, UDP_GRO, 101, 102)
NETLINK_FLAGS = (NETLINK_ADD_MEMBERSHIP, NETLINK_DROP_MEMBERSHIP, NETLINK_PKTINFO, NETLINK_NO_ENOBUFS, NETLINK_EXT_ACK, 4, 8, 10, 12)


def non_blocking(kind: int) -> tuple[int, ...]:
    """A type of socket, hardly ever one whose calls wait."""
    return (*(kind | SOCK_NONBLOCK,) * 12, *(kind | SOCK_NONBLOCK | SOCK_CLOEXEC,) * 4, kind, kind | SOCK_CLOEXEC)


UnixStream = Annotated[int, FileDescriptor("socket:unix:stream")]
UnixStreamClient = Annotated[int, FileDescriptor("socket:unix:client")]
"""A socket like the others: it has a family of its own, so that one program has one to listen and one to connect."""
TcpClient = Annotated[int, FileDescriptor("socket:inet:client")]
"""The same."""
UnixDatagram = Annotated[int, FileDescriptor("socket:unix:dgram")]
UnixPacket = Annotated[int, FileDescriptor("socket:unix:seqpacket")]
Tcp6 = Annotated[int, FileDescriptor("socket:inet6:tcp")]
Udp6 = Annotated[int, FileDescriptor("socket:inet6:udp")]
RawSocket = Annotated[int, FileDescriptor("socket:raw")]
Protocol = Annotated[int, Number(0, 0, 0, 6, 17, 1, 255, 262, 132, -1)]
Default = Annotated[int, Number(*(0,) * 8, 6, 17)]
UnixPair = Annotated[Buffer | int | None, FdPair("socket:unix:pair", "socket:unix:pair")]


@syscall(x86_64=41, aarch64=198, touches=NOTHING)
def socket(family: Family, type: SocketType, protocol: Protocol) -> Fd: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_STREAM))
def socket_unix_stream(family: Family, type: SocketType, protocol: Default) -> UnixStream: ...
@operation(socket, family=AF_UNIX, type=SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
def socket_unix_client(family: Family, type: SocketType, protocol: Default) -> UnixStreamClient: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_DGRAM))
def socket_unix_dgram(family: Family, type: SocketType, protocol: Default) -> UnixDatagram: ...
@operation(socket, family=AF_UNIX, type=non_blocking(SOCK_SEQPACKET))
def socket_unix_seqpacket(family: Family, type: SocketType, protocol: Default) -> UnixPacket: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_STREAM))
def socket_tcp(family: Family, type: SocketType, protocol: Default) -> TcpSocket: ...
@operation(socket, family=AF_INET, type=SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC)
def socket_tcp_client(family: Family, type: SocketType, protocol: Default) -> TcpClient: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_DGRAM))
def socket_udp(family: Family, type: SocketType, protocol: Default) -> UdpSocket: ...
@operation(socket, family=AF_INET6, type=non_blocking(SOCK_STREAM))
def socket_tcp6(family: Family, type: SocketType, protocol: Default) -> Tcp6: ...
@operation(socket, family=AF_INET6, type=non_blocking(SOCK_DGRAM))
def socket_udp6(family: Family, type: SocketType, protocol: Default) -> Udp6: ...
@operation(socket, family=AF_INET, type=non_blocking(SOCK_RAW))
def socket_raw(family: Family, type: SocketType, protocol: Annotated[int, Number(1, 1, 0, 253, 255)]) -> RawSocket: ...
@operation(socket, family=AF_NETLINK, type=(*non_blocking(SOCK_RAW), *non_blocking(SOCK_DGRAM)))
def socket_netlink(family: Family, type: SocketType, protocol: Annotated[int, Number(0, 0, 4, 15, 9, 99)]) -> NetlinkSocket: ...
@syscall(x86_64=53, aarch64=199, touches=NOTHING)
def socketpair(family: Family, type: SocketType, protocol: Protocol, fds: OutFds) -> Zero: ...
@operation(socketpair, family=AF_UNIX, type=(*non_blocking(SOCK_STREAM), *non_blocking(SOCK_DGRAM), *non_blocking(SOCK_SEQPACKET)))
def socketpair_unix(family: Family, type: SocketType, protocol: Default, fds: UnixPair) -> Zero: ...
@syscall(x86_64=49, aarch64=200, touches=FILES)
def bind(fd: AnySocket, address: InSockaddr, length: Size) -> Zero: ...
@operation(bind, length=110)
def bind_unix(fd: UnixSocket, address: InSockaddrUn, length: Size) -> Zero: ...
@operation(bind, length=16)
def bind_inet(fd: InetServer, address: InSockaddrIn, length: Size) -> Zero: ...
@operation(bind, length=28)
def bind_inet6(fd: Inet6Socket, address: InSockaddrIn6, length: Size) -> Zero: ...
@operation(bind, length=12)
def bind_netlink(fd: NetlinkSocket, address: InSockaddrNl, length: Size) -> Zero: ...
@syscall(x86_64=50, aarch64=201, touches=NOTHING)
def listen(fd: Listener, backlog: Annotated[int, Number(5, 5, 0, 1, 128, -1)]) -> Zero: ...
@syscall(x86_64=43, aarch64=202, touches=NOTHING)
def accept(fd: Listener, address: OutSockaddr, length: SocketLength) -> Annotated[int, FileDescriptor("socket:accepted")]: ...
@syscall(x86_64=288, aarch64=242, since="2.6.28", touches=NOTHING)
def accept4(fd: Listener, address: OutSockaddr, length: SocketLength, flags: AcceptFlags) -> Annotated[int, FileDescriptor("socket:accepted")]: ...
@syscall(x86_64=42, aarch64=203, touches=FILES)
def connect(fd: AnySocket, address: InSockaddr, length: Size) -> Zero: ...
@operation(connect, length=110)
def connect_unix(fd: UnixClient, address: InSockaddrUn, length: Size) -> Zero: ...
@operation(connect, length=16)
def connect_inet(fd: InetClient, address: InSockaddrIn, length: Size) -> Zero: ...
@operation(connect, length=28)
def connect_inet6(fd: Inet6Socket, address: InSockaddrIn6, length: Size) -> Zero: ...
@syscall(x86_64=51, aarch64=204, touches=NOTHING)
def getsockname(fd: AnySocket, address: OutSockaddr, length: SocketLength) -> Zero: ...
@syscall(x86_64=52, aarch64=205, touches=NOTHING)
def getpeername(fd: Socket, address: OutSockaddr, length: SocketLength) -> Zero: ...
@syscall(x86_64=44, aarch64=206, touches=FILES)
def sendto(fd: Socket, buf: InBytes, size: Size, flags: SendFlags, address: Annotated[bytes | Buffer | int | None, OptionalSockaddr()], length: Annotated[int, Number(*(0,) * 6, 110, 16, 1, -1)]) -> Count: ...
@operation(sendto, length=110)
def sendto_unix(fd: UnixSender, buf: InBytes, size: Size, flags: SendFlags, address: InSockaddrUn, length: Size) -> Count: ...
@operation(sendto, length=16)
def sendto_inet(fd: UdpSocket, buf: InBytes, size: Size, flags: SendFlags, address: InSockaddrIn, length: Size) -> Count: ...
@syscall(x86_64=45, aarch64=207, touches=NOTHING, shows="fd:socket")
def recvfrom(fd: Receiver, buf: OutBytes, size: Size, flags: ReceiveFlags, address: OutSender, length: SocketLength) -> Count: ...
@syscall(x86_64=46, aarch64=211, touches=FILES)
def sendmsg(fd: Socket, message: Annotated[Msghdr | bytes | Buffer | int | None, SentMessage()], flags: SendFlags) -> Count: ...
@syscall(x86_64=47, aarch64=212, touches=NOTHING)
def recvmsg(fd: Receiver, message: Annotated[Msghdr | bytes | Buffer | int | None, ReceivedMessage()], flags: ReceiveFlags) -> Count: ...
@syscall(x86_64=307, aarch64=269, since="3.0", touches=FILES)
def sendmmsg(fd: Socket, messages: Annotated[Struct | bytes | Buffer | int | None, SentMessage(64, out=True)], count: Annotated[int, Number(1, 1, 1, 0)], flags: SendFlags) -> Count: ...
@syscall(x86_64=299, aarch64=243, since="2.6.33", touches=NOTHING)
def recvmmsg(fd: Receiver, messages: Annotated[Struct | bytes | Buffer | int | None, ReceivedMessage(64)], count: Annotated[int, Number(1, 1, 1, 0)], flags: ReceiveFlags, timeout: AtOnce) -> Count: ...
@syscall(x86_64=55, aarch64=209, touches=NOTHING)
def getsockopt(fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutOption, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(*ASKED, *FLAGS, *NUMBERS, *WRONG), shows="fd:socket")
def getsockopt_number(fd: AnySocket, level: Level, option: SocketOption, value: OutNumber, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(SO_SNDBUF, SO_RCVBUF))
def getsockopt_buffer(fd: AnySocket, level: Level, option: SocketOption, value: OutBufferSize, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=SO_LINGER)
def getsockopt_linger(fd: AnySocket, level: Level, option: SocketOption, value: OutPair, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(SO_RCVTIMEO, SO_SNDTIMEO))
def getsockopt_timeout(fd: AnySocket, level: Level, option: SocketOption, value: OutTimeval, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=SO_PEERCRED)
def getsockopt_peercred(fd: Socket, level: Level, option: SocketOption, value: OutCredentials, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(SO_BINDTODEVICE, SO_PEERGROUPS, SO_ATTACH_FILTER, SO_PEERSEC))
def getsockopt_bytes(fd: Socket, level: Level, option: SocketOption, value: OutPair, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=IPPROTO_IP, option=IP_FLAGS)
def getsockopt_ip(fd: InetSocket, level: SocketLevel, option: Int, value: OutNumber, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=IPPROTO_IPV6, option=IPV6_FLAGS)
def getsockopt_ipv6(fd: Inet6Socket, level: SocketLevel, option: Int, value: OutNumber, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=IPPROTO_TCP, option=TCP_FLAGS)
def getsockopt_tcp(fd: TcpSocket, level: SocketLevel, option: Int, value: OutNumber, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=IPPROTO_UDP, option=UDP_FLAGS)
def getsockopt_udp(fd: UdpSocket, level: SocketLevel, option: Int, value: OutNumber, length: SocketLength) -> Zero: ...
@operation(getsockopt, level=SOL_NETLINK, option=(*NETLINK_FLAGS, 9))
def getsockopt_netlink(fd: NetlinkSocket, level: SocketLevel, option: Int, value: OutNumber, length: SocketLength) -> Zero: ...
@syscall(x86_64=54, aarch64=208, touches=NOTHING)
def setsockopt(fd: AnySocket, level: SocketLevel, option: SocketOption, value: InBytes, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=(*FLAGS, *ASKED[:3], *WRONG))
def setsockopt_flag(fd: AnySocket, level: Level, option: SocketOption, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=(*NUMBERS, SO_SNDBUF, SO_RCVBUF, SO_SNDBUF, SO_RCVBUF, SO_SNDBUFFORCE, SO_RCVBUFFORCE))
def setsockopt_number(fd: AnySocket, level: Level, option: SocketOption, value: InNumber, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=SO_LINGER)
def setsockopt_linger(fd: AnySocket, level: Level, option: SocketOption, value: InLinger, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=(SO_RCVTIMEO, SO_SNDTIMEO))
def setsockopt_timeout(fd: AnySocket, level: Level, option: SocketOption, value: InTimeval, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=(SO_ATTACH_FILTER, SO_ATTACH_FILTER, SO_DETACH_FILTER, 51))
def setsockopt_filter(fd: Socket, level: Level, option: SocketOption, value: InFilter, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=SO_BINDTODEVICE)
def setsockopt_device(fd: InetSocket, level: Level, option: SocketOption, value: InDevice, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=IP_FLAGS)
def setsockopt_ip(fd: InetSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IP, option=(IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF))
def setsockopt_membership(fd: UdpSocket, level: SocketLevel, option: Int, value: InGroup, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_IPV6, option=IPV6_FLAGS)
def setsockopt_ipv6(fd: Inet6Socket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_FLAGS)
def setsockopt_tcp(fd: TcpSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_TCP, option=TCP_CONGESTION)
def setsockopt_congestion(fd: TcpSocket, level: SocketLevel, option: Int, value: InCongestion, length: Size) -> Zero: ...
@operation(setsockopt, level=IPPROTO_UDP, option=UDP_FLAGS)
def setsockopt_udp(fd: UdpSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_NETLINK, option=NETLINK_FLAGS)
def setsockopt_netlink(fd: NetlinkSocket, level: SocketLevel, option: Int, value: InFlag, length: Size) -> Zero: ...
@syscall(x86_64=48, aarch64=210, touches=NOTHING)
def shutdown(fd: Socket, how: Annotated[int, Number(SHUT_WR, SHUT_RD, SHUT_RDWR, 3, -1)]) -> Zero: ...
