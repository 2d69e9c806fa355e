"""Batches on lanes."""

from __future__ import annotations

from conformance.programs.notation.parse import parse_program
from conformance.search.distill.running import BATCH, executed
from tests.conformance.search.distill.native_lane import NOWHERE, OPEN, native
from tests.conformance.search.native import needs_executor


@needs_executor
def test_outcomes_come_in_order_with_what_came_with_the_programs() -> None:
    texts = [OPEN, NOWHERE, "getpid()"]
    asked = [(at, parse_program(texts[at % 3])) for at in range(2 * BATCH + 5)]
    with native() as one, native() as other:
        found = list(executed([one, other], asked))
        assert one.ran
        assert other.ran
    assert [at for at, _ in found] == list(range(len(asked)))
    assert [execution.errnos for _, execution in found[:3]] == [["0"], ["ENOENT"], ["0"]]
    assert all(execution.program == asked[at][1] for at, execution in found)


@needs_executor
def test_of_nothing_comes_nothing() -> None:
    with native() as lane:
        assert list(executed([lane], [])) == []
