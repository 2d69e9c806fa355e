"""Calls where something else is so."""

from __future__ import annotations

from conformance.programs.execution import Execution
from conformance.search.bind import complete, plain_call
from conformance.search.distill.surroundings import interrupted, surroundings
from conformance.search.distill.trials import Trial
from conformance.syscalls.machinery.choices import Blob, Use, text
from conformance.syscalls.machinery.table import grammar
from tests.conformance.search.native import needs_executor, run_one


def last(*labels: str) -> list[tuple[list[str], tuple[object, ...]]]:
    """Of each trial the calls before the last, and the last one's arguments."""
    return [([call.label for call in each.calls[:-1]], each.calls[-1].args) for each in surroundings(labels)]


def test_paths_lead_to_every_place_with_all_that_another_argument_may_be() -> None:
    loops = [args for before, args in last("openat") if before == ["symlink"] and args[1] == text(b"l9")]
    assert len({args[2] for args in loops}) > 5


def test_two_paths_are_tried_together() -> None:
    found = last("rename")
    assert (["mkdir"], (text(b"d9"), text(b"d0"))) in found
    assert (["mkdir"], (text(b"d0"), text(b"d9"))) in found


def test_the_address_of_a_socket_leads_to_places_too() -> None:
    addresses = [args[1] for before, args in last("bind") if before == ["symlink"]]
    assert any(isinstance(each, Blob) and each.data.startswith(b"\1\0l9") for each in addresses)


def test_states_come_before_a_call_and_between_two() -> None:
    found = [before for before, _ in last("dup")]
    assert ["setrlimit"] in found
    assert ["dup", "setrlimit"] in found
    assert ["setresgid", "setresuid"] in found


def test_what_belongs_before_a_call_comes_before_each_of_its_choices() -> None:
    (chain,) = grammar()["getrlimit"].facts.after
    resources = {args[0] for before, args in last("getrlimit") if before == [*chain]}
    assert len(resources) > 10


@needs_executor
def test_what_blocks_is_interrupted() -> None:
    blocking = Trial((plain_call("pipe"), plain_call("read", fd=Use("fd:pipe:r"))))
    program = complete(interrupted(blocking).calls)
    assert Execution(*run_one(program)).errnos[-1] == "EINTR"
