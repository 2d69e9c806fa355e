from __future__ import annotations

import pytest

from conformance.syscalls.machinery.places import PLACES, number_spelled, place_spelled
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, DATA, PAGE, UNMAPPED


@pytest.mark.parametrize(
    ("value", "spelled"),
    [
        (0, "NULL"),
        (1, "1"),
        (-1, "-1"),
        (4096, "0x1000"),
        (UNMAPPED, "UNMAPPED"),
        (DATA, "DATA"),
        (DATA + 64, "DATA+0x40"),
        (ARENA, "ARENA"),
        (ARENA + ARENA_PAGES * PAGE - 1, "ARENA+0x3ffff"),
        (ARENA + ARENA_PAGES * PAGE, "0x200001040000"),
        (DATA - 1, "0x1fffffffffff"),
    ],
)
def test_an_address_is_told_by_what_is_there(value: int, spelled: str) -> None:
    assert place_spelled(value) == spelled


def test_every_place_is_spelled_by_its_name() -> None:
    assert {place_spelled(value) for value in PLACES.values()} == set(PLACES)


def test_large_numbers_are_hexadecimal() -> None:
    assert [number_spelled(value) for value in (-4096, 9_999_999, 10_000_000, -(1 << 63))] == [
        *("-4096", "9999999", "0x989680", "-0x8000000000000000")
    ]
