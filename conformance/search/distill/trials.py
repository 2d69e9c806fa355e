"""Questions that are asked by a call made for them: each choice of each argument, each kind of fd, each option.

What comes of a call in other surroundings is in `surroundings`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from conformance.programs.notation.calls import kinds_of
from conformance.search.bind import Call, plain_call
from conformance.search.distill.facts import Goal, Sort
from conformance.search.distill.states import descriptors
from conformance.search.sweep import sweep
from conformance.syscalls.machinery.call import Operation, Parameter, Pseudo
from conformance.syscalls.machinery.choices import Blob, Choice
from conformance.syscalls.machinery.kinds import FileDescriptor, Flags
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.sockets.options import SOL_SOCKET

BITS = 31
"""Of a flags argument: those that every call has."""
WHOLE: tuple[tuple[str, dict[str, Choice]], ...] = (("", {}),)
"""An option as it is. Those of protocols take a network of their own each time, which is dear."""
OF_OPTIONS = ("getsockopt", "setsockopt")
LEAST_SOCKET_FLAG = 16
"""What is above is no type of a socket but a flag beside it (socket(2))."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Calls, of which the last one answers a question by what comes of it."""

    calls: tuple[Call, ...]
    goal: Goal | None = None
    """None: whatever it shows by itself."""
    odd: str = ""
    """Of a call whose other arguments are the plainest: the one that is not."""
    plain: bool = False
    """Whether all of them are."""


def trials(labels: Iterable[str]) -> Iterator[Trial]:
    """All that is asked of some descriptions by themselves, the plainest call of each first."""
    chosen = [label for label in labels if not isinstance(grammar()[label], Pseudo)]
    chosen.sort(key=lambda label: (grammar()[label].name, isinstance(grammar()[label], Operation)))
    for ask in (_choices, _flags, _sockets, _options, _descriptors):
        yield from ask(chosen)


def _choices(labels: Iterable[str]) -> Iterator[Trial]:
    """The plain pass."""
    last = ""
    for call in sweep(labels):
        parameters = grammar()[call.label].parameters
        odd = next(
            (each.name for each, value in zip(parameters, call.args, strict=True) if value != each.choices[0]), ""
        )
        yield Trial((call,), odd=odd, plain=call.label != last)
        last = call.label


def _flags(labels: Iterable[str]) -> Iterator[Trial]:
    """Every flag alone, and beside the plainest; and a bit without a name."""
    for label in labels:
        for each in grammar()[label].parameters:
            if isinstance(each.kind, Flags) and not _is_fixed(label, each.name):
                yield from _of_flags(label, each, each.kind)


def _is_fixed(label: str, name: str) -> bool:
    """Whether an argument makes an operation what it is, or is asked for in another way."""
    description = grammar()[label]
    if description.name in OF_OPTIONS and name in ("level", "option"):
        return True
    return isinstance(description, Operation) and name in description.given


def _of_flags(label: str, parameter: Parameter, kind: Flags) -> Iterator[Trial]:
    call, name = grammar()[label].name, parameter.name
    plain = parameter.choices[0]
    beside = plain if isinstance(plain, int) and kind.bits else 0
    for flag, value in kind.names.items():
        for each in dict.fromkeys((value | beside, value)):
            yield Trial((plain_call(label, **{name: each}),), Goal(call, Sort.FLAG, (name, flag)), name)
    known = 0
    for value in kind.names.values():
        known |= value
    if kind.bits and (free := [bit for bit in range(BITS) if not known >> bit & 1]):
        value = 1 << free[-1] | beside
        yield Trial((plain_call(label, **{name: value}),), Goal(call, Sort.BIT, (name,)), name)


def _sockets(labels: Iterable[str]) -> Iterator[Trial]:
    """Every family with every type and every protocol that is described."""
    for label in sorted({"socket", "socketpair"} & set(labels)):
        family, kind, protocol = grammar()[label].parameters[:3]
        for a in dict.fromkeys((*_values(family), *family.choices)):
            for b in dict.fromkeys(each for each in _values(kind) if each < LEAST_SOCKET_FLAG):
                for c in dict.fromkeys(protocol.choices):
                    if isinstance(a, int) and isinstance(c, int):
                        about = tuple(map(_word, (family.kind.spell(a), kind.kind.spell(b), str(c))))
                        calls = (plain_call(label, family=a, type=b, protocol=c),)
                        yield Trial(calls, Goal(label, Sort.SOCKET, about))


def _word(number: str) -> str:
    return number.replace("-", "minus-")


def _values(parameter: Parameter) -> tuple[int, ...]:
    return tuple(parameter.kind.names.values()) if isinstance(parameter.kind, Flags) else ()


def _options(labels: Iterable[str]) -> Iterator[Trial]:
    """Every option of every level: got and set, whole; those of sockets in one byte as well."""
    for label in labels:
        description = grammar()[label]
        if description.name not in OF_OPTIONS or not isinstance(description, Operation):
            continue
        level, option = description.parameters[1:3]
        kinds = kinds_of(label)[1:3]
        for at in dict.fromkeys(level.choices):
            for number in dict.fromkeys(option.choices):
                if isinstance(at, int) and isinstance(number, int):
                    named = kinds[0].spell(at), kinds[1].spell(number)
                    for size, given in _sizes(label).items() if at == SOL_SOCKET else WHOLE:
                        calls = (plain_call(label, level=at, option=number, **given),)
                        yield Trial(calls, Goal(description.name, Sort.OPTION, (*named, size)))


def _sizes(label: str) -> dict[str, dict[str, Choice]]:
    """How much of an option is asked for, or given."""
    if grammar()[label].name == "setsockopt":
        return {"": {}, "of-1-byte": {"length": 1}}
    return {"": {}, "of-1-byte": {"length": Blob(b"\1\0\0\0")}}


def _descriptors(labels: Iterable[str]) -> Iterator[Trial]:
    """Every kind of fd for every argument that takes one, by a call that is plain beside."""
    asked: set[tuple[str, str]] = set()
    for label in labels:
        description = grammar()[label]
        for each in description.parameters:
            if not isinstance(each.kind, FileDescriptor) or (description.name, each.name) in asked:
                continue
            asked.add((description.name, each.name))
            for name, (before, fd) in descriptors().items():
                if fd != each.choices[0]:
                    goal = Goal(description.name, Sort.DESCRIPTOR, (label, each.name, name))
                    yield Trial((*before, plain_call(label, **{each.name: fd})), goal)


def is_apart(label: str) -> bool:
    """Whether a description is more than its call with some flags: an operation that an argument asks for."""
    description = grammar()[label]
    if not isinstance(description, Operation):
        return True
    own = kinds_of(label)
    asking = [own[at] for at, each in enumerate(description.parameters) if each.name in description.given]
    return not any(isinstance(kind, Flags) and kind.bits for kind in asking)
