"""Opening the targets of a search, running it, and keeping what it finds."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conformance.differential import issue, reproducer
from conformance.differential.compare import Difference, Signature, differences
from conformance.differential.fuzz import RUNS, Finding, Fuzz, Tally
from conformance.differential.generate import Coverage, Generator
from conformance.differential.harmful import NEVER, is_allowed, is_tame
from conformance.differential.lane import Lane, LaneError
from conformance.differential.program import Program, ProgramError, from_json, to_json
from conformance.differential.trace import errnos
from conformance.differential.wire import ProtocolError, State, decode, encode
from conformance.guest.profiles import settle
from conformance.matrix.causes import IMITATIONS
from conformance.matrix.expectations import SEARCHED, speaks_of
from conformance.model import Expectation, Json, Target
from conformance.run.errors import Exit, UsageError, UserError
from conformance.run.whole import write_whole
from conformance.syscalls.table import areas, grammar
from conformance.text import one_line, plural
from runners.base import Runner

SUMMARY = "search.json"
"""What a search comes to, beside its reproducers' folders."""
REPLAY_PATIENCE = 10.0
"""Factor on deadlines where a program is replayed."""


@dataclass(frozen=True, slots=True)
class Search:
    """What to search: where, with which programs, for how long."""

    reference: str
    targets: tuple[str, ...]
    areas: tuple[str, ...]
    seed: int
    seconds: float | None
    programs: int | None
    twin: str | None = None
    """The name of the runner that opens the reference's second instance, if there is one."""
    calls: tuple[str, ...] = ()
    """Calls of which each program has one at least; none: whatever comes."""
    arguments: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What `conformance replay` must be told to open a target as it was opened here: `--kernel`, `--targets` …"""


@contextmanager
def lanes(runners: Mapping[str, Runner]) -> Iterator[list[Lane]]:
    """An executor in a guest of each target, all opened at once. Raises RunnerError."""
    with ExitStack() as stack:
        opened = [stack.enter_context(Lane(name, runner)) for name, runner in runners.items()]
        for lane in opened:
            lane.ready()
        yield opened


def search(
    plan: Search,
    runners: Mapping[str, Runner],
    expectations: Sequence[Expectation],
    directory: Path,
    progress: Callable[[Fuzz], None],
) -> Fuzz:
    """Run a search; what it finds is in `directory` as soon as it is found. Raises UserError.

    `runners` has the reference first, then its second instance if there is to be one, then the targets.
    """
    settle()
    try:
        generator = Generator(plan.areas, plan.seed, plan.calls)
    except ValueError as error:
        raise UsageError(str(error)) from error
    of_search = [each for each in expectations if each.case.startswith(SEARCHED)]
    with lanes(runners) as opened:
        reference, *others = opened
        twin = next((lane for lane in others if lane.name == plan.twin), None)
        releases = {lane.name: lane.release for lane in opened}

        def known(found: Signature) -> bool:
            case = f"{SEARCHED}{found}"
            return any(speaks_of(each, found.target, releases[found.target], case) for each in of_search)

        fuzz = Fuzz(
            generator,
            reference,
            twin,
            [lane for lane in others if lane is not twin],
            lambda finding: _keep(finding, directory, plan.arguments.get(finding.signature.target, ())),
            known,
        )
        try:
            fuzz.run(seconds=plan.seconds, programs=plan.programs, progress=lambda _: progress(fuzz))
        except (LaneError, ProtocolError) as error:
            raise UserError(f"{error}; what was found until then is in {directory}") from error
        finally:
            write_whole(directory / SUMMARY, (json.dumps(summary(plan, fuzz), indent=1) + "\n").encode())
    return fuzz


def _keep(finding: Finding, directory: Path, arguments: Sequence[str]) -> None:
    try:
        reproducer.write(finding, directory, arguments)
    except OSError as error:
        raise UserError(
            f"{directory} cannot be written: {error.strerror}; make room or choose another place"
        ) from error


def summary(plan: Search, fuzz: Fuzz) -> Json:
    """A search as JSON: what was run, what was met, what was found."""
    tally, coverage = fuzz.tally, fuzz.coverage
    return {
        "schema": 1,
        "seed": plan.seed,
        "areas": list(plan.areas),
        "about": list(plan.calls),
        "programs": tally.programs,
        "seconds": round(tally.seconds, 1),
        "executions": tally.executions,
        "lanes": {
            lane.name: {
                "release": lane.release,
                "made_by": lane.made_by,
                "programs": lane.ran,
                "busy": round(lane.busy, 1),
                "deaths": lane.deaths,
            }
            for lane in fuzz.lanes
        },
        "states": {state.name.lower(): count for state, count in tally.states.items()},
        "calls": list[Json](sorted(coverage.calls)),
        "pairs": len(coverage.pairs),
        "beside": tally.beside,
        "lost": list[Json](lost(fuzz)),
        "died": list[Json](died(fuzz)),
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


def lost(fuzz: Fuzz) -> list[str]:
    """What evidence a search has lost, a sentence each."""
    found = [f"{plural(count, 'program')} {NO_EVIDENCE[state]}" for state, count in _without_evidence(fuzz.tally)]
    return found + [
        f"{lane.name}: {plural(lane.unexplained, 'executor')} died, and not again of the same programs"
        for lane in fuzz.reference
        if lane.unexplained
    ]


def _without_evidence(tally: Tally) -> list[tuple[State, int]]:
    return [(state, tally.states[state]) for state in NO_EVIDENCE if tally.states[state]]


def died(fuzz: Fuzz) -> list[str]:
    """What a target died of once, and not when it was tried again, a sentence each: a crash is a crash."""
    found = [
        f"{lane.name}: {plural(lane.unexplained, 'executor')} died, and not again of the same programs"
        for lane in fuzz.targets
        if lane.unexplained
    ]
    deadly = Counter(
        f"{each.target}: died in {each.difference.call}; {each.why}" for each in fuzz.tally.flakes if each.deadly
    )
    return found + [f"{what}{f' ({count} times)' if count > 1 else ''}" for what, count in deadly.most_common()]


def status_of(fuzz: Fuzz) -> Exit:
    """The exit status that a search deserves, the gravest first."""
    if lost(fuzz):
        return Exit.INCOMPLETE
    return Exit.UNEXPECTED if fuzz.tally.findings or fuzz.tally.holes or died(fuzz) else Exit.EXPECTED


def described(coverage: Coverage) -> tuple[int, int]:
    """How many calls have succeeded, of how many that may be generated."""
    able = {each.name for label, each in grammar().items() if is_allowed(label)}
    return len(coverage.calls & able), len(able)


def flaky(tally: Tally) -> list[tuple[int, str]]:
    """What did not repeat, counted: the most frequent first."""
    counted = Counter(
        f"{each.target}: {each.difference.call}, {each.difference.field}: {each.why}" for each in tally.flakes
    )
    return [(count, what) for what, count in counted.most_common()]


# -- replaying


def read_program(path: Path) -> Program:
    """The program of a reproducer's folder, or of a file. Raises UsageError."""
    file = path / "program.json" if path.is_dir() else path
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{file} cannot be read: {error.strerror}; give a folder that `conformance fuzz` wrote"
        ) from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file} is no JSON, or cut short: {error}") from error
    try:
        program = from_json(value)
    except ProgramError as error:
        raise UsageError(f"{file}: {error}") from error
    for at, step in enumerate(program.steps):
        if not is_allowed(step.label):
            raise UsageError(
                f"{file}: call {at}, {step.label}, is one that no program makes: it {NEVER[step.description.name]}"
            )
    if not is_tame(program):
        raise UsageError(f"{file}: a call of it reaches for what is not a program's own: memory, processes or keys")
    return program


