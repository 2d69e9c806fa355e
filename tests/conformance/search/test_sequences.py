from __future__ import annotations

import pytest

from conformance.search.sequences import SEQUENCES
from conformance.syscalls.machinery.table import grammar


@pytest.mark.parametrize("sequence", SEQUENCES, ids="-".join)
def test_a_sequence_is_of_calls_that_are_described(sequence: tuple[str, ...]) -> None:
    assert set(sequence) <= grammar().keys()
    assert len(sequence) > 1
