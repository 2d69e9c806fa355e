"""A coverage as tables for a terminal, and as data for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from conformance.coverage.facts import Coverage, Met
from conformance.coverage.figures import (
    AREA_HEADS,
    area_rows,
    beside,
    documented_of_its_calls,
    grouped,
    sums,
)
from conformance.coverage.missing import missing_calls, missing_flags, missing_operations, missing_pairs
from conformance.text import one_line, plural

SCHEMA = 1
"""Version of a coverage as JSON."""
WIDTHS = {"errnos": 56, "flags": 52, "operations": 56, "reason": 22}
"""How wide the columns of what nothing reaches may be."""


def report(coverage: Coverage, *, missing: bool = False) -> str:
    """All tables as text: sums, what others have, a row an area; if `missing`, what nothing reaches."""
    parts = [
        _title(coverage),
        tabulate([(one_line(what), *figures) for what, *figures in sums(coverage)], ("", "met", "of", "LTP", "gVisor")),
        tabulate([(one_line(area), *figures) for area, *figures in area_rows(coverage)], AREA_HEADS),
    ]
    if missing:
        parts += _missing(coverage)
    return "\n\n".join(parts)


def _title(coverage: Coverage) -> str:
    named = ", ".join(f"{one_line(name)} ({one_line(release)})" for name, release in coverage.targets.items())
    return f"{named or 'no target'}: {plural(coverage.met.cases, 'case')} in {plural(len(coverage.areas), 'area')}"


def _missing(coverage: Coverage) -> Iterator[str]:
    """What nothing reaches, a table a sort of fact."""
    calls = [(each.call, each.reason) for each in missing_calls(coverage)]
    yield _table(plural(len(calls), "call") + " that never succeeded", calls, ("call", "reason"))
    pairs = list(missing_pairs(coverage))
    yield _table(f"{plural(len(pairs), 'documented errno')} not met", grouped(pairs), ("call", "errnos", "reason"))
    flags = list(missing_flags(coverage))
    yield _table(f"{plural(len(flags), 'flag')} not met", grouped(flags), ("argument", "flags", "reason"))
    uses = list(missing_operations(coverage))
    yield _table(f"{plural(len(uses), 'operation')} not met", grouped(uses), ("call", "operations", "reason"))


def _table(title: str, rows: Sequence[Sequence[str]], heads: Sequence[str]) -> str:
    widths = [None, *(WIDTHS[head] for head in heads[1:])]
    return f"{title}\n{tabulate(rows, heads, maxcolwidths=widths, disable_numparse=True)}" if rows else title


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
        "documented_of_its_calls": len(documented_of_its_calls(coverage, met)),
        "undocumented": [{"call": each.call, "errno": each.name} for each in sorted(coverage.undocumented_by(met))],
        "flags": [each._asdict() for each in sorted(met.flags)],
        "operations": sorted(met.operations),
        "beside": beside(met.made),
    }