def programs_at(paths: Sequence[Path]) -> dict[str, Program]:
    """The programs of reproducers' folders, of files, and of whole searches' folders, by path. Raises UsageError."""
    found: dict[str, Program] = {}
    for path in paths:
        inside = sorted(each.parent for each in path.glob("*/program.json")) if path.is_dir() else []
        if path.name == SUMMARY and len(paths) > 1:
            continue  # a search's own file, which a shell's `*` takes along
        for place in inside if inside and not (path / "program.json").exists() else [path]:
            found[str(place)] = read_program(place)
    if not found:
        raise UsageError(
            f"there is no program in {', '.join(map(str, paths))}; give folders that `conformance fuzz` wrote"
        )
    return found


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a program did on one target, against the reference."""

    target: str
    release: str
    lines: list[str]
    said: list[str]
    """`0` or an errno's name for each call, and how it ended unless it just ended."""
    difference: Difference | None
    """From the reference, in any of the runs."""
    stable: bool
    """Whether all runs did the same."""
    lost: bool = False
    """Whether it came to something that says nothing of the program: see `NO_EVIDENCE`."""


def replay(programs: Sequence[Program], runners: Mapping[str, Runner], told: Callable[[list[Replayed]], None]) -> None:
    """Run programs on all targets, each three times in a process of its own; `told` is told of each, in order.

    One set of guests is for all. `runners` has the reference first. Raises RunnerError, UserError.
    """
    with lanes(runners) as opened:
        for at, program in enumerate(programs):
            try:
                found = _replayed(program, opened)
            except (LaneError, ProtocolError) as error:
                rest = len(programs) - at
                raise UserError(f"{error}; {plural(rest, 'program')} of {len(programs)} not replayed") from error
            told(found)


