from __future__ import annotations

import pytest

from conformance.syscalls.machinery.kinds import Names, Seen
from conformance.syscalls.processes.futex import FUTEX_OWNER_DIED, FUTEX_WAITERS, FutexOwner, OwnedWord, either


@pytest.mark.parametrize(
    ("word", "normal"),
    [
        (0, 0),
        (FUTEX_WAITERS, FUTEX_WAITERS),
        (77, [0, "pid#1"]),
        (FUTEX_WAITERS | FUTEX_OWNER_DIED | 77, [FUTEX_WAITERS | FUTEX_OWNER_DIED, "pid#1"]),
    ],
)
def test_of_a_word_with_an_owner_the_bits_are_compared_and_the_owner_has_a_name(word: int, normal: Seen) -> None:
    assert OwnedWord().normal(word, Names()) == normal


def test_the_word_of_priority_inheritance_has_an_owner() -> None:
    assert any(isinstance(each, OwnedWord) for each in FutexOwner.members["word"])


def test_an_operation_is_one_for_processes_and_one_for_threads() -> None:
    assert either(1, 2) == (1, 129, 2, 130)
