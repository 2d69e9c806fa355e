"""From a program, and what it did, to what Linux promises of it."""

from __future__ import annotations

from conformance.coverage.facts import NAMES
from conformance.programs.execution import Execution, succeeded
from conformance.programs.notation.model import Listing, PromisedCall
from conformance.programs.notation.promises import Compare, End, Fails, Promise, Returns, Succeeds
from conformance.programs.program import ProgramCall
from conformance.syscalls.machinery.kinds import Names
from conformance.syscalls.machinery.show import kind_of_result


def listing(name: str, execution: Execution) -> Listing:
    """A program with its name; of its last call the result is promised, of the others that they succeed."""
    steps = execution.program.steps
    last = len(steps) - 1
    results = [result for result, _ in execution.outcome.results]
    return Listing(
        name,
        tuple(
            PromisedCall(step, promises=(Promise(_end(step, result, exactly=at == last)),))
            for at, (step, result) in enumerate(zip(steps, results, strict=True))
        ),
    )


def _end(step: ProgramCall, result: int, *, exactly: bool) -> End:
    if not succeeded(result):
        return Fails((NAMES.get(-result, str(-result)),))
    if exactly and is_exact(step, result):
        return Returns(Compare.EQUAL, result)
    return Succeeds()


def is_exact(step: ProgramCall, result: int) -> bool:
    """Whether a result is no choice of the kernel's, such as an fd."""
    kind = kind_of_result(step.description)
    return kind.normal(result, Names()) == result and not kind.named
