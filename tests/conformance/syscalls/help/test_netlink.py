from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator

import pytest

from conformance.syscalls.help import netlink as module
from conformance.syscalls.help import waiting
from conformance.syscalls.help.netlink import (
    NetlinkTimeout,
    ask,
    dump,
    hears_nothing,
    netlink_socket,
    port_of,
    readable,
    receive,
    receive_bytes,
    set_netlink_option,
    verdict,
)
from conformance.syscalls.machinery.absence import Missing
from conformance.syscalls.machinery.call import recording
from conformance.syscalls.sockets.netlink import (
    IFLA_IFNAME,
    LOOPBACK_INDEX,
    NETLINK_CAP_ACK,
    NETLINK_ROUTE,
    NLM_F_ACK,
    NLM_F_REQUEST,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTM_SETLINK,
    attributes,
    ifinfomsg,
    request,
)
from tests.conformance.syscalls.machinery.test_call import Listener

ABSENT = 1 << 30
"""The index of no interface."""


@pytest.fixture(autouse=True)
def nothing_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "absent", set())


@pytest.fixture
def fd() -> Iterator[int]:
    """A socket of rtnetlink."""
    found = netlink_socket(NETLINK_ROUTE)
    yield found
    os.close(found)


def of_link(index: int, sequence: int = 1, flags: int = 0) -> bytes:
    """A question about an interface."""
    return request(RTM_GETLINK, NLM_F_REQUEST | flags, ifinfomsg(index=index), sequence=sequence)


def test_a_question_has_one_answer(fd: int) -> None:
    (answer,) = ask(fd, of_link(LOOPBACK_INDEX, 5))
    assert (answer.kind, answer.sequence) == (RTM_NEWLINK, 5)
    assert attributes(answer.payload[16:])[IFLA_IFNAME] == b"lo\0"


def test_answers_to_an_earlier_question_are_passed_over(fd: int) -> None:
    module.send(fd, of_link(LOOPBACK_INDEX, 5))
    assert [each.sequence for each in ask(fd, of_link(LOOPBACK_INDEX, 6))] == [6]
    assert hears_nothing(fd)


def test_a_request_that_wants_to_be_acknowledged_is_answered_to_its_end(fd: int) -> None:
    answers = ask(fd, of_link(LOOPBACK_INDEX, 5, NLM_F_ACK))
    assert len(answers) == 2
    assert answers[-1].error == 0


def test_a_verdict_is_the_errno_of_a_refusal_or_0(fd: int) -> None:
    assert verdict(fd, of_link(ABSENT, 1, NLM_F_ACK)) == errno.ENODEV
    assert verdict(fd, of_link(LOOPBACK_INDEX, 2, NLM_F_ACK)) == 0


def test_a_dump_is_everything_without_its_end(fd: int) -> None:
    found = dump(fd, RTM_GETLINK, ifinfomsg())
    assert found
    assert {each.kind for each in found} == {RTM_NEWLINK}
    assert b"lo\0" in {attributes(each.payload[16:])[IFLA_IFNAME] for each in found}


def test_a_dump_that_is_refused_is_an_error(fd: int) -> None:
    with pytest.raises(OSError, match=f"dump of {RTM_SETLINK} refused"):
        dump(fd, RTM_SETLINK, ifinfomsg())


def test_nothing_in_time_is_a_failure_and_not_a_hang(fd: int) -> None:
    before = time.monotonic()
    for receiving in (receive, receive_bytes):
        with pytest.raises(NetlinkTimeout):
            receiving(fd, 0.02)
    assert not readable(fd, 0)
    assert time.monotonic() - before < 2
    assert issubclass(NetlinkTimeout, AssertionError), "which is what makes a case fail"


def test_what_was_waited_for_in_vain_is_waited_for_briefly(fd: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(module, "ready", lambda fd, wanted, seconds: waits.append(seconds))
    for event in ("one", "one", "other"):
        with pytest.raises(NetlinkTimeout):
            receive_bytes(fd, 2.0, event)
    with pytest.raises(NetlinkTimeout):
        receive_bytes(fd, 0, "only looked for")
    assert waits == [2.0, waiting.BRIEFLY, 2.0, 0]
    assert waiting.absent == {"one", "other"}


def test_what_is_received_is_not_traced_and_what_is_sent_is(fd: int) -> None:
    listener = Listener()
    with recording(listener):
        ask(fd, of_link(LOOPBACK_INDEX))
    assert [name for name, *_ in listener.calls] == ["sendto"]


def test_each_socket_has_a_port_of_its_own(fd: int) -> None:
    other = netlink_socket(NETLINK_ROUTE)
    assert 0 != port_of(fd) != port_of(other) != 0
    os.close(other)


def test_an_option_that_is_not_known_is_a_feature_that_is_missing(fd: int) -> None:
    set_netlink_option(fd, NETLINK_CAP_ACK, 1, "NETLINK_CAP_ACK")
    assert verdict(fd, of_link(ABSENT, 1, NLM_F_ACK)) == errno.ENODEV
    with pytest.raises(Missing, match=r"^NETLINK_NONE$"):
        set_netlink_option(fd, 99, 1, "NETLINK_NONE")


def test_a_listener_of_a_group_hears_nothing_until_there_is_something() -> None:
    found = netlink_socket(NETLINK_ROUTE, groups=1)
    assert hears_nothing(found)
    module.send(found, of_link(LOOPBACK_INDEX))
    assert readable(found)
    assert not hears_nothing(found)
    os.close(found)
