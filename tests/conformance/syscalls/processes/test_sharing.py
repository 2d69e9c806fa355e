from __future__ import annotations

from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.processes.sharing import kcmp, kcmp_file


def test_which_of_two_that_differ_comes_first_is_not_compared() -> None:
    for each in (kcmp, kcmp_file):
        assert [each.result.normal(seen, Names()) for seen in (0, 1, 2, 3)] == [0, "different", "different", 3]
