"""How it is told what programs did that were run again: call by call, and in a line a program."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

from conformance.search.replay import Replayed
from conformance.text import one_line, plural


def lines(replayed: Sequence[Replayed], place: str = "") -> Iterator[str]:
    """What each target did, a line a call, those marked that the reference did not do; under the program's place."""
    if place:
        yield f"== {one_line(place)}"
    first = replayed[0]
    for each in replayed:
        unsteady = "" if each.stable else ": differs from run to run"
        yield f"{each.target} ({one_line(each.release)}){unsteady}"
        for mine, theirs in zip_longest(each.lines, first.lines):
            yield f"  {'*' if mine != theirs and each.difference else ' '} {one_line(mine or '')}"
        for why in each.broken:
            yield f"    {one_line(why)}"
        if found := each.difference:
            yield f"    {one_line(f'{found.call}: {found.field}: {found.target}, the reference {found.reference}')}"


def summary(done: Mapping[str, Sequence[Replayed]]) -> Iterator[str]:
    """A line a program: what the targets came to."""
    yield f"{plural(len(done), 'program')}:"
    for place, replayed in done.items():
        said = [f"{each.target} {_word(each, is_reference=at == 0)}" for at, each in enumerate(replayed)]
        yield f"  {one_line(Path(place).name)}: {', '.join(said)}"


def _word(each: Replayed, *, is_reference: bool) -> str:
    if not each.stable:
        return "differs from run to run"
    if each.lost and is_reference:
        return "died of it"
    if each.difference:
        return "diverges"
    return "breaks a promise" if each.broken else "ran" if is_reference else "agrees"
