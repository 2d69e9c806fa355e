"""socket(7), getsockopt(2): what can be set and asked of every socket; for protocols, see `ip` and `netlink`."""

from __future__ import annotations

import struct
from typing import Annotated

from conformance.syscalls.machinery.aliases import In, InBytes, Out, Pid32, Size, SizePointer, Zero
from conformance.syscalls.machinery.buffers import U32, Struct
from conformance.syscalls.machinery.call import operation, syscall
from conformance.syscalls.machinery.choices import (
    BAD_POINTERS,
    KERNEL_ADDRESS,
    Blob,
    Choices,
    often,
    rarely,
    room,
    seldom,
)
from conformance.syscalls.machinery.kinds import MASK, Flags, Kind, Masked, Names, Seen, named
from conformance.syscalls.machinery.touches import NETWORK, NOTHING, TouchesUnless
from conformance.syscalls.sockets.socket import (
    IPPROTO_TCP,
    IPPROTO_UDP,
    LEVELS,
    AnySocket,
    InetSocket,
    Socket,
)
from conformance.syscalls.time.clocks import time_of

SOL_SOCKET, SOL_NETLINK, SOL_PACKET = 1, 270, 263

SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST = 1, 2, 3, 4, 5, 6
SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_PRIORITY, SO_LINGER = 7, 8, 9, 10, 12, 13
SO_REUSEPORT, SO_PASSCRED, SO_PEERCRED, SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO, SO_SNDTIMEO = 15, 16, 17, 18, 19, 20, 21
SO_BINDTODEVICE, SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_TIMESTAMP, SO_ACCEPTCONN, SO_PEERSEC = 25, 26, 27, 29, 30, 31
SO_RCVBUFFORCE, SO_SNDBUFFORCE, SO_PASSSEC, SO_MARK, SO_PROTOCOL, SO_DOMAIN, SO_PEEK_OFF = 33, 32, 34, 36, 38, 39, 42
SO_LOCK_FILTER, SO_BPF_EXTENSIONS, SO_INCOMING_CPU, SO_PEERGROUPS, SO_BINDTOIFINDEX = 44, 48, 49, 59, 62
SO_PASSPIDFD, SO_PEERPIDFD = 76, 77
SO_NO_CHECK, SO_BSDCOMPAT, SO_SECURITY_AUTHENTICATION, SO_SECURITY_ENCRYPTION_TRANSPORT = 11, 14, 22, 23
SO_SECURITY_ENCRYPTION_NETWORK, SO_GET_FILTER, SO_DETACH_BPF, SO_PEERNAME, SO_TIMESTAMPNS = 24, 26, 27, 28, 35
SO_TIMESTAMPING, SO_RXQ_OVFL, SO_WIFI_STATUS, SO_NOFCS, SO_SELECT_ERR_QUEUE, SO_BUSY_POLL = 37, 40, 41, 43, 45, 46
SO_MAX_PACING_RATE, SO_ATTACH_BPF, SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF = 47, 50, 51, 52
SO_CNX_ADVICE, SO_MEMINFO, SO_INCOMING_NAPI_ID, SO_COOKIE, SO_ZEROCOPY, SO_TXTIME = 53, 55, 56, 57, 60, 61
SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_NEW, SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW = 63, 0x40, 65, 66, 67
SO_DETACH_REUSEPORT_BPF, SO_PREFER_BUSY_POLL, SO_BUSY_POLL_BUDGET, SO_NETNS_COOKIE, SO_BUF_LOCK = 68, 69, 70, 71, 72
SO_RESERVE_MEM, SO_TXREHASH, SO_RCVMARK, SO_DEVMEM_LINEAR, SO_DEVMEM_DMABUF = 73, 74, 75, 78, 79
SO_DEVMEM_DONTNEED, SO_RCVPRIORITY, SO_PASSRIGHTS, SO_INQ, SO_RIGHTS_NOTRUNC = 80, 82, 83, 84, 85
SO_TIMESTAMP_OLD, SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPING_OLD = 29, 20, 21, 35, 37

