"""Holding what was chosen against other targets: kernels, which are asked what they promise, and imitations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from conformance.conditions import KERNEL
from conformance.programs.execution import Execution
from conformance.programs.notation.judging import Keeping, judged
from conformance.programs.notation.model import Listing
from conformance.programs.wire import State
from conformance.run.lane import Lane
from conformance.search.distill.agreeing import Testimony, Version, agreed, version_of
from conformance.search.distill.choosing import Chosen
from conformance.search.distill.confirming import agree_in_a_matrix
from conformance.search.distill.promising import listing
from conformance.search.distill.running import executed
from conformance.search.search import lanes
from runners.base import Runner

TURNS = 2
"""How often all programs are run on each target, in their order."""
PATIENCE = 2.0
"""Factor on deadlines."""


@dataclass(frozen=True, slots=True)
class Other:
    """A target beside the reference."""

    name: str
    runner: Runner
    imitates: bool = False
    """Whether it is no kernel, so that nothing is promised by what it does."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What one target has said to all programs, by call and name; nothing of those that differ from run to run."""

    versions: Mapping[str, str]
    version: Version
    executions: Mapping[tuple[str, str], Execution]


def held_against(
    others: Sequence[Other],
    chosen: Mapping[str, Chosen],
    reference: Mapping[str, str],
    told: Callable[[str], None],
) -> list[str]:
    """Give promises their conditions, and drop what no condition tells, or what is unsteady anywhere; those dropped.

    `reference`: the versions of where everything was found. Raises RunnerError, LaneError.
    """
    kernels: list[Heard] = []
    dropped = []
    for other in others:
        with lanes({other.name: other.runner}) as (lane,):
            heard = _heard(lane, chosen, told)
        for call, name in _all_of(chosen):
            if (call, name) not in heard.executions:
                chosen[call].drop(name)
                dropped.append(f"{call}: {name}, unsteady on {other.name}")
        if not other.imitates:
            kernels.append(heard)
    for call, name in _all_of(chosen) if kernels else ():
        if found := _promised(chosen[call], name, kernels, reference):
            chosen[call].listings[name] = found
        else:
            chosen[call].drop(name)
            dropped.append(f"{call}: {name}, kernels disagree")
    return dropped


def _all_of(chosen: Mapping[str, Chosen]) -> list[tuple[str, str]]:
    return [(call, name) for call, each in sorted(chosen.items()) for name in sorted(each.listings)]


def _heard(lane: Lane, chosen: Mapping[str, Chosen], told: Callable[[str], None]) -> Heard:
    """Run everything there."""
    runs: dict[tuple[str, str], list[Execution]] = {place: [] for place in _all_of(chosen)}
    for _ in range(TURNS):
        asked = [((call, name), chosen[call].executions[name].program) for call, name in runs]
        for place, execution in executed([lane], asked, patience=PATIENCE):
            runs[place].append(execution)
            told(f"asking {lane.name} ({len(runs[place])} of {TURNS})")
    steady = {place: each[0] for place, each in runs.items() if _agree(each)}
    versions = {**lane.versions, KERNEL: lane.release}
    return Heard(versions, version_of(lane.release), steady)


def _agree(runs: Sequence[Execution]) -> bool:
    """Whether all runs are the same; what an imitation blocks in is the same, too."""
    return agree_in_a_matrix(runs) and all(each.outcome.state is not State.LOST for each in runs)


def _promised(of: Chosen, name: str, kernels: Sequence[Heard], reference: Mapping[str, str]) -> Listing | None:
    """A program with promises that all kernels keep; None where it has none."""
    here = of.executions[name]
    place = (of.call, name)
    listed = of.listings[name]
    if all(_keeps(listed, each.executions[place], each.versions) for each in kernels):
        return listed
    witnesses = [Testimony(version_of(reference[KERNEL]), here, alike=False)]
    witnesses += [Testimony(each.version, each.executions[place]) for each in kernels]
    found = agreed(listing(name, here), witnesses)
    everywhere = [(here, reference), *((each.executions[place], each.versions) for each in kernels)]
    return found if found and all(_keeps(found, *each) for each in everywhere) else None


def _keeps(listed: Listing, execution: Execution, versions: Mapping[str, str]) -> bool:
    return not any(each.kept is Keeping.BROKEN for each in judged(listed, execution, versions))
