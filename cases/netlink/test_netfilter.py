"""Netfilter: tables of nftables are made and listed by NETLINK_NETFILTER (nft(8))."""

from __future__ import annotations

from errno import EEXIST, EINVAL, ENOENT, EOPNOTSUPP, EPERM

import pytest

from cases.netlink._nftables import NFT_MSG_GETTABLE, NFTA_TABLE_NAME, batch, new_table, nfgenmsg, nft, table
from conformance.syscalls import missing
from conformance.syscalls.help.netlink import ask, netlink_socket, receive, send, verdict
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.netlink import (
    NETLINK_NETFILTER,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    attributes,
    request,
)

pytestmark = pytest.mark.needs("root")


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
