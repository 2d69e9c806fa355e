"""Tun devices: a program reads what the kernel sends, and what it writes arrives (networking/tuntap.rst)."""

from __future__ import annotations

import struct

import pytest

from cases.devices._devices import device
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.files.ioctls import ioctl
from conformance.syscalls.files.reading import read, write
from conformance.syscalls.help.netlink import ask, netlink_socket, verdict
from conformance.syscalls.help.waiting import ready
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.connections import bind
from conformance.syscalls.sockets.messages import recvfrom, sendto
from conformance.syscalls.sockets.netlink import (
    IFA_ADDRESS,
    IFA_LOCAL,
    IFF_UP,
    IFLA_IFNAME,
    NETLINK_ROUTE,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_REQUEST,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_SETLINK,
    attribute,
    ifaddrmsg,
    ifinfomsg,
    request,
)
from conformance.syscalls.sockets.socket import AF_INET, SOCK_DGRAM, socket

TUN = b"/dev/net/tun"
TUNSETIFF = 0x400454CA
NAME = b"tun0"
IFF_TUN, IFF_NO_PI = 1, 0x1000
DO = NLM_F_REQUEST | NLM_F_ACK
OWN, PEER = 0x0A000001, 0x0A000002
UDP, PORT, PEER_PORT = 17, 4000, 5000

pytestmark = pytest.mark.needs("root")


def tun() -> int:
    """A device that is up and has the address OWN in a network with PEER."""
    fd = device(TUN)
    ioctl(fd, TUNSETIFF, Buffer(NAME.ljust(16, b"\0") + struct.pack("=H22x", IFF_TUN | IFF_NO_PI)))
    own = struct.pack("!I", OWN)
    with untraced():  # the index depends on which links a new namespace has
        route = netlink_socket(NETLINK_ROUTE)
        (link,) = ask(route, request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg() + attribute(IFLA_IFNAME, NAME + b"\0")))
        (index,) = struct.unpack_from("=i", link.payload, 4)
        address = ifaddrmsg(family=AF_INET, prefix=24, index=index)
        address += attribute(IFA_LOCAL, own) + attribute(IFA_ADDRESS, own)
        assert verdict(route, request(RTM_NEWADDR, DO | NLM_F_CREATE, address)) == 0
        assert verdict(route, request(RTM_SETLINK, DO, ifinfomsg(index=index, flags=IFF_UP, change=IFF_UP))) == 0
    return fd


def next_packet(fd: int, protocol: int) -> bytes:
    """The next IPv4 packet of a protocol; what else the kernel sends is passed over. Not traced."""
    data = Buffer(2048)
    while ready(fd) & POLLIN:
        with untraced():
            packet = data.take(read(fd, data, 2048))
        if packet[0] >> 4 == 4 and packet[9] == protocol:
            return packet
    raise AssertionError("no such packet was sent")


def datagram(text: bytes) -> bytes:
    """An IPv4 packet with a UDP datagram from PEER to OWN, without a checksum of its own."""
    head = struct.pack("!BBHHHBBHII", 0x45, 0, 28 + len(text), 1, 0, 64, UDP, 0, PEER, OWN)
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack("!H", ~total & 0xFFFF) + head[12:]
    return head + struct.pack("!HHHH", PEER_PORT, PORT, 8 + len(text), 0) + text


def test_packet_goes_out_to_the_program_and_its_answer_comes_in() -> None:
    fd = tun()
    own = socket(AF_INET, SOCK_DGRAM, 0)
    bind(own, sockaddr_in(PORT, OWN), 16)
    assert sendto(own, b"ping", 4, 0, sockaddr_in(PEER_PORT, PEER), 16) == 4
    packet = next_packet(fd, UDP)
    assert struct.unpack_from("!II", packet, 12) == (OWN, PEER)
    assert struct.unpack_from("!HH", packet, 20) == (PORT, PEER_PORT)
    assert packet[28:] == b"ping"
    answer = datagram(b"pong!")
    assert write(fd, answer, len(answer)) == len(answer)
    assert ready(own) == POLLIN
    data = Buffer(16)
    assert recvfrom(own, data, 16, 0, 0, 0) == 5
    assert data.take(5) == b"pong!"
