"""Which cases show a fault: those that make its call are run with it until one does something else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from conformance.matrix.compare import difference
from conformance.matrix.normalise import Normal
from conformance.model import Outcome, Step
from conformance.mutate.mutants import Mutant
from conformance.syscalls.machinery.table import grammar

MOST_AT_ONCE = 64
FIRST = 3
"""Cases that are run at first: most faults are shown by one of the first few. Then twice as many each time."""
BROKEN = (Outcome.ERROR, Outcome.SKIPPED)
"""How a case ends when it was the suite that tripped over a fault, in what it does around a case: that is no catch."""


class Liar(Protocol):
    """Who is told what to lie about: `runners.lying.Control`."""

    def tell(self, rules: str) -> None:
        """From now on this is the lie; "": none."""

    @property
    def lies(self) -> int:
        """How often something was told or done that is not so, since then."""


@dataclass(frozen=True, slots=True)
class CallMade:
    """A call that a case makes without a fault."""

    label: str
    step: Step | None
    """None: it does not return."""
    promised: bool = False
    """Whether something is promised of it, as far as is known."""


@dataclass(frozen=True)
class Steady:
    """A case that passes and does the same twice, without a fault."""

    name: str
    normal: Normal
    made: tuple[CallMade, ...]
    dear: bool = False
    """Whether it takes long, as one that is to block does."""


class Bench(Protocol):
    """Where cases are run."""

    def run(self, cases: Sequence[Steady], *, patiently: bool) -> list[Normal]:
        """What they do, in comparable form. `patiently`: what takes its time is no difference yet."""


class Upshot(StrEnum):
    """What has become of a fault."""

    CAUGHT = "caught"
    SURVIVED = "survived"
    """Cases met it, and none did anything else than without it, as far as can be compared."""
    NOT_EXERCISED = "not exercised"
    """Nothing in any case would have been another with it."""


@dataclass(frozen=True, slots=True)
class Fate:
    """A fault, and what has become of it."""

    mutant: Mutant
    end: Upshot
    by: str = ""
    """The case that caught it."""
    said: str = ""
    """How it differed."""
    cases: int = 0
    """That were run with it."""


def fate(mutant: Mutant, bench: Bench, liar: Liar, cases: Sequence[Steady]) -> Fate:
    """What becomes of a fault; the cases that come first are asked first."""
    at, size, lies = 0, FIRST, 0
    while batch := cases[at : at + size]:
        liar.tell(mutant.rules)
        found = bench.run(batch, patiently=False)
        lies += liar.lies
        for case, normal in zip(batch, found, strict=True):
            if _is_caught(case, normal) and _is_no_chance(mutant, bench, liar, case):
                return Fate(mutant, Upshot.CAUGHT, case.name, _said(case, normal), at + len(batch))
        at, size = at + len(batch), min(2 * size, MOST_AT_ONCE)
    return Fate(mutant, Upshot.SURVIVED if lies else Upshot.NOT_EXERCISED, cases=at)


def _is_caught(case: Steady, found: Normal) -> bool:
    return found != case.normal and found.outcome not in BROKEN


def _is_no_chance(mutant: Mutant, bench: Bench, liar: Liar, case: Steady) -> bool:
    """Whether a case that did something else with a fault does so again, alone, and not without it."""
    liar.tell("")
    if bench.run([case], patiently=True) != [case.normal]:
        return False
    liar.tell(mutant.rules)
    return _is_caught(case, bench.run([case], patiently=True)[0])


def _said(case: Steady, found: Normal) -> str:
    differing = difference(case.normal, found)
    return differing.message if differing else ""


def by_name(cases: Iterable[Steady]) -> Mapping[str, list[Steady]]:
    """The cases that make each call, by its name, whichever operation."""
    found: dict[str, list[Steady]] = {}
    for each in cases:
        for name in dict.fromkeys(grammar()[made.label].name for made in each.made):
            found.setdefault(name, []).append(each)
    return found


def exercising(mutant: Mutant, cases: Sequence[Steady]) -> list[Steady]:
    """The cases that a fault could make do something else, those first that are likely to show it, and soon."""
    found = []
    for each in cases:
        meant = [made for made in each.made if mutant.is_of(made.label) and mutant.may_show(made.step)]
        if meant:
            found.append(((each.dear, not any(made.promised for made in meant), len(each.made)), each))
    return [each for _, each in sorted(found, key=lambda pair: pair[0])]
