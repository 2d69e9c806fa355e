from __future__ import annotations

import pytest

from conformance.programs.program import Memory, Ref
from conformance.syscalls.machinery.touches import NETWORK, TouchesUnless, TouchesUnlessFirst


@pytest.mark.parametrize(("argument", "spared"), [(1, True), (2, True), (3, False), (Ref(0), False), (None, False)])
def test_values_that_spare_are_those_that_are_named(argument: object, spared: bool) -> None:
    assert TouchesUnless(NETWORK, 1, 2).spares(argument) is spared


@pytest.mark.parametrize(
    ("argument", "spared"),
    [
        (Memory(b"\1\2"), True),
        (Memory(b"\1\2", ((1, 1, 5),)), True),
        (Memory(b"\2\1"), False),
        (Memory(b"\1\2", ((0, 1, Ref(0)),)), False),
        (Memory(b""), False),
        (1, False),
        (Ref(0), False),
    ],
)
def test_memory_spares_by_the_byte_that_it_begins_with(argument: object, spared: bool) -> None:
    assert TouchesUnlessFirst(NETWORK, 1).spares(argument) is spared
