"""Whether a kernel keeps to a model: Hypothesis writes scripts, an executor runs them, many at a time.

A property is a state machine whose rules write into a script instead of making calls. All examples are written first,
which takes no kernel, and then run in a few batches. Where one shows a broken promise, Hypothesis writes the same
examples once more, runs each at once, and makes the failing one smaller by its own means.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from unittest import SkipTest

from hypothesis import Phase, settings
from hypothesis.errors import HypothesisException, StopTest, UnsatisfiedAssumption
from hypothesis.reporting import with_reporter
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from conformance.model import CaseInfo, CaseResult, Json, Outcome
from conformance.programs.execution import Execution
from conformance.programs.script import Script, ScriptError
from conformance.programs.wire import Encoded, State
from conformance.protocol.executor import ProtocolError
from conformance.syscalls.machinery.absence import Missing, what_is_absent, witnessing

Run: TypeAlias = "Callable[[Sequence[bytes], float], list[bytes]]"
"""Has an executor run programs, with a factor on the deadlines of their calls; their outcomes."""
AGAIN = 25.0
"""Factor on deadlines where a call has not returned: a machine that is busy is slow."""
MOST_BYTES = 2 << 20
"""Of the programs of a batch, and of the results of their calls."""
MOST_OUT = 8 << 20
"""Bytes that the calls of a batch may put out."""
MOST_SCRIPTS = 64
"""In a batch."""
MOST_EXAMPLES = 100
"""That are written before they are run: they take memory."""
ONE_AT_A_TIME = threading.RLock()
"""Held while Hypothesis works: how it draws is a matter of the whole process."""


class ExecutorDied(Exception):
    """The guest, or the executor in it, died of a script."""


class ScriptMachine(RuleBasedStateMachine):
    """A state machine whose rules write a script."""

    def __init__(self) -> None:
        super().__init__()
        self.script = Script()
        self.call, self.then = self.script.call, self.script.then
        self.does, self.says = self.script.does, self.script.says
        self.opens, self.closes = self.script.opens, self.script.closes
        self.hand_over: Callable[[Script], None] = lambda _: None
        """To whom, in the end."""

    def teardown(self) -> None:
        """Hand the script over, if it was not given up half-way."""
        if not isinstance(sys.exc_info()[1], StopTest | UnsatisfiedAssumption):
            self.hand_over(self.script)


@dataclass(frozen=True, slots=True)
class Effort:
    """How hard a property is tried."""

    settings: settings
    begin: Callable[[int], None] = lambda _: None
    """Have Hypothesis draw from a seed; where it always draws the same, nothing."""
    seed: int = 0


@dataclass(frozen=True, slots=True)
class _Written:
    script: Script
    encoded: Encoded


@dataclass(slots=True)
class Kernel:
    """A kernel, as far as scripts can tell."""

    run: Run
    effort: Effort

    def does(self, script: Script) -> None:
        """Run a script, and let it judge. Raises AssertionError, ScriptError, Missing, ExecutorDied."""
        encoded = script.encoded()
        (outcome,) = self.run([encoded.data], 1.0)
        self._judge(_Written(script, encoded), outcome)

    def keeps(self, machine: Callable[..., ScriptMachine], *given: Any) -> None:
        """Hold it against a model: a machine, and what it is made with. Raises as `does`.

        The error is of the smallest example that was found.
        """
        remembers = Phase.reuse in self.effort.settings.phases
        if remembers:
            with suppress(SkipTest):  # nothing has failed so far
                self._try(machine, given, 0, self.does, Phase.reuse, Phase.shrink)
        for turn in range(-(-self.effort.settings.max_examples // MOST_EXAMPLES)):
            examples: list[_Written] = []
            self._try(machine, given, turn, partial(_keep, examples), Phase.generate)
            if not examples:
                raise ScriptError("no example was written, so nothing was tried")
            for batch in _batches(examples):
                outcomes = self.run([each.encoded.data for each in batch], 1.0)
                if failure := self._failure(batch, outcomes):
                    self._make_smaller(machine, given, turn, failure, remembers=remembers)
                    raise failure

    def _failure(self, batch: Sequence[_Written], outcomes: Sequence[bytes]) -> AssertionError | None:
        """What is wrong with the first example with which something is."""
        for each, outcome in zip(batch, outcomes, strict=True):
            try:
                self._judge(each, outcome)
            except AssertionError as error:
                return error
        return None

    def _make_smaller(
        self,
        machine: Callable[..., ScriptMachine],
        given: tuple[Any, ...],
        turn: int,
        found: AssertionError,
        *,
        remembers: bool,
    ) -> None:
        """Raises the error of a smaller example than that of which an error was found, if there is one."""
        try:
            self._try(machine, given, turn, self.does, Phase.generate, Phase.shrink, remembering=remembers)
        except AssertionError as smaller:
            raise smaller from None
        except HypothesisException as error:
            found.add_note(f"It was not made smaller: {error}")
        else:
            found.add_note("It was written and run once more, and then nothing was wrong.")

    def _try(
        self,
        machine: Callable[..., ScriptMachine],
        given: tuple[Any, ...],
        turn: int,
        hand_over: Callable[[Script], None],
        *phases: Phase,
        remembering: bool = False,
    ) -> None:
        """Have Hypothesis write scripts: those of a turn, of which each has other ones."""

        def made() -> ScriptMachine:
            found = machine(*given)
            found.hand_over = hand_over
            return found

        made.__name__ = getattr(machine, "__qualname__", "made")  # it names the examples that are kept
        how = self.effort.settings
        database = how.database if remembering or Phase.reuse in phases else None
        examples = min(how.max_examples, MOST_EXAMPLES)
        with ONE_AT_A_TIME, with_reporter(_said_to_nobody):
            self.effort.begin(self.effort.seed + turn)
            run_state_machine_as_test(
                made,  # type: ignore[arg-type] # any function that gives one will do, its documentation says
                settings=settings(how, phases=phases, database=database, max_examples=examples),
            )

    def _judge(self, written: _Written, outcome: bytes) -> None:
        found = Execution.read(written.encoded, outcome)
        if found.outcome.state is State.BLOCKED:
            (outcome,) = self.run([written.encoded.data], AGAIN)
            found = Execution.read(written.encoded, outcome)
        if found.outcome.state is State.LOST:
            raise ExecutorDied("the guest, or the executor in it, died of a script")
        try:
            written.script.judge(found)
        except AssertionError as error:
            lines = (f"    {line}" for line in written.script.told(found))
            error.add_note("\n".join(["What was called, and what it said:", *lines]))
            raise


def _said_to_nobody(_: object) -> None:
    """What Hypothesis prints, such as that to make an example smaller took five minutes, whatever it took: our standard
    output is for reports, and what a model has found is in its error."""


def _keep(examples: list[_Written], script: Script) -> None:
    examples.append(_Written(script, script.encoded()))


def _batches(examples: Sequence[_Written]) -> Iterator[list[_Written]]:
    """Examples, in order, as many at a time as an executor can take."""
    batch: list[_Written] = []
    size = out = 0
    for each in examples:
        more = len(each.encoded.data) + 8 * len(each.script.steps)
        puts = sum(observed.size for observeds in each.encoded.observed for observed in observeds)
        if batch and (len(batch) == MOST_SCRIPTS or size + more > MOST_BYTES or out + puts > MOST_OUT):
            yield batch
            batch, size, out = [], 0, 0
        batch.append(each)
        size, out = size + more, out + puts
    if batch:
        yield batch


def held(
    info: CaseInfo,
    case: Callable[[], None],
    observations: dict[str, Json],
    through: tuple[type[BaseException], ...] = (),
) -> CaseResult:
    """What a property comes to that is a case; `case` runs it, and puts into `observations` what it observes.

    Raises what is `through`: a target that cannot go on, which is no verdict.
    """
    started = time.perf_counter()
    outcome, message = Outcome.PASSED, ""
    with witnessing():
        try:
            case()
        except through:
            raise
        except Missing as reason:
            outcome, message = Outcome.MISSING, str(reason)
        except ExecutorDied as reason:
            outcome, message = Outcome.CRASH, str(reason)
        except (ScriptError, ProtocolError) as reason:
            outcome, message = Outcome.ERROR, str(reason)
        except Exception as error:
            absent = what_is_absent(error)
            outcome, message = (Outcome.MISSING, absent) if absent else (Outcome.FAILED, _explained(error))
    seconds = round(time.perf_counter() - started, 4)
    return CaseResult(info.id, info.hash, outcome, message, seconds, [], observations)


def _explained(error: Exception) -> str:
    """What a model says; of a model that has gone wrong itself, where that was."""
    if isinstance(error, AssertionError):
        return "".join(traceback.format_exception_only(error)).rstrip()
    return "".join(traceback.format_exception(error)).rstrip()
