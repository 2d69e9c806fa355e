from __future__ import annotations

import socket
import struct

import pytest

from conformance.syscalls.machinery.chains import struct_behind
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.sockets.netlink import (
    NETLINK_GENERIC,
    NETLINK_KOBJECT_UEVENT,
    NETLINK_ROUTE,
    NLM_F_ACK_TLVS,
    NLM_F_CAPPED,
    NLM_F_REQUEST,
    NLMSG_ERROR,
    attribute,
    ifaddrmsg,
    ifinfomsg,
    request,
)
from conformance.syscalls.sockets.records import (
    DIAG,
    GENERIC,
    IFA_ADDRESS,
    IFA_CACHEINFO,
    IFLA_IFNAME,
    IFLA_INFO_KIND,
    IFLA_LINKINFO,
    IFLA_MTU,
    LINK_SPACE,
    NETFILTER,
    NLMSGERR_ATTR_MSG,
    NLMSGERR_ATTR_OFFS,
    PLAIN_NETLINK,
    PROTOCOLS,
    ROUTE,
    RTM_GETLINK,
    RTM_NEWADDR,
    RTM_NEWLINK,
    Ifaddrmsg,
    Ifinfomsg,
    Ndmsg,
    Nlmsghdr,
    Rtmsg,
)

OF_ROUTE = PLAIN_NETLINK[NETLINK_ROUTE]
NAME = attribute(IFLA_IFNAME, b"lo\0")
MTU = attribute(IFLA_MTU, struct.pack("=I", 1500))
KIND = attribute(IFLA_LINKINFO, attribute(IFLA_INFO_KIND, b"veth\0"))
WHOLE = request(RTM_NEWLINK, 0, ifinfomsg(index=1) + NAME + MTU + KIND)


def normal(data: bytes) -> dict[str, object]:
    found = OF_ROUTE.normal(data.decode("latin-1"), Names())
    assert isinstance(found, dict)
    return dict(found)


def error(code: int, flags: int, request: bytes, more: bytes = b"", *, port: int = 7) -> bytes:
    """An error, or an acknowledgement."""
    body = struct.pack("=i", code) + request + more
    return struct.pack("=IHHII", 16 + len(body), NLMSG_ERROR, flags, 1, port) + body


def test_heads_have_the_kernel_s_size() -> None:
    assert {each.head.size() for each in PROTOCOLS.values()} == {Nlmsghdr.size()} == {16}
    assert (Ifinfomsg.size(), Ifaddrmsg.size(), Rtmsg.size(), Ndmsg.size()) == (16, 8, 12, 12)
    assert LINK_SPACE.head.size() == 4
    assert all(each.others and each.others.head.size() == 4 for each in (ROUTE, GENERIC, DIAG, NETFILTER))


def test_attributes_are_compared_under_their_names_at_any_depth() -> None:
    found = normal(WHOLE)
    assert found["RTM_NEWLINK.IFLA_IFNAME.text"] == "lo"
    assert found["RTM_NEWLINK.IFLA_MTU.value32"] == 1500
    assert found["RTM_NEWLINK.IFLA_LINKINFO.IFLA_INFO_KIND.text"] == "veth"
    assert found["order"] == [
        "RTM_NEWLINK",
        "RTM_NEWLINK.IFLA_IFNAME",
        "RTM_NEWLINK.IFLA_MTU",
        "RTM_NEWLINK.IFLA_LINKINFO",
        "RTM_NEWLINK.IFLA_LINKINFO.IFLA_INFO_KIND",
    ]


@pytest.mark.parametrize(
    "other",
    [
        request(RTM_NEWLINK, 0, ifinfomsg(index=1) + MTU + NAME + KIND),
        request(RTM_NEWLINK, 0, ifinfomsg(index=1) + NAME + MTU),
        request(RTM_NEWLINK, 0, ifinfomsg(index=2) + NAME + MTU + KIND),
        request(RTM_NEWLINK, 1, ifinfomsg(index=1) + NAME + MTU + KIND),
        request(RTM_GETLINK, 0, ifinfomsg(index=1) + NAME + MTU + KIND),
        request(RTM_NEWLINK, 0, ifinfomsg(index=1) + NAME + MTU + KIND, sequence=2),
        request(RTM_NEWLINK, 0, ifinfomsg(index=1) + attribute(IFLA_IFNAME, b"l0\0") + MTU + KIND),
        request(RTM_NEWLINK, 0, ifinfomsg(index=1) + NAME + MTU + attribute(9, b"") + KIND),
        WHOLE + WHOLE,
        WHOLE[:-4],
        b"",
    ],
)
def test_an_answer_of_another_type_flags_or_attributes_differs(other: bytes) -> None:
    assert normal(other) != normal(WHOLE)


def test_of_what_is_the_machine_s_only_is_compared_that_it_is_there_and_how_long() -> None:
    def times(data: bytes) -> dict[str, object]:
        return normal(request(RTM_NEWADDR, 0, ifaddrmsg(index=1) + attribute(IFA_CACHEINFO, data)))

    assert times(bytes(16)) == times(b"\1" * 16)
    assert times(bytes(16)) != times(bytes(12))


def test_addresses_of_either_family_are_read_and_those_of_a_device_are_not_compared() -> None:
    def address(data: bytes) -> object:
        found = normal(request(RTM_NEWADDR, 0, ifaddrmsg(index=1) + attribute(IFA_ADDRESS, data)))
        return next(value for name, value in found.items() if "IFA_ADDRESS.value" in name)

    assert address(bytes((127, 0, 0, 1))) == 0x100007F
    assert address(bytes(15) + b"\1") != address(bytes(15) + b"\2")
    assert address(b"\xfe\x80" + bytes(14)) == address(b"\xfe\x80" + b"\1" * 14)


