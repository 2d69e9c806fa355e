"""A plain pass: every choice of every argument once, with everything else at its plainest.

Chance leaves some of them out for long, and a call with one odd argument is what most differences need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from conformance.search.bind import Call, plain_call, strays_of
from conformance.syscalls.machinery.call import Parameter
from conformance.syscalls.machinery.choices import Choice
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.table import grammar


def sweep(labels: Iterable[str]) -> Iterator[Call]:
    """The calls of a pass, by description, the plainest of each first."""
    for label in labels:
        plain = plain_call(label)
        yield plain
        for at, parameter in enumerate(grammar()[label].parameters):
            for choice in single(parameter, strays_of(label)[at]):
                if choice != plain.args[at]:
                    yield Call(label, (*plain.args[:at], choice, *plain.args[at + 1 :]))


def single(parameter: Parameter, strays: Iterable[int] = ()) -> tuple[Choice, ...]:
    """What is tried for an argument by itself, of masks no pairs of bits; `strays` are tried beside."""
    choices, kind = tuple(dict.fromkeys((*parameter.choices, *strays))), parameter.kind
    if not isinstance(kind, Flags) or not kind.bits:
        return choices
    names = set(kind.names.values())
    return tuple(each for each in choices if each in names or not isinstance(each, int) or not _is_of(each, names))


def _is_of(value: int, names: set[int]) -> bool:
    """Whether a mask is made of several bits that have names, and of nothing else."""
    left = value
    for name in names:
        left &= ~name
    return value > 0 and not left
