"""Faults of a few calls, planted on this machine, and what the suite's own cases make of them."""

from __future__ import annotations

import pytest

from conformance.mutate.conduct import Measurement, measure, planned
from conformance.mutate.hunting import Fate, Upshot
from conformance.mutate.mutants import Mutant
from conformance.mutate.naming import labels_of
from conformance.programs.cases import CaseProgram
from conformance.run.programs import selected
from conformance.run.selection import Selection
from runners.lying import liars
from tests.executors import needs_lies


@pytest.fixture(scope="module")
def programs() -> list[CaseProgram]:
    """All that there are."""
    needs_lies()
    return list(selected(Selection()).by_id.values())


def measured(programs: list[CaseProgram], *calls: str, in_python: bool = False) -> Measurement:
    """What becomes of the faults of some calls."""
    what = planned(labels_of((), calls), programs)
    with liars(2) as machines:
        measure(what, machines, in_python=in_python)
    return what


def ends(what: Measurement) -> dict[str, Upshot]:
    """By the fault's name."""
    return {str(each.mutant): each.end for each in what.fates.values()}


def test_faults_are_caught_by_programs_and_every_one_has_an_end(programs: list[CaseProgram]) -> None:
    what = measured(programs, "umask", "dup3")
    found = ends(what)
    assert set(what.fates) == set(what.mutants)
    for fault in ("refused", "nothing done", "off by one"):
        assert found[f"umask: {fault}"] is found[f"dup3: {fault}"] is Upshot.CAUGHT
    assert found["dup3: another errno"] is Upshot.CAUGHT
    assert "umask: another errno" not in found  # it always succeeds (umask(2))
    by = next(each.by for each in what.fates.values() if str(each.mutant) == "umask: nothing done")
    assert by in {each.info.id for each in what.programs}


def test_what_linux_could_show_itself_is_named_and_not_counted(programs: list[CaseProgram]) -> None:
    what = planned(labels_of((), ("openat",)), programs)
    assert "O_LARGEFILE" in {each.mutant.what for each in what.left_out}
    assert "O_LARGEFILE" not in {each.what for each in what.mutants}


def test_cases_in_python_are_asked_for_what_programs_do_not_catch(programs: list[CaseProgram]) -> None:
    alone, together = measured(programs, "clone"), measured(programs, "clone", in_python=True)
    assert ends(alone)["clone: refused"] is Upshot.NOT_EXERCISED  # no program may make it: it returns twice
    caught = next(each for each in together.fates.values() if str(each.mutant) == "clone: refused")
    assert caught.end is Upshot.CAUGHT
    assert caught.by.partition("::")[0].endswith(".py")
    assert together.cases


def test_what_traces_is_left_out_by_name(programs: list[CaseProgram]) -> None:
    what = measured(programs, "ptrace_getfpregs", in_python=True)
    assert any(each.startswith("ptrace/test_") for each in what.unsteady)


def test_who_interrupts_is_told_and_nothing_goes_on(programs: list[CaseProgram]) -> None:
    what = planned(labels_of(("files",), ()), programs)

    def interrupt(_: Measurement) -> None:
        raise KeyboardInterrupt

    with liars(2) as machines, pytest.raises(KeyboardInterrupt):
        measure(what, machines, interrupt)
    assert len(what.fates) < len(what.mutants)


def test_a_fault_that_somebody_met_is_no_more_unmet() -> None:
    what = planned(["close"], [])
    mutant = what.mutants[0]
    for end, then in ((Upshot.NOT_EXERCISED,) * 2, (Upshot.SURVIVED,) * 2, (Upshot.NOT_EXERCISED, Upshot.SURVIVED)):
        what.settle(Fate(mutant, end, cases=1))
        assert what.fates[mutant].end is then
    assert what.fates[mutant].cases == 3
    assert mutant in what.at_large
    what.settle(Fate(mutant, Upshot.CAUGHT, "a case"))
    assert mutant not in what.at_large
    assert isinstance(mutant, Mutant)


def test_faults_of_a_call_that_the_machine_lacks_are_left_out_unless_they_were_caught() -> None:
    what = planned(["close", "dup"], [])
    caught, *_ = what.mutants
    what.settle(Fate(caught, Upshot.CAUGHT, "a case"))
    what.leave_out({"close"})
    assert {each.label for each in what.mutants if each is not caught} == {"dup"}
    assert {each.mutant.label for each in what.left_out} == {"close"}
    assert caught in what.fates
