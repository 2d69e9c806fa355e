from __future__ import annotations

from typing import Any

import pytest

from conformance.syscalls.files.status import STATX_MTIME, DeviceNumber, Stat, Statx, statx_mount
from conformance.syscalls.machinery.kinds import MASK, Names
from conformance.syscalls.machinery.memory import Pointer

NOW = 1_700_000_000
SOCKET, REGULAR = 0o140755, 0o100644


def seen(struct: type[Stat]) -> dict[str, Any]:
    return dict.fromkeys(struct.members, 0)


def test_nanoseconds_of_a_time_that_the_clock_gave_say_nothing() -> None:
    status = {**seen(Stat), "st_mode": REGULAR, "st_mtime": NOW, "st_mtime_nsec": 5, "st_ctime": 7, "st_ctime_nsec": 5}
    found = Stat.comparable(status)
    assert (found["st_mtime_nsec"], found["st_ctime_nsec"]) == (MASK, 5)


@pytest.mark.parametrize("mode", [SOCKET, 0])
def test_times_of_what_shares_its_inode_with_others_are_left_out(mode: int) -> None:
    assert not [name for name in Stat.comparable({**seen(Stat), "st_mode": mode}) if "time" in name]


def test_a_time_that_was_not_asked_for_says_nothing() -> None:
    time = {"tv_sec": 7, "tv_nsec": 5, "pad": 0}
    for asked, expected in ((STATX_MTIME, (7, 5)), (0, (MASK, MASK))):
        found = Statx.comparable({"stx_mask": asked, "stx_mode": REGULAR, "stx_mtime": time})["stx_mtime"]
        assert (found["tv_sec"], found["tv_nsec"]) == expected


def test_the_number_of_a_mount_is_what_others_need() -> None:
    kind = statx_mount.parameters[4].kind
    assert isinstance(kind, Pointer)
    assert list(kind.resources(Statx)) == [(144, 8, "mount")]


def test_which_terminal_it_is_says_nothing_but_that_it_is_one_does() -> None:
    first, fifth, null = 136 << 8, 136 << 8 | 5, 1 << 8 | 3
    normal = [DeviceNumber().normal(each, Names()) for each in (first, fifth, null, 0)]
    assert normal == ["136:*", "136:*", null, 0]
    minor = [Statx.comparable({"stx_rdev_major": each, "stx_rdev_minor": 5})["stx_rdev_minor"] for each in (136, 1)]
    assert minor == [MASK, 5]
