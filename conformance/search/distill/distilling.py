"""Distilling from beginning to end: what is there already, the trials, the search, the choice, the files."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from conformance.conditions import KERNEL
from conformance.programs.harmful import is_allowed
from conformance.programs.notation.judging import Keeping, judged
from conformance.run.lane import Lane
from conformance.search.distill.choosing import Chosen, choose, drop_unsteady
from conformance.search.distill.comparing import Other, held_against
from conformance.search.distill.confirming import confirmed
from conformance.search.distill.facts import Goal, goals
from conformance.search.distill.files import read, write
from conformance.search.distill.gathering import Gathered, run_trials, search
from conformance.search.distill.surroundings import surroundings
from conformance.search.distill.trials import trials
from conformance.search.generate import Generator, labels_of
from conformance.search.search import lanes
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.table import grammar
from runners.base import Runner


@dataclass(frozen=True, slots=True)
class DistillPlan:
    """What is asked for."""

    calls: tuple[str, ...]
    seed: int
    seconds: float
    """How long the search goes on, after all questions were asked."""
    output: Path
    find: bool = True
    """Whether to find what is lacking; else only what is there already is held against other targets."""


@dataclass(slots=True)
class Distilled:
    """What has come of it so far."""

    gathered: Gathered
    started: float = field(default_factory=time.monotonic)
    stage: str = "reading"
    already: set[tuple[str, str]] = field(default_factory=set)
    """Programs that were there already and do what they promise: calls and names."""
    dropped: list[str] = field(default_factory=list)
    """Programs that were there, and do not show any more what they promise."""
    unsteady: list[str] = field(default_factory=list)
    """Programs that differ from run to run, and were left out."""
    apart: list[str] = field(default_factory=list)
    """Programs that other targets do not agree on, and were left out."""
    chosen: dict[str, Chosen] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """Since it began."""
        return time.monotonic() - self.started

    @property
    def names(self) -> list[tuple[str, str]]:
        """The programs of all files: calls and names."""
        return [(call, name) for call, each in self.chosen.items() for name in each.listings]

    @property
    def programs(self) -> int:
        """How many there are in all files."""
        return len(self.names)

    @property
    def lost(self) -> set[tuple[str, str]]:
        """Programs that were there already and do what they promise, but are kept no more: calls and names."""
        return self.already - set(self.names)

    @property
    def met(self) -> set[Goal]:
        """The questions that a program answers."""
        return {goal for each in self.chosen.values() for goal in each.goals}


def calls_of(named: Sequence[str]) -> tuple[str, ...]:
    """System calls by name; all that programs may make where none is named. Raises ValueError."""
    labels = labels_of(named) if named else [label for label in grammar() if is_allowed(label)]
    return tuple(sorted({grammar()[label].name for label in labels if not isinstance(grammar()[label], Pseudo)}))


LANES = 2
"""How many guests of the reference there are at a time."""


def distill_on(
    plan: DistillPlan,
    reference: Runner,
    progress: Callable[[Distilled], None],
    others: Sequence[Other] = (),
) -> Distilled:
    """Distil on a target, hold it against others, write the files. Raises RunnerError, UserError, LaneError."""
    done = Distilled(Gathered(goals(plan.calls)))
    with lanes({f"reference {at}": reference for at in range(LANES)}) as opened:
        versions = {**opened[0].versions, KERNEL: opened[0].release}
        distill(plan, opened, done, progress)

    def told(stage: str) -> None:
        done.stage = stage
        progress(done)

    done.apart = held_against(others, done.chosen, versions, told)
    for call, each in done.chosen.items():
        if path := write(call, plan.output, each.listings.values()):
            done.files.append(path)
    told("done")
    return done


def distill(plan: DistillPlan, guests: Sequence[Lane], done: Distilled, progress: Callable[[Distilled], None]) -> None:
    """Find what one target does, of which each of `guests` is a guest. Raises UsageError, LaneError."""
    done.chosen = {call: Chosen(call) for call in plan.calls}

    def told() -> None:
        progress(done)

    _keep_what_is_there(plan, guests, done)
    if plan.find:
        _find(plan, guests, done, told)
    done.stage = "running all of them"
    told()
    done.unsteady += drop_unsteady(guests[:1], done.chosen)


def _find(plan: DistillPlan, guests: Sequence[Lane], done: Distilled, told: Callable[[], None]) -> None:
    """Ask, search and choose."""
    labels = [label for label, each in grammar().items() if each.name in plan.calls and is_allowed(label)]
    done.stage = "asking"
    run_trials(guests, trials(labels), done.gathered, told)
    done.stage = "asking in other surroundings"
    run_trials(guests, surroundings(labels), done.gathered, told)
    done.stage = "searching"
    end = time.monotonic() + plan.seconds
    search(guests, Generator(seed_=plan.seed), done.gathered, lambda: time.monotonic() < end, told)
    done.stage = "choosing"
    told()
    done.unsteady = choose(guests, done.gathered, done.chosen)


def _keep_what_is_there(plan: DistillPlan, guests: Sequence[Lane], done: Distilled) -> None:
    """Programs of earlier times stay, as long as they do what they promise."""
    already = {call: read(call, plan.output) for call in plan.calls}
    those = [(call, each) for call in plan.calls for each in already[call].listings]
    done.dropped = [f"{call}: {name}" for call in plan.calls for name in already[call].unreadable]
    executions = confirmed(guests, [each.program for _, each in those])
    versions = {**guests[0].versions, KERNEL: guests[0].release}
    for (call, each), execution in zip(those, executions, strict=True):
        if execution and not any(one.kept is Keeping.BROKEN for one in judged(each, execution, versions)):
            done.chosen[call].keep(each, execution)
            done.already.add((call, each.name))
        else:
            done.dropped.append(f"{call}: {each.name}")
