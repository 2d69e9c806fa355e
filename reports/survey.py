"""What a survey found, for a terminal: entry by entry, how each target differs from what it was held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from conformance.model import Json, Matrix, Verdict
from conformance.text import one_line, plural, wrapped
from reports.summary import observation_text

SHOWN = 12
"""Entries of each sort that are shown of a branch, unless all are asked for."""
ABSENT, ONLY, OTHER = "not here", "only here", "otherwise"
TYPE, MODE = "another type", "another mode"
OPENING, READING, COLUMNS = "another errno of open", "another errno of read", "other columns"
PARTS = {"open": OPENING, "read": READING, "columns": COLUMNS}
"""What is behind a comma in what is told of a file (`cases/survey/_walk.py`), by its first word."""
SHUT = (TYPE, OPENING, READING, OTHER)
"""What keeps anything from being seen below an entry."""
SORTS = (ABSENT, ONLY)
"""Those that come first."""


@dataclass(frozen=True, slots=True)
class Names:
    """What things are called for people, which is not for reports to know."""

    branch: Callable[[str], str]
    """A branch's name, by the id of its case."""
    entry: Callable[[str, str], str]
    """What an entry of a branch is called besides its name (a call's name for its number), or nothing."""


@dataclass(frozen=True, slots=True)
class Differing:
    """An entry that is not the same on both sides."""

    name: str
    sort: str
    """`ABSENT`, `ONLY`, or what about it is another."""
    told: str = ""
    """What both sides say of it; empty where one has nothing to say."""
    below: int = 0
    """How many entries lie below it that differ in the same way, and are not listed."""


def differing(theirs: Mapping[str, Json], mine: Mapping[str, Json], against: str) -> list[Differing]:
    """The entries that differ, in order. `theirs` are those of the target `against`."""
    found = []
    for name in sorted({*theirs, *mine}, key=lambda each: each.replace("/", "\0")):
        if name not in mine:
            found.append(Differing(name, ABSENT))
        elif name not in theirs:
            found.append(Differing(name, ONLY))
        elif mine[name] != theirs[name]:
            said, other = (_text(each[name]) for each in (mine, theirs))
            found.append(Differing(name, sort_of(other, said), f"{said} ({against}: {other})"))
    return found


def _text(value: Json) -> str:
    return value if isinstance(value, str) else observation_text(value)


def sort_of(theirs: str, mine: str) -> str:
    """What two sides tell differently of a file; `OTHER` where it is no file."""
    (kind, *rest), (other, *others) = (each.split(", ") for each in (theirs, mine))
    if len(kind) not in (1, 10) or len(other) not in (1, 10) or kind[:1] not in "-bcdlps":
        return OTHER
    if kind[0] != other[0]:
        return TYPE
    if kind != other:
        return MODE
    words = {part.partition(":")[0] for part in {*rest} ^ {*others}}
    return next((said for word, said in PARTS.items() if word in words), OTHER)


def folded(entries: list[Differing]) -> list[Differing]:
    """Without what lies below an entry that is not there either, is new too, or cannot be seen into any more.

    The entry says how many those are.
    """
    found: list[Differing] = []
    for each in entries:
        last = found[-1] if found else None
        if last and not each.told and each.name.startswith((f"{last.name}/", f"{last.name} ")) and _hides(last, each):
            found[-1] = Differing(last.name, last.sort, last.told, last.below + 1)
        else:
            found.append(each)
    return found


def _hides(above: Differing, below: Differing) -> bool:
    return above.sort == below.sort or above.sort in SHUT


def render(matrix: Matrix, width: int, names: Names, *, full: bool = False) -> str:
    """Every target but the reference, branch by branch, in lines of `width` columns. `full`: every entry."""
    lines: list[str] = []
    for column in matrix.columns:
        if column.target.name != matrix.reference:
            lines += ["", *_target(matrix, column.target.name, width, names, full)]
    return "\n".join(lines[1:]) + "\n" if lines else ""


def _target(matrix: Matrix, name: str, width: int, names: Names, full: bool) -> Iterator[str]:
    yield name
    alike: list[str] = []
    for comparison in matrix.comparisons:
        cell, branch = comparison.cells[name], names.branch(comparison.case)
        against = cell.reference or matrix.reference
        mine, theirs = comparison.traces.get(name), comparison.traces.get(against)
        if cell.verdict is Verdict.SAME:
            alike.append(branch)
        elif cell.verdict is Verdict.DIFFERS and mine and theirs:
            found = differing(theirs.observations, mine.observations, against)
            there = plural(len({*theirs.observations, *mine.observations}), "entry", "entries")
            expected = f" (expected: {cell.expected.why})" if cell.expected else ""
            yield from wrapped(one_line(f"{branch}: {len(found)} of {there} differ from {against}{expected}"), width, 2)
            yield from _branch(branch, found, width, names, full)
        else:
            yield from wrapped(one_line(f"{branch}: {cell.verdict}: {cell.message}"), width, 2)
    if alike:
        yield from wrapped(f"the same: {', '.join(dict.fromkeys(alike))}", width, 2)


def _branch(branch: str, found: list[Differing], width: int, names: Names, full: bool) -> Iterator[str]:
    by_sort: dict[str, list[Differing]] = {}
    for each in found if full else folded(found):
        by_sort.setdefault(each.sort, []).append(each)
    for sort in sorted(by_sort, key=lambda sort: (SORTS.index(sort) if sort in SORTS else len(SORTS), sort)):
        entries = by_sort[sort]
        yield f"    {sort}: {sum(1 + each.below for each in entries)}"
        for each in entries if full else entries[:SHOWN]:
            more = f" and {each.below} below it" if each.below else ""
            named = " ".join(filter(None, (each.name, names.entry(branch, each.name))))
            yield from wrapped(one_line(f"{named}{more}{f': {each.told}' if each.told else ''}"), width, 6)
        if not full and len(entries) > SHOWN:
            yield f"      … {len(entries) - SHOWN} more (--full)"
