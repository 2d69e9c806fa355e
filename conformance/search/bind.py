"""From lists of context-free calls, such as Hypothesis draws, to programs.

`complete` is total: every list makes a valid program. A resource that an argument needs and that nothing has made yet
is made first, by the plainest call that does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from conformance.programs.harmful import is_allowed
from conformance.programs.program import (
    MOST_CALLS,
    MOST_MEMORY,
    NO_RESOURCE,
    Argument,
    Memory,
    Program,
    ProgramCall,
    Ref,
)
from conformance.syscalls.machinery.call import Operation, Pseudo
from conformance.syscalls.machinery.choices import Blob, Choice, LengthOf, Use
from conformance.syscalls.machinery.memory import Pointer
from conformance.syscalls.machinery.table import grammar, operations
from conformance.syscalls.machinery.touches import FILES, SOCKETS

MOST_DEPTH = 3
"""How many calls may be inserted in a row, each to make what the next one needs."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call before it is known what is alive: the label of a description, and a choice for each parameter."""

    label: str
    args: tuple[Choice, ...]


def plain_call(label: str, **given: Choice) -> Call:
    """A call with its plainest arguments, but for those that are `given`, by name."""
    return Call(label, tuple(given.get(each.name, each.choices[0]) for each in grammar()[label].parameters))


@cache
def strays_of(label: str) -> tuple[tuple[int, ...], ...]:
    """What each parameter of a call may be beside its choices, hardly ever: nothing that an operation is there for."""
    description = grammar()[label]
    several = () if isinstance(description, Operation) else operations().get(description.name, ())
    return tuple(
        tuple(value for value in each.strays if not any(value in one.given.get(each.name, ()) for one in several))
        for each in description.parameters
    )


@dataclass(frozen=True, slots=True)
class Made:
    """Where a call leaves a resource: -1 for its result, or an argument's place, offset and width."""

    family: str
    argument: int = -1
    offset: int = 0
    width: int = 8


@cache
def makes(label: str) -> tuple[Made, ...]:
    """The resources that a successful call makes."""
    description = grammar()[label]
    own = description.result.family
    found = [Made(own)] if own else []
    for at, parameter in enumerate(description.parameters):
        if isinstance(parameter.kind, Pointer) and parameter.kind.out:
            found += [
                Made(family, at, offset, width) for offset, width, family in parameter.kind.resources(parameter.struct)
            ]
    return tuple(each for each in found if _is_of_use(each.family))


def _is_of_use(family: str) -> bool:
    """Whether some argument asks for such a resource, or for one that it may turn out to be."""
    return any(is_a(family, wanted) or is_a(wanted, family) for wanted in used_families())


@cache
def used_families() -> frozenset[str]:
    """The families that some argument asks for."""
    found = set()
    for description in grammar().values():
        for parameter in description.parameters:
            found |= {use.family for choice in parameter.choices for use in _uses(choice)}
    return frozenset(found)


def _uses(choice: Choice) -> Iterator[Use]:
    if isinstance(choice, Use):
        yield choice
    elif isinstance(choice, Blob):
        for _, _, part in choice.parts:
            yield from _uses(part)


@cache
def wants(label: str) -> frozenset[str]:
    """The families of resources that a call's plainest arguments are of."""
    first = (parameter.choices[0] for parameter in grammar()[label].parameters)
    return frozenset(use.family for choice in first for use in _uses(choice))


def is_a(family: str, wanted: str) -> bool:
    """Whether a resource of `family` serves where `wanted` is asked for: `fd:socket:unix` is a `fd:socket`."""
    return family == wanted or family.startswith(f"{wanted}:")


@cache
def _demand(family: str) -> int:
    """How many calls a resource of a family serves, with their plainest arguments; one that has another name for what
    it is given is none of its own."""
    labels = (label for label, each in grammar().items() if not isinstance(each, Operation) or each.given)
    return sum(any(is_a(family, wanted) for wanted in wants(label)) for label in labels)


@cache
def makers(family: str) -> tuple[str, ...]:
    """The calls that make a resource of a family: those that do nothing else first, then those that write one.

    Of these, what the executor offers comes first, then calls that touch nothing but files, that every machine has,
    that need least themselves, and whose resource serves most calls.
    """
    able = []
    for order, label in enumerate(grammar()):
        description = grammar()[label]
        facts, pseudo = description.facts, isinstance(description, Pseudo)
        for made in makes(label) if is_allowed(label) else ():
            incidental = made.argument >= 0 and description.parameters[made.argument].kind.reads
            if is_a(made.family, family) and not incidental:
                does_more = (made.family != family, made.argument >= 0, not pseudo)
                costs = (
                    bool(facts.touches & ~(FILES | SOCKETS)) and not pseudo,
                    -len(facts.numbers),
                    len(wants(label)),
                )
                serves = 0 if pseudo else _demand(made.family)
                able.append(((*does_more, *costs, -serves, order), label))
    return tuple(dict.fromkeys(label for _, label in sorted(able)))


def _reaches(argument: Argument, made: Made) -> bool:
    """Whether an argument is memory that is large enough for what the call leaves there."""
    return isinstance(argument, Memory) and made.offset + made.width <= len(argument.data)


@dataclass(slots=True)
class _Binder:
    """A program as it grows."""

    steps: list[ProgramCall] = field(default_factory=list)
    alive: list[tuple[str, Ref]] = field(default_factory=list)
    memory: int = 0

    def add(self, call: Call, depth: int) -> None:
        description = grammar()[call.label]
        args: list[Argument] = []
        for choice in call.args[: len(description.parameters)]:
            args.append(self.bind(choice, args, depth))
        if len(self.steps) >= MOST_CALLS:
            return
        at = len(self.steps)
        self.steps.append(ProgramCall(call.label, tuple(args)))
        for made in makes(call.label):
            if made.argument < 0:
                self.alive.append((made.family, Ref(at)))
            elif made.argument < len(args) and _reaches(args[made.argument], made):
                self.alive.append((made.family, Ref(at, made.argument, made.offset, made.width)))

    def bind(self, choice: Choice, before: Sequence[Argument], depth: int) -> Argument:
        if isinstance(choice, int):
            return choice
        if isinstance(choice, Use):
            return self.resource(choice, depth)
        if isinstance(choice, LengthOf):
            last = next((each for each in reversed(before) if isinstance(each, Memory)), None)
            return (len(last.data) // choice.unit if last else 0) + choice.delta
        self.memory += len(choice.data) + 64
        if self.memory > MOST_MEMORY:
            return 0
        parts: list[tuple[int, int, Argument]] = []
        for offset, width, part in choice.parts:
            inside = [value for _, _, value in parts]
            parts.append((offset, width, self.bind(part, inside or before, depth)))
        return Memory(choice.data, tuple(parts), choice.room, choice.edge)

    def resource(self, use: Use, depth: int) -> Argument:
        found = [ref for family, ref in self.alive if is_a(family, use.family)]
        if not found and depth < MOST_DEPTH and len(self.steps) < MOST_CALLS - 1:
            able = makers(use.family)
            if able:
                self.add(plain_call(able[use.which % len(able)]), depth + 1)
                found = [ref for family, ref in self.alive if is_a(family, use.family)]
        if not found:
            return NO_RESOURCE
        return found[-1 - use.which] if use.which < len(found) else found[0]


def complete(calls: Sequence[Call]) -> Program:
    """The program that a list of calls stands for."""
    builder = _Binder()
    for call in calls:
        builder.add(call, 0)
    return Program(tuple(builder.steps))
