"""The matrix as one self-contained HTML file: each cell opens to its cases, each case to both traces and its commands.

What came out of a guest reaches the page only as text: through Jinja's escaping, or as JSON that the page's script puts
into text nodes. The page's policy (CSP) lets nothing run, and nothing be drawn, but its own script and its own style.

The state of the page is in its address, after the `#`, so that it can be linked to:

    target=NAME verdict=VERDICT       only these; both can be repeated
    cause=CAUSE only=KIND             KIND is `departing`, `unexpected`, `outdated` or `unsteady`
    name=TEXT message=TEXT            what a case, or what it says, must contain
    call=CALL,CALL                    what its trace must have
    open=TARGET/MODULE[::CASE]        an open cell, or a case in it; can be repeated
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shlex
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files
from typing import Any
from urllib.parse import quote, urlsplit

import jinja2
from markupsafe import Markup

from conformance.coverage.facts import Coverage
from conformance.coverage.figures import AREA_HEADS, area_rows, grouped, sums
from conformance.coverage.missing import missing_calls, missing_pairs
from conformance.model import Column, Comparison, Expectation, ExpectationKind, Matrix, Trace, Verdict
from conformance.text import plural, printable
from reports.summary import (
    GRAVITY,
    LEGEND,
    Feature,
    Found,
    about,
    because,
    features,
    flaky,
    in_order,
    lost_evidence,
    observation_text,
    repeat_command,
    totals,
    unexpected,
    words,
)

SIGNS = {
    Verdict.SAME: "✓",
    Verdict.NEW: "+",
    Verdict.DIFFERS: "≠",
    Verdict.MISSING: "∅",
    Verdict.FAILS: "✗",
    Verdict.CRASH: "†",
    Verdict.HANG: "∞",
    Verdict.FLAKY: "~",
    Verdict.SKIPPED: "»",
    Verdict.INVALID: "?",
    Verdict.ERROR: "!",
}
"""A sign for each verdict, for those who do not tell its colour from another."""

FIRST = 12
"""How many unexpected cells are listed before the rest is folded."""

_CALL = re.compile(r"(?:\[child \d+\] )?(\w+)\(")
_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def render(matrix: Matrix, coverage: Coverage | None = None) -> bytes:
    """See `reports.registry.render`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True, finalize=_shown
    )
    environment.filters["address"] = _address
    environment.filters["plural"] = plural
    style = environment.get_template("matrix.css").render(verdicts=list(Verdict), columns=len(matrix.columns))
    script = (files("reports") / "templates" / "matrix.js").read_text(encoding="utf-8")
    present = Counter(cell.verdict for _, _, cell in matrix.cells())
    page = environment.get_template("matrix.html").render(
        matrix=matrix,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=_policy(script, style),
        columns=[_column(matrix, column) for column in matrix.columns],
        areas=_areas(matrix),
        legend=[(verdict, SIGNS[verdict], meaning, present[verdict]) for verdict, meaning in LEGEND.items()],
        causes=sorted({cell.cause for _, _, cell in matrix.cells() if cell.cause}),
        lost=lost_evidence(matrix),
        unexpected=_listed(sorted(unexpected(matrix), key=_gravity)),
        outdated=_listed(found for found in matrix.cells() if found[2].outdated),
        unsteady=_listed(flaky(matrix)),
        accepted=sum(1 for _, _, cell in matrix.cells() if cell.expected),
        first=FIRST,
        coverage=_coverage(coverage) if coverage else None,
        data=Markup(_embedded(_data(matrix))),  # noqa: S704 - nothing in it can end the script element
    )
    return page.encode("utf-8", "backslashreplace")


def _coverage(coverage: Coverage) -> dict[str, Any]:
    """What the run has met. Of what nothing reaches, calls and errnos: flags and operations would be half the page."""
    calls, pairs = list(missing_calls(coverage)), list(missing_pairs(coverage))
    return {
        "sums": sums(coverage),
        "heads": AREA_HEADS,
        "areas": area_rows(coverage),
        "calls": calls,
        "count": len(pairs),
        "errnos": grouped(pairs),
    }