def _replayed(program: Program, opened: Sequence[Lane]) -> list[Replayed]:
    encoded = encode(program, own=True)
    # Each alone: a guest that one run takes along is opened anew for the next, and is never given up for it.
    futures = [lane.submit([encoded.data] * RUNS, REPLAY_PATIENCE, deadly=True) for lane in opened]
    said = [[decode(each, encoded) for each in future.result()] for future in futures]
    reference = said[0][0]
    found = []
    for lane, outcomes in zip(opened, said, strict=True):
        apart = [next(differences(program, encoded, reference, each), None) for each in outcomes]
        stable = all(next(differences(program, encoded, outcomes[0], each), None) is None for each in outcomes[1:])
        shown = next((each for each, differs in zip(outcomes, apart, strict=True) if differs), outcomes[0])
        is_reference = lane is opened[0]
        found.append(
            Replayed(
                lane.name,
                lane.release,
                issue.lines(program, encoded, outcomes[0] if is_reference else shown),
                errnos(program, encoded, outcomes[0] if is_reference else shown),
                None if is_reference else next(filter(None, apart), None),
                stable,
                any(each.state in NO_EVIDENCE for each in outcomes),
            )
        )
    return found


def status_of_replay(replayed: Sequence[Replayed]) -> Exit:
    """The exit status that one program's replay deserves."""
    if replayed[0].lost:
        return Exit.INCOMPLETE
    return Exit.UNEXPECTED if any(each.difference or not each.stable for each in replayed) else Exit.EXPECTED


GRAVITY = (Exit.EXPECTED, Exit.UNEXPECTED, Exit.INCOMPLETE)
"""What programs can come to, the gravest last."""


# -- keeping a program as a case


def refuse_imitations(targets: Sequence[Target]) -> None:
    """A promise of Linux takes kernels that keep it: raises UsageError for a target that imitates one."""
    for each in targets:
        if each.runner in IMITATIONS:
            raise UsageError(
                f"--keep: {each.name} is no kernel but imitates one (runner {each.runner}), so that what it does is "
                "no promise of Linux; replay on real kernels only, such as -t lts -t wsl2"
            )


def keep(program: Program, replayed: Sequence[Replayed], corpus: Path, area: str, about: str) -> Path:
    """Put a program into the corpus of kept programs, with what all targets said as its promise.

    Raises UsageError when they do not agree in everything, data too, or one of them does not agree with itself.
    """
    reference = replayed[0]
    for each in replayed:
        if each.lost:
            raise UsageError(f"not kept: {each.target} died of it, or did not come to run it")
        if not each.stable:
            raise UsageError(f"not kept: {each.target} says something else from run to run")
        if found := each.difference:
            raise UsageError(
                f"not kept: {one_line(f'{found.call}, {found.field}: {found.target} on {each.target}')}, "
                f"{one_line(f'{found.reference} on {reference.target}')}"
            )
    document = to_json(program)
    assert isinstance(document, dict)
    document["promise"] = list(reference.said)
    document["agreed"] = [f"{each.target} {each.release.partition('-')[0]}" for each in replayed]
    digest = hashlib.sha256(json.dumps(document["calls"]).encode()).hexdigest()[:8]
    words = re.sub(r"[^a-z0-9]+", "-", about.lower()).strip("-")[:60]
    path = corpus / area / f"{words}-{digest}.json"
    write_whole(path, (json.dumps(document, indent=1) + "\n").encode())
    return path


def last_call(program: Program) -> tuple[str, str]:
    """The area of a program's last call, which is what it is about, and the call's label."""
    label = program.steps[-1].label
    area = areas()[label]
    return "processes" if area == "pseudo" else area, label
