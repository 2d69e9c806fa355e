from __future__ import annotations

import struct

import pytest

from conformance.syscalls.files import Timespec
from conformance.syscalls.machinery.call import Parameter, see
from conformance.syscalls.machinery.kinds import Memory, Names
from conformance.syscalls.polling import Iocb, IocbPointers, Itimerspec, Pollfd, Polls, TimeLeft, UringParams


@pytest.mark.parametrize(
    ("setting", "normal"),
    [
        ((0, 0, 0, 0), [0, 0, 0]),
        ((0, 0, 999, 123), [0, 0, "left"]),
        ((7, 2, 0, 1), [7, 2, "left"]),
    ],
)
def test_of_a_timer_the_interval_is_compared_and_whether_time_was_left(
    setting: tuple[int, ...], normal: list[int | str]
) -> None:
    as_struct = Itimerspec(Timespec(*setting[:2]), Timespec(*setting[2:]))
    as_bytes = struct.pack("=4q", *setting).decode("latin-1")
    assert TimeLeft().normal(see(as_struct), Names()) == normal
    assert TimeLeft().normal(as_bytes, Names()) == normal
    flat = dict(zip(("interval_sec", "interval_usec", "value_sec", "value_usec"), setting, strict=True))
    assert TimeLeft().normal({**flat}, Names()) == normal


@pytest.mark.parametrize("seen", [None, "short", 0])
def test_what_is_no_timer_is_compared_as_it_is(seen: str | int | None) -> None:
    assert TimeLeft().normal(seen, Names()) == seen


@pytest.mark.parametrize("annotation", [Polls, UringParams])
def test_fds_that_a_program_passes_are_no_resources_that_it_gets(annotation: object) -> None:
    parameter = Parameter("fds", annotation)
    assert isinstance(parameter.kind, Memory)
    assert parameter.kind.out
    assert not list(parameter.kind.resources(parameter.struct))


def test_requests_are_passed_by_their_addresses() -> None:
    first = IocbPointers().choices()[0]
    ((offset, width, part),) = first.parts  # type: ignore[union-attr] # it is memory
    assert (offset, width, len(part.data)) == (0, 8, Iocb.size())  # type: ignore[union-attr] # so is this


def test_several_fds_are_polled_at_once() -> None:
    sizes = {len(each.data) // Pollfd.size() for each in Parameter("fds", Polls).choices if not isinstance(each, int)}  # type: ignore[union-attr] # memory
    assert {1, 2, 3} <= sizes
