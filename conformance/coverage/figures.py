"""The figures of a coverage, as reports show them: sums, a row an area, what nothing reaches, the others' beside."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, TypedDict

from conformance.coverage.documents import peers
from conformance.coverage.facts import Coverage, Documented, Met
from conformance.coverage.missing import Lacking


class Beside(TypedDict):
    """What others test of some calls."""

    ltp_calls: int
    ltp_errnos: int
    gvisor_calls: int
    gvisor_errnos: int


class Sum(NamedTuple):
    """What is met of one sort of fact; None where there is no such figure."""

    what: str
    met: int
    of: int | None = None
    ltp: int | None = None
    gvisor: int | None = None


class AreaRow(NamedTuple):
    """An area's figures. What there is to be met, and what others have, is that of the calls that it makes."""

    area: str
    cases: int
    calls: int
    pairs: int
    of: int
    others: int
    flags: int
    operations: int
    ltp: int
    gvisor: int


AREA_HEADS = ("area", "cases", "calls", "pairs", "of", "others", "flags", "operations", "LTP", "gVisor")
"""What the cells of an `AreaRow` are called."""
WHOLE = "all"
"""The row of all areas together."""


def beside(calls: Iterable[str]) -> Beside:
    """The figures of LTP and of gVisor's own tests for some calls: those that they test, the errnos that they assert.

    A test of LTP is a program about a call, one of gVisor a file that calls it.
    """
    known = [peers()[call] for call in calls if call in peers()]
    return Beside(
        ltp_calls=sum(each.ltp_programs > 0 for each in known),
        ltp_errnos=sum(each.ltp_errnos for each in known),
        gvisor_calls=sum(each.gvisor_files > 0 for each in known),
        gvisor_errnos=sum(each.gvisor_errnos for each in known),
    )


def sums(coverage: Coverage) -> list[Sum]:
    """What all areas together have met."""
    met, others = coverage.met, beside(coverage.table)
    machines = " and ".join(sorted(coverage.machines)) or "no machine"
    documented = len(coverage.documented_by(met))
    return [
        Sum(
            f"calls of {machines} that succeeded",
            *(len(met.calls & coverage.table), len(coverage.table)),
            *(others["ltp_calls"], others["gvisor_calls"]),
        ),
        Sum("documented errnos", documented, len(coverage.documented)),
        Sum("errnos that no page documents", len(coverage.undocumented_by(met))),
        Sum("all errnos", len(met.pairs), None, others["ltp_errnos"], others["gvisor_errnos"]),
        Sum("flags", len(met.flags), len(coverage.flags)),
        Sum("operations", len(met.operations), len(coverage.operations)),
    ]


def area_rows(coverage: Coverage) -> list[AreaRow]:
    """A row an area, and one of all, unless there is just one."""
    rows = [_area_row(coverage, name, met) for name, met in coverage.areas.items()]
    return rows if len(rows) == 1 else [*rows, _area_row(coverage, WHOLE, coverage.met)]


def _area_row(coverage: Coverage, name: str, met: Met) -> AreaRow:
    others = beside(met.made)
    return AreaRow(
        name,
        *(met.cases, len(met.calls)),
        *(len(coverage.documented_by(met)), len(documented_of_its_calls(coverage, met))),
        *(len(coverage.undocumented_by(met)), len(met.flags), len(met.operations)),
        *(others["ltp_errnos"], others["gvisor_errnos"]),
    )


def documented_of_its_calls(coverage: Coverage, met: Met) -> list[Documented]:
    """What the manual has of the calls that some cases make."""
    return [each for each in coverage.documented if each.call in met.made]


def grouped(lacking: Iterable[Lacking]) -> list[tuple[str, str, str]]:
    """A row for all of a call, or of an argument of it, that have one reason: where, what, why."""
    found: dict[tuple[str, str], list[str]] = {}
    for each in lacking:
        place = f"{each.call}.{each.argument}" if each.argument else each.call
        found.setdefault((place, each.reason), []).append(each.what)
    return [(place, " ".join(names), reason) for (place, reason), names in found.items()]
