"""Netfilter: tables of nftables are made and listed by NETLINK_NETFILTER (nft(8))."""

from __future__ import annotations

import struct
from errno import EEXIST, EINVAL, ENOENT, EOPNOTSUPP, EPERM

import pytest

from conformance.syscalls import missing
from conformance.syscalls.help.netlink import ask, netlink_socket, receive, send, verdict
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.netlink import (
    NETLINK_NETFILTER,
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_DUMP,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    NLMSG_DONE,
    attribute,
    attributes,
    request,
)

NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 16, 17
NFNL_SUBSYS_NFTABLES = 10
NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE = 0, 1
NFTA_TABLE_NAME = 1
NFPROTO_UNSPEC, NFPROTO_IPV4 = 0, 2

pytestmark = pytest.mark.needs("root")


def nft(command: int) -> int:
    """The message type of a command of nftables."""
    return NFNL_SUBSYS_NFTABLES << 8 | command


def nfgenmsg(*, family: int = NFPROTO_IPV4, resource: int = 0) -> bytes:
    """`struct nfgenmsg`, the head of all messages of netfilter."""
    return struct.pack("=BB", family, 0) + struct.pack("!H", resource)


def table(name: bytes) -> bytes:
    """A table by name."""
    return nfgenmsg() + attribute(NFTA_TABLE_NAME, name + b"\0")


def batch(*requests: bytes) -> bytes:
    """A transaction: all requests are carried out, or none."""
    head = nfgenmsg(family=NFPROTO_UNSPEC, resource=NFNL_SUBSYS_NFTABLES)
    begin = request(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, head, sequence=100)
    return begin + b"".join(requests) + request(NFNL_MSG_BATCH_END, NLM_F_REQUEST, head, sequence=101)


def new_table(name: bytes, *, sequence: int = 1) -> bytes:
    """A request to make a table that is not there yet."""
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
    return request(nft(NFT_MSG_NEWTABLE), flags, table(name), sequence=sequence)


def tables(fd: int) -> list[bytes]:
    """The names of all tables, or the end of the case where there is no nftables."""
    answers = ask(fd, request(nft(NFT_MSG_GETTABLE), NLM_F_REQUEST | NLM_F_DUMP, nfgenmsg()))
    last = answers.pop()
    if last.error in (EOPNOTSUPP, EINVAL):
        missing("nftables")
    assert (last.kind, last.error) == (NLMSG_DONE, 0)
    return [attributes(each.payload[4:])[NFTA_TABLE_NAME].rstrip(b"\0") for each in answers]


def test_batch_makes_a_table() -> None:
    fd = netlink_socket(NETLINK_NETFILTER)
    assert b"conformance" not in tables(fd)
    send(fd, batch(new_table(b"conformance")))
    assert [answer.error for answer in receive(fd)] == [0]
    assert b"conformance" in tables(fd)


def test_batch_with_a_fault_changes_nothing() -> None:
    fd = netlink_socket(NETLINK_NETFILTER)
    tables(fd)
    send(fd, batch(new_table(b"first", sequence=1), new_table(b"first", sequence=2)))
    answers = {answer.sequence: answer.error for answer in receive(fd)}
    while 2 not in answers:
        answers |= {answer.sequence: answer.error for answer in receive(fd)}
    assert answers[2] == EEXIST
    assert b"first" not in tables(fd)


def test_absent_table_is_enoent() -> None:
    fd = netlink_socket(NETLINK_NETFILTER)
    tables(fd)
    lookup = request(nft(NFT_MSG_GETTABLE), NLM_F_REQUEST | NLM_F_ACK, table(b"absent"))
    assert verdict(fd, lookup) == ENOENT


def test_unprivileged_process_may_not_ask() -> None:
    fd = netlink_socket(NETLINK_NETFILTER)
    tables(fd)
    setresuid(65534, 65534, 65534)
    lookup = request(nft(NFT_MSG_GETTABLE), NLM_F_REQUEST | NLM_F_ACK, table(b"absent"))
    assert verdict(fd, lookup) == EPERM
