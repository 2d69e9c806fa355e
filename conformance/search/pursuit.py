"""Pursuing one difference: whether it is there every time, and the smallest program that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from conformance.model import Cause
from conformance.programs.execution import Execution
from conformance.programs.program import Program
from conformance.programs.wire import decode, encode
from conformance.run.lane import Lane
from conformance.search.compare import ERRNO, ProgramDifference, Signature, differences, signature
from conformance.search.finding import NOT_REPEATED, Finding, Flake, Pursued, Suspect, is_deadly
from conformance.search.lacking import ABSENT, is_absent, plain_program, questions, siblings, verdict
from conformance.search.minimise import minimise
from conformance.syscalls.machinery.table import grammar

RUNS = 3
"""How often each side must say the same for a difference to be believed."""
PATIENCE = 5.0
"""Factor on deadlines where a difference is tried again."""
SOME_PATIENCE = 2.0
"""Factor on deadlines where a difference that is about blocking is made smaller."""


@dataclass(frozen=True, slots=True)
class Counterparts:
    """What a program did on the reference and on a target."""

    reference: Execution
    target: Execution

    def same_kind(self, wanted: ProgramDifference) -> ProgramDifference | None:
        """The difference of the wanted kind, if the two outcomes have one."""
        found = differences(self.reference, self.target)
        deadly = is_deadly(wanted)
        return next((each for each in found if each.coarse == wanted.coarse or (deadly and is_deadly(each))), None)


class Pursuit:
    """Pursues the differences of one target from the reference, one after the other."""

    def __init__(self, reference: Lane, target: Lane) -> None:
        self._reference, self._target = reference, target
        self._executions = 0

    def follow(self, suspect: Suspect) -> Pursued:
        """Confirm a suspect, make it small, and confirm that. Raises LaneError."""
        self._executions = 0
        pursued = self._follow(suspect)
        return replace(pursued, executions=self._executions)

    def repeats(self, finding: Finding) -> bool:
        """Whether a finding's program differs in the same way once more. Raises LaneError."""
        (pair,) = self._both([finding.program], PATIENCE, deadly=is_deadly(finding.difference))
        return pair.same_kind(finding.difference) is not None

    def _follow(self, suspect: Suspect) -> Pursued:
        program, found = suspect.program, suspect.difference
        why, _ = self._confirm(program, found)
        if why:
            return self._flaky(suspect, program, found, why)
        lacking = refuted = frozenset[str]()
        if is_absent(found):
            lacking, refuted = self._ask(found.call)
            if lacking:
                program, found = self._plain(program, found)
        small, found = minimise(
            program, found, lambda candidates: self._differ(candidates, found), deadly=is_deadly(found)
        )
        why, last = self._confirm(small, found)
        if why:
            return replace(self._flaky(suspect, small, found, why), lacking=lacking, refuted=refuted)
        named = signature(small, found, self._target.name)
        if lacking:
            call = grammar()[found.call].name if lacking.issuperset(siblings(found.call)) else found.call
            named = Signature(call, ERRNO, ABSENT, "", Cause.ABSENT, self._target.name)
        finding = Finding(
            named,
            found,
            last.reference,
            last.target,
            self._reference.name,
            (self._reference.release, self._target.release),
            (self._reference.made_by, self._target.made_by),
        )
        return Pursued(suspect, 0, finding, None, lacking, refuted)

    def _flaky(self, suspect: Suspect, program: Program, found: ProgramDifference, why: str) -> Pursued:
        return Pursued(suspect, 0, flake=Flake(program, found, self._target.name, why))

    # -- what is not there

    def _ask(self, label: str) -> tuple[frozenset[str], frozenset[str]]:
        asked = questions(label)
        encoded = [encode(program, own=True) for _, program in asked]
        self._executions += len(asked)
        outcomes = self._target.submit([each.data for each in encoded], urgent=True).result()
        return verdict(label, asked, [decode(data, each) for data, each in zip(outcomes, encoded, strict=True)])

    def _plain(self, program: Program, found: ProgramDifference) -> tuple[Program, ProgramDifference]:
        """The plainest program that shows that a call is not there, if the reference has it then."""
        plain = plain_program(found.call)
        (pair,) = self._both([plain], 1.0)
        for each in differences(pair.reference, pair.target):
            if is_absent(each) and each.call == found.call:
                return Program(plain.steps[: each.step + 1]), each
        return program, found

    # -- running

    def _both(self, programs: Sequence[Program], patience: float, *, deadly: bool = False) -> list[Counterparts]:
        """The outcomes of programs on the reference and on a target, each program in a process of its own."""
        encoded = [encode(program, own=True) for program in programs]
        data = [each.data for each in encoded]
        futures = [side.submit(data, patience, urgent=True, deadly=deadly) for side in (self._reference, self._target)]
        self._executions += len(programs)
        ours, theirs = (future.result() for future in futures)
        return [
            Counterparts(Execution.read(each, one), Execution.read(each, other))
            for each, one, other in zip(encoded, ours, theirs, strict=True)
        ]

    def _differ(self, programs: Sequence[Program], wanted: ProgramDifference) -> list[ProgramDifference | None]:
        patience = SOME_PATIENCE if "blocked" in (wanted.reference, wanted.target) else 1.0
        return [each.same_kind(wanted) for each in self._both(programs, patience, deadly=is_deadly(wanted))]

    def _confirm(self, program: Program, found: ProgramDifference) -> tuple[str, Counterparts]:
        """Why a difference is not believed, empty when each side says the same three times and they differ so; and
        what both did the last time."""
        runs = self._both([program] * RUNS, PATIENCE, deadly=is_deadly(found))
        sides = [
            (self._reference.name, [run.reference for run in runs]),
            (self._target.name, [run.target for run in runs]),
        ]
        for name, (first, *others) in sides:
            for other in others:
                if apart := next(differences(first, other), None):
                    what = f"{apart.call}: {apart.field}, {apart.reference} - {apart.target}"
                    return f"{name} disagrees with itself in {what}", runs[-1]
        if all(run.same_kind(found) is None for run in runs):
            return NOT_REPEATED, runs[-1]
        return "", runs[-1]
