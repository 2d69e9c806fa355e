"""Opening the targets of a search, running it, and keeping what it finds."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from conformance.differential import reproducer
from conformance.differential.compare import Difference, Signature, differences
from conformance.differential.fuzz import RUNS, Finding, Fuzz, Tally
from conformance.differential.generate import Coverage, Generator
from conformance.differential.harmful import NEVER, is_allowed, is_tame
from conformance.differential.lane import Lane, LaneError
from conformance.differential.program import Program, ProgramError, from_json, to_json
from conformance.differential.trace import errnos
from conformance.differential.wire import decode, encode
from conformance.matrix.expectations import SEARCHED, speaks_of
from conformance.model import Expectation, Json
from conformance.run.errors import Exit, UsageError, UserError
from conformance.run.whole import write_whole
from conformance.syscalls.table import areas, grammar
from runners.base import Runner


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
    try:
        generator = Generator(plan.areas, plan.seed)
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
            lambda finding: _keep(finding, directory),
            known,
        )
        try:
            fuzz.run(seconds=plan.seconds, programs=plan.programs, progress=lambda _: progress(fuzz))
        except LaneError as error:
            raise UserError(f"{error}; what was found until then is in {directory}") from error
        finally:
            write_whole(directory / "search.json", (json.dumps(summary(plan, fuzz), indent=1) + "\n").encode())
    return fuzz


def _keep(finding: Finding, directory: Path) -> None:
    try:
        reproducer.write(finding, directory)
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
        "programs": tally.programs,
        "seconds": round(tally.seconds, 1),
        "executions": tally.executions,
        "lanes": {
            lane.name: {
                "release": lane.release,
                "programs": lane.ran,
                "busy": round(lane.busy, 1),
                "deaths": lane.deaths,
            }
            for lane in fuzz.lanes
        },
        "states": {state.name.lower(): count for state, count in tally.states.items()},
        "calls": list[Json](sorted(coverage.calls)),
        "pairs": len(coverage.pairs),
        "divergences": [str(each.signature) for each in tally.findings],
        "holes": [str(each.signature) for each in tally.holes],
        "flaky": [
            {"target": each.target, "call": each.difference.call, "field": each.difference.field, "why": each.why}
            for each in tally.flakes
        ],
    }


def status_of(fuzz: Fuzz) -> Exit:
    """The exit status that a search deserves."""
    return Exit.UNEXPECTED if fuzz.tally.findings or fuzz.tally.holes else Exit.EXPECTED


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


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a program did on one target, against the reference."""

    target: str
    release: str
    lines: list[str]
    said: list[str]
    """`0` or an errno's name for each call, and how it ended unless it just ended."""
    difference: Difference | None
    stable: bool


def replay(program: Program, runners: Mapping[str, Runner]) -> list[Replayed]:
    """Run a program three times on each target, the reference first. Raises RunnerError, UserError."""
    encoded = encode(program, own=True)
    with lanes(runners) as opened:
        try:
            said = [
                [decode(each, encoded) for each in lane.run([encoded.data] * RUNS, patience=10.0)] for lane in opened
            ]
        except LaneError as error:
            raise UserError(str(error)) from error
        found = []
        for lane, outcomes in zip(opened, said, strict=True):
            apart = next(differences(program, encoded, said[0][0], outcomes[0]), None)
            stable = all(next(differences(program, encoded, outcomes[0], each), None) is None for each in outcomes[1:])
            found.append(
                Replayed(
                    lane.name,
                    lane.release,
                    reproducer.lines(program, encoded, outcomes[0]),
                    errnos(program, encoded, outcomes[0]),
                    apart,
                    stable,
                )
            )
        return found


# -- keeping a program as a case


def keep(program: Program, replayed: Sequence[Replayed], corpus: Path, area: str, about: str) -> Path:
    """Put a program into the corpus of kept programs, with what all targets said as its promise.

    Raises UsageError when they do not agree, or one of them does not agree with itself.
    """
    for each in replayed:
        if not each.stable:
            raise UsageError(f"not kept: {each.target} says something else from run to run")
        if each.said != replayed[0].said:
            raise UsageError(
                f"not kept: {each.target} says {' '.join(each.said)}, {replayed[0].target} {' '.join(replayed[0].said)}"
            )
    document = to_json(program)
    assert isinstance(document, dict)
    document["promise"] = list(replayed[0].said)
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
