"""send(2), recv(2), cmsg(3): messages, and what goes with them: descriptors, credentials."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.files.reading import Stream
from conformance.syscalls.files.vectors import Iovec
from conformance.syscalls.machinery.aliases import Count, In, InBytes, InOut, OutBytes, Size, SizePointer
from conformance.syscalls.machinery.buffers import I32, U32, U64, Buffer, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    KERNEL_ADDRESS,
    Blob,
    Choice,
    Choices,
    LengthOf,
    Use,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.machinery.memory import AddressOf, RowOf
from conformance.syscalls.machinery.touches import FILES, NOTHING
from conformance.syscalls.sockets.addresses import (
    OF_INET,
    OF_UNIX,
    InRecipient,
    InSockaddrIn,
    InSockaddrUn,
    OutSender,
    SockaddrKind,
)
from conformance.syscalls.sockets.controls import SCM_CREDENTIALS, SCM_RIGHTS, Controls
from conformance.syscalls.sockets.ip import IP_TTL
from conformance.syscalls.sockets.options import SOL_SOCKET
from conformance.syscalls.sockets.socket import IPPROTO_IP, PAIR, Receiver, Socket, UdpSocket
from conformance.syscalls.time.clocks import AtOnce

MSG_OOB, MSG_PEEK, MSG_CTRUNC, MSG_TRUNC, MSG_DONTWAIT, MSG_EOR, MSG_WAITALL = 1, 2, 8, 0x20, 0x40, 0x80, 0x100
MSG_ERRQUEUE, MSG_NOSIGNAL, MSG_MORE, MSG_CMSG_CLOEXEC = 0x2000, 0x4000, 0x8000, 0x40000000

_FLAGS = named(globals(), "MSG_")


def _now(*flags: int) -> tuple[int, ...]:
    return tuple(MSG_DONTWAIT | each for each in flags)


SendFlags = Annotated[
    int,
    Flags(_FLAGS),
    Choices(
        *_now(0),
        seldom(*_now(MSG_NOSIGNAL)),
        rarely(
            *_now(MSG_EOR, MSG_MORE, MSG_OOB, MSG_OOB | MSG_NOSIGNAL, MSG_PEEK, MSG_ERRQUEUE, 0x10, 0x20000000, 1 << 23)
        ),
        rarely(MSG_NOSIGNAL, -1),
    ),
]
ReceiveFlags = Annotated[
    int,
    Flags(_FLAGS),
    Choices(
        *_now(0),
        seldom(*_now(MSG_PEEK, MSG_TRUNC)),
        rarely(
            *_now(MSG_PEEK | MSG_TRUNC, MSG_OOB, MSG_WAITALL, MSG_ERRQUEUE, MSG_CMSG_CLOEXEC, MSG_EOR, MSG_NOSIGNAL), -1
        ),
    ),
]
MessageCount = Annotated[int, Choices(1, rarely(0))]
AddressLength = Annotated[int, Choices(often(0), 110, 16, 1, -1)]
UnixSender = Annotated[
    int,
    FileDescriptor("socket:unix"),
    Choices(often(Use("fd:socket:unix:dgram")), rarely(Use("fd:socket:unix:dgram", 1)), ...),
]


class Msghdr(Struct):
    """`struct msghdr`. Build one with `Message`, which keeps what it points to alive."""

    name: Annotated[U64, AddressOf(SockaddrKind())]
    namelen: U32
    pad0: U32
    iov: Annotated[U64, AddressOf(RowOf(Iovec))]
    iovlen: U64
    control: Annotated[U64, AddressOf(Controls())]
    controllen: U64
    flags: I32
    pad1: U32


class Mmsghdr(Struct):
    """`struct mmsghdr`: a message, and how much of it was sent or received."""

    msg_hdr: Msghdr
    msg_len: U32
    pad: U32


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


# What generated programs send and receive

MSGHDR, MMSGHDR = 56, 64
"""Bytes of a `struct msghdr`, and of a `struct mmsghdr`, which has the length of what came behind it."""


def vector(*pieces: Blob) -> Blob:
    """`struct iovec` for each piece."""
    parts: list[tuple[int, int, Choice]] = []
    for at, piece in enumerate(pieces):
        parts += [(16 * at, 8, piece), (16 * at + 8, 8, LengthOf())]
    return Blob(bytes(16 * len(pieces)), tuple(parts))


def header(
    *pieces: Blob, control: Blob | None = None, name: Blob | None = None, count: int | None = None, size: int = MSGHDR
) -> Blob:
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


def credentials(user: int, group: int) -> Blob:
    """A control message that says who sends."""
    data = control_message(SOL_SOCKET, SCM_CREDENTIALS, struct.pack("=3I", 0, user, group))
    return Blob(data, ((16, 4, Use("pid")),))


OTHER_CONTROLS = (
    *(rights(-1), credentials(0, 0), credentials(1000, 1000)),
    Blob(control_message(IPPROTO_IP, IP_TTL, struct.pack("=i", 9))),
    Blob(control_message(SOL_SOCKET, 99, bytes(4))),
    Blob(struct.pack("=Qii", 15, SOL_SOCKET, SCM_RIGHTS)),
    Blob(struct.pack("=Qii", 1 << 32, SOL_SOCKET, SCM_RIGHTS)),
)
"""Some that are refused, and some that are long or short of what they say."""


def to_send(size: int) -> Choices:
    """Messages of `size` bytes that are worth sending."""
    hello = Blob(b"hello")

    def with_hello(
        *more: Blob, control: Blob | None = None, name: Blob | None = None, count: int | None = None
    ) -> Blob:
        return header(hello, *more, control=control, name=name, count=count, size=size)

    return Choices(
        *(
            with_hello(),
            with_hello(Blob(b" world")),
            header(Blob(b""), size=size),
            header(Blob(b"x" * 2000), size=size),
        ),
        with_hello(control=rights(Use("fd"))),
        seldom(with_hello(control=rights(PAIR)), with_hello(control=rights(Use("fd"), Use("fd", 1)))),
        rarely(
            *(with_hello(control=each) for each in OTHER_CONTROLS),
            *(with_hello(name=each) for each in (*OF_UNIX[:2], OF_INET[0])),
            *(with_hello(count=1025), with_hello(count=2), header(size=size, count=1), header(size=size)),
            *(0, KERNEL_ADDRESS),
        ),
    )


def to_receive(size: int) -> Choices:
    """Messages of `size` bytes that have room for others."""
    sender = room(110)
    return Choices(
        *(header(room(64), size=size), header(room(4), size=size), header(room(3), room(64), size=size)),
        header(room(64), control=room(64), size=size),
        header(room(64), control=room(16), size=size),
        header(room(64), name=sender, size=size),
        header(room(64), name=sender, control=room(24), size=size),
        rarely(
            *(header(room(8), count=1025, size=size), header(size=size)),
            header(room(64), control=room(15), size=size),
            *(0, KERNEL_ADDRESS),
        ),
    )


Received = Annotated[OutBytes, Stream()]
InMessage = Annotated[In[Msghdr], to_send(MSGHDR)]
InMessages = Annotated[InOut[Struct], RowOf(Mmsghdr), to_send(MMSGHDR)]
OutMessage = Annotated[InOut[Msghdr], to_receive(MSGHDR)]
OutMessages = Annotated[InOut[Struct], RowOf(Mmsghdr), to_receive(MMSGHDR)]


@syscall(x86_64=44, aarch64=206, touches=FILES)
def sendto(
    fd: Socket, buf: InBytes, size: Size, flags: SendFlags, address: InRecipient, length: AddressLength
) -> Count: ...
@operation(sendto, length=110)
def sendto_unix(
    fd: UnixSender, buf: InBytes, size: Size, flags: SendFlags, address: InSockaddrUn, length: Size
) -> Count: ...
@operation(sendto, length=16, after=("socket_udp", "bind_inet"))
def sendto_inet(
    fd: UdpSocket, buf: InBytes, size: Size, flags: SendFlags, address: InSockaddrIn, length: Size
) -> Count: ...
@syscall(x86_64=45, aarch64=207, touches=NOTHING, shows="fd:socket", after=("sendto",))
def recvfrom(
    fd: Receiver, buf: Received, size: Size, flags: ReceiveFlags, address: OutSender, length: SizePointer
) -> Count: ...
@syscall(x86_64=46, aarch64=211, touches=FILES)
def sendmsg(fd: Socket, message: InMessage, flags: SendFlags) -> Count: ...
@syscall(x86_64=47, aarch64=212, touches=NOTHING, after=("sendmsg",))
def recvmsg(fd: Receiver, message: OutMessage, flags: ReceiveFlags) -> Count: ...
@syscall(x86_64=307, aarch64=269, since="3.0", touches=FILES)
def sendmmsg(fd: Socket, messages: InMessages, count: MessageCount, flags: SendFlags) -> Count: ...
@syscall(x86_64=299, aarch64=243, since="2.6.33", touches=NOTHING, after=("sendmmsg",))
def recvmmsg(
    fd: Receiver, messages: OutMessages, count: MessageCount, flags: ReceiveFlags, timeout: AtOnce
) -> Count: ...
