"""What is no fault, since Linux itself could show it."""

from __future__ import annotations

import pytest

from conformance.mutate.equivalent import why_equivalent, why_idle, why_padding
from conformance.syscalls.machinery.kinds import Clocked, Kind, Masked, Renamed, ZeroOrNot


@pytest.mark.parametrize("kind", [Masked(), Clocked(), ZeroOrNot()])
def test_a_value_that_differs_from_run_to_run_says_nothing_by_being_one_more(kind: Kind) -> None:
    assert why_equivalent(kind)


@pytest.mark.parametrize("kind", [Kind(), Renamed("fd")])
def test_any_other_value_does(kind: Kind) -> None:
    assert why_equivalent(kind) == ""


@pytest.mark.parametrize(("member", "padding"), [("__reserved", True), ("_pad", True), ("st_size", False)])
def test_padding_is_told_by_its_name(member: str, padding: bool) -> None:
    assert bool(why_padding(member)) is padding


def test_a_flag_that_does_nothing_is_known_by_its_name() -> None:
    assert why_idle("openat", "O_LARGEFILE")
    assert why_idle("openat", "O_TRUNC") == ""