def _shown(value: Any) -> Any:
    """What the template shows of a value: a guest's text must not reorder the line that it stands in."""
    return printable(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _policy(script: str, style: str) -> str:
    """The page's Content-Security-Policy: its own script and style by their hashes, and nothing else."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _address(value: str) -> str:
    """A value as it stands in the page's address."""
    return quote(value, safe="/:", errors="replace")


def _gravity(found: Found) -> int:
    return GRAVITY.index(found[2].verdict)


def _listed(found: Iterable[Found]) -> list[dict[str, Any]]:
    return [
        {
            "target": column.target.name,
            "label": column.label,
            "case": comparison.case,
            "verdict": cell.verdict,
            "mark": SIGNS[cell.verdict],
            "message": cell.message,
            "because": because(cell),
        }
        for column, comparison, cell in found
    ]


def _column(matrix: Matrix, column: Column) -> dict[str, Any]:
    target = column.target.name
    tally = totals(matrix, column)
    return {
        "name": target,
        "label": column.label,
        "title": column.target.title,
        "about": about(column),
        "reference": target == matrix.reference,
        "bar": _bar(tally),
        "tally": [(SIGNS[verdict], verdict, count) for verdict, count in in_order(tally)],
        "unexpected": sum(comparison.cells[target].unexpected for comparison in matrix.comparisons),
    }


def _areas(matrix: Matrix) -> list[tuple[str, list[dict[str, Any]]]]:
    """The features by area, each with its cells."""
    number = {comparison.case: at for at, comparison in enumerate(matrix.comparisons)}
    found: dict[str, list[dict[str, Any]]] = {}
    for feature in features(matrix):
        found.setdefault(feature.area, []).append(
            {
                "title": feature.title,
                "about": feature.comparisons[0].feature.partition(":")[2].strip(),
                "module": feature.module,
                "cases": ",".join(str(number[comparison.case]) for comparison in feature.comparisons),
                "cells": [_cell(feature, column) for column in matrix.columns],
            }
        )
    return list(found.items())


def _cell(feature: Feature, column: Column) -> dict[str, Any]:
    target = column.target.name
    tally = feature.tally(target)
    cells = [comparison.cells[target] for comparison in feature.comparisons]
    return {
        "target": target,
        "label": column.label,
        "words": words(tally),
        "worst": next((verdict for verdict in GRAVITY if tally[verdict]), Verdict.SAME),
        "mark": next((SIGNS[verdict] for verdict in GRAVITY if tally[verdict]), ""),
        "bar": _bar(tally),
        "unexpected": sum(cell.unexpected for cell in cells),
        "outdated": sum(cell.outdated for cell in cells),
    }


def _bar(tally: Counter[Verdict]) -> list[dict[str, Any]]:
    """The pieces of a bar: where each begins and how long it is, in percent."""
    pieces: list[dict[str, Any]] = []
    total, before = sum(tally.values()), 0
    for verdict, count in in_order(tally):
        start, length = round(100 * before / total, 2), round(100 * count / total, 2)
        pieces.append({"verdict": verdict, "start": f"{start:g}%", "length": f"{length:g}%"})
        before += count
    return pieces


def _data(matrix: Matrix) -> dict[str, Any]:
    """What the page's script needs: the cases with their cells in the order of the columns, and the traces."""
    pool = _Pool()
    cases = [_case(matrix, comparison, pool) for comparison in matrix.comparisons]
    return {
        "reference": matrix.reference,
        "targets": [{"name": column.target.name, "label": column.label} for column in matrix.columns],
        "marks": SIGNS,
        "gravity": GRAVITY,
        "cases": cases,
        "traces": pool.traces,
        "lines": list(pool.lines),
        "calls": sorted({found[1] for line in pool.lines if (found := _CALL.match(line))}),
    }


class _Pool:
    """Every distinct trace, and every distinct line of them, once: most targets say the same."""

    def __init__(self) -> None:
        self.traces: list[dict[str, Any]] = []
        self.lines: dict[str, int] = {}
        self._known: dict[str, int] = {}

    def number(self, trace: Trace | None) -> int | None:
        """The index of a trace in `traces`; None where there is none."""
        if trace is None:
            return None
        value = {
            "calls": [self.lines.setdefault(line, len(self.lines)) for line in trace.calls],
            "observations": [[name, observation_text(each)] for name, each in sorted(trace.observations.items())],
            "message": trace.message,
            "truncated": trace.truncated,
        }
        value = {name: each for name, each in value.items() if each or name == "calls"}
        key = json.dumps(value)
        if key not in self._known:
            self._known[key] = len(self.traces)
            self.traces.append(value)
        return self._known[key]


def _case(matrix: Matrix, comparison: Comparison, pool: _Pool) -> dict[str, Any]:
    return {
        "id": comparison.case,
        "title": comparison.title,
        "show": shlex.join(
            ["conformance", "show", *(["--"] if comparison.case.startswith("-") else []), comparison.case]
        ),
        "cells": [_case_cell(matrix, comparison, column.target.name, pool) for column in matrix.columns],
    }


def _case_cell(matrix: Matrix, comparison: Comparison, target: str, pool: _Pool) -> dict[str, Any]:
    """One case on one target; what says nothing is left out."""
    cell = comparison.cells[target]
    found = {
        "verdict": cell.verdict,
        "message": cell.message,
        "cause": cell.cause,
        "level": cell.level,
        "reference": cell.reference,
        "step": cell.step,
        "attempts": cell.attempts,
        "unsteady": not cell.steady or cell.verdict is Verdict.FLAKY,
        "seconds": round(cell.seconds, 3),
        "taken": cell.taken,
        "expected": _expectation(cell.expected, cell.message),
        "unmet": _expectation(cell.unmet, cell.message),
        "unexpected": cell.unexpected,
        "outdated": cell.outdated,
        "trace": pool.number(comparison.traces.get(target)),
        "again": repeat_command(matrix, comparison, target),
    }
    return {name: value for name, value in found.items() if not (value is None or value is False or value == "")}


def _expectation(known: Expectation | None, message: str) -> dict[str, str] | None:
    if known is None:
        return None
    link = known.link if is_address(known.link) else ""
    found = {
        "verdict": str(known.verdict),
        "reason": known.why,
        "seen": "" if message in known.message else known.message,
        "link": link,
        "said": "" if link else known.link,
        "since": known.since if known.kind is ExpectationKind.EXPLAINED else "",
        "expires": known.expires,
        "when": known.when,
    }
    return {name: value for name, value in found.items() if value}


def is_address(link: str) -> bool:
    """Whether a link is one that may be followed: what anything else does (`javascript:`) is not ours to say."""
    try:
        found = urlsplit(link)
    except ValueError:
        return False
    return found.scheme in ("http", "https") and bool(found.netloc)


def _embedded(value: object) -> str:
    """JSON that can stand inside a script element, whatever text is in it."""
    return json.dumps(value, separators=(",", ":")).translate(_ESCAPES)
