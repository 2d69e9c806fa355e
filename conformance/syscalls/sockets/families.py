"""packet(7), vsock(7), AF_ALG, AF_XDP: sockets of other families, and their options; TLS and MPTCP over TCP."""

from __future__ import annotations

from typing import Annotated

from conformance.syscalls.machinery.aliases import Size, SizePointer, Zero
from conformance.syscalls.machinery.call import operation
from conformance.syscalls.machinery.choices import Choices, Use, often
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags, named
from conformance.syscalls.sockets.options import (
    SOL_ALG,
    SOL_MPTCP,
    SOL_PACKET,
    SOL_TLS,
    SOL_XDP,
    InFlag,
    OutNumber,
    OutVarying,
    SocketLevel,
    getsockopt,
    setsockopt,
)
from conformance.syscalls.sockets.socket import (
    AF_ALG,
    AF_PACKET,
    AF_VSOCK,
    AF_XDP,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    Default,
    Family,
    SocketType,
    non_blocking,
    socket,
)

PACKET_ADD_MEMBERSHIP, PACKET_DROP_MEMBERSHIP, PACKET_RECV_OUTPUT, PACKET_RX_RING, PACKET_STATISTICS = 1, 2, 3, 5, 6
PACKET_COPY_THRESH, PACKET_AUXDATA, PACKET_ORIGDEV, PACKET_VERSION, PACKET_HDRLEN, PACKET_RESERVE = 7, 8, 9, 10, 11, 12
PACKET_TX_RING, PACKET_LOSS, PACKET_VNET_HDR, PACKET_TX_TIMESTAMP, PACKET_TIMESTAMP = 13, 14, 15, 0x10, 17
PACKET_FANOUT, PACKET_TX_HAS_OFF, PACKET_QDISC_BYPASS, PACKET_ROLLOVER_STATS = 18, 19, 20, 21
PACKET_IGNORE_OUTGOING, PACKET_VNET_HDR_SZ, PACKET_FANOUT_DATA = 23, 24, 22

SO_VM_SOCKETS_BUFFER_SIZE, SO_VM_SOCKETS_BUFFER_MIN_SIZE, SO_VM_SOCKETS_BUFFER_MAX_SIZE = 0, 1, 2
SO_VM_SOCKETS_PEER_HOST_VM_ID, SO_VM_SOCKETS_TRUSTED, SO_VM_SOCKETS_CONNECT_TIMEOUT = 3, 5, 6
SO_VM_SOCKETS_CONNECT_TIMEOUT_OLD, SO_VM_SOCKETS_NONBLOCK_TXRX, SO_VM_SOCKETS_CONNECT_TIMEOUT_NEW = 6, 7, 8

ALG_SET_KEY, ALG_SET_IV, ALG_SET_OP, ALG_SET_AEAD_ASSOCLEN, ALG_SET_AEAD_AUTHSIZE = 1, 2, 3, 4, 5
ALG_SET_DRBG_ENTROPY, ALG_SET_KEY_BY_KEY_SERIAL = 6, 7

XDP_MMAP_OFFSETS, XDP_RX_RING, XDP_TX_RING, XDP_UMEM_REG, XDP_UMEM_FILL_RING = 1, 2, 3, 4, 5
XDP_UMEM_COMPLETION_RING, XDP_STATISTICS, XDP_OPTIONS, XDP_MAX_TX_SKB_BUDGET = 6, 7, 8, 9

TLS_TX, TLS_RX, TLS_TX_ZEROCOPY_RO, TLS_RX_EXPECT_NO_PAD, TLS_TX_MAX_PAYLOAD_LEN = 1, 2, 3, 4, 5

MPTCP_INFO, MPTCP_TCPINFO, MPTCP_SUBFLOW_ADDRS, MPTCP_FULL_INFO = 1, 2, 3, 4

PacketSocket = Annotated[int, FileDescriptor("socket:packet")]
VmSocket = Annotated[int, FileDescriptor("socket:vsock")]
AlgSocket = Annotated[int, FileDescriptor("socket:alg")]
XdpSocket = Annotated[int, FileDescriptor("socket:xdp")]

