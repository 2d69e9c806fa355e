"""Measuring: all faults of some calls, on several machines that lie, side by side."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from conformance.mutate.benches import CaseBench, ProgramBench
from conformance.mutate.hunting import MOST_AT_ONCE, Bench, Fate, Liar, Steady, Upshot, by_name, exercising, fate
from conformance.mutate.mutants import LeftOut, Mutant, mutants_of
from conformance.places import CASES
from conformance.programs.cases import CaseProgram
from conformance.programs.harmful import touches
from conformance.run.called import uses
from conformance.run.lane import Lane, LaneError
from conformance.run.selection import Selection, is_program
from conformance.run.surveying import AREA as SURVEY
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.machinery.touches import PROCESS
from runners.base import Runner, RunnerError

Work = TypeVar("Work")
Wanted_contra = TypeVar("Wanted_contra", contravariant=True)
Piece = TypeVar("Piece")
FEW = 10
"""Cases in Python of which is found out at once whether they can be relied on."""
UNRECORDED = 16
"""Cases that are asked, at most, that may make a call without recording it."""
TICK = 0.5
"""Seconds between two looks at how far it has come."""


@dataclass(slots=True)
class Measurement:
    """How far it has come, and what has been found."""

    mutants: Sequence[Mutant]
    left_out: Sequence[LeftOut]
    programs: Sequence[CaseProgram]
    """That make one of the calls."""
    cases: Sequence[str] | None = None
    """In Python, that may make a call of which a fault is still to be caught; None: it has not come to them."""
    steady: dict[str, Steady] = field(default_factory=dict)
    """By name: what passes and does the same twice, behind a shim that does nothing."""
    fates: dict[Mutant, Fate] = field(default_factory=dict)

    @property
    def unsteady(self) -> list[str]:
        """The cases that say nothing here: they fail, take long or do not do the same twice, such as those that
        trace."""
        return sorted({*(each.info.id for each in self.programs), *(self.cases or ())} - set(self.steady))

    @property
    def at_large(self) -> list[Mutant]:
        """The faults that have not been caught so far."""
        return [each for each in self.mutants if each not in self.fates or self.fates[each].end is not Upshot.CAUGHT]

    def leave_out(self, lacking: set[str]) -> None:
        """Take out what no case can catch here: faults of calls that the machine does not have."""
        found = [each for each in self.at_large if grammar()[each.label].name in lacking]
        self.left_out = [
            *self.left_out,
            *(LeftOut(each, "this machine's kernel does not have the call") for each in found),
        ]
        self.mutants = [each for each in self.mutants if each not in set(found)]
        for each in found:
            self.fates.pop(each, None)

    def settle(self, found: Fate) -> None:
        """Take note of what has become of a fault, of which other cases may have said less before."""
        known = self.fates.get(found.mutant)
        if known is not None and found.end is not Upshot.CAUGHT:
            end = Upshot.SURVIVED if Upshot.SURVIVED in (known.end, found.end) else Upshot.NOT_EXERCISED
            found = Fate(found.mutant, end, cases=known.cases + found.cases)
        self.fates[found.mutant] = found


def planned(labels: Sequence[str], programs: Sequence[CaseProgram]) -> Measurement:
    """What there is to be measured of some calls and operations."""
    found = [each for label in labels for each in mutants_of(label)]
    names = {grammar()[label].name for label in labels}
    made = [each for each in programs if names.intersection(step.call.description.name for step in each.listing.steps)]
    return Measurement(
        [each for each in found if isinstance(each, Mutant)],
        [each for each in found if isinstance(each, LeftOut)],
        # Whatever needs a process of its own ends the one that others share.
        sorted(made, key=lambda each: PROCESS in touches(each.listing.program)),
    )


def measure(
    what: Measurement,
    liars: Sequence[tuple[Runner, Liar]],
    progress: Callable[[Measurement], None] = lambda _: None,
    *,
    in_python: bool = True,
) -> None:
    """Find out what becomes of each fault. Raises RunnerError, and whatever `progress` raises.

    `in_python`: where programs do not catch it, ask cases in Python, too.
    """
    _ask_programs(what, liars, lambda: progress(what))
    if in_python and what.at_large:
        _ask_cases(what, liars, lambda: progress(what))


def _ask_programs(what: Measurement, liars: Sequence[tuple[Runner, Liar]], tick: Callable[[], None]) -> None:
    with ExitStack() as stack:
        lanes = [stack.enter_context(Lane(f"liar {at}", runner)) for at, (runner, _) in enumerate(liars)]
        for lane in lanes:
            lane.ready()
        desks = [Desk(ProgramBench(lane), liar, lane.interrupt) for lane, (_, liar) in zip(lanes, liars, strict=True)]
        portions = [what.programs[at : at + MOST_AT_ONCE] for at in range(0, len(what.programs), MOST_AT_ONCE)]
        try:
            _ask(what, desks, portions, tick)
        except LaneError as error:
            raise RunnerError(str(error)) from error


def _ask_cases(what: Measurement, liars: Sequence[tuple[Runner, Liar]], tick: Callable[[], None]) -> None:
    names = {grammar()[each.label].name for each in what.at_large}
    used = {name: calls & names for name, calls in uses(CASES).items() if not name.startswith(f"{SURVEY}/")}
    modules = sorted({name.partition("::")[0] for name, calls in used.items() if calls and not is_program(name)})
    what.cases = ()
    if not modules:
        return
    with ExitStack() as stack:
        benches = [stack.enter_context(CaseBench(runner, Selection(tuple(modules)))) for runner, _ in liars]
        what.cases = [each for each in benches[0].cases if used.get(_function(each))]
        desks = [Desk(bench, liar, bench.interrupt) for bench, (_, liar) in zip(benches, liars, strict=True)]
        portions = [what.cases[at : at + FEW] for at in range(0, len(what.cases), FEW)]
        _ask(what, desks, portions, tick, lambda call, case: call in used.get(_function(case), ()))


def _function(case: str) -> str:
    return case.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Desk(Generic[Work]):
    """A bench, and who lies there."""

    bench: SteadyBench[Work]
    liar: Liar
    interrupt: Callable[[], None]
    """Let whoever waits for a case have an error soon."""


class SteadyBench(Bench, Protocol[Wanted_contra]):
    """A bench that finds out what it can rely on."""

    lacking: set[str]
    """Calls that the machine does not have, by name."""

    def steady(self, cases: Sequence[Wanted_contra]) -> Iterator[Steady]:
        """Those of some cases that pass, and do the same twice."""


def _ask(
    what: Measurement,
    desks: Sequence[Desk[Work]],
    portions: Sequence[Sequence[Work]],
    tick: Callable[[], None],
    may_make: Callable[[str, str], bool] = lambda call, case: False,
) -> None:
    """Find out which cases can be relied on, then let them look for the faults that are at large.

    A case may make calls that are not recorded: where no recorded one could show a fault, a few cases are asked of
    which somebody says that they `may_make` the call.
    """
    before = set(what.steady)

    def rely(desk: Desk[Work], cases: Sequence[Work]) -> None:
        desk.liar.tell("")
        what.steady |= {each.name: each for each in desk.bench.steady(cases)}

    _deal(desks, portions, rely, tick)
    what.leave_out(set().union(*(desk.bench.lacking for desk in desks)))
    known = [each for name, each in what.steady.items() if name not in before]
    calls = by_name(known)
    by_label: dict[str, list[Mutant]] = {}
    for each in what.at_large:
        by_label.setdefault(each.label, []).append(each)

    def hunt(desk: Desk[Work], label: str) -> None:
        for each in by_label[label]:
            name = grammar()[label].name
            asked = exercising(each, calls.get(name, ()))
            asked = asked or [case for case in known if may_make(name, case.name)][:UNRECORDED]
            what.settle(fate(each, desk.bench, desk.liar, asked))

    _deal(desks, list(by_label), hunt, tick)


def _deal(
    desks: Sequence[Desk[Work]],
    work: Sequence[Piece],
    do: Callable[[Desk[Work], Piece], None],
    tick: Callable[[], None],
) -> None:
    """Do all of some work, each piece at the desk that is free next; `tick` is called meanwhile."""
    todo: queue.SimpleQueue[Piece] = queue.SimpleQueue()
    for each in work:
        todo.put(each)
    ending = False

    def serve(desk: Desk[Work]) -> None:
        with suppress(queue.Empty):
            while not ending:
                do(desk, todo.get_nowait())

    with ThreadPoolExecutor(len(desks)) as pool:
        serving = [pool.submit(serve, each) for each in desks]
        try:
            while wait(serving, TICK, FIRST_EXCEPTION).not_done:
                for served in serving:
                    if served.done():
                        served.result()
                tick()
            for served in serving:
                served.result()
        except BaseException:
            ending = True
            for desk in desks:
                desk.interrupt()
            raise