def test_a_port_id_is_only_whether_it_is_the_same() -> None:
    asked = request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg())
    assert normal(error(-19, 0, asked)) == normal(error(-19, 0, asked, port=9))
    assert normal(error(-19, 0, asked)) != normal(error(-19, 0, asked, port=0))
    assert normal(error(-19, 0, asked)) != normal(error(-22, 0, asked))
    assert normal(error(-19, 0, asked)) != normal(error(-19, NLM_F_CAPPED, asked[:16]))


def test_words_of_an_extended_acknowledgement_are_not_compared_but_that_there_are_some() -> None:
    def told(*attributes: bytes) -> dict[str, object]:
        found = normal(error(-19, NLM_F_ACK_TLVS | NLM_F_CAPPED, WHOLE[:16], b"".join(attributes)))
        return {name: value for name, value in found.items() if name != "NLMSG_ERROR.nlmsg_len"}

    offset = attribute(NLMSGERR_ATTR_OFFS, struct.pack("=I", 20))
    said, other = attribute(NLMSGERR_ATTR_MSG, b"no such device\0"), attribute(NLMSGERR_ATTR_MSG, b"gone\0")
    assert told(said, offset) == told(other, offset)
    assert told(said, offset) != told(offset)
    assert told(said, offset) != told(said, attribute(NLMSGERR_ATTR_OFFS, struct.pack("=I", 24)))


def test_what_was_asked_stands_in_an_error_before_what_is_told_of_it() -> None:
    asked = request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg() + MTU)
    shown = OF_ROUTE.show(error(-19, NLM_F_ACK_TLVS, asked, attribute(NLMSGERR_ATTR_MSG, b"gone\0")).decode("latin-1"))
    assert "{error=-19}, {nlmsg_len=40, nlmsg_type=RTM_GETLINK, nlmsg_flags=NLM_F_REQUEST, nlmsg_seq=1}" in shown
    assert shown.endswith("{nla_len=9, nla_type=NLMSGERR_ATTR_MSG}]")


@pytest.mark.parametrize("size", range(len(WHOLE)))
def test_a_beginning_is_read_as_far_as_it_goes_and_as_the_whole_is(size: int) -> None:
    whole = [each for each in OF_ROUTE.pieces(WHOLE) if each.at < size]
    assert [each for each in OF_ROUTE.pieces(WHOLE[:size]) if each.at < size] == whole
    known = {each.at: each.struct for each in OF_ROUTE.pieces(WHOLE)}
    assert struct_behind(OF_ROUTE, WHOLE[:size]) is known.get(size)


@pytest.mark.parametrize(
    "data",
    [
        b"\0" * 16,
        struct.pack("=IHHII", 0xFFFFFFFF, RTM_NEWLINK, 0, 0, 0) + bytes(64),
        request(RTM_NEWLINK, 0, ifinfomsg() + struct.pack("=HH", 3, IFLA_MTU) + b"abcd"),
        request(RTM_NEWLINK, 0, ifinfomsg() + struct.pack("=HH", 0xFFFF, IFLA_LINKINFO) + b"abcd"),
        request(NLMSG_ERROR, 0, b""),
        request(NLMSG_ERROR, 0, bytes(4) + struct.pack("=I", 0xFFFFFFFF) + bytes(12)),
    ],
)
def test_lengths_that_are_none_are_read_without_end(data: bytes) -> None:
    assert normal(data)["order"]
    assert normal(data) == normal(data)


def test_flags_have_the_names_that_they_have_in_such_a_message() -> None:
    def flags(kind: int, bits: int) -> str:
        return OF_ROUTE.show(request(kind, bits, b"").decode("latin-1"))

    assert "NLM_F_DUMP|NLM_F_REQUEST" in flags(RTM_GETLINK, 0x301)
    assert "NLM_F_CREATE|NLM_F_EXCL" in flags(RTM_NEWLINK, 0x600)
    assert "NLM_F_ACK_TLVS|NLM_F_CAPPED" in flags(NLMSG_ERROR, 0x300)


def test_events_are_text_but_for_their_number_and_answers_are_messages() -> None:
    events = PLAIN_NETLINK[NETLINK_KOBJECT_UEVENT]

    def event(number: int, action: str = "change") -> str:
        return f"{action}@/d0\0ACTION={action}\0SEQNUM={number}\0"

    assert (
        events.normal(event(7), Names()) == events.normal(event(8), Names()) != events.normal(event(7, "add"), Names())
    )
    assert events.normal(event(7)[:-9], Names()) != events.normal(event(7), Names())
    assert events.show(event(7)).startswith("b'change@/d0")
    answered = events.normal(error(-1, 0, WHOLE[:16]).decode("latin-1"), Names())
    assert isinstance(answered, dict)
    assert answered["NLMSG_ERROR.error"] == -1


def test_the_kernel_s_own_words_are_understood() -> None:
    """`lo`, and the controller of generic netlink, are everywhere."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_ROUTE) as channel:
        channel.send(request(RTM_GETLINK, NLM_F_REQUEST, ifinfomsg(index=1)))
        found = normal(channel.recv(1 << 16))
    assert (found["RTM_NEWLINK.ifi_index"], found["RTM_NEWLINK.IFLA_IFNAME.text"]) == (1, "lo")
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC) as channel:
        channel.send(request(16, NLM_F_REQUEST, b"\3\1\0\0" + attribute(2, b"nlctrl\0")))
        shown = PLAIN_NETLINK[NETLINK_GENERIC].show(channel.recv(1 << 16).decode("latin-1"))
    assert "{text=b'nlctrl'}" in shown
