from __future__ import annotations

import pytest

from conformance.programs.notation.model import File, Listing, PromisedCall, used_results
from conformance.programs.notation.promises import Promise, ReturnsResult, Succeeds
from conformance.programs.program import Memory, Program, ProgramCall, Ref

MADE = PromisedCall(ProgramCall("getpid", ()))


def test_results_are_used_in_arguments_in_memory_and_in_promises() -> None:
    same = PromisedCall(ProgramCall("getpid", ()), promises=(Promise(Succeeds()), Promise(ReturnsResult(2))))
    inside = PromisedCall(ProgramCall("pipe", (Memory(bytes(8), ((0, 8, Ref(1)),)),)))
    used = PromisedCall(ProgramCall("close", (Ref(0),)))
    assert used_results((MADE, MADE, MADE, MADE, used, inside, same)) == {0, 1, 2}
    assert used_results((MADE,)) == set()


def test_a_program_of_a_file_is_found_by_its_name() -> None:
    file = File("Title", (Listing("one", (MADE,)), Listing("two", (MADE, MADE))))
    assert file.of("two").program == Program((MADE.call, MADE.call))
    with pytest.raises(KeyError):
        file.of("three")
