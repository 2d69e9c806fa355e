"""A coverage as tables for a terminal, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypedDict

from tabulate import tabulate

from conformance.coverage.documents import peers
from conformance.coverage.facts import Coverage, Documented, Met
from conformance.coverage.missing import Lacking, missing_calls, missing_flags, missing_operations, missing_pairs
from conformance.text import one_line, plural

SCHEMA = 1
"""Version of a coverage as JSON."""
WIDTHS = {"errnos": 56, "flags": 52, "operations": 56, "reason": 32}
"""How wide the columns of what nothing reaches may be."""
AREA_HEADS = ("area", "cases", "calls", "pairs", "of", "others", "flags", "operations", "LTP", "gVisor")


class Beside(TypedDict):
    """What others test of some calls."""

    ltp_calls: int
    ltp_errnos: int
    gvisor_calls: int
    gvisor_errnos: int


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


def report(coverage: Coverage, *, missing: bool = False) -> str:
    """All tables as text: sums, what others have, a row an area; if `missing`, what nothing reaches."""
    parts = [_title(coverage), _summary(coverage), _areas(coverage)]
    if missing:
        parts += _missing(coverage)
    return "\n\n".join(parts)


def _title(coverage: Coverage) -> str:
    named = ", ".join(f"{one_line(name)} ({one_line(release)})" for name, release in coverage.targets.items())
    return f"{named or 'no target'}: {plural(coverage.met.cases, 'case')} in {plural(len(coverage.areas), 'area')}"


def _summary(coverage: Coverage) -> str:
    met, others = coverage.met, beside(coverage.table)
    machines = " and ".join(sorted(coverage.machines)) or "no machine"
    pairs = len(met.pairs)
    rows: list[tuple[str, object, object, object, object]] = [
        (
            f"calls of {one_line(machines)} that succeeded",
            *(len(met.calls & coverage.table), len(coverage.table)),
            *(others["ltp_calls"], others["gvisor_calls"]),
        ),
        ("documented errnos", len(coverage.documented_by(met)), len(coverage.documented), "", ""),
        ("errnos that no page documents", len(coverage.undocumented_by(met)), "", "", ""),
        ("all errnos", pairs, "", others["ltp_errnos"], others["gvisor_errnos"]),
        ("flags", len(met.flags), len(coverage.flags), "", ""),
        ("operations", len(met.operations), len(coverage.operations), "", ""),
    ]
    return tabulate(rows, ("", "met", "of", "LTP", "gVisor"))


def _areas(coverage: Coverage) -> str:
    rows = [(one_line(name), *_row(coverage, met)) for name, met in coverage.areas.items()]
    if len(rows) != 1:
        rows.append(("all", *_row(coverage, coverage.met)))
    return tabulate(rows, AREA_HEADS)


def _row(coverage: Coverage, met: Met) -> tuple[int, ...]:
    """An area's figures. What there is to be met, and what others have, is that of the calls that it makes."""
    others = beside(met.made)
    return (
        *(met.cases, len(met.calls)),
        *(len(coverage.documented_by(met)), len(_documented_of(coverage, met)), len(coverage.undocumented_by(met))),
        *(len(met.flags), len(met.operations)),
        *(others["ltp_errnos"], others["gvisor_errnos"]),
    )


def _documented_of(coverage: Coverage, met: Met) -> list[Documented]:
    return [each for each in coverage.documented if each.call in met.made]


# -- what nothing reaches


def _missing(coverage: Coverage) -> Iterator[str]:
    calls = [(each.call, each.reason) for each in missing_calls(coverage)]
    yield _table(plural(len(calls), "call") + " that never succeeded", calls, ("call", "reason"))
    pairs = list(missing_pairs(coverage))
    yield _table(f"{plural(len(pairs), 'documented errno')} not met", _grouped(pairs), ("call", "errnos", "reason"))
    flags = list(missing_flags(coverage))
    yield _table(f"{plural(len(flags), 'flag')} not met", _grouped(flags), ("argument", "flags", "reason"))
    uses = list(missing_operations(coverage))
    yield _table(f"{plural(len(uses), 'operation')} not met", _grouped(uses), ("call", "operations", "reason"))


def _table(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    widths = [None, *(WIDTHS[head] for head in heads[1:])]
    return f"{title}\n{tabulate(rows, heads, maxcolwidths=widths, disable_numparse=True)}" if rows else title


def _grouped(lacking: Iterable[Lacking]) -> list[tuple[str, str, str]]:
    """A row for all of a call, or of an argument of it, that have one reason."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for each in lacking:
        place = f"{each.call}.{each.argument}" if each.argument else each.call
        grouped.setdefault((place, each.reason), []).append(each.what)
    return [(place, " ".join(names), reason) for (place, reason), names in grouped.items()]


# -- JSON


def as_data(coverage: Coverage, *, missing: bool = False) -> dict[str, object]:
    """The same for JSON: figures and the facts themselves, in all and by area; if `missing`, what nothing reaches."""
    data: dict[str, object] = {
        "schema": SCHEMA,
        "targets": dict(coverage.targets),
        "machines": sorted(coverage.machines),
        "there": {
            "calls": len(coverage.table),
            "documented": len(coverage.documented),
            "flags": len(coverage.flags),
            "operations": len(coverage.operations),
        },
        "beside": beside(coverage.table),
        "met": _met(coverage, coverage.met),
        "areas": {name: _met(coverage, met) for name, met in coverage.areas.items()},
    }
    if missing:
        data["missing"] = {
            "calls": [{"call": each.call, "reason": each.reason} for each in missing_calls(coverage)],
            "documented": [
                {"call": each.call, "errno": each.what, "reason": each.reason} for each in missing_pairs(coverage)
            ],
            "flags": [
                {"call": each.call, "argument": each.argument, "name": each.what, "reason": each.reason}
                for each in missing_flags(coverage)
            ],
            "operations": [
                {"call": each.call, "operation": each.what, "reason": each.reason}
                for each in missing_operations(coverage)
            ],
        }
    return data


def _met(coverage: Coverage, met: Met) -> dict[str, object]:
    return {
        "cases": met.cases,
        "calls": sorted(met.calls),
        "documented": [{"call": each.call, "errno": each.errno} for each in coverage.documented_by(met)],
        "documented_of_its_calls": len(_documented_of(coverage, met)),
        "undocumented": [{"call": each.call, "errno": each.name} for each in sorted(coverage.undocumented_by(met))],
        "flags": [each._asdict() for each in sorted(met.flags)],
        "operations": sorted(met.operations),
        "beside": beside(met.made),
    }