SOF_TIMESTAMPING_TX_HARDWARE, SOF_TIMESTAMPING_TX_SOFTWARE, SOF_TIMESTAMPING_RX_HARDWARE = 1, 2, 4
SOF_TIMESTAMPING_RX_SOFTWARE, SOF_TIMESTAMPING_SOFTWARE, SOF_TIMESTAMPING_SYS_HARDWARE = 8, 0x10, 0x20
SOF_TIMESTAMPING_RAW_HARDWARE, SOF_TIMESTAMPING_OPT_ID, SOF_TIMESTAMPING_TX_SCHED = 0x40, 0x80, 0x100
SOF_TIMESTAMPING_TX_ACK, SOF_TIMESTAMPING_OPT_CMSG, SOF_TIMESTAMPING_OPT_TSONLY = 0x200, 0x400, 0x800
SOF_TIMESTAMPING_OPT_STATS, SOF_TIMESTAMPING_OPT_PKTINFO, SOF_TIMESTAMPING_OPT_TX_SWHW = 0x1000, 0x2000, 0x4000
SOF_TIMESTAMPING_BIND_PHC, SOF_TIMESTAMPING_OPT_ID_TCP, SOF_TIMESTAMPING_OPT_RX_FILTER = 0x8000, 0x10000, 0x20000
SOF_TIMESTAMPING_TX_COMPLETION = 0x40000

SOL_ALG, SOL_TLS, SOL_XDP, SOL_MPTCP, SOL_VSOCK = 279, 282, 283, 284, 287

SocketLevel = Annotated[int, Flags(named(globals(), "SOL_") | LEVELS, bits=False)]
SetLevel = Annotated[SocketLevel, TouchesUnless(NETWORK, SOL_SOCKET, IPPROTO_TCP, IPPROTO_UDP)]
"""Other levels have options that are a network's and no socket's, such as iptables'; their operations know which."""
SocketOption = Annotated[int, Flags(named(globals(), "SO_"), bits=False)]

FLAGS = (
    *(SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE, SO_DONTROUTE, SO_PASSCRED, SO_PASSSEC),
    *(SO_TIMESTAMP, SO_LOCK_FILTER, SO_DEBUG, SO_PASSPIDFD, SO_TIMESTAMPNS, SO_NO_CHECK, SO_NOFCS, SO_WIFI_STATUS),
    *(SO_SELECT_ERR_QUEUE, SO_BSDCOMPAT, SO_RXQ_OVFL, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_RCVMARK, SO_RCVPRIORITY),
    *(SO_PASSRIGHTS, SO_INQ, SO_RIGHTS_NOTRUNC, SO_ZEROCOPY, SO_TXREHASH, SO_PREFER_BUSY_POLL),
)
NUMBERS = (
    *(SO_RCVLOWAT, SO_PRIORITY, SO_MARK, SO_PEEK_OFF, SO_BUSY_POLL, SO_BINDTOIFINDEX, SO_INCOMING_CPU),
    *(SO_MAX_PACING_RATE, SO_BUSY_POLL_BUDGET, SO_BUF_LOCK, SO_RESERVE_MEM),
    *(SO_CNX_ADVICE, SO_DEVMEM_DONTNEED),
)
ASKED = (SO_TYPE, SO_DOMAIN, SO_PROTOCOL, SO_ACCEPTCONN, SO_ERROR, SO_SNDLOWAT, SO_BPF_EXTENSIONS)
"""Options that cannot be set."""
VARYING = (SO_COOKIE, SO_NETNS_COOKIE, SO_MEMINFO, SO_INCOMING_NAPI_ID, SO_PEERPIDFD)
"""What says how much memory a socket has, or counts through those of the machine."""
TIMEOUTS = (SO_RCVTIMEO, SO_SNDTIMEO, SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW)
SteadyOption = Annotated[
    SocketOption, Choices(*(each for each in named(globals(), "SO_").values() if each not in VARYING))
]
STAMPED = (SO_TIMESTAMPING, SO_TIMESTAMPING_NEW)
WRONG = (0, 1000, -1)


