"""From what a command asks for to a search: what it is about, which lanes it has, how long it goes on."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from conformance.model import Target
from conformance.run.errors import UsageError
from conformance.run.targets import given_words
from conformance.search.search import SearchPlan

USUAL_SECONDS = 300.0
"""How long a search goes on where neither a time nor a number of programs is given."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a search is to be, as it was said."""

    chapters: str = ""
    """Names, with commas between."""
    calls: str = ""
    """Likewise."""
    seconds: float | None = None
    programs: int | None = None
    seed: int | None = None
    twin: bool = True
    """Whether the reference is held against itself, too."""


def new_search(asked: Asked, chosen: Sequence[Target], reference: str, targets_file: Path | None = None) -> SearchPlan:
    """The search of these targets, the reference among them. Raises UsageError when it would compare nothing."""
    by_name = {each.name: each for each in chosen}
    names = tuple(name for name in by_name if name != reference)
    if not asked.twin and not names:
        raise UsageError("there is nothing to compare: name a target with -t, or leave out --no-twin")
    return SearchPlan(
        reference,
        names,
        words(asked.chapters),
        secrets.randbelow(1 << 32) if asked.seed is None else asked.seed,
        USUAL_SECONDS if asked.seconds is None and asked.programs is None else asked.seconds,
        asked.programs,
        f"{reference} again" if asked.twin else None,
        words(asked.calls),
        {name: again([by_name[reference], by_name[name]], targets_file) for name in names},
        beside=True,
    )


def targets_of_lanes(plan: SearchPlan, chosen: Sequence[Target]) -> Mapping[str, Target]:
    """Which target each lane of a search is a guest of, the reference's first, then its twin's."""
    by_name = {each.name: each for each in chosen}
    lanes = {plan.reference: by_name[plan.reference]}
    if plan.twin is not None:
        lanes[plan.twin] = by_name[plan.reference]
    return lanes | {name: by_name[name] for name in plan.targets}


def again(targets: Sequence[Target], targets_file: Path | None) -> tuple[str, ...]:
    """What another command must be told beside these targets to open the same ones."""
    return (*given_words(targets), *(("--targets", str(targets_file)) if targets_file else ()))


def words(given: str) -> tuple[str, ...]:
    """What an option lists, with commas or spaces between."""
    return tuple(given.replace(",", " ").split())
