"""cmsg(3): control messages, and what each kind of them says: unix(7), socket(7), ip(7), ipv6(7), udp(7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Annotated

from conformance.syscalls.machinery.aliases import Fd32, Seconds64, Some64
from conformance.syscalls.machinery.buffers import BE16, BE32, I32, I64, U8, U16, U32, U64, Struct
from conformance.syscalls.machinery.chains import Chain
from conformance.syscalls.machinery.inside import of_member
from conformance.syscalls.machinery.kinds import Flags, Kind, Masked, Names, Piece, Seen, named
from conformance.syscalls.sockets.addresses import FIRST_OF_THE_KERNELS_CHOICE, AddressFamily, Host, Host6, NoUse
from conformance.syscalls.sockets.ip import (
    IP_CHECKSUM,
    IP_ORIGDSTADDR,
    IP_PKTINFO,
    IP_PROTOCOL,
    IP_RECVERR,
    IP_RECVFRAGSIZE,
    IP_TOS,
    IP_TTL,
    IPV6_FLOWINFO,
    IPV6_HOPLIMIT,
    IPV6_ORIGDSTADDR,
    IPV6_PKTINFO,
    IPV6_RECVERR,
    IPV6_RECVFRAGSIZE,
    IPV6_TCLASS,
    TCP_CM_INQ,
    UDP_GRO,
    UDP_SEGMENT,
)
from conformance.syscalls.sockets.options import (
    SO_MARK,
    SO_PRIORITY,
    SO_RXQ_OVFL,
    SO_TIMESTAMP,
    SO_TIMESTAMP_NEW,
    SO_TIMESTAMPING,
    SO_TIMESTAMPING_NEW,
    SO_TIMESTAMPNS,
    SO_TIMESTAMPNS_NEW,
    SO_WIFI_STATUS,
    SOL_NETLINK,
    SOL_SOCKET,
    Ucred,
)
from conformance.syscalls.sockets.socket import IPPROTO_IP, IPPROTO_IPV6, IPPROTO_TCP, IPPROTO_UDP

SCM_RIGHTS, SCM_CREDENTIALS, SCM_SECURITY, SCM_PIDFD, SCM_TXTIME, SCM_INQ = 1, 2, 3, 4, 61, 84
NETLINK_PKTINFO, NETLINK_LISTEN_ALL_NSID = 3, 8

LEVEL_NAMES = {
    "SOL_SOCKET": SOL_SOCKET,
    "IPPROTO_IP": IPPROTO_IP,
    "IPPROTO_IPV6": IPPROTO_IPV6,
    "IPPROTO_TCP": IPPROTO_TCP,
    "IPPROTO_UDP": IPPROTO_UDP,
    "SOL_NETLINK": SOL_NETLINK,
}
_OF_SOCKETS = named(globals(), "SCM_") | named(globals(), "SO_")
_OF_IP = named(globals(), "IP_")
_OF_IPV6 = named(globals(), "IPV6_")
_OF_UDP = named(globals(), "UDP_")
_OF_NETLINK = named(globals(), "NETLINK_")

HEAD = 16
"""Bytes of a `struct cmsghdr`; what follows is padded to eight."""


class Cmsghdr(Struct):
    """`struct cmsghdr`, of what is the same for all sockets."""

    cmsg_len: U64
    cmsg_level: Annotated[U32, Flags(LEVEL_NAMES, bits=False)]
    cmsg_type: Annotated[U32, Flags(_OF_SOCKETS, bits=False)]

    @classmethod
    def told_by(cls, data: bytes) -> type[Struct]:
        return _HEADS.get(int.from_bytes(data[8:12], "little"), Cmsghdr)


class CmsghdrIp(Struct):
    """The same, of ip(7)."""

    cmsg_len: U64
    cmsg_level: Annotated[U32, Flags(LEVEL_NAMES, bits=False)]
    cmsg_type: Annotated[U32, Flags(_OF_IP, bits=False)]


class CmsghdrIpv6(Struct):
    """The same, of ipv6(7)."""

    cmsg_len: U64
    cmsg_level: Annotated[U32, Flags(LEVEL_NAMES, bits=False)]
    cmsg_type: Annotated[U32, Flags(_OF_IPV6, bits=False)]


class CmsghdrUdp(Struct):
    """The same, of udp(7)."""

    cmsg_len: U64
    cmsg_level: Annotated[U32, Flags(LEVEL_NAMES, bits=False)]
    cmsg_type: Annotated[U32, Flags(_OF_UDP, bits=False)]


class CmsghdrNetlink(Struct):
    """The same, of netlink(7)."""

    cmsg_len: U64
    cmsg_level: Annotated[U32, Flags(LEVEL_NAMES, bits=False)]
    cmsg_type: Annotated[U32, Flags(_OF_NETLINK, bits=False)]


_HEADS: Mapping[int, type[Struct]] = MappingProxyType(
    {IPPROTO_IP: CmsghdrIp, IPPROTO_IPV6: CmsghdrIpv6, IPPROTO_UDP: CmsghdrUdp, SOL_NETLINK: CmsghdrNetlink}
)


class PortKind(Kind):
    """A port: which one it is, where a program has picked it, else only whether it is the same as another."""

    named = ("port",)

    def normal(self, seen: Seen, names: Names) -> Seen:
        return names.name("port", seen) if isinstance(seen, int) and seen >= FIRST_OF_THE_KERNELS_CHOICE else seen


class Rights(Struct):
    """One of the fds that are passed."""

    fd: Fd32


class Stamp(Struct):
    """When a message arrived, as a `struct timeval` or a `struct timespec`."""

    seconds: Seconds64
    fraction: Annotated[I64, Masked()]


class Stamps(Struct):
    """`struct scm_timestamping`: by the kernel's clock, by none any more, by the device's."""

    software: Seconds64
    software_fraction: Some64
    legacy: Seconds64
    legacy_fraction: Some64
    hardware: Seconds64
    hardware_fraction: Some64


class Number(Struct):
    """A C int."""

    number: I32


class Byte(Struct):
    """One byte."""

    byte: U8


class Segment(Struct):
    """The size of the datagrams that a longer one is cut into."""

    segment: U16


class InPktinfo(Struct):
    """`struct in_pktinfo`."""

    ipi_ifindex: I32
    ipi_spec_dst: Host
    ipi_addr: Host


class In6Pktinfo(Struct):
    """`struct in6_pktinfo`."""

    ipi6_addr: Host6
    ipi6_ifindex: U32


class Flow(Struct):
    """The flow label and the traffic class, as they are in the header."""

    flow: BE32


class ExtendedError(Struct):
    """`struct sock_extended_err`."""

    ee_errno: U32
    ee_origin: U8
    ee_type: U8
    ee_code: U8
    ee_pad: U8
    ee_info: U32
    ee_data: U32


class Original(Struct):
    """Where a datagram was sent to, as a `struct sockaddr_in`."""

    sin_family: AddressFamily
    sin_port: Annotated[BE16, PortKind()]
    sin_addr: Host
    pad: NoUse


class Original6(Struct):
    """The same, as a `struct sockaddr_in6`."""

    sin6_family: AddressFamily
    sin6_port: Annotated[BE16, PortKind()]
    sin6_flowinfo: BE32
    sin6_addr: Host6
    sin6_scope_id: U32


class Checksum(Struct):
    """The sum over a datagram's bytes, which may be the device's."""

    sum: Annotated[U32, Masked()]


class Label(Struct):
    """The first byte of a security label, which is the machine's."""

    label: Annotated[U8, Masked()]


