"""Looking at what a program has done: calls that end it, and show what its own calls have left behind.

A flag that is lost is seen only by who asks for it, and chance rarely asks for the right thing.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from functools import cache

from conformance.search.bind import Call, is_a, makes, plain_call, wants
from conformance.syscalls.files.paths import AT_SYMLINK_NOFOLLOW
from conformance.syscalls.machinery.call import Look
from conformance.syscalls.machinery.choices import Blob, Use
from conformance.syscalls.machinery.kinds import Flags
from conformance.syscalls.machinery.table import chapters, grammar

MOST = 8
"""How many looks a program ends with, at most."""
LONGEST_NAME = 40
WHICH = (0, 0, 0, 1)
"""Which resource of a family that a call uses is looked at: the last one that was made, most of the time."""


def looks(calls: Sequence[Call], chance: random.Random) -> tuple[Call, ...]:
    """Calls to put behind others, some of those that show what they have done; what flags have done before all."""
    able = [
        (not has_flags(call), chance.random(), look)
        for at, call in enumerate(calls)
        for look in _after(call, calls[at + 1 :], chance)
    ]
    able.sort(key=lambda each: each[:2])
    return tuple(dict.fromkeys(look for _, _, look in able))[: chance.randint(1, MOST)]


def has_flags(call: Call) -> bool:
    """Whether a call is given other flags than it mostly is."""
    parameters = grammar()[call.label].parameters
    return any(
        isinstance(parameter.kind, Flags) and argument != parameter.choices[0]
        for argument, parameter in zip(call.args, parameters, strict=False)
    )


def _after(call: Call, later: Sequence[Call], chance: random.Random) -> Iterator[Call]:
    made = {each.family for each in makes(call.label)}
    for family in sorted(made | wants(call.label)):
        which = _made_by(later, family) if family in made else chance.choice(WHICH)
        for wider, shown in _shown().items():
            if is_a(family, wider):
                yield from (_at(label, look, Use(family, which)) for label, look in shown)
    for label, look in _shown().get(chapters()[call.label], ()):
        yield plain_call(label, **look.given)
    if call.label == "rt_sigaction" and call.args:
        yield plain_call("rt_sigaction", signum=call.args[0], act=0)
    for argument in call.args:
        if isinstance(argument, Blob) and _is_name(argument):
            yield from (plain_call("newfstatat", path=argument, flags=flags) for flags in (0, AT_SYMLINK_NOFOLLOW))


@cache
def _shown() -> dict[str, list[tuple[str, Look]]]:
    """The calls that show what there is to see, by the family of resources or the chapter that they show."""
    found: dict[str, list[tuple[str, Look]]] = {}
    for label, each in grammar().items():
        for look in each.facts.shows:
            found.setdefault(look.of, []).append((label, look))
    return found


def _made_by(calls: Sequence[Call], family: str) -> int:
    """How many calls make one of a family: what was made before them is that many back."""
    return sum(any(is_a(made.family, family) for made in makes(call.label)) for call in calls)


def _at(label: str, look: Look, use: Use) -> Call:
    """A look at a resource."""
    first = grammar()[label].parameters[0]
    given = {first.name: use} if isinstance(first.choices[0], Use) else {}
    return plain_call(label, **given, **look.given)


def _is_name(blob: Blob) -> bool:
    """Whether memory is a C string that could name a file."""
    name = blob.data[:-1]
    plain = not blob.parts and not blob.room and blob.data[-1:] == b"\0"
    return plain and 0 < len(name) < LONGEST_NAME and name.isascii()
