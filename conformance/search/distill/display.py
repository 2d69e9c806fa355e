"""A distillation while it goes on, and what it came to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from tabulate import tabulate

from conformance.run.display import LiveDisplay
from conformance.search.distill.distilling import Distilled
from conformance.search.distill.facts import Goal, Sort
from conformance.text import one_line, plural

LISTED = 20
"""How many programs are named that were there and are not kept."""
ASKED = {
    Sort.CALL: "calls that succeed",
    Sort.OPERATION: "operations",
    Sort.SOCKET: "families, types, protocols",
    Sort.OPTION: "options of sockets",
    Sort.FLAG: "flags",
    Sort.BIT: "bits without a name",
    Sort.ERRNO: "documented errnos",
    Sort.ARGUMENT: "errnos by argument",
    Sort.DESCRIPTOR: "kinds of fd",
}


class DistillDisplay(LiveDisplay):
    """Shows how far a distillation is. Call it with what has come of it so far."""

    def __call__(self, done: Distilled) -> None:
        self._show(lambda: line(done), lambda: line(done))


def line(done: Distilled) -> str:
    """How far it is, in a line."""
    gathered = done.gathered
    return (
        f"[{done.seconds:.0f} s] {done.stage}: {plural(gathered.programs, 'program')} run, "
        f"{len(gathered.met & gathered.goals)} of {len(gathered.goals)} questions answered"
    )


def report(done: Distilled) -> str:
    """What a distillation came to, as text."""
    asked, met = _counted(done.gathered.goals), _counted(done.met)
    rows = [[ASKED[sort], met[sort], asked[sort]] for sort in Sort if asked[sort] or met[sort]]
    parts = [tabulate(rows, ["asked of calls", "met", "of"])]
    new = sum(name not in done.already for name in done.names)
    parts.append(
        f"{plural(done.programs, 'program')} in {plural(len(done.files), 'file')} after {done.seconds:.0f} s: "
        f"{done.programs - new} as before, {new} new"
    )
    parts += _named("left out that differ from run to run", done.unsteady)
    parts += _named("left out for what other targets do", done.apart)
    parts += _named("dropped that did not keep what was promised", done.dropped)
    return "\n\n".join(parts)


def _named(what: str, programs: Sequence[str]) -> Iterator[str]:
    if programs:
        lines = [f"  {one_line(each)}" for each in programs[:LISTED]]
        yield "\n".join([f"{plural(len(programs), 'program')} {what}", *lines])


def _counted(goals: Iterable[Goal]) -> Counter[Sort]:
    return Counter(goal.sort for goal in goals)