PAYLOADS: Mapping[tuple[int, int], type[Struct]] = MappingProxyType(
    {
        (SOL_SOCKET, SCM_RIGHTS): Rights,
        (SOL_SOCKET, SCM_CREDENTIALS): Ucred,
        (SOL_SOCKET, SCM_SECURITY): Label,
        (SOL_SOCKET, SCM_PIDFD): Rights,
        (SOL_SOCKET, SCM_INQ): Number,
        **{(SOL_SOCKET, each): Stamp for each in (SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW)},
        **{(SOL_SOCKET, each): Stamps for each in (SO_TIMESTAMPING, SO_TIMESTAMPING_NEW)},
        **{(SOL_SOCKET, each): Number for each in (SO_RXQ_OVFL, SO_WIFI_STATUS, SO_MARK, SO_PRIORITY)},
        **{(IPPROTO_IP, each): Number for each in (IP_TTL, IP_RECVFRAGSIZE, IP_PROTOCOL)},
        (IPPROTO_IP, IP_TOS): Byte,
        (IPPROTO_IP, IP_PKTINFO): InPktinfo,
        (IPPROTO_IP, IP_RECVERR): ExtendedError,
        (IPPROTO_IP, IP_ORIGDSTADDR): Original,
        (IPPROTO_IP, IP_CHECKSUM): Checksum,
        **{(IPPROTO_IPV6, each): Number for each in (IPV6_HOPLIMIT, IPV6_TCLASS, IPV6_RECVFRAGSIZE)},
        (IPPROTO_IPV6, IPV6_PKTINFO): In6Pktinfo,
        (IPPROTO_IPV6, IPV6_FLOWINFO): Flow,
        (IPPROTO_IPV6, IPV6_RECVERR): ExtendedError,
        (IPPROTO_IPV6, IPV6_ORIGDSTADDR): Original6,
        (IPPROTO_UDP, UDP_GRO): Number,
        (IPPROTO_UDP, UDP_SEGMENT): Segment,
        (IPPROTO_TCP, TCP_CM_INQ): Number,
        (SOL_NETLINK, NETLINK_PKTINFO): Number,
        (SOL_NETLINK, NETLINK_LISTEN_ALL_NSID): Number,
    }
)
"""What control messages hold, once or several times over, by level and type."""


class Controls(Chain):
    """Control messages. An fd, a process and a time are the kernel's choice; which messages there are, in which order,
    how long each is and what else it says is compared."""

    def __init__(self) -> None:
        super().__init__(Cmsghdr, *dict.fromkeys(PAYLOADS.values()))

    def pieces(self, data: bytes) -> Iterator[Piece]:
        at = 0
        while True:
            yield Piece(at, HEAD, Cmsghdr, depth=0)
            if at + HEAD > len(data):
                return
            head = Cmsghdr.parse(data, at)
            if head.cmsg_len < HEAD:
                return
            end, body = at + head.cmsg_len, at + HEAD
            struct = PAYLOADS.get((head.cmsg_level, head.cmsg_type))
            while struct is not None and body + struct.size() <= end:
                yield Piece(body, struct.size(), struct)
                body += struct.size()
            if body < end:
                yield Piece(body, end - body, filler=struct is not None)
            at = end + 7 & ~7
            if end < at:
                yield Piece(end, at - end, filler=True)

    def title(self, head: Struct) -> str:
        level, kind = (of_member(head.told_by(bytes(head)), each)[0] for each in ("cmsg_level", "cmsg_type"))
        said = level.show(head.cmsg_level), kind.show(head.cmsg_type)
        return said[1] if said[1][0].isalpha() else "/".join(said)
