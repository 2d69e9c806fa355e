"""Gathering: which programs show which facts, the smallest of each first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from conformance.coverage.facts import NAMES
from conformance.programs.execution import Execution, succeeded
from conformance.programs.harmful import APART, neutralised, touches
from conformance.programs.program import Argument, Memory, Program, ProgramCall, Ref
from conformance.programs.wire import State
from conformance.run.lane import Lane
from conformance.search.bind import complete
from conformance.search.distill.facts import ACCEPTED, Fact, Goal, Sort, facts_of, last_facts
from conformance.search.distill.running import executed
from conformance.search.distill.surroundings import interrupted
from conformance.search.distill.trials import Trial, is_apart
from conformance.search.generate import Generator
from conformance.syscalls.machinery.choices import Blob, Choice, LengthOf
from conformance.syscalls.machinery.table import grammar

KEPT = 3
"""How many programs are remembered of each fact: the smallest may turn out to be no good."""
SEARCHED = 256
"""How many programs a search runs before it is told anew what is left."""

Cost = tuple[int, bool, int, int]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A program whose last call shows a fact."""

    cost: Cost
    program: Program
    asked: bool = False
    """Whether the call was made to ask just this: with other arguments it would be another question."""


@dataclass(slots=True)
class Gathered:
    """What was found so far."""

    goals: set[Goal]
    programs: int = 0
    found: dict[Fact, list[Candidate]] = field(default_factory=dict)
    plain: dict[str, str] = field(default_factory=dict)
    """What comes of each description's plainest call."""

    @property
    def met(self) -> set[Goal]:
        """The questions that have an answer."""
        return {fact.goal for fact in self.found}

    def offer(self, fact: Fact, program: Program, *, asked: bool = False) -> None:
        """Remember a program, if it is one of the smallest that show the fact."""
        those = self.found.setdefault(fact, [])
        if len(those) == KEPT and not asked and len(program.steps) > those[-1].cost[0]:
            return
        if asked:
            those[:] = [each for each in those if each.program != program]
        elif any(each.program == program for each in those):
            return
        those.append(Candidate(cost(program), program, asked))
        those.sort(key=lambda each: (not each.asked, each.cost))
        del those[KEPT:]

    def learn(self, execution: Execution) -> None:
        """Take in what a program shows by itself."""
        self.programs += 1
        for at, fact in facts_of(execution):
            self.offer(fact, Program(execution.program.steps[: at + 1]))

    def answer(self, trial: Trial, execution: Execution) -> None:
        """Take in what a trial's last call came to."""
        self.learn(execution)
        steps, results = execution.program.steps, execution.outcome.results
        if len(results) < len(steps) or not all(succeeded(result) for result, _ in results[:-1]):
            return
        label, result = trial.calls[-1].label, results[-1][0]
        said = ACCEPTED if succeeded(result) else NAMES.get(-result, "")
        if trial.plain:
            self.plain[label] = said
            for fact in last_facts(execution) if said == ACCEPTED else ():
                if fact.goal.sort in (Sort.CALL, Sort.OPERATION):
                    self.offer(fact, execution.program, asked=True)
        if trial.goal is not None and self._says_something(trial, label, said):
            self.goals.add(trial.goal)
            self.offer(Fact(trial.goal, said), execution.program, asked=True)
        if trial.odd and said not in (ACCEPTED, self.plain.get(label)) and is_apart(label):
            goal = Goal(grammar()[label].name, Sort.ARGUMENT, (label, trial.odd, said))
            self.goals.add(goal)
            self.offer(Fact(goal, said), execution.program, asked=True)

    def _says_something(self, trial: Trial, label: str, said: str) -> bool:
        """Whether an answer is one: where the plainest call is refused, that a flag is refused, too, says nothing."""
        return said == ACCEPTED or not trial.odd or self.plain.get(label) == ACCEPTED


def cost(program: Program) -> Cost:
    """How large a program is: calls, whether it needs surroundings of its own, arguments that are odd, bytes."""
    args = [argument for step in program.steps for argument in step.args]
    size = sum(len(each.data) for each in args if isinstance(each, Memory))
    return len(program.steps), bool(touches(program) & APART), sum(len(odd(step)) for step in program.steps), size


def odd(step: ProgramCall) -> tuple[str, ...]:
    """The names of those arguments that are not the plainest."""
    return tuple(
        parameter.name
        for argument, parameter in zip(step.args, step.description.parameters, strict=False)
        if not _is_plain(argument, parameter.choices[0])
    )


def _is_plain(argument: Argument, plain: Choice) -> bool:
    if isinstance(argument, Memory):
        if not isinstance(plain, Blob):
            return False
        return (argument.data, argument.room, argument.edge) == (plain.data, plain.room, plain.edge)
    if isinstance(argument, Ref) or isinstance(plain, LengthOf):
        return True
    return argument == plain


def programs_of(asked: Iterable[Trial]) -> Iterator[tuple[Trial, Program]]:
    """The programs of trials: those whose last call may be made as it is."""
    seen: set[Program] = set()
    for trial in asked:
        whole = complete(trial.calls)
        program = neutralised(whole)
        name = grammar()[trial.calls[-1].label].name
        if not program.steps or program.steps[-1].description.name != name or program.steps[-1] != whole.steps[-1]:
            continue
        if trial.goal is None and program in seen:
            continue
        seen.add(program)
        yield trial, program


def run_trials(lanes: Sequence[Lane], asked: Iterable[Trial], gathered: Gathered, progress: Callable[[], None]) -> None:
    """Ask all questions; what blocks is asked again, as the machine may have been busy, and with signals that come."""
    blocked = []
    for trial, execution in executed(lanes, programs_of(asked)):
        gathered.answer(trial, execution)
        if execution.outcome.state is State.BLOCKED:
            blocked.append(trial)
        progress()
    for trial, execution in executed(lanes, programs_of(blocked)):
        gathered.answer(trial, execution)
        progress()
    for _, execution in executed(lanes, programs_of(map(interrupted, blocked))):
        gathered.learn(execution)
        progress()


def search(
    lanes: Sequence[Lane],
    generator: Generator,
    gathered: Gathered,
    going_on: Callable[[], bool],
    progress: Callable[[], None],
) -> None:
    """Draw programs that are about what has no answer yet, for as long as `going_on` says."""
    while going_on() and (left := gathered.goals - gathered.met):
        calls = {goal.call for goal in left}
        generator.about = tuple(label for label in generator.labels if grammar()[label].name in calls)
        if not generator.about:
            return
        for raw, execution in executed(lanes, generator.batch(SEARCHED * len(lanes))):
            generator.learn(raw, execution)
            gathered.learn(execution)
            progress()
