"""Where cases are run: what is steady there, and what becomes of a guest that ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from conformance.model import Outcome
from conformance.mutate.benches import CaseBench, ProgramBench, SteadyProgram
from conformance.mutate.hunting import Steady
from conformance.programs.cases import CaseProgram
from conformance.run.lane import Lane
from conformance.run.programs import selected
from conformance.run.selection import Selection
from runners.lying import Control, LyingRunner, liars
from tests.executors import needs_lies

MODULE = "files/test_positions.py"
UMASK = 95


@pytest.fixture
def lying() -> Iterator[tuple[LyingRunner, Control]]:
    """This machine, and the page that tells it what to lie about."""
    needs_lies()
    with liars(1) as (each,):
        yield each


def programs(*modules: str) -> list[CaseProgram]:
    """Those of some files."""
    return list(selected(Selection(modules)).by_id.values())


def test_programs_are_steady_that_pass_and_what_they_make_is_known(lying: tuple[LyingRunner, Control]) -> None:
    umask, traced = programs("files/call_umask.calls"), programs("ptrace/call_ptrace.calls")
    with Lane("lying", lying[0]) as lane:
        bench = ProgramBench(lane)
        found = list(bench.steady([*umask, *traced]))
        names = {each.name for each in found}
        assert {each.info.id for each in umask} <= names
        assert "ptrace/call_ptrace.calls::attach-succeeds" in names  # what a program starts is nobody else's tracee
        assert bench.run(found[:2], patiently=False) == [each.normal for each in found[:2]]
    first = next(each for each in found if each.name == umask[0].info.id)
    assert isinstance(first, SteadyProgram)
    assert "umask" in [made.label for made in first.made]


def test_a_program_that_is_lied_to_does_something_else(lying: tuple[LyingRunner, Control]) -> None:
    runner, control = lying
    with Lane("lying", runner) as lane:
        bench = ProgramBench(lane)
        (one, *_) = bench.steady(programs("files/call_umask.calls"))
        control.tell(f"{UMASK} result add 1")
        (found,) = bench.run([one], patiently=True)
        assert found != one.normal
        control.tell("")
        assert bench.run([one], patiently=True) == [one.normal]


def test_cases_in_python_are_steady_that_pass_soon_and_a_guest_that_is_gone_is_another(
    lying: tuple[LyingRunner, Control],
) -> None:
    with CaseBench(lying[0], Selection((MODULE,))) as bench:
        cases = bench.cases
        assert all(each.startswith(f"{MODULE}::") for each in cases)
        found = list(bench.steady(cases[:4]))
        assert [each.name for each in found] == cases[:4]
        assert all(each.normal.outcome is Outcome.PASSED for each in found)
        assert {made.label for each in found for made in each.made} & {"pread64", "pipe2"}
        bench.interrupt()
        assert bench.run(found, patiently=False) == [each.normal for each in found]


def test_what_is_no_case_has_no_result(lying: tuple[LyingRunner, Control]) -> None:
    with CaseBench(lying[0], Selection((MODULE,))) as bench:
        nobody = Steady(f"{MODULE}::test_nobody", next(iter(bench.steady(bench.cases[:1]))).normal, ())
        assert [each.outcome for each in bench.run([nobody], patiently=False)] == [Outcome.ERROR]
