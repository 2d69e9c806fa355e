"""How it is told what was left out."""

from __future__ import annotations

from conformance.search.strace.left import Left, told


def test_lines_left_out_for_one_reason_are_told_together() -> None:
    left = [Left(9, "close", "a"), Left(2, "close", "a"), Left(3, "open", "a"), Left(4, "", "b\x1b[2J")]
    assert list(told(left)) == ["lines 2, 9: close: a", "line 3: open: a", "line 4: b\ufffd[2J"]


def test_many_lines_are_counted() -> None:
    assert list(told(Left(at, "", "a") for at in range(1, 10))) == ["lines 1, 2, 3, 4, 5, 6 and 3 more: a"]
