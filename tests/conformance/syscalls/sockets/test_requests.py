from __future__ import annotations

import struct

import pytest

from conformance.programs.harmful import touches
from conformance.programs.notation.parse import parse_program
from conformance.programs.notation.printing import print_program
from conformance.search.bind import complete, plain_call
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.touches import NETWORK
from conformance.syscalls.sockets.netlink import NETLINK_ROUTE
from conformance.syscalls.sockets.records import NLM_F_ACK, PLAIN_NETLINK

PROTOCOLS = ("route", "generic", "diag", "netfilter", "audit", "uevent")
NETNS = {19, 28, 37, 46, 51}
"""IFLA_NET_NS_PID, IFLA_NET_NS_FD, IFLA_LINK_NETNSID, IFLA_TARGET_NETNSID, IFLA_NEW_NETNSID: ways to other networks."""


def requests(protocol: str) -> list[bytes]:
    choices = grammar()[f"sendto_{protocol}"].parameters[1].choices
    return list(dict.fromkeys(each.data for each in choices if isinstance(each, Blob)))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_is_asked_is_written_by_its_members_and_comes_back(protocol: str) -> None:
    for data in requests(protocol):
        program = complete([plain_call(f"sendto_{protocol}", buf=Blob(data))])
        text = print_program(program)
        assert parse_program(text) == program
        assert len(data) < 16 or "nlmsg_" in text


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_asks_has_a_network_of_its_own(protocol: str) -> None:
    assert NETWORK in touches(complete([plain_call(f"sendto_{protocol}")]))


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_question_and_its_answer_are_one_sequence(protocol: str) -> None:
    program = complete([plain_call(f"sendto_{protocol}"), plain_call(f"recvfrom_{protocol}")])
    assert [step.label for step in program.steps] == [f"{each}_{protocol}" for each in ("socket", "sendto", "recvfrom")]


def test_there_are_well_formed_short_long_and_nested_ones_with_every_flag() -> None:
    data = requests("route")
    lengths = [struct.unpack_from("=I", each)[0] - len(each) for each in data if len(each) >= 4]
    assert {0} < set(lengths)
    assert min(lengths) < 0 < max(lengths)
    flags = {struct.unpack_from("=H", each, 6)[0] for each in data if len(each) >= 8}
    assert {1 << bit for bit in range(12)} <= {bit for each in flags for bit in (each & -each, each & ~1)}
    assert any(each & NLM_F_ACK for each in flags)
    assert len(data) > 150


def test_no_link_is_moved_to_another_network() -> None:
    kind = PLAIN_NETLINK[NETLINK_ROUTE]
    for data in requests("route"):
        heads = [each for each in kind.pieces(data) if each.depth > 0 and each.at + 4 <= len(data)]
        assert NETNS.isdisjoint(struct.unpack_from("=H", data, each.at + 2)[0] & 0x3FFF for each in heads)


def test_netfilter_and_audit_are_only_asked() -> None:
    kinds = {struct.unpack_from("=H", each, 4)[0] for each in requests("netfilter") if len(each) >= 6}
    assert kinds <= {0, 15, 0xFFFF, 99 << 8, 1 << 8 | 1, *(10 << 8 | each for each in (1, 4, 7, 16))}
    assert {struct.unpack_from("=H", each, 4)[0] for each in requests("audit") if len(each) >= 6} == {1000}
