"""/proc/net and /sys/class/net: the tables and attributes are those of the sockets and interfaces that there are."""

from __future__ import annotations

import pytest

from conformance.syscalls.help.mounts import mount_new
from conformance.syscalls.help.paths import contents, inode_of, open_present, rest_of, write_to
from conformance.syscalls.sockets.addresses import sockaddr_in, sockaddr_un
from conformance.syscalls.sockets.connections import bind, listen
from conformance.syscalls.sockets.socket import AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM, socket

pytestmark = pytest.mark.needs("root")


def table(name: bytes) -> list[list[bytes]]:
    """The lines of a table below /proc/net, in columns, without the headings."""
    return [line.split() for line in rest_of(open_present(b"/proc/net/" + name)).splitlines()[1:]]


def inode(fd: int) -> bytes:
    """A socket's inode, as the tables write it."""
    return b"%d" % inode_of(fd)


@pytest.mark.parametrize(
    ("name", "kind", "state"), [(b"tcp", SOCK_STREAM, b"0A"), (b"udp", SOCK_DGRAM, b"07")], ids=["tcp", "udp"]
)
def test_internet_socket_is_listed_with_its_address_and_inode(name: bytes, kind: int, state: bytes) -> None:
    """The address in the machine's byte order, the port in the network's; 0A is listening."""
    fd = socket(AF_INET, kind, 0)
    bind(fd, sockaddr_in(7777), 16)
    if kind == SOCK_STREAM:
        listen(fd, 1)
    (line,) = table(name)
    assert (line[1], line[3], line[9]) == (b"0100007F:1E61", state, inode(fd))


def test_unix_socket_is_listed_with_its_name_and_inode() -> None:
    fd = socket(AF_UNIX, SOCK_STREAM, 0)
    address = sockaddr_un(b"\0conformance")
    bind(fd, address, len(address))
    listen(fd, 1)
    (line,) = table(b"unix")
    assert (line[4], line[6], line[7]) == (b"0001", inode(fd), b"@conformance")


def test_loopback_interface_has_its_attributes() -> None:
    """sysfs shows the network namespace of who mounted it."""
    mount_new(b"sysfs", b"sys")
    path = b"sys/class/net/lo/"
    open_present(path + b"ifindex")
    told = [contents(path + name).strip() for name in (b"ifindex", b"address", b"flags", b"mtu")]
    assert told == [b"1", b"00:00:00:00:00:00", b"0x9", b"65536"]
    write_to(path + b"mtu", b"1500")
    assert contents(path + b"mtu") == b"1500\n"
