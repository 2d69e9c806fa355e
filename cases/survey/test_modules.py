"""Modules: what is built in, what comes as a module when it is asked for, and what is not there at all."""

from __future__ import annotations

from errno import EAFNOSUPPORT, ENODEV, ENOENT, ENOSYS, EOPNOTSUPP
from typing import TYPE_CHECKING

import pytest

from cases.netlink._nftables import BEGIN, batch, new_chain, new_rule, new_table
from cases.survey._lists import outcome
from conformance.syscalls import missing, untraced
from conformance.syscalls.files.opening import close
from conformance.syscalls.help.netlink import netlink_socket, receive, send, verdict
from conformance.syscalls.help.paths import contents, exists
from conformance.syscalls.mounts.contexts import FSOPEN_CLOEXEC, fsopen
from conformance.syscalls.sockets.netlink import (
    IFLA_IFNAME,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    NETLINK_NETFILTER,
    NETLINK_ROUTE,
    NLA_F_NESTED,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    RTM_NEWLINK,
    attribute,
    ifinfomsg,
    request,
)
from conformance.syscalls.sockets.socket import SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_STREAM, socket

if TYPE_CHECKING:
    from conformance.guest.plugin import Observe

pytestmark = pytest.mark.needs("root", "disposable")
"""What is asked for is loaded, and stays."""

FILE_SYSTEMS = {
    **{name: name for name in "9p cifs cramfs erofs exfat ext4 f2fs fuse ntfs3 overlay squashfs udf vfat".split()},
    **{name: name for name in "binfmt_misc configfs minix romfs virtiofs".split()},
    "autofs": "autofs4",
    "binder": "binder_linux",
    "iso9660": "isofs",
    "nfs": "nfs",
}
"""By their names, their modules: those that are asked for most, and that begin nothing by themselves."""
FAMILIES = {
    "alg": (38, "af_alg"),
    "bluetooth": (31, "bluetooth"),
    "can": (29, "can"),
    "kcm": (41, "kcm"),
    "key": (15, "af_key"),
    "packet": (17, "af_packet"),
    "qipcrtr": (42, "qrtr"),
    "rds": (21, "rds"),
    "smc": (43, "smc"),
    "tipc": (30, "tipc"),
    "vsock": (40, "vsock"),
    "xdp": (44, "xsk"),
}
"""<linux/socket.h>: their numbers and modules."""
TYPES = (SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET)
"""Each family has one of them."""
LINKS = {
    **{name: name for name in "bridge geneve ipvlan macsec macvlan macvtap nlmon vcan veth vrf vxlan".split()},
    "vlan": "8021q",
    "wireguard": "wireguard",
}
"""Kinds of network devices and their modules, but those whose modules make a device when they are loaded."""
EXPRESSIONS = {
    **{name: f"nft_{name}" for name in "connlimit ct flow_offload hash limit log masq nat numgen osf queue".split()},
    **{name: f"nft_{name}" for name in "quota redir socket synproxy tproxy tunnel xfrm".split()},
    "dup": "nft_dup_ipv4",
    "fib": "nft_fib_ipv4",
    "match": "nft_compat",
    "reject": "nft_reject_ipv4",
    "target": "nft_compat",
}
"""Expressions of nftables, in a table of IPv4, and their modules."""
RULE, LAST = 3, 4
"""The sequence numbers of the request that tells, and of one that fails, so that nothing comes of any."""


def loaded() -> set[str]:
    """The modules that the kernel has loaded."""
    lines = contents(b"/proc/modules").decode().splitlines() if exists(b"/proc/modules") else []
    return {line.split()[0] for line in lines}


def standing(module: str, error: int, absent: int) -> str:
    """What is said of something that was asked for: how it has come, or that it has not."""
    if error == absent:
        return outcome(error)
    return f"module {module}" if module in loaded() else "built in"


def test_modules_of_file_systems(observe: Observe) -> None:
    """By fsopen(2), which mounts nothing."""
    with untraced():
        for name, module in FILE_SYSTEMS.items():
            fd, error = fsopen.result_of(name.encode(), FSOPEN_CLOEXEC)
            if error == ENOSYS:
                missing("fsopen")
            if not error:
                close(fd)
            observe(name, standing(module, error, ENODEV))


def test_modules_of_families(observe: Observe) -> None:
    """By socket(2) with each type, until there is one."""
    with untraced():
        for name, (number, module) in FAMILIES.items():
            errors = [asked(number, kind) for kind in TYPES]
            observe(name, standing(module, max(errors, key=lambda error: error != EAFNOSUPPORT), EAFNOSUPPORT))


def asked(family: int, kind: int) -> int:
    """The errno of a socket, 0 where there is one; it is closed again."""
    fd, error = socket.result_of(family, kind, 0)
    if not error:
        close(fd)
    return error


def test_modules_of_links(observe: Observe) -> None:
    """By a request for a new one, which may well be refused for want of what it should lead to."""
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
    fd = netlink_socket(NETLINK_ROUTE)
    with untraced():
        for kind, module in LINKS.items():
            info = attribute(IFLA_LINKINFO | NLA_F_NESTED, attribute(IFLA_INFO_KIND, kind.encode()))
            payload = ifinfomsg() + attribute(IFLA_IFNAME, f"a-{kind}".encode() + b"\0") + info
            observe(kind, standing(module, verdict(fd, request(RTM_NEWLINK, flags, payload)), EOPNOTSUPP))


def test_modules_of_expressions(observe: Observe) -> None:
    """By a rule of each, in a transaction that comes to nothing: ENOENT where there is none of that name."""
    fd = netlink_socket(NETLINK_NETFILTER)
    with untraced():
        for name, module in EXPRESSIONS.items():
            send(fd, batch(*transaction(name.encode())))
            observe(name, standing(module, answered(fd), ENOENT))


def transaction(expression: bytes) -> list[bytes]:
    """A table, a chain and a rule that has just this; and the table once more, which there is already."""
    ahead = [new_table(b"t"), new_chain(b"c", b"t", sequence=2)]
    return [*ahead, new_rule(b"c", b"t", expression, sequence=RULE), new_table(b"t", sequence=LAST)]


def answered(fd: int) -> int:
    """The errno of the request for a rule, once all of its transaction has been answered."""
    errors: dict[int, int] = {}
    while LAST not in errors:
        errors |= {answer.sequence: answer.error for answer in receive(fd)}
        if errors.get(BEGIN):
            missing("nftables")
    return errors[RULE]
