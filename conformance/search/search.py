"""Opening the targets of a search, running it, and keeping what it finds."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.conditions import KERNEL
from conformance.matrix.expectations.entries import SEARCHED, speaks_of
from conformance.model import Expectation, Json
from conformance.programs.efforts import settle
from conformance.programs.wire import State
from conformance.protocol.executor import ProtocolError
from conformance.run.errors import Exit, UsageError, UserError
from conformance.run.lane import Lane, LaneError
from conformance.run.whole import write_whole
from conformance.search import reproducer
from conformance.search.compare import Signature
from conformance.search.finding import Finding
from conformance.search.generate import Generator
from conformance.search.loop import Search, Tally
from conformance.search.pursuing import Opens
from conformance.text import plural
from runners.base import Runner, RunnerError

SUMMARY = "search.json"
"""What a search comes to, beside its reproducers' folders."""
SUMMARY_SCHEMA = 2
"""Version of that. 2: `chapters` where 1 had `areas`."""


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What is searched: where, with which programs, for how long."""

    reference: str
    targets: tuple[str, ...]
    chapters: tuple[str, ...]
    seed: int
    seconds: float | None
    programs: int | None
    twin: str | None = None
    """The name of the runner that opens the reference's second instance, if there is one."""
    calls: tuple[str, ...] = ()
    """Calls of which each program has one at least; none: whatever comes."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `conformance replay` must be told to open a target as it was opened here: `--kernel`, `--targets` …"""
    beside: bool = False
    """Whether what differs is pursued beside the search, in a guest of its own for each target."""


@contextmanager
def lanes(runners: Mapping[str, Runner]) -> Iterator[list[Lane]]:
    """An executor in a guest of each target, all opened at once. Raises RunnerError."""
    with ExitStack() as stack:
        opened = [stack.enter_context(Lane(name, runner)) for name, runner in runners.items()]
        for lane in opened:
            lane.ready()
        yield opened


def _once_more(reference: str, target: str, runners: Mapping[str, Runner]) -> Opens:
    """What opens a target and the reference in further guests, for what differs to be pursued there."""

    @contextmanager
    def opened() -> Iterator[tuple[Lane, Lane]]:
        with lanes({name: runners[name] for name in (reference, target)}) as (one, other):
            yield one, other

    return opened


def search(
    plan: SearchPlan,
    runners: Mapping[str, Runner],
    expectations: Sequence[Expectation],
    directory: Path,
    progress: Callable[[Search], None],
) -> Search:
    """Run a search; what it finds is in `directory` as soon as it is found. Raises UserError.

    `runners` has the reference first, then its second instance if there is to be one, then the targets.
    """
    settle()
    try:
        generator = Generator(plan.chapters, plan.seed, plan.calls)
    except ValueError as error:
        raise UsageError(str(error)) from error
    of_search = [each for each in expectations if each.case.startswith(SEARCHED)]
    with lanes(runners) as opened:
        reference, *others = opened
        twin = next((lane for lane in others if lane.name == plan.twin), None)
        versions = {lane.name: {**lane.versions, KERNEL: lane.release} for lane in opened}

        def known(found: Signature) -> bool:
            case = f"{SEARCHED}{found}"
            return any(speaks_of(each, found.target, versions[found.target], case) for each in of_search)

        search = Search(
            generator,
            reference,
            twin,
            [lane for lane in others if lane is not twin],
            lambda finding: _keep(finding, directory, plan.arguments.get(finding.signature.target, ())),
            known,
            {name: _once_more(plan.reference, name, runners) for name in plan.targets if plan.beside},
        )
        try:
            search.run(seconds=plan.seconds, programs=plan.programs, progress=lambda _: progress(search))
        except (LaneError, ProtocolError, RunnerError) as error:
            raise UserError(f"{error}; what was found until then is in {directory}") from error
        finally:
            write_whole(directory / SUMMARY, (json.dumps(summary(plan, search), indent=1) + "\n").encode())
    return search


def _keep(finding: Finding, directory: Path, arguments: Sequence[str]) -> None:
    try:
        reproducer.write(finding, directory, arguments)
    except OSError as error:
        raise UserError(
            f"{directory} cannot be written: {error.strerror}; make room or choose another place"
        ) from error


def summary(plan: SearchPlan, search: Search) -> Json:
    """A search as JSON: what was run, what was met, what was found."""
    tally, coverage = search.tally, search.coverage
    return {
        "schema": SUMMARY_SCHEMA,
        "seed": plan.seed,
        "chapters": list(plan.chapters),
        "about": list(plan.calls),
        "programs": tally.programs,
        "seconds": round(tally.seconds, 1),
        "executions": tally.executions,
        "left": tally.left,
        "lanes": {
            lane.name: {
                "release": lane.release,
                "made_by": lane.made_by,
                "programs": lane.ran,
                "busy": round(lane.busy, 1),
                "deaths": lane.deaths,
            }
            for lane in search.lanes
        },
        "states": {state.name.lower(): count for state, count in tally.states.items()},
        "calls": list[Json](sorted(coverage.calls)),
        "pairs": len(coverage.pairs),
        "beside": tally.beside,
        "lost": list[Json](lost(search)),
        "died": list[Json](died(search)),
        "divergences": [str(each.signature) for each in tally.findings],
        "holes": [str(each.signature) for each in tally.holes],
        "flaky": [
            {"target": each.target, "call": each.difference.call, "field": each.difference.field, "why": each.why}
            for each in tally.flakes
        ],
    }


NO_EVIDENCE = {
    State.LOST: "killed the reference's own executor",
    State.HARNESS: "found the reference's executor without what it needs (a full disk, no memory)",
    State.MALFORMED: "could not be read by the reference's executor",
}
"""What a program can come to on the reference that says nothing of it: it was compared with nothing."""


def lost(search: Search) -> list[str]:
    """What evidence a search has lost, a sentence each."""
    found = [f"{plural(count, 'program')} {NO_EVIDENCE[state]}" for state, count in _without_evidence(search.tally)]
    return found + [
        f"{lane.name}: {plural(lane.unexplained, 'executor')} died, and not again of the same programs"
        for lane in search.reference
        if lane.unexplained
    ]


def _without_evidence(tally: Tally) -> list[tuple[State, int]]:
    return [(state, tally.states[state]) for state in NO_EVIDENCE if tally.states[state]]


def died(search: Search) -> list[str]:
    """What a target died of once, and not when it was tried again, a sentence each: a crash is a crash."""
    found = [
        f"{lane.name}: {plural(lane.unexplained, 'executor')} died, and not again of the same programs"
        for lane in search.targets
        if lane.unexplained
    ]
    deadly = Counter(
        f"{each.target}: died in {each.difference.call}; {each.why}" for each in search.tally.flakes if each.deadly
    )
    return found + [f"{what}{f' ({count} times)' if count > 1 else ''}" for what, count in deadly.most_common()]


def status_of(search: Search) -> Exit:
    """The exit status that a search deserves, the gravest first."""
    if lost(search):
        return Exit.INCOMPLETE
    tally = search.tally
    if tally.findings or tally.holes or died(search):
        return Exit.UNEXPECTED
    return Exit.INCOMPLETE if tally.left else Exit.EXPECTED
