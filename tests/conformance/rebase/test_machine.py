from __future__ import annotations

import pytest

from conformance.rebase.machine import beside


def moved(before: list[str], after: list[str]) -> tuple[list[str], list[str]]:
    (found,) = beside({"x": before}, {"x": after})
    assert found.moved is bool(found.gone or found.come)
    return found.gone, found.come


def test_what_only_one_has_is_told() -> None:
    assert moved(["tun", "af_packet"], ["tun", "fuse"]) == (["af_packet"], ["fuse"])
    assert moved(["0"], ["4096"]) == (["0"], ["4096"])


def test_a_message_with_other_numbers_is_the_same() -> None:
    assert moved(["bad page 0x1234 of 17"], ["bad page 0xabcd of 9"]) == ([], [])
    assert moved(["bad page 1"], ["worse page 1"]) == (["bad page 1"], ["worse page 1"])


@pytest.mark.parametrize("said", ["clocksource: timekeeping watchdog on CPU1", "hrtimer: interrupt took 1234 ns"])
def test_what_a_busy_machine_makes_a_kernel_say_is_no_difference(said: str) -> None:
    assert moved([], [said]) == moved([said], []) == ([], [])


def test_an_amount_has_moved_when_it_is_much() -> None:
    before = ["MemFree: 800000 kB", "Slab: 10000 kB"]
    assert moved(before, ["MemFree: 750000 kB", "Slab: 10900 kB"]) == ([], [])
    assert moved(before, ["MemFree: 700000 kB", "Slab: 10000 kB"]) == (["MemFree: 800000 kB"], ["MemFree: 700000 kB"])
    assert moved(["Slab: 0 kB"], ["Slab: 5 kB"]) == (["Slab: 0 kB"], ["Slab: 5 kB"])


def test_where_one_says_nothing_nothing_is_told() -> None:
    assert beside({"x": ["1"]}, {}) == beside({}, {"x": ["1"]}) == []
