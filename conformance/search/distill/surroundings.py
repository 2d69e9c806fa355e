"""Calls in other surroundings: at every place that a path can lead to, in every state, after what belongs before."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from itertools import product

from conformance.search.bind import Call, plain_call
from conformance.search.distill.states import full, places, read_only, states, ticking, unprivileged
from conformance.search.distill.trials import Trial
from conformance.search.sweep import sweep
from conformance.syscalls.machinery.call import Pseudo
from conformance.syscalls.machinery.choices import Blob, Choice, text
from conformance.syscalls.machinery.kinds import PathKind
from conformance.syscalls.machinery.table import grammar
from conformance.syscalls.sockets.addresses import SIZES, holds_address
from conformance.syscalls.sockets.socket import AF_UNIX

FEW = 12
"""Of how many values of another argument each is tried at each place."""
PAIRED = (b"absent", b"f0", b"d0", b"d0/f1", b"d0/f9", b"l0", b"d9", b"f0/x", b"d9/x", b".", b"/", b"d0/..", b"f9")
"""What two paths of one call may be; `d9` is an empty directory."""


def surroundings(labels: Iterable[str]) -> Iterator[Trial]:
    """Every trial of calls where something else is so."""
    chosen = [label for label in labels if not isinstance(grammar()[label], Pseudo)]
    for ask in (_at_places, _between_places, _at_addresses, _in_states, _after, _again, _without_privileges):
        yield from ask(chosen)


def interrupted(blocked: Trial) -> Trial:
    """What has blocked, with signals that come."""
    return Trial((*ticking(), *blocked.calls))


def _paths(label: str) -> list[str]:
    """The arguments of a call that are paths."""
    return [each.name for each in grammar()[label].parameters if isinstance(each.kind, PathKind)]


def _at_places(labels: Iterable[str]) -> Iterator[Trial]:
    """At every place that a path can lead to, with all that another argument may be."""
    for label in labels:
        for name in _paths(label):
            for before, path in places().values():
                yield Trial((*before, plain_call(label, **{name: text(path)})), odd="" if before else name)
                for other in grammar()[label].parameters:
                    numbers = [each for each in dict.fromkeys(other.choices[1:]) if isinstance(each, int)]
                    for number in numbers[:FEW] if other.name not in _paths(label) else ():
                        given: dict[str, Choice] = {name: text(path), other.name: number}
                        yield Trial((*before, plain_call(label, **given)))


def _between_places(labels: Iterable[str]) -> Iterator[Trial]:
    """With any two of some paths."""
    made = plain_call("mkdir", path=text(b"d9"))
    for label in labels:
        if len(names := _paths(label)) > 1:
            for one, other in product(PAIRED, repeat=2):
                call = plain_call(label, **{names[0]: text(one), names[1]: text(other)})
                for before in ((), read_only(), full(), unprivileged()):
                    yield Trial((made, *before, call))


def _at_addresses(labels: Iterable[str]) -> Iterator[Trial]:
    """At every such place, by a socket's address."""
    for label in labels:
        for each in grammar()[label].parameters:
            if holds_address(each.kind) and each.kind.reads:
                for before, path in places().values():
                    address = (struct.pack("=H", AF_UNIX) + path).ljust(SIZES[AF_UNIX], b"\0")[: SIZES[AF_UNIX]]
                    yield Trial((*before, plain_call(label, **{each.name: Blob(address)})))


def _in_states(labels: Iterable[str]) -> Iterator[Trial]:
    """Every state before the plain call; before what the call needs is made, and after that was used once."""
    for label in labels:
        for before in states().values():
            yield Trial((*before, plain_call(label)))
            yield Trial((plain_call(label), *before, plain_call(label)))
            for calls in _before(label):
                yield Trial((*calls, *before, plain_call(label)))


def _before(label: str) -> Iterator[tuple[Call, ...]]:
    for chain in grammar()[label].facts.after:
        if all(each in grammar() and not grammar()[each].facts.never for each in chain):
            yield tuple(map(plain_call, chain))


def _after(labels: Iterable[str]) -> Iterator[Trial]:
    """After the sequences that are known to belong before a call, with each choice of each of its arguments."""
    for label in labels:
        for before in _before(label):
            for call in sweep([label]):
                yield Trial((*before, call))


def _again(labels: Iterable[str]) -> Iterator[Trial]:
    """After it was made once, with each choice of each argument."""
    for label in labels:
        for call in sweep([label]):
            yield Trial((plain_call(label), call))


def _without_privileges(labels: Iterable[str]) -> Iterator[Trial]:
    """The same for want of privileges."""
    for label in labels:
        for call in sweep([label]):
            yield Trial((*unprivileged(), call))
            yield Trial((plain_call(label), *unprivileged(), call))
