"""Two machines at a glance, side by side: what their kernels complain of, are made of, have loaded and have left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

NUMBERS = re.compile(r"0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+", re.IGNORECASE)
BY_CHANCE = re.compile(r"clock|calibrat|\bhpet\b|hrtimer: interrupt took|\btsc\b|hogged CPU|stall|took too long", re.I)
"""Messages that come when the machine below was busy."""
AMOUNT = re.compile(r"(?P<name>\w+):\s*(?P<kib>\d+) kB")
MUCH = 0.1
"""The part of an amount of memory from which on a change is told."""


@dataclass(frozen=True, slots=True)
class MachineFact:
    """One thing of both machines."""

    name: str
    before: list[str]
    after: list[str]
    gone: list[str]
    """What only the older one has."""
    come: list[str]
    """What only the newer one has."""

    @property
    def moved(self) -> bool:
        """Whether it differs in more than what is so by chance."""
        return bool(self.gone or self.come)


def beside(before: Mapping[str, list[str]], after: Mapping[str, list[str]]) -> list[MachineFact]:
    """What both say of themselves; nothing where one of them says nothing."""
    return [_standing(name, before[name], after[name]) for name in before if name in after]


def _standing(name: str, before: list[str], after: list[str]) -> MachineFact:
    if all(map(AMOUNT.fullmatch, [*before, *after])):
        return _of_amounts(name, before, after)
    here, there = ({_gist(each): each for each in side if not BY_CHANCE.search(each)} for side in (before, after))
    gone = [said for gist, said in here.items() if gist not in there]
    come = [said for gist, said in there.items() if gist not in here]
    return MachineFact(name, before, after, gone, come)


def _gist(said: str) -> str:
    """A message without numbers, which are others each time. A short word is what it is."""
    return NUMBERS.sub("#", said) if " " in said else said


def _of_amounts(name: str, before: list[str], after: list[str]) -> MachineFact:
    here, there = _amounts(before), _amounts(after)
    moved = [each for each in here if each in there and abs(there[each] - here[each]) > MUCH * max(here[each], 1)]
    gone, come = ([f"{each}: {side[each]} kB" for each in moved] for side in (here, there))
    return MachineFact(name, before, after, gone, come)


def _amounts(said: list[str]) -> dict[str, int]:
    """In KiB, by name."""
    return {each["name"]: int(each["kib"]) for each in map(AMOUNT.fullmatch, said) if each}
