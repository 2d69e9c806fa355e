"""Messages of nftables: tables, chains, rules, in transactions (linux/netfilter/nf_tables.h)."""

from __future__ import annotations

import struct

from conformance.syscalls.sockets.netlink import (
    NLM_F_ACK,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REQUEST,
    attribute,
    request,
)

NFNL_MSG_BATCH_BEGIN, NFNL_MSG_BATCH_END = 16, 17
NFNL_SUBSYS_NFTABLES = 10
NFT_MSG_NEWTABLE, NFT_MSG_GETTABLE, NFT_MSG_NEWCHAIN, NFT_MSG_NEWRULE = 0, 1, 3, 6
NFTA_TABLE_NAME = 1
NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME = 1, 3
NFTA_RULE_TABLE, NFTA_RULE_CHAIN, NFTA_RULE_EXPRESSIONS = 1, 2, 4
NFTA_LIST_ELEM, NFTA_EXPR_NAME = 1, 1
NFPROTO_UNSPEC, NFPROTO_IPV4 = 0, 2
BEGIN, END = 100, 101
"""The sequence numbers of what is around a transaction."""


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
    begin = request(NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, head, sequence=BEGIN)
    return begin + b"".join(requests) + request(NFNL_MSG_BATCH_END, NLM_F_REQUEST, head, sequence=END)


def new_table(name: bytes, *, sequence: int = 1) -> bytes:
    """A request to make a table that is not there yet."""
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL
    return request(nft(NFT_MSG_NEWTABLE), flags, table(name), sequence=sequence)


def new_chain(name: bytes, of: bytes, *, sequence: int) -> bytes:
    """A request to make a chain of a table."""
    payload = nfgenmsg() + attribute(NFTA_CHAIN_TABLE, of + b"\0") + attribute(NFTA_CHAIN_NAME, name + b"\0")
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE
    return request(nft(NFT_MSG_NEWCHAIN), flags, payload, sequence=sequence)


def new_rule(chain: bytes, of: bytes, expression: bytes, *, sequence: int) -> bytes:
    """A request to put a rule into a chain: one expression, by its name, of which nothing else is said."""
    named = attribute(NFTA_LIST_ELEM, attribute(NFTA_EXPR_NAME, expression + b"\0"))
    payload = nfgenmsg() + attribute(NFTA_RULE_TABLE, of + b"\0") + attribute(NFTA_RULE_CHAIN, chain + b"\0")
    flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE
    whole = payload + attribute(NFTA_RULE_EXPRESSIONS, named)
    return request(nft(NFT_MSG_NEWRULE), flags, whole, sequence=sequence)
