"""Protocols: families and types of sockets, what netlink, TCP and the crypto interface of the kernel are made of."""

from __future__ import annotations

import struct
from errno import EAFNOSUPPORT
from typing import TYPE_CHECKING

import pytest

from cases.survey._lists import outcome
from conformance.syscalls import missing, untraced
from conformance.syscalls.files.opening import close
from conformance.syscalls.sockets.connections import bind
from conformance.syscalls.sockets.ip import TCP_CONGESTION
from conformance.syscalls.sockets.options import setsockopt
from conformance.syscalls.sockets.socket import (
    AF_ALG,
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    IPPROTO_SCTP,
    IPPROTO_TCP,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_SEQPACKET,
    SOCK_STREAM,
    socket,
)

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root")

FAMILIES = {
    "unix": 1,
    "inet": 2,
    "inet6": 10,
    "key": 15,
    "netlink": 16,
    "packet": 17,
    "pppox": 24,
    "can": 29,
    "tipc": 30,
    "bluetooth": 31,
    "alg": 38,
    "vsock": 40,
    "kcm": 41,
    "qipcrtr": 42,
    "smc": 43,
    "xdp": 44,
    "mctp": 45,
    "none": 46,
}
"""<linux/socket.h>: those that somebody still uses. One that is not there makes the kernel look for a module."""
TYPES = {
    "stream": SOCK_STREAM,
    "dgram": SOCK_DGRAM,
    "raw": SOCK_RAW,
    "rdm": 4,
    "seqpacket": SOCK_SEQPACKET,
    "packet": 10,
}
PROTOCOLS = {
    "icmp": (SOCK_DGRAM, 1),
    "icmpv6": (SOCK_DGRAM, 58),
    "l2tp": (SOCK_DGRAM, 115),
    "sctp": (SOCK_STREAM, 132),
    "sctp packets": (SOCK_SEQPACKET, 132),
    "udplite": (SOCK_DGRAM, 136),
    "smc": (SOCK_STREAM, 256),
    "mptcp": (SOCK_STREAM, 262),
    **{f"raw {number}": (SOCK_RAW, number) for number in (1, 2, 4, 6, 17, 41, 47, 50, 58, 132, 253, 255)},
}
"""Those of IP that are not the first of their type, <linux/in.h>."""
NETLINK = dict(
    enumerate(
        "route unused usersock firewall sock_diag nflog xfrm selinux iscsi audit fib_lookup connector netfilter ip6_fw "
        "dnrtmsg kobject_uevent generic 17 scsitransport ecryptfs rdma crypto smc 23".split()
    )
)
"""<linux/netlink.h>."""
CONGESTION = ("reno", "cubic", "bbr", "dctcp", "vegas", "htcp", "none")
ALGORITHMS = {
    "hash": ("sha256", "hmac(sha256)", "crc32c", "none"),
    "skcipher": ("cbc(aes)", "xts(aes)", "chacha20"),
    "aead": ("gcm(aes)",),
    "rng": ("stdrng",),
}


def test_families(observe: Observe) -> None:
    """Each with each type, and no protocol; a family that is not there at all has no types."""
    with untraced():
        made(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP)  # where that is a module it brings a type to the families of IP
        for family, number in FAMILIES.items():
            if made(number, SOCK_STREAM) == EAFNOSUPPORT:
                observe(family, outcome(EAFNOSUPPORT))
                continue
            observe(family, "there")
            for name, kind in TYPES.items():
                observe(f"{family} {name}", outcome(made(number, kind)))


def made(family: int, kind: int, protocol: int = 0) -> int:
    """The errno of socket(2), 0 where there is one; it is closed again."""
    fd, error = socket.result_of(family, kind, protocol)
    if not error:
        close(fd)
    return error


def test_protocols_of_ip(observe: Observe) -> None:
    """Of IPv4 and IPv6, each with its type."""
    families = {"inet": AF_INET, "inet6": AF_INET6}
    with untraced():
        for family, number in families.items():
            for name, (kind, protocol) in PROTOCOLS.items():
                observe(f"{family} {name}", outcome(made(number, kind, protocol)))


def test_protocols_of_netlink(observe: Observe) -> None:
    """By their numbers' names."""
    with untraced():
        for number, name in NETLINK.items():
            observe(name, outcome(made(AF_NETLINK, SOCK_RAW, number)))


def test_congestion_controls(observe: Observe) -> None:
    """Which TCP can be given, tcp(7)."""
    with untraced():
        fd = socket(AF_INET, SOCK_STREAM, 0)
        for name in CONGESTION:
            observe(name, outcome(setsockopt.result_of(fd, IPPROTO_TCP, TCP_CONGESTION, name.encode(), len(name))[1]))


def test_crypto(observe: Observe) -> None:
    """Which algorithms a socket of AF_ALG can be bound to, by their type."""
    with untraced():
        fd, error = socket.result_of(AF_ALG, SOCK_SEQPACKET, 0)
        if error:
            missing("AF_ALG")
        close(fd)
        for kind, names in ALGORITHMS.items():
            for name in names:
                observe(f"{kind} {name}", outcome(bound(kind, name)))


def bound(kind: str, name: str) -> int:
    """The errno of bind(2) to a struct sockaddr_alg."""
    fd = socket(AF_ALG, SOCK_SEQPACKET, 0)
    address = struct.pack("=H14sII64s", AF_ALG, kind.encode(), 0, 0, name.encode())
    try:
        return bind.result_of(fd, address, len(address))[1]
    finally:
        close(fd)
