from __future__ import annotations

from conformance.search.bind import plain_call
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
    tried = single(grammar()["mlockall"].parameters[0])
    assert {1 << at for at in range(32)} <= set(tried)
    assert 3 not in tried


def test_numbers_between_operations_are_tried_where_any_may_be_meant() -> None:
    assert {12, 13, 14} <= set(single(grammar()["fcntl"].parameters[1]))
    assert set(single(grammar()["fcntl_dupfd"].parameters[1])) == {0, 1030}