class Ucred(Struct):
    """`struct ucred`."""

    pid: Pid32
    uid: U32
    gid: U32


class BufferSize(Kind):
    """The size of a socket's buffer: twice what a program has set, else the machine's choice (socket(7))."""

    EXACT = (8192, 16384, 32768, 131072)

    def normal(self, seen: Seen, names: Names) -> Seen:
        if not isinstance(seen, str):
            return super().normal(seen, names)
        value = int.from_bytes(seen.encode("latin-1", "replace")[:4], "little")
        return value if value in self.EXACT else MASK


def numbers(*values: int) -> tuple[Blob, ...]:
    """C ints in memory."""
    return tuple(Blob((value & 0xFFFFFFFF).to_bytes(4, "little")) for value in values)


def linger(on: int, seconds: int) -> Blob:
    """A `struct linger`."""
    return Blob(struct.pack("=ii", on, seconds))


def instruction(code: int, constant: int) -> bytes:
    """A `struct sock_filter` that does not jump."""
    return struct.pack("=HBBI", code, 0, 0, constant)


def sock_fprog(*instructions: bytes) -> Blob:
    """A `struct sock_fprog`: a program of classic BPF."""
    return Blob(len(instructions).to_bytes(16, "little"), ((8, 8, Blob(b"".join(instructions))),))


BPF_LD_H_ABS, BPF_JMP_JA, BPF_RET = 0x28, 5, 6

InFlag = Annotated[InBytes, Choices(*numbers(1, 0), seldom(*numbers(2, -1, 0x7FFFFFFF), KERNEL_ADDRESS, 0))]
InNumber = Annotated[
    InBytes,
    Choices(*numbers(4096, 1, 16, 8192, 100, 0, 65536, 64, -1, 0x7FFFFFFF), KERNEL_ADDRESS, 0),
]


class Timestamping(Struct):
    """Which times are wanted, and of what."""

    flags: Annotated[U32, Flags(named(globals(), "SOF_TIMESTAMPING_"))]


InLinger = Annotated[
    InBytes,
    Choices(linger(1, 0), linger(0, 0), linger(1, 1), linger(1, -1), linger(2, 7), *numbers(1), KERNEL_ADDRESS),
]
InTimeval = Annotated[
    InBytes,
    Choices(
        *(time_of(0, 1000), time_of(0, 1), time_of(0, 0), time_of(1)),
        *(time_of(-1), time_of(0, 1_000_000), time_of(0, -1), *numbers(1), KERNEL_ADDRESS),
    ),
]
InDevice = Annotated[InBytes, Choices(b"lo", b"", b"absent0", Blob(b"lo"), b"x" * 20, KERNEL_ADDRESS)]
InFilter = Annotated[
    InBytes,
    Choices(
        sock_fprog(instruction(BPF_RET, 0xFFFF)),
        seldom(
            *(sock_fprog(instruction(BPF_RET, 3)), sock_fprog(instruction(BPF_RET, 0))),
            sock_fprog(instruction(BPF_LD_H_ABS, 0), instruction(BPF_RET, 0xFFFF)),
            *(sock_fprog(instruction(BPF_JMP_JA, 9)), sock_fprog(instruction(0xFFFF, 0)), sock_fprog()),
            *(0, KERNEL_ADDRESS),
        ),
    ),
]
"""Programs that let all pass, cut, let nothing pass, load, and three that are none."""
OutOption = Out[Ucred | Struct]
"""An option's value; Ucred is the one struct among them that holds what is the kernel's choice."""
OutNumber = Annotated[Out[Struct], Choices(often(room(4)), room(8), room(1), room(2), KERNEL_ADDRESS)]
OutVarying = Annotated[Out[Struct], Masked(), Choices(often(room(8)), room(4), room(64), KERNEL_ADDRESS)]
OutPair = Annotated[Out[Struct], Choices(room(8), rarely(room(16), room(4), KERNEL_ADDRESS))]
OutTimeval = Annotated[Out[Struct], Choices(room(16), rarely(room(32), room(8), KERNEL_ADDRESS))]
OutBufferSize = Annotated[Out[Struct], BufferSize(), Choices(often(room(4)), room(8), rarely(*BAD_POINTERS))]
OutCredentials = Annotated[Out[Ucred], Choices(often(room(12)), room(64), room(4), KERNEL_ADDRESS)]


