"""Protocols: families and types of sockets, what netlink, TCP and the crypto interface of the kernel are made of."""

from __future__ import annotations

import struct
from errno import EAFNOSUPPORT
from typing import TYPE_CHECKING

import pytest

from cases.survey._lists import observe_all, outcome
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

FAMILIES = dict(
    enumerate(
        "unspec unix inet ax25 ipx appletalk netrom bridge atmpvc x25 inet6 rose decnet netbeui security key netlink "
        "packet ash econet atmsvc rds sna irda pppox wanpipe llc ib mpls can tipc bluetooth iucv rxrpc isdn phonet "
        "ieee802154 caif alg nfc vsock kcm qipcrtr smc xdp mctp".split()
    )
)
"""<linux/socket.h>."""
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
    "dccp": (6, 33),
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
CONGESTION = (
    "reno cubic bbr dctcp vegas westwood htcp hybla illinois bic scalable lp veno yeah nv cdg highspeed".split()
)
ALGORITHMS = {
    "hash": (
        *("md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3-256", "sm3", "blake2b-256", "crc32", "crc32c"),
        *("hmac(sha1)", "hmac(sha256)", "cmac(aes)", "xxhash64", "rmd160", "wp512"),
    ),
    "skcipher": (
        *("cbc(aes)", "ctr(aes)", "ecb(aes)", "xts(aes)", "cts(cbc(aes))", "cbc(des3_ede)", "chacha20", "cbc(sm4)"),
        *("cbc(camellia)", "cbc(serpent)", "cbc(twofish)", "adiantum(xchacha12,aes)", "ecb(arc4)"),
    ),
    "aead": (
        *("gcm(aes)", "ccm(aes)", "rfc4106(gcm(aes))", "rfc7539(chacha20,poly1305)"),
        "authenc(hmac(sha256),cbc(aes))",
    ),
    "rng": ("stdrng", "jitterentropy_rng"),
}


def test_families(observe: Observe) -> None:
    """Each with each type, and no protocol; a family that is not there at all is told once."""
    with untraced():
        observe_all(
            ((f"{FAMILIES[number]}{kind}", said) for number in FAMILIES for kind, said in types(number)), observe
        )


def types(family: int) -> list[tuple[str, str]]:
    """What comes of a socket of each type."""
    found = []
    for name, number in TYPES.items():
        error = made(family, number)
        if error == EAFNOSUPPORT:
            return [("", outcome(error))]
        found.append((f" {name}", outcome(error)))
    return found


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
