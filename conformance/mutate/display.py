"""A measurement: while it is made, as text, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text
from tabulate import tabulate

from conformance.model import Json
from conformance.mutate.conduct import Measurement
from conformance.mutate.hunting import Fate, Upshot
from conformance.mutate.mutants import Fault
from conformance.run.display import LiveDisplay
from conformance.text import plural

SCHEMA = 1
"""Version of a measurement as JSON."""
HEADS = ("", "faults", "caught", "%", *(end for end in Upshot if end is not Upshot.CAUGHT))


class MutateDisplay(LiveDisplay):
    """Shows how far a measurement is. Call it with the measurement."""

    def __call__(self, what: Measurement) -> None:
        self._show(lambda: Text(_line(what)), lambda: _line(what))


def _line(what: Measurement) -> str:
    caught = len(what.mutants) - len(what.at_large)
    cases = what.programs if what.cases is None else what.cases
    named = plural(len(cases), "program" if what.cases is None else "case")
    return f"{caught} of {plural(len(what.mutants), 'fault')} caught; {named}, {len(what.steady)} steady so far"


def percent(fates: Sequence[Fate]) -> float:
    """How many of some faults are caught, of a hundred; all of none."""
    return 100 * sum(each.end is Upshot.CAUGHT for each in fates) / len(fates) if fates else 100.0


def report(what: Measurement) -> str:
    """The score by chapter and by fault, and who has survived."""
    named = sorted({each.mutant.chapter for each in what.fates.values()})
    by_chapter = [(name, [each for each in what.fates.values() if each.mutant.chapter == name]) for name in named]
    by_fault = [(fault, [each for each in what.fates.values() if each.mutant.fault is fault]) for fault in Fault]
    parts = [
        _table("chapter", [*by_chapter, ("all", [*what.fates.values()])]),
        _table("fault", [(fault, fates) for fault, fates in by_fault if fates]),
    ]
    for end in (Upshot.SURVIVED, Upshot.NOT_EXERCISED):
        found = [each for each in what.fates.values() if each.end is end]
        if found:
            parts.append("\n".join([f"{plural(len(found), 'fault')} {end}:", *_named(found)]))
    said = []
    if what.left_out:
        faults = plural(len(what.left_out), "fault")
        said.append(f"{faults} left out: Linux itself could show the same, or this machine lacks the call")
    if what.unsteady:
        said.append(
            f"{plural(len(what.unsteady), 'case')} left out, which without a fault fail here, take long or are unsteady"
        )
    return "\n\n".join([*parts, *said])


def _table(head: str, rows: Sequence[tuple[str, Sequence[Fate]]]) -> str:
    figures = [
        (
            name,
            len(fates),
            _count(fates, Upshot.CAUGHT),
            f"{percent(fates):.1f}",
            *(_count(fates, end) for end in HEADS[4:]),
        )
        for name, fates in rows
    ]
    return tabulate(figures, (head, *HEADS[1:]))


def _count(fates: Sequence[Fate], end: str) -> int:
    return sum(each.end == end for each in fates)


def _named(fates: Sequence[Fate]) -> Iterator[str]:
    """A line a call: what kinds of faults, and of which flags, members, memory."""
    by_label: dict[str, dict[Fault, list[str]]] = {}
    for each in sorted(fates, key=lambda fate: (fate.mutant.chapter, fate.mutant.label)):
        by_label.setdefault(each.mutant.label, {}).setdefault(each.mutant.fault, []).append(each.mutant.what)
    for label, faults in by_label.items():
        said = [f"{fault} ({', '.join(whats)})" if any(whats) else str(fault) for fault, whats in faults.items()]
        yield f"  {label}: {'; '.join(said)}"


def as_data(what: Measurement) -> Json:
    """The same as data: every fault with its end."""
    return {
        "schema": SCHEMA,
        "percent": round(percent([*what.fates.values()]), 2),
        "faults": [
            {
                "chapter": each.mutant.chapter,
                "call": each.mutant.label,
                "fault": each.mutant.fault.value,
                "what": each.mutant.what,
                "end": each.end.value,
                "by": each.by,
                "said": each.said,
                "cases": each.cases,
            }
            for each in sorted(what.fates.values(), key=lambda fate: str(fate.mutant))
        ],
        "left_out": [
            {"call": each.mutant.label, "fault": each.mutant.fault.value, "what": each.mutant.what, "why": each.why}
            for each in what.left_out
        ],
        "unsteady": list(what.unsteady),
    }
