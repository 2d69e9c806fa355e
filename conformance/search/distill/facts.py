"""Facts of a call that a program can show: goals, which are questions, and what Linux says to them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from typing import NamedTuple

from conformance.coverage.described import flags_of, shown
from conformance.coverage.documents import documented
from conformance.coverage.facts import NAMES
from conformance.model import Json
from conformance.model import Step as Seen
from conformance.programs.execution import Execution
from conformance.programs.harmful import is_allowed
from conformance.syscalls.machinery.call import Operation, Pseudo
from conformance.syscalls.machinery.table import grammar

ACCEPTED = "accepted"
"""What is said where a call succeeds."""


ASKED_OTHERWISE = {
    "getsockopt": ("level", "option"),
    "setsockopt": ("level", "option"),
    "socket": ("family",),
    "socketpair": ("family",),
}
"""Arguments that are asked for in company: an option of a level, a family with a type."""


class Sort(StrEnum):
    """What is asked of a call, in the order in which it is answered."""

    CALL = "call"
    """Whether it succeeds at all."""
    OPERATION = "operation"
    """Whether one of its operations does. About: its label."""
    SOCKET = "socket"
    """About: a family, a type and a protocol."""
    OPTION = "option"
    """About: the level of a socket's option, its number, and what is done with it."""
    FLAG = "flag"
    """About: an argument, or a member of one, and the flag's name."""
    BIT = "bit"
    """About: an argument, a bit of which has no name."""
    ARGUMENT = "argument"
    """About: a label, its one argument that is not the plainest, and the errno that comes of it."""
    DESCRIPTOR = "descriptor"
    """About: a label, an argument, and what its fd refers to."""
    ERRNO = "errno"
    """About: an errno that the manual documents. The last, as what an argument comes to is most of them."""


class Goal(NamedTuple):
    """A question about a call."""

    call: str
    sort: Sort
    about: tuple[str, ...] = ()


class Fact(NamedTuple):
    """A question, and what Linux says: `ACCEPTED` or an errno's name."""

    goal: Goal
    said: str


def goals(calls: Iterable[str]) -> set[Goal]:
    """The questions that the descriptions and the manual ask of some calls, by their names: whether they succeed, their
    documented errnos, their flags and operations. Others come with their trials."""
    wanted = frozenset(calls)
    found = set()
    for label, each in grammar().items():
        if each.name not in wanted or isinstance(each, Pseudo) or not is_allowed(label):
            continue
        found.add(Goal(each.name, Sort.CALL))
        if isinstance(each, Operation):
            found.add(Goal(each.name, Sort.OPERATION, (label,)))
        found |= {goal for flag in flags_of(each) if (goal := Goal(each.name, Sort.FLAG, flag[1:])) and is_flag(goal)}
    pairs = {each.pair for each in documented()}
    return found | {Goal(each.call, Sort.ERRNO, (each.name,)) for each in pairs if each and each.call in wanted}


def is_flag(goal: Goal) -> bool:
    """Whether a flag is none that another sort of question is about: families and options have their own."""
    call, _, (argument, *_) = goal
    return argument not in ASKED_OTHERWISE.get(call, ())


def facts_of(execution: Execution) -> Iterator[tuple[int, Fact]]:
    """What the calls of a program show by themselves, each with its place: that they succeed, that they fail as the
    manual says, flags and operations that are accepted."""
    for at, step in enumerate(execution.steps):
        if not isinstance(execution.program.steps[at].description, Pseudo):
            yield from ((at, each) for each in _facts_of_step(step))


def last_facts(execution: Execution) -> set[Fact]:
    """What a program's last call shows by itself; nothing where it was not reached."""
    last = len(execution.program.steps) - 1
    return {fact for at, fact in facts_of(execution) if at == last}


def _facts_of_step(step: Seen) -> Iterator[Fact]:
    if step.errno:
        name = NAMES.get(step.errno, "")
        if name in documented_errnos().get(step.call, ()):
            yield Fact(Goal(step.call, Sort.ERRNO, (name,)), name)
        return
    yield Fact(Goal(step.call, Sort.CALL), ACCEPTED)
    for sort, about in _shown(step.call, tuple(map(_hashable, step.args))):
        yield Fact(Goal(step.call, sort, about), ACCEPTED)


@cache
def _shown(call: str, args: tuple[Json | tuple[tuple[str, int], ...], ...]) -> tuple[tuple[Sort, tuple[str, ...]], ...]:
    """The flags and operations of a call, as it was made."""
    flags, operations = shown(call, [dict(each) if isinstance(each, tuple) else each for each in args])
    return (
        *((Sort.OPERATION, (label,)) for label in sorted(operations)),
        *((Sort.FLAG, flag[1:]) for flag in sorted(flags) if is_flag(Goal(call, Sort.FLAG, flag[1:]))),
    )


def _hashable(value: Json) -> Json | tuple[tuple[str, int], ...]:
    """What of an argument may be flags: a number, or a struct's members that are numbers."""
    if isinstance(value, dict):
        return tuple((name, each) for name, each in value.items() if isinstance(each, int))
    return value if isinstance(value, int) else None


@cache
def documented_errnos() -> dict[str, frozenset[str]]:
    """The errnos that the manual has for each call, by their usual names."""
    found: dict[str, set[str]] = {}
    for each in documented():
        if each.pair:
            found.setdefault(each.call, set()).add(each.pair.name)
    return {call: frozenset(names) for call, names in found.items()}
