"""Packet sockets: frames as the device sees them (packet(7))."""

from __future__ import annotations

import struct
from errno import EINVAL, ENODEV, ENOPROTOOPT, EPERM

import pytest

from cases.sockets._sockets import bound, size_of
from conformance.syscalls import Buffer, untraced
from conformance.syscalls.help.waiting import ready, time_left
from conformance.syscalls.polling.poll import POLLIN
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.addresses import sockaddr_in
from conformance.syscalls.sockets.connections import bind, getsockname
from conformance.syscalls.sockets.messages import recvfrom, sendto
from conformance.syscalls.sockets.options import SOL_PACKET, getsockopt
from conformance.syscalls.sockets.socket import AF_INET, AF_PACKET, SOCK_DGRAM, SOCK_RAW, socket

ETH_P_IP, ETH_P_ALL, ETH_P_EXPERIMENT = 0x0800, 0x0003, 0x88B5
PACKET_STATISTICS = 6
PACKET_HOST, PACKET_OUTGOING = 0, 4
ARPHRD_LOOPBACK = 772
LOOPBACK_INDEX = 1

pytestmark = pytest.mark.needs("root")


def protocol(number: int) -> int:
    """A protocol as socket(2) wants it: in network order."""
    return int.from_bytes(number.to_bytes(2, "big"), "little")


def sockaddr_ll(number: int, index: int) -> bytes:
    """A packet socket's address: protocol and interface."""
    return struct.pack("=H", AF_PACKET) + struct.pack("!H", number) + struct.pack("=iHBB8x", index, 0, 0, 0)


def packet_socket(kind: int) -> int:
    """A socket that sees IPv4 on the loopback interface."""
    fd = socket(AF_PACKET, kind, protocol(ETH_P_IP))
    bind(fd, sockaddr_ll(ETH_P_IP, LOOPBACK_INDEX), 20)
    return fd


def frame_with(fd: int, payload: bytes, packet_type: int = PACKET_HOST) -> tuple[bytes, bytes]:
    """The next frame that ends with `payload`, and the address that comes with it. Not traced."""
    for left in time_left():
        if not ready(fd, POLLIN, left):
            break
        data, address = Buffer(2048), Buffer(20)
        with untraced():
            frame = data.take(recvfrom(fd, data, 2048, 0, address, size_of(20)))
        if frame.endswith(payload) and bytes(address)[10] == packet_type:
            return frame, bytes(address)
    raise AssertionError("the frame was not seen")


def send_datagram(payload: bytes) -> int:
    """Send a datagram over the loopback interface; the port that it goes to."""
    _, port = bound(SOCK_DGRAM)
    sendto(socket(AF_INET, SOCK_DGRAM, 0), payload, len(payload), 0, sockaddr_in(port), 16)
    return port


def test_raw_packet_socket_sees_the_whole_frame() -> None:
    fd = packet_socket(SOCK_RAW)
    port = send_datagram(b"conformance")
    frame, address = frame_with(fd, b"conformance")
    assert frame[12:14] == struct.pack("!H", ETH_P_IP)
    assert frame[14] == 0x45  # IPv4, a head of 20 bytes
    assert frame[23] == 17  # UDP
    assert struct.unpack_from("!H", frame, 36)[0] == port
    assert struct.unpack_from("=i", address, 4)[0] == LOOPBACK_INDEX
    assert struct.unpack_from("=H", address, 8)[0] == ARPHRD_LOOPBACK


def test_datagram_packet_socket_sees_it_without_the_link_header() -> None:
    fd = packet_socket(SOCK_DGRAM)
    send_datagram(b"conformance")
    frame, _ = frame_with(fd, b"conformance")
    assert len(frame) == 20 + 8 + len(b"conformance")
    assert frame[0] == 0x45


def test_outgoing_frames_are_seen_by_who_wants_everything() -> None:
    fd = socket(AF_PACKET, SOCK_DGRAM, protocol(ETH_P_ALL))
    send_datagram(b"conformance")
    frame_with(fd, b"conformance", PACKET_OUTGOING)


def test_frame_that_was_sent_raw_loses_its_link_header_on_the_way_in() -> None:
    """Over the loopback interface, with an ethernet type for experiments (IEEE 802)."""
    receiver = socket(AF_PACKET, SOCK_DGRAM, protocol(ETH_P_EXPERIMENT))
    sender = socket(AF_PACKET, SOCK_RAW, 0)
    frame = bytes(12) + struct.pack("!H", ETH_P_EXPERIMENT) + b"conformance"
    assert sendto(sender, frame, len(frame), 0, sockaddr_ll(0, LOOPBACK_INDEX), 20) == len(frame)
    assert ready(receiver) & POLLIN
    data = Buffer(64)
    assert recvfrom(receiver, data, 64, 0, 0, 0) == len(b"conformance")
    assert data.take(11) == b"conformance"


def test_name_tells_interface_and_its_kind() -> None:
    fd = packet_socket(SOCK_RAW)
    address = Buffer(20)
    getsockname(fd, address, size_of(20))
    family, number, index, kind = struct.unpack_from("=HHiH", bytes(address))
    assert (family, number, index, kind) == (AF_PACKET, protocol(ETH_P_IP), LOOPBACK_INDEX, ARPHRD_LOOPBACK)


def test_interface_that_is_not_there_is_enodev() -> None:
    fd = socket(AF_PACKET, SOCK_RAW, protocol(ETH_P_IP))
    bind.fails_with(ENODEV, fd, sockaddr_ll(ETH_P_IP, 9999), 20)


def test_address_too_short_is_einval() -> None:
    fd = socket(AF_PACKET, SOCK_RAW, protocol(ETH_P_IP))
    bind.fails_with(EINVAL, fd, sockaddr_ll(ETH_P_IP, LOOPBACK_INDEX), 8)


def test_statistics_count_what_was_seen_and_start_anew() -> None:
    fd = packet_socket(SOCK_RAW)
    send_datagram(b"conformance")
    frame_with(fd, b"conformance")
    statistics = Buffer(8)
    with untraced():  # other frames may be among them
        getsockopt.or_missing(
            "PACKET_STATISTICS", ENOPROTOOPT, fd, SOL_PACKET, PACKET_STATISTICS, statistics, size_of(8)
        )
    assert statistics.int_at(0) >= 1
    assert statistics.int_at(4) == 0
    getsockopt(fd, SOL_PACKET, PACKET_STATISTICS, statistics, size_of(8))
    assert statistics.int_at(0) == 0


def test_unprivileged_process_gets_none() -> None:
    socket(AF_PACKET, SOCK_RAW, 0)
    setresuid(65534, 65534, 65534)
    socket.fails_with(EPERM, AF_PACKET, SOCK_RAW, 0)
