"""How fast a pass over a target's cases goes on, and how long it will: by what is done, and what is left."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from conformance.programs.cases import CaseProgram
from conformance.run.models import CaseModel
from conformance.run.selection import is_program

PROGRAM = 0.05
"""How long a program takes beside a case: a tenth in gVisor, a thirtieth in an emulated machine."""
ENOUGH = 0.05
"""The part of a pass from which its pace is known."""


def weights(
    cases: Iterable[str], programs: Iterable[CaseProgram | CaseModel], seconds: Mapping[str, float]
) -> dict[str, float]:
    """How long each is going to take beside the others, by id. `seconds`: how long some took earlier."""
    usual = (sum(seconds.values()) / len(seconds) if seconds else 0.0) or 1.0
    found = {case: seconds.get(case) or usual for case in cases}
    for each in programs:
        share = 1.0 if isinstance(each, CaseModel) else PROGRAM
        found[each.info.id] = seconds.get(each.info.id) or share * usual
    return found


class Pace:
    """Of one pass. Programs have a pace of their own: how much faster they are hangs on the target."""

    def __init__(self, weighed: Mapping[str, float], now: float, passes: int = 1) -> None:
        """`weighed`: see `weights`. `now`: when it begins, in seconds. `passes`: how many there will be with it."""
        self._weights, self._last = weighed, now
        self._left: defaultdict[bool, float] = defaultdict(float)
        self._done: defaultdict[bool, float] = defaultdict(float)
        self._seconds: defaultdict[bool, float] = defaultdict(float)
        for case, weight in weighed.items():
            self._left[is_program(case)] += weight * passes

    def result(self, case: str, now: float) -> None:
        """A case is done: the time since the one before was spent on it."""
        kind, weight = is_program(case), self._weights.get(case, 0.0)
        self._left[kind] -= weight
        self._done[kind] += weight
        self._seconds[kind] += now - self._last
        self._last = now

    def seconds_left(self, now: float) -> float | None:
        """How long it will go on; None before that is known."""
        done, left = sum(self._done.values()), sum(self._left.values())
        if done <= (done + left) * ENOUGH:
            return None
        usual = sum(self._seconds.values()) / done
        paces = {kind: self._seconds[kind] / weight for kind, weight in self._done.items() if weight}
        expected = sum(weight * paces.get(kind, usual) for kind, weight in self._left.items())
        return max(expected - (now - self._last), 0.0)