@syscall(x86_64=55, aarch64=209, touches=NOTHING, spares_networks=True)
def getsockopt(
    fd: AnySocket, level: SocketLevel, option: SteadyOption, value: OutOption, length: SizePointer
) -> Zero: ...
@operation(
    getsockopt,
    level=SOL_SOCKET,
    option=(*ASKED, *FLAGS, *NUMBERS, *STAMPED, *WRONG),
    shows="fd:socket",
    after=("setsockopt_flag",),
)
def getsockopt_number(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(SO_SNDBUF, SO_RCVBUF), after=("setsockopt_number",))
def getsockopt_buffer(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutBufferSize, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=VARYING)
def getsockopt_varying(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutVarying, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=SO_LINGER)
def getsockopt_linger(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutPair, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=TIMEOUTS)
def getsockopt_timeout(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: OutTimeval, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=SO_PEERCRED)
def getsockopt_peercred(
    fd: Socket, level: SocketLevel, option: SocketOption, value: OutCredentials, length: SizePointer
) -> Zero: ...
@operation(getsockopt, level=SOL_SOCKET, option=(SO_BINDTODEVICE, SO_PEERGROUPS, SO_ATTACH_FILTER, SO_PEERSEC))
def getsockopt_bytes(
    fd: Socket, level: SocketLevel, option: SocketOption, value: OutPair, length: SizePointer
) -> Zero: ...
@syscall(x86_64=54, aarch64=208, touches=NOTHING, spares_networks=True)
def setsockopt(fd: AnySocket, level: SetLevel, option: SocketOption, value: InBytes, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=(*FLAGS, *ASKED[:3], *WRONG))
def setsockopt_flag(fd: AnySocket, level: SocketLevel, option: SocketOption, value: InFlag, length: Size) -> Zero: ...
@operation(
    setsockopt,
    level=SOL_SOCKET,
    option=Choices(seldom(*NUMBERS), SO_SNDBUF, SO_RCVBUF, seldom(SO_SNDBUFFORCE, SO_RCVBUFFORCE)),
)
def setsockopt_number(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: InNumber, length: Size
) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=STAMPED)
def setsockopt_timestamping(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: In[Timestamping], length: Size
) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=SO_LINGER)
def setsockopt_linger(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: InLinger, length: Size
) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=TIMEOUTS)
def setsockopt_timeout(
    fd: AnySocket, level: SocketLevel, option: SocketOption, value: InTimeval, length: Size
) -> Zero: ...
@operation(
    setsockopt, level=SOL_SOCKET, option=Choices(SO_ATTACH_FILTER, seldom(SO_DETACH_FILTER, SO_ATTACH_REUSEPORT_CBPF))
)
def setsockopt_filter(fd: Socket, level: SocketLevel, option: SocketOption, value: InFilter, length: Size) -> Zero: ...
@operation(setsockopt, level=SOL_SOCKET, option=SO_BINDTODEVICE)
def setsockopt_device(
    fd: InetSocket, level: SocketLevel, option: SocketOption, value: InDevice, length: Size
) -> Zero: ...
