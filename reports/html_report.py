"""The matrix as one self-contained HTML file: each cell opens to its cases, each case to both traces and its command.

What came out of a guest reaches the page only as text: through Jinja's escaping, or as JSON that the page's script puts
into text nodes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import jinja2

from conformance.model import Column, Matrix, Row, Trace, Verdict
from reports.summary import LEGEND, Feature, about, features, in_order, observation_text, repeat_command, totals, words

_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("reports"), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    pool = _Pool()
    cases = [_case(matrix, row, pool) for row in matrix.rows]
    page = environment.get_template("matrix.html").render(
        matrix=matrix,
        columns=[_column(matrix, column) for column in matrix.columns],
        areas=_areas(matrix),
        legend=[(str(verdict), meaning) for verdict, meaning in LEGEND.items()],
        data=_embedded({"cases": cases, "traces": pool.traces, "reference": matrix.reference}),
    )
    return page.encode("utf-8", "backslashreplace")


def _column(matrix: Matrix, column: Column) -> dict[str, Any]:
    return {
        "name": column.target.name,
        "label": column.label,
        "title": column.target.title,
        "about": about(column),
        "reference": column.target.name == matrix.reference,
        "bar": _bar(in_order(totals(matrix, column))),
    }


def _areas(matrix: Matrix) -> list[tuple[str, list[dict[str, Any]]]]:
    """The features by area, each with its cells."""
    number = {row.case: at for at, row in enumerate(matrix.rows)}
    found: dict[str, list[dict[str, Any]]] = {}
    for feature in features(matrix):
        found.setdefault(feature.area, []).append(
            {
                "title": feature.title,
                "about": feature.rows[0].feature,
                "module": feature.module,
                "cases": ",".join(str(number[row.case]) for row in feature.rows),
                "cells": [_cell(feature, column) for column in matrix.columns],
            }
        )
    return list(found.items())


def _cell(feature: Feature, column: Column) -> dict[str, Any]:
    target = column.target.name
    tally = feature.tally(target)
    unexpected = sum(row.cells[target].unexpected for row in feature.rows)
    return {"target": target, "words": words(tally), "bar": _bar(in_order(tally)), "unexpected": unexpected}


def _bar(tally: Sequence[tuple[Verdict, int]]) -> list[tuple[str, int]]:
    return [(str(verdict), count) for verdict, count in tally]


class _Pool:
    """Every distinct trace once: most targets say the same."""

    def __init__(self) -> None:
        self.traces: list[dict[str, Any]] = []
        self._known: dict[str, int] = {}

    def number(self, trace: Trace | None) -> int | None:
        """The index of a trace in `traces`; None where there is none."""
        if trace is None:
            return None
        value = {
            "calls": trace.calls,
            "observations": [f"{name} = {observation_text(each)}" for name, each in sorted(trace.observations.items())],
            "message": trace.message,
            "truncated": trace.truncated,
        }
        key = json.dumps(value)
        if key not in self._known:
            self._known[key] = len(self.traces)
            self.traces.append(value)
        return self._known[key]


def _case(matrix: Matrix, row: Row, pool: _Pool) -> dict[str, Any]:
    cells = {}
    for column in matrix.columns:
        target = column.target.name
        cell = row.cells[target]
        cells[target] = {
            "verdict": cell.verdict,
            "message": cell.message,
            "cause": cell.cause,
            "level": cell.level,
            "reference": cell.reference,
            "step": cell.step,
            "attempts": cell.attempts,
            "expected": cell.expected.reason if cell.expected else None,
            "link": cell.expected.link if cell.expected else None,
            "unexpected": cell.unexpected,
            "trace": pool.number(row.traces.get(target)),
            "command": repeat_command(matrix, row, target),
        }
    return {"id": row.case, "name": row.name, "title": row.title, "cells": cells}


def _embedded(value: object) -> str:
    """JSON that can stand inside a script element, whatever text is in it."""
    text = json.dumps(value, separators=(",", ":"))
    return "".join(_ESCAPES.get(character, character) for character in text)
