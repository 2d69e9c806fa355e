"""Generic netlink: families are found by name, list themselves, and say what they take."""

from __future__ import annotations

import struct
from errno import EINVAL, ENOENT, EOPNOTSUPP, EPERM

import pytest

from conformance.syscalls import missing, untraced
from conformance.syscalls.help.netlink import ask, netlink_socket, verdict
from conformance.syscalls.processes.credentials import setresuid
from conformance.syscalls.processes.identity import getpid
from conformance.syscalls.sockets.netlink import (
    NETLINK_GENERIC,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    attribute,
    attributes,
    request,
)

GENL_ID_CTRL = 16
CTRL_CMD_NEWFAMILY, CTRL_CMD_GETFAMILY, CTRL_CMD_GETPOLICY = 1, 3, 10
CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME, CTRL_ATTR_MCAST_GROUPS = 1, 2, 7
CTRL_ATTR_MCAST_GRP_NAME, CTRL_ATTR_POLICY = 1, 8
TASKSTATS_CMD_GET, TASKSTATS_CMD_NEW = 1, 2
TASKSTATS_CMD_ATTR_PID, TASKSTATS_TYPE_PID, TASKSTATS_TYPE_STATS, TASKSTATS_TYPE_AGGR_PID = 1, 1, 3, 4


def generic(command: int, payload: bytes, *, version: int = 1) -> bytes:
    """A `struct genlmsghdr` with what follows."""
    return struct.pack("=BBH", command, version, 0) + payload


def by_name(name: bytes) -> bytes:
    """A request for the family of this name."""
    return generic(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_NAME, name + b"\0"))


def test_controller_finds_itself() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    (answer,) = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST, by_name(b"nlctrl")))
    assert answer.kind == GENL_ID_CTRL
    assert answer.payload[0] == CTRL_CMD_NEWFAMILY
    found = attributes(answer.payload[4:])
    assert found[CTRL_ATTR_FAMILY_NAME] == b"nlctrl\0"
    assert found[CTRL_ATTR_FAMILY_ID] == struct.pack("=H", GENL_ID_CTRL)


def test_controller_has_a_group_for_news_of_families() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    (answer,) = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST, by_name(b"nlctrl")))
    groups = attributes(attributes(answer.payload[4:])[CTRL_ATTR_MCAST_GROUPS])
    assert [attributes(group)[CTRL_ATTR_MCAST_GRP_NAME] for group in groups.values()] == [b"notify\0"]


def test_family_is_found_by_its_number() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    lookup = generic(CTRL_CMD_GETFAMILY, attribute(CTRL_ATTR_FAMILY_ID, struct.pack("=H", GENL_ID_CTRL)))
    (answer,) = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST, lookup))
    assert attributes(answer.payload[4:])[CTRL_ATTR_FAMILY_NAME] == b"nlctrl\0"


def test_unknown_family_is_enoent() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    (answer,) = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST, by_name(b"conformance")))
    assert answer.kind == NLMSG_ERROR
    assert answer.error == ENOENT


def test_message_of_an_unknown_family_is_enoent() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    assert verdict(fd, request(0x3FF, NLM_F_REQUEST | NLM_F_ACK, generic(1, b""))) == ENOENT


def test_lookup_of_nothing_is_einval() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    assert verdict(fd, request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, generic(CTRL_CMD_GETFAMILY, b""))) == EINVAL


def test_unknown_command_is_eopnotsupp() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    assert verdict(fd, request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_ACK, generic(200, b""))) == EOPNOTSUPP


def test_dump_of_families_lists_the_controller() -> None:
    fd = netlink_socket(NETLINK_GENERIC)
    answers = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, generic(CTRL_CMD_GETFAMILY, b"")))
    assert answers[-1].kind == NLMSG_DONE
    assert b"nlctrl\0" in [attributes(each.payload[4:])[CTRL_ATTR_FAMILY_NAME] for each in answers[:-1]]


def test_dump_of_a_policy_tells_which_attributes_a_family_takes() -> None:
    """CTRL_CMD_GETPOLICY (Linux 5.7)."""
    fd = netlink_socket(NETLINK_GENERIC)
    lookup = generic(CTRL_CMD_GETPOLICY, attribute(CTRL_ATTR_FAMILY_NAME, b"nlctrl\0"))
    answers = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST | NLM_F_DUMP, lookup))
    if answers[-1].error == EOPNOTSUPP:
        missing("policies of generic netlink")
    assert answers[-1].kind == NLMSG_DONE
    found = [attributes(each.payload[4:]).get(CTRL_ATTR_POLICY) for each in answers[:-1]]
    policies = [each for policy in found if policy for each in attributes(policy).values()]
    described = {kind for policy in policies for kind in attributes(policy)}
    assert {CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME} <= described


def taskstats() -> tuple[int, int]:
    """A socket, and the number of the family that tells what a task has used; it lives in the first namespace only."""
    fd = netlink_socket(NETLINK_GENERIC)
    (answer,) = ask(fd, request(GENL_ID_CTRL, NLM_F_REQUEST, by_name(b"TASKSTATS")))
    if answer.kind == NLMSG_ERROR and answer.error == ENOENT:
        missing("taskstats")
    return fd, struct.unpack("=H", attributes(answer.payload[4:])[CTRL_ATTR_FAMILY_ID])[0]


def ask_for_own_statistics(family: int) -> bytes:
    """A request for the statistics of this process."""
    own = attribute(TASKSTATS_CMD_ATTR_PID, struct.pack("=I", getpid()))
    return request(family, NLM_F_REQUEST, generic(TASKSTATS_CMD_GET, own))


@pytest.mark.needs("root")
@pytest.mark.shares("net")
def test_taskstats_tell_what_a_process_has_used() -> None:
    """Documentation/accounting/taskstats.rst; the number of the family and the pid differ from run to run."""
    fd, family = taskstats()
    message = ask_for_own_statistics(family)
    with untraced():
        (answer,) = ask(fd, message)
    assert answer.kind == family
    assert answer.payload[0] == TASKSTATS_CMD_NEW
    aggregate = attributes(attributes(answer.payload[4:])[TASKSTATS_TYPE_AGGR_PID])
    assert aggregate[TASKSTATS_TYPE_PID] == struct.pack("=I", getpid())
    assert struct.unpack_from("=H", aggregate[TASKSTATS_TYPE_STATS])[0] >= 8  # the version since Linux 2.6.34


@pytest.mark.needs("root")
@pytest.mark.shares("net")
def test_taskstats_are_not_for_the_unprivileged() -> None:
    fd, family = taskstats()
    setresuid(65534, 65534, 65534)
    message = ask_for_own_statistics(family)
    with untraced():
        (answer,) = ask(fd, message)
    assert answer.kind == NLMSG_ERROR
    assert answer.error == EPERM
