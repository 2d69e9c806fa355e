from __future__ import annotations

import pytest

from conformance.search.compare import ERRNO, ProgramDifference
from conformance.search.finding import NOT_REPEATED, Flake, Suspect, is_deadly
from tests.conformance.search.native import program
from tests.executors import ABSENT

DEADLY, OTHER = (ProgramDifference(0, "open", "state", "success", there) for there in ("the guest died", "blocked"))


def test_difference_is_deadly_if_a_side_did_not_live_to_tell() -> None:
    assert is_deadly(DEADLY)
    assert is_deadly(ProgramDifference(0, "open", "state", "the guest died", "success"))
    assert not is_deadly(OTHER)


@pytest.mark.parametrize(
    ("difference", "why", "deadly"),
    [
        (DEADLY, NOT_REPEATED, True),
        (OTHER, "liar disagrees with itself in open: state, success - the guest died", True),
        (OTHER, NOT_REPEATED, False),
    ],
)
def test_flake_is_deadly_if_a_guest_died_then_or_when_it_was_tried_again(
    difference: ProgramDifference, why: str, deadly: bool
) -> None:
    assert Flake(ABSENT, difference, "liar", why).deadly is deadly


def test_suspects_are_of_a_kind_on_one_target_only() -> None:
    one, other = (Suspect(ABSENT, OTHER, target) for target in ("lts", "gvisor"))
    assert one.kind == ("lts", "open", "state", "success", "blocked")
    assert one.kind != other.kind


def suspect(label: str, *args: int) -> Suspect:
    """A call that fails on a target alone."""
    return Suspect(program((label, *args)), ProgramDifference(0, label, ERRNO, "success", "ENOPROTOOPT"), "gvisor")


def test_another_option_of_a_call_is_another_kind_of_difference() -> None:
    one, other = (suspect("getsockopt_ip", 0, 0, option, 0, 0) for option in (2, 3))
    assert one.kind != other.kind
    assert one.kind == suspect("getsockopt_ip", 1, 0, 2, 0, 0).kind


def test_other_flags_are_of_the_same_kind() -> None:
    assert suspect("dup3", 0, 20, 0).kind == suspect("dup3", 0, 20, 1).kind
