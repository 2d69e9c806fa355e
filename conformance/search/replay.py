"""Programs from files, run again on targets and held against the reference."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.conditions import KERNEL
from conformance.places import CALLS
from conformance.programs.execution import Execution
from conformance.programs.harmful import offence
from conformance.programs.notation.judging import Keeping, judged
from conformance.programs.notation.model import Listing, unpromised
from conformance.programs.notation.parse import parse_file
from conformance.programs.program import Program, ProgramError, from_json
from conformance.programs.wire import encode
from conformance.protocol.executor import ProtocolError
from conformance.run.errors import Exit, UsageError, UserError
from conformance.run.lane import Lane, LaneError
from conformance.search.compare import ProgramDifference, differences
from conformance.search.pursuit import RUNS
from conformance.search.search import NO_EVIDENCE, SUMMARY, lanes
from conformance.text import plural
from runners.base import Runner

REPLAY_PATIENCE = 10.0
"""Factor on deadlines where a program is replayed."""


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
    return _harmless(program, str(file))


def read_listings(file: Path) -> dict[str, Listing]:
    """The programs of a file in the notation, by the file's path and their names. Raises UsageError."""
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{file} is no UTF-8: {error}") from error
    try:
        found = parse_file(text, str(file)).programs
    except ProgramError as error:
        raise UsageError(str(error)) from error
    if not found:
        raise UsageError(f"{file} has no program: a name and calls below it were expected, such as `name:`")
    for each in found:
        _harmless(each.program, f"{file}:{each.name}")
    return {f"{file}:{each.name}": each for each in found}


def _harmless(program: Program, place: str) -> Program:
    """A program that does nothing that it must not do. Raises UsageError."""
    if what := offence(program):
        raise UsageError(f"{place}: {what}")
    return program


def programs_at(paths: Sequence[Path]) -> dict[str, Listing]:
    """The programs of reproducers' folders, of files in JSON or in the notation, and of whole searches' folders, by
    path. Raises UsageError."""
    found: dict[str, Listing] = {}
    for path in paths:
        inside = sorted(each.parent for each in path.glob("*/program.json")) if path.is_dir() else []
        if path.name == SUMMARY and len(paths) > 1:
            continue  # a search's own file, which a shell's `*` takes along
        if path.suffix == CALLS:
            found |= read_listings(path)
            continue
        for place in inside if inside and not (path / "program.json").exists() else [path]:
            found[str(place)] = unpromised(read_program(place))
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
    difference: ProgramDifference | None
    """From the reference, in any of the runs."""
    stable: bool
    """Whether all runs did the same."""
    lost: bool = False
    """Whether it came to something that says nothing of the program: see `NO_EVIDENCE`."""
    broken: Sequence[str] = ()
    """What Linux promises and was not kept, a sentence each."""


def replay(programs: Sequence[Listing], runners: Mapping[str, Runner], told: Callable[[list[Replayed]], None]) -> None:
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


def _replayed(listing: Listing, opened: Sequence[Lane]) -> list[Replayed]:
    encoded = encode(listing.program, own=True)
    # Each alone: a guest that one run takes along is opened anew for the next, and is never given up for it.
    futures = [lane.submit([encoded.data] * RUNS, REPLAY_PATIENCE, deadly=True) for lane in opened]
    said = [[Execution.read(encoded, each) for each in future.result()] for future in futures]
    reference = said[0][0]
    found = []
    for lane, runs in zip(opened, said, strict=True):
        apart = [next(differences(reference, each), None) for each in runs]
        stable = all(next(differences(runs[0], each), None) is None for each in runs[1:])
        differing = next((each for each, differs in zip(runs, apart, strict=True) if differs), runs[0])
        is_reference = lane is opened[0]
        shown = runs[0] if is_reference else differing
        found.append(
            Replayed(
                lane.name,
                lane.release,
                shown.lines,
                shown.errnos,
                None if is_reference else next(filter(None, apart), None),
                stable,
                any(each.outcome.state in NO_EVIDENCE for each in runs),
                _broken(listing, shown, {**lane.versions, KERNEL: lane.release}),
            )
        )
    return found


def _broken(listing: Listing, shown: Execution, versions: Mapping[str, str]) -> list[str]:
    return [
        f"call {at}, {listing.steps[at].call.description.name}: {each.why}"
        for at, each in enumerate(judged(listing, shown, versions))
        if each.kept is Keeping.BROKEN
    ]


def status_of_replay(replayed: Sequence[Replayed]) -> Exit:
    """The exit status that one program's replay deserves."""
    if replayed[0].lost:
        return Exit.INCOMPLETE
    departing = any(each.difference or each.broken or not each.stable for each in replayed)
    return Exit.UNEXPECTED if departing else Exit.EXPECTED


GRAVITY = (Exit.EXPECTED, Exit.UNEXPECTED, Exit.INCOMPLETE)
"""What programs can come to, the gravest last."""


def gravest(done: Iterable[Sequence[Replayed]]) -> Exit:
    """The exit status that the replay of several programs deserves."""
    return max(map(status_of_replay, done), key=GRAVITY.index)
