"""What is known as a log is gone through."""

from __future__ import annotations

import pytest

from conformance.programs.program import ProgramCall
from conformance.search.strace.knowledge import Knowledge, Origin, SaidCall
from conformance.search.strace.left import Unsaid
from conformance.search.strace.lines import Traced
from conformance.search.strace.paths import Survey, TreeNames
from conformance.search.strace.values import arguments
from conformance.syscalls.machinery.world import ARENA, ARENA_PAGES, PAGE


@pytest.fixture
def known() -> Knowledge:
    """That of an empty log."""
    return Knowledge(TreeNames(Survey({}, frozenset())))


def follow(known: Knowledge, name: str, args: str, result: int, *said: int) -> None:
    """A call that succeeded; `said` are its arguments where it is said."""
    one = SaidCall(1, ProgramCall(name, said), frozenset(), ()) if said else None
    known.follow(Traced(1, name, args, result), arguments(args).values, one)


def test_fds_come_from_the_call_that_made_them_until_they_are_closed(known: Knowledge) -> None:
    follow(known, "dup", "0", 3, 0)
    follow(known, "pipe2", "[4, 5], 0", 0, 0, 0)
    follow(known, "dup", "0", 6)
    assert known.alive == {
        ("fd", 3): Origin(0, 1),
        ("fd", 4): Origin(1, 1, 0, 0, 4),
        ("fd", 5): Origin(1, 1, 0, 4, 4),
        ("fd", 6): Origin(-1, 1),
    }
    follow(known, "close", "3", 0)
    assert ("fd", 3) not in known.alive


def test_addresses_are_those_of_what_was_mapped(known: Knowledge) -> None:
    follow(known, "mmap", "NULL, 8192, 0, 0, -1, 0", 0x7F0000000000, ARENA, 8192, 0, 0, -1, 0)
    assert known.address(0x7F0000001000) == (ARENA + 0x1000, 0)
    assert known.address(0x7F0000002000) is None
    follow(known, "munmap", "0x7f0000000000, 8192", 0, ARENA, 8192)
    assert known.address(0x7F0000001000) is None


def test_the_arena_is_given_out_in_pages_and_over_again(known: Knowledge) -> None:
    assert known.allot(1) == ARENA
    assert known.allot(PAGE + 1) == ARENA + PAGE
    assert known.allot(ARENA_PAGES * PAGE) == ARENA
    for size in (0, -1, ARENA_PAGES * PAGE + 1):
        with pytest.raises(Unsaid, match="can map"):
            known.allot(size)