PacketOption = Annotated[int, Flags(named(globals(), "PACKET_"), bits=False)]
VmOption = Annotated[int, Flags(named(globals(), "SO_VM_"), bits=False)]
AlgOption = Annotated[int, Flags(named(globals(), "ALG_SET_"), bits=False)]
XdpOption = Annotated[int, Flags(named(globals(), "XDP_"), bits=False)]
TlsOption = Annotated[int, Flags(named(globals(), "TLS_"), bits=False)]
MaybeTcp = Annotated[int, FileDescriptor("socket"), Choices(Use("fd:socket"), often(Use("fd:socket:inet:tcp")))]
MptcpOption = Annotated[int, Flags(named(globals(), "MPTCP_"), bits=False)]

ETH_P_ALL = 3
PacketProtocol = Annotated[int, Choices(often(0), ETH_P_ALL << 8, 8, -1)]
"""In the order of the network; 0: nothing is received until it is bound."""


@operation(socket, family=AF_PACKET, type=non_blocking(SOCK_RAW, SOCK_DGRAM))
def socket_packet(family: Family, type: SocketType, protocol: PacketProtocol) -> PacketSocket: ...
@operation(socket, family=AF_VSOCK, type=non_blocking(SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET))
def socket_vsock(family: Family, type: SocketType, protocol: Default) -> VmSocket: ...
@operation(socket, family=AF_ALG, type=non_blocking(SOCK_SEQPACKET))
def socket_alg(family: Family, type: SocketType, protocol: Default) -> AlgSocket: ...
@operation(socket, family=AF_XDP, type=non_blocking(SOCK_RAW))
def socket_xdp(family: Family, type: SocketType, protocol: Default) -> XdpSocket: ...
@operation(getsockopt, level=SOL_PACKET, option=tuple(named(globals(), "PACKET_").values()))
def getsockopt_packet(
    fd: PacketSocket, level: SocketLevel, option: PacketOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_PACKET, option=tuple(named(globals(), "PACKET_").values()))
def setsockopt_packet(
    fd: PacketSocket, level: SocketLevel, option: PacketOption, value: InFlag, length: Size
) -> Zero: ...
@operation(getsockopt, level=AF_VSOCK, option=tuple(named(globals(), "SO_VM_").values()))
def getsockopt_vsock(
    fd: VmSocket, level: SocketLevel, option: VmOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=AF_VSOCK, option=tuple(named(globals(), "SO_VM_").values()))
def setsockopt_vsock(fd: VmSocket, level: SocketLevel, option: VmOption, value: InFlag, length: Size) -> Zero: ...
@operation(getsockopt, level=SOL_ALG, option=tuple(named(globals(), "ALG_SET_").values()))
def getsockopt_alg(
    fd: AlgSocket, level: SocketLevel, option: AlgOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_ALG, option=tuple(named(globals(), "ALG_SET_").values()))
def setsockopt_alg(fd: AlgSocket, level: SocketLevel, option: AlgOption, value: InFlag, length: Size) -> Zero: ...
@operation(getsockopt, level=SOL_XDP, option=tuple(named(globals(), "XDP_").values()))
def getsockopt_xdp(
    fd: XdpSocket, level: SocketLevel, option: XdpOption, value: OutVarying, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_XDP, option=tuple(named(globals(), "XDP_").values()))
def setsockopt_xdp(fd: XdpSocket, level: SocketLevel, option: XdpOption, value: InFlag, length: Size) -> Zero: ...
@operation(getsockopt, level=SOL_TLS, option=tuple(named(globals(), "TLS_").values()))
def getsockopt_tls(
    fd: MaybeTcp, level: SocketLevel, option: TlsOption, value: OutNumber, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_TLS, option=tuple(named(globals(), "TLS_").values()))
def setsockopt_tls(fd: MaybeTcp, level: SocketLevel, option: TlsOption, value: InFlag, length: Size) -> Zero: ...
@operation(getsockopt, level=SOL_MPTCP, option=tuple(named(globals(), "MPTCP_").values()))
def getsockopt_mptcp(
    fd: MaybeTcp, level: SocketLevel, option: MptcpOption, value: OutVarying, length: SizePointer
) -> Zero: ...
@operation(setsockopt, level=SOL_MPTCP, option=tuple(named(globals(), "MPTCP_").values()))
def setsockopt_mptcp(fd: MaybeTcp, level: SocketLevel, option: MptcpOption, value: InFlag, length: Size) -> Zero: ...
