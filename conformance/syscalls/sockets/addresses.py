"""`struct sockaddr`: the addresses of sockets: unix(7), ip(7), ipv6(7), netlink(7)."""

from __future__ import annotations

import ctypes
import re
import struct
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from conformance.syscalls.machinery.aliases import InBytes, OutBuffer
from conformance.syscalls.machinery.buffers import BE16, BE32, U16, U32, Layout, Struct
from conformance.syscalls.machinery.choices import BAD_POINTERS, Blob, Choices, often, rarely, room, seldom
from conformance.syscalls.machinery.kinds import Flags, Kind, Names, Seen, named
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.sockets.socket import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX

LOOPBACK, LOOPBACK6 = 0x7F000001, bytes(15) + b"\1"

SIZES = {AF_INET: 16, AF_INET6: 28, AF_NETLINK: 12, AF_UNIX: 110}
"""The sizes of addresses, in bytes (ip(7), ipv6(7), netlink(7), unix(7))."""
FIRST_OF_THE_KERNELS_CHOICE = 16000
"""The first ephemeral port: 32768 on Linux (ip(7), `ip_local_port_range`), 16000 in gVisor. A case picks lower ones."""
AUTOBOUND = re.compile(rb"\0[0-9a-f]{5}")
"""The abstract names that unix sockets are given by themselves (unix(7))."""


def sockaddr_un(path: bytes) -> bytes:
    """A unix socket's address. A path that begins with NUL is abstract."""
    return struct.pack("=H", AF_UNIX) + path + (b"" if path.startswith(b"\0") else b"\0")


def sockaddr_in(port: int, host: int = LOOPBACK) -> bytes:
    """An IPv4 address; the loopback address unless told."""
    return struct.pack("=H", AF_INET) + struct.pack("!HI8x", port, host)


def sockaddr_in6(port: int, host: bytes = LOOPBACK6) -> bytes:
    """An IPv6 address; the loopback address unless told."""
    return struct.pack("=H", AF_INET6) + struct.pack("!HI16sI", port, 0, host, 0)


def sockaddr_nl(*, pid: int = 0, groups: int = 0) -> bytes:
    """A netlink address; `groups` is a bit mask of multicast groups."""
    return struct.pack("=HHII", AF_NETLINK, 0, pid, groups)


def address_shown(data: bytes) -> str:
    """An address as a person would write it; empty where that would leave something out."""
    family, size = int.from_bytes(data[:2], "little"), f" ({len(data)} bytes)"
    size = "" if len(data) == SIZES.get(family) else size
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


INADDR_ANY, INADDR_LOOPBACK, INADDR_BROADCAST = 0, 0x7F000001, 0xFFFFFFFF

AddressFamily = Annotated[
    U16, Flags({"AF_UNIX": AF_UNIX, "AF_INET": AF_INET, "AF_INET6": AF_INET6, "AF_NETLINK": AF_NETLINK}, bits=False)
]
Host = Annotated[BE32, Flags(named(globals(), "INADDR_"), bits=False)]
Host6 = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 16)]
Name = Annotated["ctypes.Array[ctypes.c_char]", Layout(ctypes.c_char * 108)]
NoUse = Annotated["ctypes.Array[ctypes.c_ubyte]", Layout(ctypes.c_ubyte * 8)]


class SockaddrUn(Struct):
    """`struct sockaddr_un`."""

    sun_family: AddressFamily
    sun_path: Name


class SockaddrIn(Struct):
    """`struct sockaddr_in`."""

    sin_family: AddressFamily
    sin_port: BE16
    sin_addr: Host
    pad: NoUse


class SockaddrIn6(Struct):
    """`struct sockaddr_in6`."""

    sin6_family: AddressFamily
    sin6_port: BE16
    sin6_flowinfo: BE32
    sin6_addr: Host6
    sin6_scope_id: U32


class SockaddrNl(Struct):
    """`struct sockaddr_nl`."""

    nl_family: AddressFamily
    nl_pad: U16
    nl_pid: U32
    nl_groups: U32


