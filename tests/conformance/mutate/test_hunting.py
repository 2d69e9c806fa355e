"""How a fault is caught: by cases that do what a test says, with and without it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from conformance.matrix.normalise import Normal, NormalStep
from conformance.model import Outcome, Step
from conformance.mutate.hunting import CallMade, Steady, Upshot, by_name, exercising, fate
from conformance.mutate.mutants import Mutant, mutants_of

CLOSED = NormalStep("close", 0, (3,), 0, (), 0)
TRUTH = Normal(Outcome.PASSED, (CLOSED,), ())
OTHER = replace(TRUTH, steps=(replace(CLOSED, result=1),))
(MUTANT,) = (each for each in mutants_of("close") if isinstance(each, Mutant) and str(each) == "close: off by one")


def case(name: str, *made: CallMade, dear: bool = False) -> Steady:
    """One that closes something."""
    return Steady(name, TRUTH, made or (CallMade("close", Step("close", [3], 0, 0)),), dear)


class Stage:
    """A bench, and who lies there. What cases do is a function of the case, whether there is a lie, and how often it
    has been run."""

    def __init__(self, does: Callable[[str, bool, int], Normal], lies: int = 1) -> None:
        self._does, self._lies = does, lies
        self.rules = ""
        self.batches: list[list[str]] = []

    def tell(self, rules: str) -> None:
        self.rules = rules

    @property
    def lies(self) -> int:
        return self._lies if self.rules else 0

    def run(self, cases: Sequence[Steady], *, patiently: bool) -> list[Normal]:
        self.batches.append([each.name for each in cases])
        assert patiently == (len(cases) == 1 and len(self.batches) > 1)
        return [self._does(each.name, bool(self.rules), len(self.batches)) for each in cases]


CASES = [case(f"case {at}") for at in range(5)]


def test_the_first_case_that_does_something_else_catches_it() -> None:
    stage = Stage(lambda name, lie, _: OTHER if lie and name >= "case 3" else TRUTH)
    found = fate(MUTANT, stage, stage, CASES)
    assert (found.end, found.by, found.cases) == (Upshot.CAUGHT, "case 3", 5)
    assert found.said == "close: returns 1, the reference 0"
    assert stage.batches == [["case 0", "case 1", "case 2"], ["case 3", "case 4"], ["case 3"], ["case 3"]]


def test_what_nothing_comes_of_has_survived() -> None:
    stage = Stage(lambda *_: TRUTH)
    assert fate(MUTANT, stage, stage, CASES).end is Upshot.SURVIVED


def test_what_nobody_meets_is_not_exercised() -> None:
    stage = Stage(lambda *_: TRUTH, lies=0)
    assert fate(MUTANT, stage, stage, CASES).end is Upshot.NOT_EXERCISED
    assert fate(MUTANT, stage, stage, []).end is Upshot.NOT_EXERCISED


def test_a_difference_that_is_there_without_the_fault_is_chance() -> None:
    stage = Stage(lambda *_: OTHER)
    assert fate(MUTANT, stage, stage, CASES).end is Upshot.SURVIVED


def test_a_difference_that_does_not_come_again_is_chance() -> None:
    stage = Stage(lambda _, lie, batch: OTHER if lie and batch == 1 else TRUTH)
    assert fate(MUTANT, stage, stage, CASES[:3]).end is Upshot.SURVIVED


@pytest.mark.parametrize(("outcome", "end"), [(Outcome.ERROR, Upshot.SURVIVED), (Outcome.CRASH, Upshot.CAUGHT)])
def test_that_the_suite_trips_over_a_fault_is_no_catch(outcome: Outcome, end: Upshot) -> None:
    stage = Stage(lambda _, lie, __: replace(TRUTH, outcome=outcome) if lie else TRUTH)
    assert fate(MUTANT, stage, stage, CASES).end is end


def test_cases_are_found_by_the_calls_that_they_make_whichever_operation() -> None:
    one = case("one", CallMade("fcntl_setfl", None), CallMade("fcntl_getfl", None), CallMade("close", None))
    assert by_name([one, CASES[0]]) == {"fcntl": [one], "close": [one, CASES[0]]}


def test_those_are_asked_that_make_the_call_and_first_those_that_promise_something_and_are_short() -> None:
    closed, refused = Step("close", [3], 0, 0), Step("close", [3], -1, 9)
    cases = [
        case("dear", CallMade("close", closed, promised=True), dear=True),
        case("long", CallMade("dup", None), CallMade("close", closed, promised=True)),
        case("refused", CallMade("close", refused, promised=True)),
        case("plain", CallMade("close", closed)),
        case("promise", CallMade("close", closed, promised=True)),
        case("another", CallMade("dup", closed, promised=True)),
    ]
    assert [each.name for each in exercising(MUTANT, cases)] == ["promise", "long", "plain", "dear"]
