from __future__ import annotations

from conformance.search.bind import plain_call, strays_of
from conformance.search.sweep import single, sweep
from conformance.syscalls.machinery.table import grammar


def test_every_choice_is_tried_once_with_everything_else_at_its_plainest() -> None:
    calls = list(sweep(["umask", "dup3"]))
    assert calls[0] == plain_call("umask")
    assert len(set(calls)) == len(calls)
    plain = plain_call("dup3").args
    ours = [each.args for each in calls if each.label == "dup3"]
    assert ours[0] == plain
    assert all(sum(a != b for a, b in zip(args, plain, strict=True)) == 1 for args in ours[1:])


def test_bits_are_tried_one_by_one_those_without_a_name_as_well() -> None:
    tried = single(grammar()["mlockall"].parameters[0], strays_of("mlockall")[0])
    assert {1 << at for at in range(32)} <= set(tried)
    assert 3 not in tried


def test_numbers_between_operations_are_tried_where_any_may_be_meant() -> None:
    tried = [each.args[1] for each in sweep(["fcntl"])]
    assert {12, 13, 14} <= set(tried)
    assert {each.args[1] for each in sweep(["fcntl_dupfd"])} == {0, 1030}


def test_what_an_operation_is_there_for_is_left_to_it() -> None:
    assert not {0x4206, 7} & {each.args[0] for each in sweep(["ptrace"])}
    assert 0x4206 in {each.args[0] for each in sweep(["ptrace_seize"])}