OF_FAMILY: Mapping[int, type[Struct]] = MappingProxyType(
    {AF_UNIX: SockaddrUn, AF_INET: SockaddrIn, AF_INET6: SockaddrIn6, AF_NETLINK: SockaddrNl}
)
"""What addresses are made of, by their family."""


class SockaddrKind(Kind):
    """A socket's address: ports and abstract names that the kernel picked, and netlink's port ids, are its choice."""

    named = ("port", "portid", "autobound")

    @property
    def layouts(self) -> Mapping[int, type[Struct]]:
        return OF_FAMILY

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


def holds_address(kind: Kind) -> bool:
    """Whether it is a pointer to an address."""
    return isinstance(kind, Pointer) and isinstance(kind.holds, SockaddrKind)


# Addresses of each family, in full length: the first is the one to listen at

PORT = 5000
HOSTS = (LOOPBACK, 0, 0x0A000001, 0xE0000001, 0xFFFFFFFF)
HOSTS6 = (LOOPBACK6, bytes(16), bytes(10) + b"\xff\xff\x7f\0\0\1", b"\xfe\x80" + bytes(14))
NAMES = (b"s0", b"\0abstract", b"d0/s1", b"f0", b"absent/s", b"d0", b"", b"p" * 108)

OF_UNIX = tuple(Blob((struct.pack("=H", AF_UNIX) + name).ljust(SIZES[AF_UNIX], b"\0")) for name in NAMES)
OF_INET = (
    *(Blob(sockaddr_in(PORT, host)) for host in HOSTS),
    *(Blob(sockaddr_in(PORT + 1)), Blob(sockaddr_in(0)), Blob(sockaddr_in(80, 0x7F000002))),
)
OF_INET6 = (
    *(Blob(sockaddr_in6(PORT, host)) for host in HOSTS6),
    *(Blob(sockaddr_in6(PORT + 1)), Blob(sockaddr_in6(0))),
)
OF_NETLINK = tuple(Blob(sockaddr_nl(pid=pid, groups=groups)) for pid, groups in ((0, 0), (77, 0), (0, 1), (77, 3)))
OF_ANY = (*OF_UNIX[:2], OF_INET[0], OF_INET6[0], Blob(sockaddr_in6(PORT + 1)), *OF_NETLINK[:2])
"""Some of each family."""
OF_NONE = (Blob(bytes(16)), Blob(b"\x63\0" + bytes(14)))
OTHERS = rarely(*OF_ANY, *BAD_POINTERS)

InSockaddr = Annotated[InBytes, SockaddrKind(), Choices(*OF_ANY, *OF_NONE, *BAD_POINTERS)]
InSockaddrUn = Annotated[InBytes, SockaddrKind(), Choices(often(OF_UNIX[0]), seldom(*OF_UNIX[1:]), OTHERS)]
InSockaddrIn = Annotated[InBytes, SockaddrKind(), Choices(often(OF_INET[0]), seldom(*OF_INET[1:]), OTHERS)]
InSockaddrIn6 = Annotated[InBytes, SockaddrKind(), Choices(often(OF_INET6[0]), seldom(*OF_INET6[1:]), OTHERS)]
InSockaddrNl = Annotated[InBytes, SockaddrKind(), Choices(often(OF_NETLINK[0]), seldom(*OF_NETLINK[1:]), OTHERS)]
InRecipient = Annotated[InBytes, SockaddrKind(), Choices(often(0), rarely(*OF_ANY, *OF_NONE, *BAD_POINTERS))]
"""Where to send to; mostly NULL, as a connected socket has no need of it."""

_ROOMS = (room(16), room(2), room(28, edge=True), *BAD_POINTERS)
OutSockaddr = Annotated[OutBuffer, SockaddrKind(), Choices(room(SIZES[AF_UNIX]), seldom(0), rarely(*_ROOMS))]
OutSender = Annotated[OutBuffer, SockaddrKind(), Choices(often(0), room(SIZES[AF_UNIX]), rarely(*_ROOMS))]
"""Room for where something came from; mostly NULL."""
