"""Two results of one case: whether they agree, and where they first do not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import zip_longest

from conformance.matrix.normalise import Normal, NormalStep
from conformance.model import Level
from conformance.syscalls.machinery.call import errno_name


@dataclass(frozen=True, slots=True)
class Difference:
    """The first difference; what follows is a consequence."""

    level: Level
    message: str
    step: int | None = None
    call: str = ""
    errno: int = 0
    """Of the target's call; 0 where it succeeded."""
    reference_errno: int = 0


REFERENCE = "the reference"
ITSELF = "or"
"""How a message calls the other side where both are attempts of the same."""


def difference(reference: Normal, target: Normal, named: str = REFERENCE) -> Difference | None:
    """Where `target` first departs from `reference`, which a message calls `named`; None when it does not."""
    found = next(
        (
            difference_of_steps(at, ours, theirs, named)
            for at, (theirs, ours) in enumerate(zip_longest(reference.steps, target.steps))
            if ours != theirs
        ),
        None,
    )
    if target.outcome != reference.outcome:
        where = named if named == ITSELF else f"where {named}"
        message = f"{target.outcome}, {where} {reference.outcome}"
        if found is None:
            return Difference(Level.OUTCOME, message)
        return Difference(Level.OUTCOME, found.message, found.step, found.call, found.errno, found.reference_errno)
    if found is None and target.observations != reference.observations:
        return Difference(Level.DATA, difference_of_observations(reference, target, named))
    return found


FEW = 3
"""How many observations that differ are told with their values; of more, so many names of each sort."""


def difference_of_observations(reference: Normal, target: Normal, named: str = REFERENCE) -> str:
    """What two have observed that is not the same: with the values if it is little, else how much and the first of it.

    A case may observe thousands (`cases/survey`), and a message is a line.
    """
    ours, theirs = dict(target.observations), dict(reference.observations)
    differing = [name for name in sorted({*ours, *theirs}) if ours.get(name) != theirs.get(name)]
    if len(differing) <= FEW:
        return "; ".join(
            f"observed {name}: {ours.get(name, NOTHING)}, {named} {theirs.get(name, NOTHING)}" for name in differing
        )
    sorts = {
        "absent": [name for name in differing if name not in ours],
        "only here": [name for name in differing if name not in theirs],
        "other": [name for name in differing if name in ours and name in theirs],
    }
    parts = [f"{len(names)} {what} ({_first(names)})" for what, names in sorts.items() if names]
    return f"{len(differing)} of {len({*ours, *theirs})} observations differ: {', '.join(parts)}"


NOTHING = "nothing"


def _first(names: list[str]) -> str:
    return ", ".join(names[:FEW]) + (" …" if len(names) > FEW else "")


def difference_of_steps(
    at: int, ours: NormalStep | None, theirs: NormalStep | None, named: str = REFERENCE
) -> Difference:
    """How two steps at the same place differ, by the shallowest level."""
    if ours and theirs and ours.process != theirs.process:  # one side's process has ended: its calls come first
        ours, theirs = (ours, None) if ours.process < theirs.process else (None, theirs)
    if ours is None or theirs is None:
        step = ours or theirs
        assert step is not None
        who = f"makes no more calls, {named} goes on with" if ours is None else "goes on with"
        return Difference(Level.OUTCOME, f"{who} {step.call}", at, step.call)
    if ours.call != theirs.call:
        return Difference(Level.OUTCOME, f"calls {ours.call}, {named} {theirs.call}", at, ours.call)
    if ours.errno != theirs.errno:
        said = [errno_name(each.errno) if each.errno else "success" for each in (ours, theirs)]
        message = f"{ours.call}: {said[0]}, {named} {said[1]}"
        return Difference(Level.OUTCOME, message, at, ours.call, ours.errno, theirs.errno)
    if ours.result != theirs.result:
        message = f"{ours.call}: returns {ours.result}, {named} {theirs.result}"
        return Difference(Level.RESULT, message, at, ours.call)
    what = "was called with other arguments" if ours.args != theirs.args else "wrote other data"
    return Difference(Level.DATA, f"{ours.call}: {what}", at, ours.call)
