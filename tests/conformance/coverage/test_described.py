"""Which flags and operations the descriptions have, and which of them a call shows."""

from __future__ import annotations

import pytest

from conformance.coverage.described import all_flags, all_operations, flags_of, shown
from conformance.coverage.facts import Flag
from conformance.model import Json
from conformance.syscalls.files.descriptors import F_DUPFD
from conformance.syscalls.files.opening import O_CLOEXEC, O_CREAT, O_RDWR, O_SYNC, openat
from conformance.syscalls.machinery.table import operations, stubs
from conformance.syscalls.polling.epoll import EPOLL_CTL_ADD, EPOLLIN, EPOLLOUT


def flags(call: str, *args: Json) -> set[str]:
    """The flags that a call shows, as `argument.NAME`."""
    return {f"{each.argument}.{each.name}" for each in shown(call, args)[0]}


def test_bits_are_flags_one_by_one() -> None:
    assert flags("openat", -100, "a", O_RDWR | O_CREAT | O_CLOEXEC, 0o600) == {
        *("flags.O_RDWR", "flags.O_CREAT", "flags.O_CLOEXEC"),
    }


def test_a_wider_name_stands_for_the_bits_that_it_holds() -> None:
    assert flags("openat", -100, "a", O_SYNC) == {"flags.O_SYNC"}


def test_no_bits_are_no_flag_and_a_choice_of_zero_is_one() -> None:
    assert flags("openat", -100, "a", 0, 0) == set()
    assert flags("lseek", 3, 0, 0) == {"whence.SEEK_SET"}


def test_flags_of_a_struct_count_by_their_member() -> None:
    event: Json = {"events": EPOLLIN | EPOLLOUT, "data": 7, "data_high": 0}
    assert flags("epoll_ctl", 3, EPOLL_CTL_ADD, 4, event) == {
        *("op.EPOLL_CTL_ADD", "event.events.EPOLLIN", "event.events.EPOLLOUT"),
    }


@pytest.mark.parametrize("args", [(), (-100, "a"), (-100, "a", None), (-100, "a", "text")])
def test_an_argument_that_is_no_number_has_no_flags(args: tuple[Json, ...]) -> None:
    assert flags("openat", *args) == set()


def test_a_call_that_nobody_describes_shows_nothing() -> None:
    assert shown("no_such_call", [1, 2]) == (set(), set())


def test_a_call_is_the_operations_that_its_arguments_mean() -> None:
    found, uses = shown("fcntl", [3, F_DUPFD, 10])
    assert uses == {"fcntl_dupfd"}
    assert Flag("fcntl", "command", "F_DUPFD") in found


def test_memory_in_the_place_of_a_number_is_no_operation() -> None:
    for call in operations():
        assert shown(call, [{"member": 1}] * 6)[1] == set()
        assert shown(call, ["text"] * 6)[1] == set()


def test_everything_that_a_trace_can_show_is_there_to_be_met() -> None:
    assert {Flag("openat", "flags", "O_SYNC"), Flag("epoll_ctl", "event.events", "EPOLLIN")} < all_flags()
    assert {each.call for each in all_flags()} <= stubs().keys()
    assert len(all_operations()) == sum(map(len, operations().values()))


def test_a_flag_with_two_names_is_there_once() -> None:
    shown_by_trace = {name for value in (1 << bit for bit in range(32)) for name in flags("openat", -100, "a", value)}
    assert shown_by_trace <= {f"flags.{each.name}" for each in flags_of(openat)}
