"""Audit: the kernel's audit system answers the privileged of the first namespaces on NETLINK_AUDIT (auditctl(8))."""

from __future__ import annotations

import struct
from errno import EPERM

import pytest

from cases.netlink._namespaces import only_in_first_namespaces
from conformance.syscalls.help.netlink import ask, netlink_socket, receive, send, verdict
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.sockets.netlink import (
    NETLINK_ADD_MEMBERSHIP,
    NETLINK_AUDIT,
    NLM_F_ACK,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    request,
)
from conformance.syscalls.sockets.options import SOL_NETLINK, setsockopt

AUDIT_GET, AUDIT_LIST_RULES, AUDIT_GET_FEATURE = 1000, 1013, 1019
AUDIT_NLGRP_READLOG = 1

pytestmark = pytest.mark.needs("root")


@pytest.mark.shares("net", "pid")
def test_status_can_be_asked_for() -> None:
    """`struct audit_status` begins with mask, enabled and failure."""
    fd = netlink_socket(NETLINK_AUDIT)
    only_in_first_namespaces()
    send(fd, request(AUDIT_GET, NLM_F_REQUEST, b""))
    (answer,) = receive(fd)
    assert answer.kind == AUDIT_GET
    _, enabled, failure = struct.unpack_from("=III", answer.payload)
    assert enabled in (0, 1, 2)  # off, on, locked
    assert failure in (0, 1, 2)  # silent, print, panic


@pytest.mark.shares("net", "pid")
def test_list_of_rules_ends_with_done() -> None:
    fd = netlink_socket(NETLINK_AUDIT)
    only_in_first_namespaces()
    send(fd, request(AUDIT_LIST_RULES, NLM_F_REQUEST, b""))
    answers = receive(fd)
    while answers[-1].kind not in (NLMSG_DONE, NLMSG_ERROR):
        assert answers[-1].kind == AUDIT_LIST_RULES
        answers = receive(fd)
    assert answers[-1].kind == NLMSG_DONE


@pytest.mark.shares("net", "pid")
def test_features_can_be_asked_for() -> None:
    """`struct audit_features` (Linux 3.13): version, mask, features, lock."""
    fd = netlink_socket(NETLINK_AUDIT)
    only_in_first_namespaces()
    send(fd, request(AUDIT_GET_FEATURE, NLM_F_REQUEST, b""))
    (answer,) = receive(fd)
    assert answer.kind == AUDIT_GET_FEATURE
    assert struct.unpack_from("=I", answer.payload)[0] == 1


@pytest.mark.shares("net", "pid")
def test_unprivileged_process_may_not_ask() -> None:
    fd = netlink_socket(NETLINK_AUDIT)
    setresuid(65534, 65534, 65534)
    assert verdict(fd, request(AUDIT_GET, NLM_F_REQUEST | NLM_F_ACK, b"")) == EPERM


def test_process_of_another_pid_namespace_may_not_ask() -> None:
    """Only the initial PID namespace may configure audit (Linux 3.15, commit 5985de6754a6)."""
    fd = netlink_socket(NETLINK_AUDIT)
    (answer,) = ask(fd, request(AUDIT_GET, NLM_F_REQUEST, b""))
    assert answer.kind == NLMSG_ERROR
    assert answer.error == EPERM


def test_unprivileged_process_may_not_read_the_log() -> None:
    """The group of the log takes CAP_AUDIT_READ (Linux 3.16)."""
    fd = netlink_socket(NETLINK_AUDIT)
    setresuid(65534, 65534, 65534)
    setsockopt.fails_with(EPERM, fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, struct.pack("=I", AUDIT_NLGRP_READLOG), 4)
