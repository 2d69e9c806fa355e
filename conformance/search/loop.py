"""A search going on: the same programs on all targets at the same time, each distinct divergence once, made small."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Lock
from types import MappingProxyType

from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import Encoded, State, encode
from conformance.run.lane import Lane
from conformance.search.backlog import Backlog
from conformance.search.compare import ProgramDifference, Signature
from conformance.search.finding import Finding, Flake, Pursued, Suspect, is_deadly
from conformance.search.generate import Generator, Raw
from conformance.search.glance import differences_of
from conformance.search.lacking import is_absent, less
from conformance.search.pursuing import Elsewhere, Here, Opens

BATCH_SECONDS = 0.2
"""How long a batch should take on the slowest target: long enough to hide the round trip, short enough to go on."""
SMALLEST_BATCH, LARGEST_BATCH = 8, 512
IN_FLIGHT = 2


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
    left: int = 0
    """Differences that were still to be pursued when the time was over."""
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
        opens: Mapping[str, Opens] = MappingProxyType({}),
    ) -> None:
        """`known` says what is not to be searched for again. `found` is told of each new divergence, as it is found.

        `opens` has what opens further lanes, the reference's and the target's own, by target: what differs is pursued
        there, beside the search. Where it has nothing for a target, the search waits while a difference is pursued,
        and so is the same one each time.
        """
        self.tally = Tally()
        self.coverage = generator.coverage
        self._about = frozenset(generator.about)
        self._generator, self._reference, self._twin, self._targets = generator, reference, twin, list(targets)
        self._found, self._known, self._opens = found, known, opens
        self._settling = Lock()
        self._retold: deque[Program] = deque()
        self._backlogs = {lane.name: Backlog(self._is_worth) for lane in self.lanes[1:]}
        self._pursuers: dict[str, Here | Elsewhere] = {}
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
        with ExitStack() as stack:
            for lane in self.lanes[1:]:
                pursuer: Here | Elsewhere = self._pursuer(lane)
                stack.enter_context(pursuer)
                self._pursuers[lane.name] = pursuer
            self._stream(seconds, programs, progress)
            for each in self._pursuers.values():
                self.tally.left += each.finish(everything=seconds is None)
                for lane in self.lanes:
                    lane.unexplained += each.unexplained[lane.name]
        return self.tally

    def _pursuer(self, lane: Lane) -> Here | Elsewhere:
        if opens := self._opens.get(lane.name):
            return Elsewhere(self._backlogs[lane.name], opens, self._settle)
        return Here(self._reference, lane, self._backlogs[lane.name], self._settle)

    def _stream(self, seconds: float | None, programs: int | None, progress: Callable[[Tally], None]) -> None:
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
                return
            self._digest(flying.pop(0))
            progress(self.tally)

    def _submit(self, count: int) -> _Batch:
        retold = [self._retold.popleft() for _ in range(min(count, len(self._retold)))]
        drawn = self._generator.batch(count - len(retold)) if count > len(retold) else []
        programs: list[tuple[Raw, Program]] = [*(((), each) for each in retold), *drawn]
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
            if raw:
                self._generator.learn(raw, said)
            for lane in self.lanes[1:]:
                theirs = outcomes[lane.name][at]
                if theirs != reference:
                    self._look_into(lane, encoded, reference, theirs)
        self.tally.programs += len(batch.raws)

    # -- one difference

    def _look_into(self, lane: Lane, encoded: Encoded, reference: bytes, theirs: bytes) -> None:
        program, backlog = encoded.program, self._backlogs[lane.name]
        for found in differences_of(encoded, reference, theirs):
            suspect = Suspect(program, found, lane.name)
            if is_absent(found) and found.call in backlog.lacking:
                self._retell(program, found, backlog.lacking)
                return
            if lane is not self._twin and not self._is_about(program, found):
                with self._settling:
                    self.tally.beside += 1
            elif lane is self._twin or not backlog.is_known_well(suspect):
                self._generator.tiresome[found.call] += 1
                self._pursuers[lane.name].pursue(suspect)
                return
            if not found.goes_on:
                return

    def _retell(self, program: Program, found: ProgramDifference, lacking: frozenset[str]) -> None:
        """Let the calls behind one that a target does not have be compared, in a program that does not make it."""
        rest = less(program, lacking)
        if found.step < len(program.steps) - 1 and rest.steps:
            self._retold.append(rest)

    def _is_about(self, program: Program, found: ProgramDifference) -> bool:
        """Whether a difference can be one of what the search is about."""
        steps = program.steps[: found.step + 1]
        return not self._about or is_deadly(found) or any(step.label in self._about for step in steps)

    def _settle(self, pursued: Pursued, is_new: bool) -> None:
        """Take in what came of a suspect. From any thread."""
        with self._settling:
            self.tally.executions += pursued.executions
            finding = pursued.finding
            if pursued.flake is not None:
                self.tally.flakes.append(pursued.flake)
            if finding is not None and is_new:
                (self.tally.holes if self._is_of_twin(finding) else self.tally.findings).append(finding)
                self._found(finding)
            elif finding is not None and not self._is_about(finding.program, finding.difference):
                self.tally.beside += 1

    def _is_worth(self, finding: Finding) -> bool:
        """Whether a finding is one of what is searched for, and not known."""
        if self._is_of_twin(finding):
            return True
        return self._is_about(finding.program, finding.difference) and not self._known(finding.signature)

    def _is_of_twin(self, finding: Finding) -> bool:
        return self._twin is not None and finding.signature.target == self._twin.name
