"""What tests of distilling share: a lane of this kernel, programs as text, and runs of them that are made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from conformance.programs.execution import Execution
from conformance.programs.notation.parse import parse_program
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome, State, encode
from conformance.run.lane import Lane
from runners.local import LocalRunner
from tests.conformance.search.native import run_one

OPEN = 'openat(AT_FDCWD, "f0", O_RDWR, 0644)'
NOWHERE = 'openat(AT_FDCWD, "absent", O_RDWR, 0644)'
ENOENT = -2


@contextmanager
def native() -> Iterator[Lane]:
    """This kernel."""
    with Lane("native", LocalRunner()) as lane:
        lane.ready()
        yield lane


def done(text: str) -> Execution:
    """What a program does here."""
    encoded, outcome = run_one(parse_program(text))
    return Execution(encoded, outcome)


def given(text: str, *results: int, state: State = State.DONE) -> Execution:
    """A program's run with these results, in which nothing was written."""
    return run_of(parse_program(text), *results, state=state)


def run_of(program: Program, *results: int, state: State = State.DONE) -> Execution:
    """The same of a program."""
    encoded = encode(program)
    buffers = [tuple(b"" for _ in each) for each in encoded.observed]
    return Execution(encoded, ProgramOutcome(state, results=tuple(zip(results, buffers, strict=False))))
