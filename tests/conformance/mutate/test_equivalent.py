"""What is no fault, since Linux itself could show it."""

from __future__ import annotations

import pytest

from conformance.mutate.equivalent import IDLE, why_equivalent, why_idle, why_padding
from conformance.mutate.mutants import Mutant, mutants_of
from conformance.syscalls.machinery.kinds import Clocked, Kind, Masked, Renamed, ZeroOrNot
from conformance.syscalls.machinery.table import grammar


@pytest.mark.parametrize("kind", [Masked(), Clocked(), ZeroOrNot()])
def test_a_value_that_differs_from_run_to_run_says_nothing_by_being_one_more(kind: Kind) -> None:
    assert why_equivalent(kind)


@pytest.mark.parametrize("kind", [Kind(), Renamed("fd")])
def test_any_other_value_does(kind: Kind) -> None:
    assert why_equivalent(kind) == ""


@pytest.mark.parametrize(("member", "padding"), [("__reserved", True), ("_pad", True), ("st_size", False)])
def test_padding_is_told_by_its_name(member: str, padding: bool) -> None:
    assert bool(why_padding(member)) is padding


@pytest.mark.parametrize(
    ("label", "flag", "idle"),
    [
        ("openat", "O_LARGEFILE", True),
        ("openat", "O_TRUNC", False),
        ("fcntl_setfl", "O_TRUNC", True),
        ("fcntl_setfl", "O_APPEND", False),
        ("recvmsg", "MSG_EOR", True),
        ("sendmsg", "MSG_EOR", False),
        ("sendmsg", "MSG_PEEK", True),
        ("recvmsg", "MSG_PEEK", False),
    ],
)
def test_a_flag_that_does_nothing_is_known_by_its_name_and_its_call(label: str, flag: str, idle: bool) -> None:
    assert bool(why_idle(label, flag)) is idle


def test_what_is_said_of_flags_is_said_of_flags_that_there_are() -> None:
    for idle in IDLE:
        named = {name for label in idle.calls or grammar() for name in _flags(label)}
        assert set(idle.flags) <= named, idle
        assert set(idle.calls) <= set(grammar()), idle


def _flags(label: str) -> set[str]:
    found = [each if isinstance(each, Mutant) else each.mutant for each in mutants_of(label)]
    return {each.what.partition(" of ")[0] for each in found}
