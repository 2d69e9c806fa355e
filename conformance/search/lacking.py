"""What a target does not have at all: a call that answers ENOSYS whatever it is asked.

Such a call is one finding, however many programs come upon it and whatever the reference says to each. Whether it is
the call that is missing, one of its operations, or one flag, is asked of the target: by the plainest call of each
description, and by some of the odd ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from errno import ENOSYS
from functools import cache

from conformance.programs.harmful import is_allowed, neutralised
from conformance.programs.program import Program
from conformance.programs.wire import ProgramOutcome
from conformance.search.bind import complete, plain_call
from conformance.search.compare import ERRNO, ProgramDifference
from conformance.search.sweep import sweep
from conformance.syscalls.machinery.table import grammar

ABSENT = "ENOSYS"
MOST_OPERATIONS = 12
"""How many descriptions of one system call are asked for beside the one in question."""
MOST_CHOICES = 8
"""How many odd calls of one description are made."""


def is_absent(found: ProgramDifference) -> bool:
    """Whether a difference is that the target does not have the call."""
    return found.field == ERRNO and found.target == ABSENT


@cache
def plain_program(label: str) -> Program:
    """The plainest call of a description, with what makes what it uses before it."""
    return neutralised(complete((plain_call(label),)))


@cache
def siblings(label: str) -> tuple[str, ...]:
    """The descriptions of the same system call, this one first."""
    name = grammar()[label].name
    return (label, *(each for each, call in grammar().items() if call.name == name and each != label))


def questions(label: str) -> list[tuple[str, Program]]:
    """What is asked of a target to learn whether it has a description's call, or has others of the same system call."""
    others = [each for each in siblings(label)[1:] if is_allowed(each)]
    step = max(1, len(others) // MOST_OPERATIONS)
    asked = [(each, plain_program(each)) for each in (label, *others[::step])]
    asked += [(label, each) for each in _odd(label)]
    return [(about, each) for about, each in asked if any(step.label == about for step in each.steps)]


def _odd(label: str) -> Iterator[Program]:
    calls = list(sweep([label]))[1:]
    for call in calls[:: max(1, len(calls) // MOST_CHOICES)][:MOST_CHOICES]:
        yield neutralised(complete((call,)))


def verdict(
    label: str, asked: Sequence[tuple[str, Program]], outcomes: Sequence[ProgramOutcome]
) -> tuple[frozenset[str], frozenset[str]]:
    """Which descriptions the target lacks, and which it was found to have: all of a system call, one, or none."""
    has = {
        each
        for (each, program), outcome in zip(asked, outcomes, strict=True)
        for step, (result, _) in zip(program.steps, outcome.results, strict=False)
        if step.label == each and result != -ENOSYS
    }
    if not has:
        return frozenset(siblings(label)), frozenset()
    return (frozenset(), frozenset({label})) if label in has else (frozenset({label}), frozenset())


def less(program: Program, lacking: frozenset[str]) -> Program:
    """A program without the calls that a target lacks."""
    return program.without({at for at, step in enumerate(program.steps) if step.label in lacking})
