from __future__ import annotations

import pytest

from conformance.syscalls.machinery.kinds import MASK, Names
from conformance.syscalls.scheduling import SLICES, RoundRobin, Slice


@pytest.mark.parametrize("seen", SLICES)
def test_a_slice_that_a_program_may_have_set_is_compared(seen: int) -> None:
    assert Slice().normal(seen, Names()) == seen


def test_a_slice_that_is_the_kernels_choice_is_not_compared() -> None:
    assert Slice().normal(2_800_000, Names()) == MASK


@pytest.mark.parametrize(("seen", "normal"), [(100_000_000, 100_000_000), (4_000_000, MASK), (0, MASK)])
def test_of_time_slices_only_that_of_round_robin_is_the_same_everywhere(seen: int, normal: int | str) -> None:
    assert RoundRobin().normal(seen, Names()) == normal
