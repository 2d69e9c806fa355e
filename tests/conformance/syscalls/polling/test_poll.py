from __future__ import annotations

import pytest

from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Blob
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.polling.poll import POLLIN, Events, Pollfd, Polls, fd_set


def test_fds_that_a_program_passes_are_no_resources_that_it_gets() -> None:
    parameter = Parameter("fds", Polls)
    assert isinstance(parameter.kind, Pointer)
    assert parameter.kind.out
    assert not list(parameter.kind.resources(parameter.struct))


def test_several_fds_are_polled_at_once() -> None:
    blobs = [each for each in Parameter("fds", Polls).choices if isinstance(each, Blob)]
    assert {len(each.data) // Pollfd.size() for each in blobs} == {0, 1, 2, 3}
    assert all(width == 4 and offset % Pollfd.size() == 0 for each in blobs for offset, width, _ in each.parts)


@pytest.mark.parametrize(("seen", "shown"), [(0, "0"), (1, "POLLIN"), (9, "POLLERR|POLLIN"), (-1, "-1"), (64, "0x40")])
def test_events_are_shown_by_name_and_all_that_there_may_be_as_a_number(seen: int, shown: str) -> None:
    assert Events({"POLLIN": POLLIN, "POLLERR": 8}).show(seen) == shown


def test_a_set_of_fds_has_a_bit_for_each() -> None:
    assert fd_set(1 << 63) == Blob(bytes(7) + b"\x80" + bytes(8))
