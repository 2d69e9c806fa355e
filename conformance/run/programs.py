"""The programs of a run: which are selected, and how a target runs them, in batches in its guest."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from conformance.conditions import KERNEL
from conformance.model import CaseInfo, CaseResult, Facts, Outcome
from conformance.places import CASES
from conformance.programs.execution import Execution
from conformance.programs.listed import Listed, files, listings
from conformance.programs.notation.errors import NotationError
from conformance.programs.notation.judging import Keeping, judged
from conformance.programs.notation.model import Listing
from conformance.programs.notation.promises import Blocks
from conformance.programs.wire import Encoded, State, encode
from conformance.protocol.executor import ProtocolError
from conformance.protocol.lines import Trouble
from conformance.run.lane import Lane, LaneError
from conformance.run.selection import Selection
from runners.base import Guest, Runner, RunnerError

BATCH = 64
"""Programs that are sent at once: enough to hide the round trip, and a result comes at least every second."""
AGAIN = 10.0
"""Factor on deadlines where a program blocks of which nobody promises that."""
EXECUTORS = "x86_64"
"""The machine that executors are for."""


@dataclass(frozen=True, slots=True)
class CaseProgram:
    """A program that is a case."""

    info: CaseInfo
    listing: Listing

    def encoded(self, *, own: bool) -> Encoded:
        """For an executor; `own`: in a process of its own, whatever it does."""
        return encode(self.listing.program, own=own)

    @property
    def may_block(self) -> bool:
        """Whether Linux promises that it blocks, on some kernel."""
        return any(isinstance(promise.end, Blocks) for step in self.listing.steps for promise in step.promises)


@dataclass(frozen=True, slots=True)
class CasePrograms:
    """The programs that a selection takes, by id, and what keeps others from being read."""

    by_id: Mapping[str, CaseProgram] = field(default_factory=dict)
    troubles: Sequence[Trouble] = ()

    @property
    def infos(self) -> list[CaseInfo]:
        """What a plan says of them."""
        return [each.info for each in self.by_id.values()]


NO_PROGRAMS = CasePrograms()


def selected(selection: Selection, cases: Path = CASES) -> CasePrograms:
    """Read the programs that a selection takes. A file that cannot be read is a trouble, and its cases are lost."""
    found: dict[str, CaseProgram] = {}
    troubles: list[Trouble] = []
    for path in files(cases):
        module = path.relative_to(cases).as_posix()
        if not selection.concerns(module):
            continue
        try:
            for listed, listing in listings(path):
                info = info_of(listed, module)
                if selection.takes(info.id):
                    found[info.id] = CaseProgram(info, listing)
        except (NotationError, OSError) as error:
            said = str(error).replace(str(path), module, 1)
            troubles.append(Trouble(f"{module} cannot be read: {said}", lost=module))
    return CasePrograms(found, troubles)


def info_of(listed: Listed, module: str) -> CaseInfo:
    """What a plan says of a program in a file below the folder of cases."""
    return CaseInfo(f"{module}::{listed.name}", listed.hash, listed.title, listed.feature)


class Executor:
    """Runs programs on one target: in the guest of a session while that lives, then in guests of its own.

    A context manager.
    """

    def __init__(self, name: str, runner: Runner, guest: Guest | None, facts: Facts | None) -> None:
        """`guest` is lent, and not closed. `facts`: of the target."""
        self._facts = facts
        self._lane = Lane(name, _Lender(runner, guest))

    def run(
        self, programs: Sequence[CaseProgram], *, first: bool, running: Callable[[str], None] = lambda _: None
    ) -> Iterator[CaseResult]:
        """The results, in order, as they come. Raises RunnerError when the target cannot go on.

        `first`: nothing is doubted yet, and what touches nothing shares a process; otherwise each has one of its own.
        `running` is told of each batch's first program.
        """
        able: list[CaseProgram] = []
        for each in programs:
            if why := self._lacking(each):
                yield CaseResult(each.info.id, each.info.hash, Outcome.SKIPPED, why)
            else:
                able.append(each)
        if not able:
            return
        try:
            self._lane.ready()
            for at in range(0, len(able), BATCH):
                running(able[at].info.id)
                yield from self._batch(able[at : at + BATCH], own=not first)
        except (LaneError, ProtocolError) as error:
            raise RunnerError(str(error)) from error

    def _batch(self, programs: Sequence[CaseProgram], *, own: bool) -> Iterator[CaseResult]:
        encoded = [each.encoded(own=own) for each in programs]
        outcomes = self._lane.run([each.data for each in encoded])
        for program, each, data in zip(programs, encoded, outcomes, strict=True):
            found = Execution.read(each, data)
            if found.outcome.state is State.BLOCKED and not program.may_block:
                alone = program.encoded(own=True)
                found = Execution.read(alone, self._lane.run([alone.data], AGAIN)[0])
            yield self._result(program, found)

    def _result(self, program: CaseProgram, found: Execution) -> CaseResult:
        outcome, message = outcome_of(program.listing, found, self._versions, self._has)
        return CaseResult(program.info.id, program.info.hash, outcome, message, steps=list(found.steps))

    @property
    def _versions(self) -> Mapping[str, str] | None:
        return {**self._facts.versions, KERNEL: self._facts.release} if self._facts else None

    @property
    def _has(self) -> tuple[str, ...]:
        return ("root",) if self._facts is None or self._facts.uid == 0 else ()

    def _lacking(self, program: CaseProgram) -> str:
        if missing := set(program.listing.needs) - set(self._has):
            return f"needs {', '.join(sorted(missing))}"
        if self._facts and self._facts.machine != EXECUTORS:
            return "written for x86_64"
        return ""

    def interrupt(self) -> None:
        """From another thread: make `run` end soon, with RunnerError."""
        self._lane.interrupt()

    def __enter__(self) -> Self:
        self._lane.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lane.__exit__(kind, error, trace)


def outcome_of(
    listing: Listing, found: Execution, versions: Mapping[str, str] | None, has: Sequence[str]
) -> tuple[Outcome, str]:
    """What a program comes to as a case, and why: the first call that lacks something, or breaks a promise, decides."""
    if found.outcome.state in (State.MALFORMED, State.HARNESS):
        return Outcome.ERROR, f"the executor could not run the program: {found.ending}"
    if found.outcome.state is State.LOST:
        return Outcome.CRASH, "the guest, or the executor in it, died of the program"
    for at, judgement in enumerate(judged(listing, found, versions, has)):
        label = listing.steps[at].call.label
        if judgement.kept is Keeping.MISSING:
            return Outcome.MISSING, judgement.why
        if judgement.kept is Keeping.BROKEN:
            return Outcome.FAILED, f"call {at}, {label}: {judgement.why}"
    return Outcome.PASSED, ""


class _Lender:
    """A runner whose first guest is one that is there already, and somebody else's."""

    def __init__(self, runner: Runner, guest: Guest | None) -> None:
        self._runner, self._guest = runner, guest

    def missing(self) -> str | None:
        return self._runner.missing()

    def describe(self) -> list[str]:
        return self._runner.describe()

    def open(self) -> Guest:
        guest, self._guest = self._guest, None
        return _Lent(guest) if guest is not None and guest.death() is None else self._runner.open()


class _Lent:
    """A guest that somebody else will close."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.about, self.inside = guest.about, guest.inside
        self.spawn, self.log, self.death = guest.spawn, guest.log, guest.death

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass
