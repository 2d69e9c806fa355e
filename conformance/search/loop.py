"""A search going on: the same programs on all targets at the same time, each distinct divergence once, made small."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

from conformance.programs.execution import Execution, ending
from conformance.programs.program import Program
from conformance.programs.wire import Encoded, ProgramOutcome, State, encode
from conformance.run.lane import Lane
from conformance.search.compare import ProgramDifference, Signature, differences, flags_of, signature
from conformance.search.generate import Generator, Raw
from conformance.search.glance import differences_of
from conformance.search.minimise import minimise

BATCH_SECONDS = 0.2
"""How long a batch should take on the slowest target: long enough to hide the round trip, short enough to go on."""
SMALLEST_BATCH, LARGEST_BATCH = 8, 512
IN_FLIGHT = 2
RUNS = 3
"""How often each side must say the same for a difference to be believed."""
PATIENCE = 5.0
"""Factor on deadlines where a difference is tried again."""
SOME_PATIENCE = 2.0
"""Factor on deadlines where a difference that is about blocking is made smaller."""
OF_A_KIND = 3
"""How many divergences that look alike are minimised, whatever they are with."""
OF_A_KIND_WITH_FLAGS = 12
"""How many are, if each is with other flags: those may be what is behind it."""
FRUITLESS = 6
"""How many tries of one kind may lead to nothing new before it is left alone."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A divergence: where it is, and what each side did in the small program."""

    signature: Signature
    difference: ProgramDifference
    reference: Execution
    target: Execution
    reference_name: str
    releases: tuple[str, str]
    """The kernels of the reference and of the target, as they name themselves."""
    made_by: tuple[str, str] = ("", "")
    """What the reference and the target were made with: runner, version, platform."""

    @property
    def program(self) -> Program:
        """What shows it."""
        return self.reference.program


@dataclass(frozen=True, slots=True)
class Flake:
    """A difference that did not repeat."""

    program: Program
    difference: ProgramDifference
    target: str
    why: str

    @property
    def deadly(self) -> bool:
        """Whether a guest died, and did not again."""
        return is_deadly(self.difference) or ending(ProgramOutcome(State.LOST)) in self.why


@dataclass(slots=True)
class Tally:
    """What a search has done so far."""

    programs: int = 0
    started: float = field(default_factory=time.monotonic)
    findings: list[Finding] = field(default_factory=list)
    holes: list[Finding] = field(default_factory=list)
    """Differences of the reference from itself: what the normalisation does not know yet."""
    flakes: list[Flake] = field(default_factory=list)
    states: Counter[State] = field(default_factory=Counter)
    executions: int = 0
    """Of candidates, in minimising and confirming."""
    beside: int = 0
    """Differences that come before any of the calls that the search is about, or need none of them: left alone."""

    @property
    def seconds(self) -> float:
        """Since the search began."""
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class _Batch:
    raws: list[Raw]
    encoded: list[Encoded]
    futures: dict[str, Future[list[bytes]]]


@dataclass(frozen=True, slots=True)
class _Pair:
    """What a program did on the reference and on a target."""

    reference: Execution
    target: Execution

    def same_kind(self, wanted: ProgramDifference) -> ProgramDifference | None:
        """The difference of the wanted kind, if the two outcomes have one."""
        found = differences(self.reference, self.target)
        deadly = is_deadly(wanted)
        return next((each for each in found if each.coarse == wanted.coarse or (deadly and is_deadly(each))), None)


class Search:
    """Runs programs on a reference, its twin, and targets."""

    def __init__(
        self,
        generator: Generator,
        reference: Lane,
        twin: Lane | None,
        targets: Sequence[Lane],
        found: Callable[[Finding], None],
        known: Callable[[Signature], bool] = lambda _: False,
    ) -> None:
        """`known` says what is not to be searched for again. `found` is told of each new divergence, as it is found."""
        self.tally = Tally()
        self.coverage = generator.coverage
        self._about = frozenset(generator.about)
        self._generator, self._reference, self._twin, self._targets = generator, reference, twin, list(targets)
        self._found, self._known = found, known
        self._kinds: Counter[tuple[str, ...]] = Counter()
        self._fruitless: Counter[tuple[str, ...]] = Counter()
        self._pursued: set[tuple[object, ...]] = set()
        self._signatures: set[Signature] = set()
        self._size = SMALLEST_BATCH

    @property
    def reference(self) -> list[Lane]:
        """The reference, and its second instance if there is one."""
        return [self._reference, *([self._twin] if self._twin else [])]

    @property
    def targets(self) -> list[Lane]:
        """What is held against the reference."""
        return list(self._targets)

    @property
    def lanes(self) -> list[Lane]:
        """All of them, the reference first."""
        return [*self.reference, *self._targets]

    def run(self, *, seconds: float | None, programs: int | None, progress: Callable[[Tally], None]) -> Tally:
        """Search for so long, or through so many programs. Whatever was found is kept when it is interrupted."""
        flying: list[_Batch] = []
        submitted = 0
        while True:
            over = (seconds is not None and self.tally.seconds >= seconds) or (
                programs is not None and submitted >= programs
            )
            while not over and len(flying) < IN_FLIGHT:
                count = self._size if programs is None else min(self._size, programs - submitted)
                if count <= 0:
                    break
                flying.append(self._submit(count))
                submitted += count
            if not flying:
                return self.tally
            self._digest(flying.pop(0))
            progress(self.tally)

    def _submit(self, count: int) -> _Batch:
        programs = self._generator.batch(count)
        encoded = [encode(program) for _, program in programs]
        data = [each.data for each in encoded]
        return _Batch([raw for raw, _ in programs], encoded, {lane.name: lane.submit(data) for lane in self.lanes})

    def _digest(self, batch: _Batch) -> None:
        outcomes = {name: future.result() for name, future in batch.futures.items()}
        slowest = max((lane.busy / lane.ran for lane in self.lanes if lane.ran), default=BATCH_SECONDS)
        self._size = min(LARGEST_BATCH, max(SMALLEST_BATCH, round(BATCH_SECONDS / slowest)))
        for at, (raw, encoded) in enumerate(zip(batch.raws, batch.encoded, strict=True)):
            reference = outcomes[self._reference.name][at]
            said = Execution.read(encoded, reference)
            self.tally.states[said.outcome.state] += 1
            self._generator.learn(raw, said)
            for lane in self.lanes[1:]:
                theirs = outcomes[lane.name][at]
                if theirs != reference:
                    self._look_into(lane, encoded, reference, theirs)
        self.tally.programs += len(batch.raws)

    # -- one difference

    def _look_into(self, lane: Lane, encoded: Encoded, reference: bytes, theirs: bytes) -> None:
        program = encoded.program
        for found in differences_of(encoded, reference, theirs):
            if lane is not self._twin and not self._is_about(program, found):
                self.tally.beside += 1
                if found.goes_on:
                    continue
                return
            kind = (lane.name, *found.coarse)
            with_flags = (*kind, flags_of(program.steps[found.step]))
            if lane is not self._twin and self._is_known_well(kind, with_flags):
                if found.goes_on:
                    continue
                return
            self._pursued.add(with_flags)
            if self._pursue(lane, program, found):
                self._kinds[kind] += 1
                self._generator.tiresome[found.call] += 1
            else:
                self._fruitless[kind] += 1
            return

    def _is_about(self, program: Program, found: ProgramDifference) -> bool:
        """Whether a difference can be one of what the search is about."""
        steps = program.steps[: found.step + 1]
        return not self._about or is_deadly(found) or any(step.label in self._about for step in steps)

    def _is_known_well(self, kind: tuple[str, ...], with_flags: tuple[object, ...]) -> bool:
        """Whether there is nothing to be learned from one more of a kind."""
        most = OF_A_KIND if with_flags in self._pursued else OF_A_KIND_WITH_FLAGS
        return self._kinds[kind] >= most or self._fruitless[kind] >= FRUITLESS

    def _pursue(self, lane: Lane, program: Program, found: ProgramDifference) -> bool:
        """Confirm, minimise, confirm again and keep; whether it was new."""
        if why := self._unstable(lane, program, found):
            self.tally.flakes.append(Flake(program, found, lane.name, why))
            return False
        small, found = minimise(
            program, found, lambda candidates: self._differ(lane, candidates, found), deadly=is_deadly(found)
        )
        if why := self._unstable(lane, small, found):
            self.tally.flakes.append(Flake(small, found, lane.name, why))
            return False
        if lane is not self._twin and not self._is_about(small, found):
            self.tally.beside += 1
            return False
        named = signature(small, found, lane.name)
        if named in self._signatures or (lane is not self._twin and self._known(named)):
            return False
        self._signatures.add(named)
        last = self._both(lane, [small], PATIENCE, deadly=is_deadly(found))[0]
        releases = (self._reference.release, lane.release)
        finding = Finding(
            named,
            found,
            last.reference,
            last.target,
            self._reference.name,
            releases,
            (self._reference.made_by, lane.made_by),
        )
        (self.tally.holes if lane is self._twin else self.tally.findings).append(finding)
        self._found(finding)
        return True

    def _both(self, lane: Lane, programs: Sequence[Program], patience: float, *, deadly: bool) -> list[_Pair]:
        """The outcomes of programs on the reference and on a target, each program in a process of its own."""
        encoded = [encode(program, own=True) for program in programs]
        data = [each.data for each in encoded]
        futures = [side.submit(data, patience, urgent=True, deadly=deadly) for side in (self._reference, lane)]
        self.tally.executions += len(programs)
        ours, theirs = (future.result() for future in futures)
        return [
            _Pair(Execution.read(each, one), Execution.read(each, other))
            for each, one, other in zip(encoded, ours, theirs, strict=True)
        ]

    def _differ(
        self, lane: Lane, programs: Sequence[Program], wanted: ProgramDifference
    ) -> list[ProgramDifference | None]:
        patience = SOME_PATIENCE if "blocked" in (wanted.reference, wanted.target) else 1.0
        return [each.same_kind(wanted) for each in self._both(lane, programs, patience, deadly=is_deadly(wanted))]

    def _unstable(self, lane: Lane, program: Program, found: ProgramDifference) -> str:
        """Why a difference is not believed; empty when each side says the same three times, and they differ so."""
        runs = self._both(lane, [program] * RUNS, PATIENCE, deadly=is_deadly(found))
        sides = [
            (self._reference.name, [run.reference for run in runs]),
            (lane.name, [run.target for run in runs]),
        ]
        for name, (first, *others) in sides:
            for other in others:
                if apart := next(differences(first, other), None):
                    what = f"{apart.call}: {apart.field}, {apart.reference} - {apart.target}"
                    return f"{name} disagrees with itself in {what}"
        if all(run.same_kind(found) is None for run in runs):
            return "does not repeat in a process of its own"
        return ""


def is_deadly(found: ProgramDifference) -> bool:
    """Whether one side did not live to tell: every run takes a new executor, or a new guest."""
    return ending(ProgramOutcome(State.LOST)) in (found.reference, found.target)
