"""Choosing: of all that was gathered a program for each fact, made small, and only what is the same on every run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import compress, count
from operator import not_

from conformance.programs.execution import Execution
from conformance.programs.notation.model import Listing
from conformance.programs.program import Program
from conformance.run.lane import Lane
from conformance.search.distill.confirming import confirmed, steady
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort, last_facts
from conformance.search.distill.gathering import KEPT, Candidate, Gathered, odd
from conformance.search.distill.naming import name_of
from conformance.search.distill.promising import listing
from conformance.search.distill.running import executed
from conformance.search.distill.shrinking import shrunk

UNKNOWN = ("EAFNOSUPPORT", "EPROTONOSUPPORT", "ESOCKTNOSUPPORT")
"""What says that a kernel lacks a kind of socket: it is the machine's doing, and was looked for among modules."""
SHRINKERS = 8
"""How many programs are made small at a time: a lane has enough to do while others wait for its answers."""
ORDER = list(Sort)
SOME_KINDS = ("file", "pipe r", "socket unix pair", "event")
"""The kinds of fd that stand for all, where most come to the same errno."""


@dataclass(slots=True)
class Chosen:
    """What a call's file is to have."""

    call: str
    listings: dict[str, Listing] = field(default_factory=dict)
    facts: set[Fact] = field(default_factory=set)
    """Those that some program's last call shows."""

    executions: dict[str, Execution] = field(default_factory=dict)
    """What each program did."""

    def keep(self, each: Listing, execution: Execution) -> None:
        """Take a program in."""
        self.listings[each.name] = each
        self.executions[each.name] = execution
        self.facts |= last_facts(execution)

    def drop(self, name: str) -> None:
        """Take a program out, and what it shows."""
        del self.listings[name]
        self.facts -= last_facts(self.executions.pop(name))

    @property
    def goals(self) -> set[Goal]:
        """The questions that have an answer."""
        return {fact.goal for fact in self.facts}


@dataclass(frozen=True, slots=True)
class Pick:
    """A program that may be kept."""

    fact: Fact
    program: Program


def choose(lanes: Sequence[Lane], gathered: Gathered, chosen: dict[str, Chosen]) -> list[str]:
    """Add to what each call has whatever it lacks; the programs that were left out, since they differ from run to
    run."""
    facts: dict[str, list[Fact]] = {call: [] for call in chosen}
    alike = usual(gathered.found)
    for fact in sorted(gathered.found, key=_order):
        if fact.goal.call in facts and fact not in alike and _counts(fact, gathered):
            facts[fact.goal.call].append(fact)
    unsteady = []
    for turn in range(KEPT):
        picks = _all_picks(lanes, facts, gathered, chosen, turn)
        for pick, execution in zip(picks, confirmed(lanes, [each.program for each in picks]), strict=True):
            of = chosen[pick.fact.goal.call]
            if execution is None:
                unsteady.append(f"{pick.fact.goal.call}: {name_of(pick.fact, pick.program)}")
                continue
            name = name_of(pick.fact, pick.program)
            of.facts.add(pick.fact)
            if name not in of.listings and pick.program not in (each.program for each in of.executions.values()):
                of.keep(listing(name, execution), execution)
    return unsteady


def _all_picks(
    lanes: Sequence[Lane],
    facts: Mapping[str, Sequence[Fact]],
    gathered: Gathered,
    chosen: Mapping[str, Chosen],
    turn: int,
) -> list[Pick]:
    """A program for each fact that is lacking, several calls at a time."""

    def of(at: int, call: str) -> list[Pick]:
        return list(_picks(lanes[at % len(lanes)], facts[call], gathered, chosen[call], turn))

    with ThreadPoolExecutor(SHRINKERS) as pool:
        return [pick for those in pool.map(of, count(), chosen) for pick in those]


def _order(fact: Fact) -> tuple[int, Fact]:
    return ORDER.index(fact.goal.sort), fact


def drop_unsteady(lanes: Sequence[Lane], chosen: Mapping[str, Chosen]) -> list[str]:
    """Drop what does something else when all programs are run in their order; those that are dropped."""
    names = [(call, name) for call, each in sorted(chosen.items()) for name in sorted(each.listings)]
    dropped = []
    so = steady(lanes, [chosen[call].executions[name] for call, name in names])
    for call, name in compress(names, map(not_, so)):
        chosen[call].drop(name)
        dropped.append(f"{call}: {name}")
    return dropped


def usual(found: Iterable[Fact]) -> set[Fact]:
    """Kinds of fd that come to what most kinds do, where an argument asks for one of another kind: but a few of them
    say no more than some do."""
    by_argument: dict[tuple[str, ...], list[Fact]] = {}
    for fact in found:
        if fact.goal.sort is Sort.DESCRIPTOR:
            by_argument.setdefault((fact.goal.call, *fact.goal.about[:2]), []).append(fact)
    left = set()
    for facts in by_argument.values():
        said, times = Counter(fact.said for fact in facts).most_common(1)[0]
        if times > len(facts) // 2 and said != ACCEPTED:
            left |= {each for each in facts if each.said == said and each.goal.about[2] not in SOME_KINDS}
    return left


def _counts(fact: Fact, gathered: Gathered) -> bool:
    """Whether a fact is worth a program of its own.

    A kernel without the call says nothing. Nor does a flag that is refused by itself where it is accepted elsewhere, an
    option of a byte that does not exist as a whole, or the protocol of a family that does not have the type.
    """
    goal, said = fact
    if said == "ENOSYS":
        return False
    match goal.sort:
        case Sort.FLAG if said != ACCEPTED:
            return Fact(goal, ACCEPTED) not in gathered.found
        case Sort.OPTION if goal.about[2]:
            return Fact(goal._replace(about=(*goal.about[:2], "")), ACCEPTED) in gathered.found
        case Sort.SOCKET if said in UNKNOWN:
            return False
        case Sort.SOCKET if goal.about[2] != "0":
            return Fact(goal._replace(about=(*goal.about[:2], "0")), said) not in gathered.found
    return True


def _picks(lane: Lane, facts: Sequence[Fact], gathered: Gathered, of: Chosen, turn: int) -> Iterator[Pick]:
    """A program for each fact that a call's file lacks."""
    pending: set[Fact] = set()
    for fact in facts:
        candidates = gathered.found[fact]
        if turn >= len(candidates) or fact in of.facts or fact in pending:
            continue
        candidate = candidates[turn]
        if candidate.asked and name_of(fact, candidate.program) in of.listings:
            of.facts.add(fact)
            continue
        program = candidate.program if _is_small(candidate) else shrunk(lane, candidate.program, fact)
        if program is None:
            continue
        pending.add(fact)
        for _, execution in executed([lane], [(None, program)], own=True):
            pending |= last_facts(execution)
        yield Pick(fact, program)


def _is_small(candidate: Candidate) -> bool:
    steps = candidate.program.steps
    return candidate.asked or (len(steps) == 1 and len(odd(steps[0])) <= 1)
