"""Where cases are run: programs by an executor, what is written in Python by a suite in a guest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from errno import ENOSYS

from conformance.matrix.normalise import Normal, normalise
from conformance.model import CaseResult, Outcome, Step
from conformance.mutate.hunting import CallMade, Steady
from conformance.programs.cases import CaseProgram, Given
from conformance.programs.execution import Execution
from conformance.programs.wire import Encoded
from conformance.protocol.lines import ResultLine
from conformance.run.conduct import Conduct
from conformance.run.lane import Lane
from conformance.run.selection import Selection
from conformance.run.session import Died, Session
from conformance.syscalls.machinery.table import describe
from runners.base import Runner, RunnerError

PATIENCE = 6.0
"""Factor on the deadline of a program's call when what it shows is looked at again."""
SECONDS = 0.5
"""What a case in Python may take without a fault: those that take longer are not asked."""
LIMIT = 2.0
"""What it may take with one, until it hangs."""
DEATHS = 3
"""How many guests may end without a case that was running."""


@dataclass(frozen=True)
class SteadyProgram(Steady):
    """A program that does the same twice."""

    program: CaseProgram | None = None
    encoded: Encoded | None = None
    outcome: bytes = b""


class ProgramBench:
    """Runs programs."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._given = Given.here()
        self.lacking: set[str] = set()
        """Calls that the machine does not have, as cases that are steady otherwise have found."""

    def steady(self, programs: Sequence[CaseProgram]) -> Iterator[Steady]:
        """Those that pass, and do the same twice. Raises LaneError."""
        able = [each for each in programs if not each.lacking(self._given)]
        encoded = [each.encoded(own=False) for each in able]
        twice = [self._lane.run([each.data for each in encoded]) if able else [] for _ in range(2)]
        for program, each, one, other in zip(able, encoded, *twice, strict=True):
            found = self._settled(program, each, one)
            normal = self._normal(program, found)
            self.lacking |= _lacked(normal)
            if one != other and self._normal(program, self._settled(program, each, other)) != normal:
                continue
            if normal.outcome is Outcome.PASSED:
                made = tuple(_made_by(program, found))
                yield SteadyProgram(program.info.id, normal, made, program.may_block, program, each, one)

    def run(self, cases: Sequence[Steady], *, patiently: bool) -> list[Normal]:
        """See `Bench`. Raises LaneError."""
        programs = [each for each in cases if isinstance(each, SteadyProgram)]
        data = [each.encoded.data for each in programs if each.encoded]
        outcomes = self._lane.run(data, PATIENCE if patiently else 1.0)
        return [self._found(each, outcome) for each, outcome in zip(programs, outcomes, strict=True)]

    def _found(self, case: SteadyProgram, outcome: bytes) -> Normal:
        if outcome == case.outcome:
            return case.normal
        assert case.program
        assert case.encoded
        return self._normal(case.program, Execution.read(case.encoded, outcome))

    def _settled(self, program: CaseProgram, encoded: Encoded, outcome: bytes) -> Execution:
        found = Execution.read(encoded, outcome)
        return program.settled(found, lambda data, patience: self._lane.run([data], patience)[0])

    def _normal(self, program: CaseProgram, execution: Execution) -> Normal:
        return normalise(program.result(execution, self._given))


def _lacked(found: Normal) -> set[str]:
    """The calls that a case had no answer for, if that was its end."""
    return {each.call for each in found.steps if each.errno == ENOSYS} if found.outcome is Outcome.MISSING else set()


def _made_by(program: CaseProgram, found: Execution) -> Iterator[CallMade]:
    steps = program.listing.steps
    for at, listed in enumerate(steps[: len(found.steps) + 1]):
        yield CallMade(listed.call.label, found.steps[at] if at < len(found.steps) else None, bool(listed.promises))


class CaseBench:
    """Runs cases in Python. A context manager."""

    def __init__(self, runner: Runner, selection: Selection) -> None:
        """Raises RunnerError."""
        self._runner, self._selection = runner, selection
        self.lacking: set[str] = set()
        """As of `ProgramBench`."""
        self._session = self._started()

    def _started(self) -> Session:
        try:
            return Session(self._runner, self._selection, Conduct(timeout=LIMIT))
        except Died as death:
            raise RunnerError(f"the suite did not start: {death.message}") from death

    @property
    def cases(self) -> list[str]:
        """Those that were collected."""
        return [each.id for each in self._session.cases]

    def steady(self, cases: Sequence[str]) -> Iterator[Steady]:
        """Those that pass, do the same twice and do not take long. Raises RunnerError."""
        one, other = self._results(cases), self._results(cases)
        for case in cases:
            first, second = one[case], other[case]
            self.lacking |= _lacked(normalise(first))
            brief = max(first.seconds, second.seconds) < SECONDS
            if brief and first.outcome is Outcome.PASSED and (normal := normalise(first)) == normalise(second):
                yield Steady(case, normal, tuple(CallMade(_label(step), step) for step in first.steps if _label(step)))

    def run(self, cases: Sequence[Steady], *, patiently: bool) -> list[Normal]:
        """See `Bench`. Raises RunnerError."""
        found = self._results([each.name for each in cases])
        return [normalise(found[each.name]) for each in cases]

    def _results(self, cases: Sequence[str]) -> dict[str, CaseResult]:
        """Of each case. One that ends its guest says nothing, as that is out of its reach; the others go on in
        another."""
        found: dict[str, CaseResult] = {}
        deaths = 0
        while left := [each for each in cases if each not in found]:
            try:
                for line in self._session.run(left):
                    if isinstance(line, ResultLine):
                        found[line.result.case] = line.result
                found |= {
                    each: CaseResult(each, "", Outcome.ERROR, "no result came") for each in left if each not in found
                }
            except Died as death:
                deaths += death.case is None
                if death.case is not None:
                    found[death.case] = CaseResult(death.case, "", Outcome.ERROR, death.message)
                if deaths > DEATHS:
                    raise RunnerError(f"the suite in the guest does not stay alive: {death.message}") from death
                self._session.__exit__(None, None, None)
                self._session = self._started()
        return found

    def interrupt(self) -> None:
        """From another thread: let whoever waits for a case have a RunnerError soon."""
        self._session.interrupt()

    def __enter__(self) -> CaseBench:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.__exit__(None, None, None)


def _label(step: Step) -> str:
    """What a call is called that a case has made; "" where it is not described."""
    found = describe(step.call, step.args, step.label)
    return found.__name__ if found else ""
