from __future__ import annotations

import errno
import socket
import struct

import pytest

from conformance.syscalls.sockets.netlink import (
    IFLA_IFNAME,
    LOOPBACK_INDEX,
    NETLINK_ROUTE,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    NLMSG_NOOP,
    RTM_GETADDR,
    RTM_GETLINK,
    RTM_NEWLINK,
    NetlinkMessage,
    attribute,
    attributes,
    ifaddrmsg,
    ifinfomsg,
    messages,
    request,
    rtmsg,
)


def test_messages_are_told_apart_and_padding_between_them_is_passed_over() -> None:
    one, two = request(NLMSG_NOOP, 1, b"hello", sequence=7), request(NLMSG_DONE, 2, bytes(4), sequence=8)
    assert messages(one + bytes(3) + two) == [
        NetlinkMessage(NLMSG_NOOP, 1, 7, b"hello"),
        NetlinkMessage(NLMSG_DONE, 2, 8, bytes(4)),
    ]


@pytest.mark.parametrize("data", [b"", bytes(15), struct.pack("=IHHII", 0, 1, 0, 0, 0), bytes(64)])
def test_what_is_no_message_ends_the_reading(data: bytes) -> None:
    assert messages(data) == []


@pytest.mark.parametrize("data", [b"", b"a", b"hello", b"longer than four"])
def test_an_attribute_is_read_as_it_was_written_and_takes_whole_words(data: bytes) -> None:
    first, second = attribute(3, data), attribute(4, b"x")
    assert len(first) % 4 == 0
    assert attributes(first + second) == {3: data, 4: b"x"}


def test_flags_of_an_attribute_s_type_are_no_part_of_it() -> None:
    assert attributes(attribute(3 | 0x8000, b"nested")) == {3: b"nested"}


@pytest.mark.parametrize("data", [b"", b"\0\0\0", bytes(8)])
def test_what_is_no_attribute_ends_the_reading(data: bytes) -> None:
    assert attributes(data) == {}


def test_an_error_and_the_end_of_a_dump_carry_an_errno_and_nothing_else_does() -> None:
    assert NetlinkMessage(NLMSG_ERROR, 0, 1, struct.pack("=i", -errno.EPERM) + bytes(16)).error == errno.EPERM
    assert NetlinkMessage(NLMSG_DONE, 0, 1, bytes(4)).error == 0
    with pytest.raises(AssertionError, match="says nothing about errors"):
        _ = NetlinkMessage(RTM_NEWLINK, 0, 1, bytes(4)).error


def test_the_kernel_understands_a_request_and_is_understood() -> None:
    """`lo` is in every network namespace."""
    asked = request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg(index=LOOPBACK_INDEX), sequence=5)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as channel:
        channel.send(asked)
        (answer,) = messages(channel.recv(1 << 16))
    assert (answer.kind, answer.sequence) == (RTM_NEWLINK, 5)
    assert attributes(answer.payload[16:])[IFLA_IFNAME] == b"lo\0"


@pytest.mark.parametrize(
    ("head", "size"), [(ifinfomsg(), 16), (ifaddrmsg(family=2, prefix=24, index=1), 8), (rtmsg(family=2), 12)]
)
def test_heads_have_the_kernel_s_size(head: bytes, size: int) -> None:
    assert len(head) == size
    assert len(request(RTM_GETADDR, 0, head)) == 16 + size
