"""The matrix as JSON, and the JSON Schema of that."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from conformance.model import MATRIX_SCHEMA, Cell, Column, Comparison, Matrix, Verdict
from reports.summary import shallow, totals

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"
SCHEMA_ID = f"urn:syscall-conformance:matrix:{MATRIX_SCHEMA}"
ADDED: dict[str, dict[str, Any]] = {
    "Cell": {
        "unexpected": {"type": "boolean", "description": "A gate does not let it through."},
        "outdated": {"type": "boolean", "description": "It is better than an expectation says."},
    },
    "Column": {
        "totals": {
            "type": "object",
            "description": "How many cases have which verdict.",
            "propertyNames": {"enum": [str(each) for each in Verdict]},
            "additionalProperties": {"type": "integer", "minimum": 1},
        },
        "seconds": {"type": "number", "description": "How long its cases took, in its guests."},
    },
}
"""What the JSON has beside the fields of the model, by type, with its schema."""


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`. `cells` and `traces` of a comparison are by target."""
    data = msgspec.to_builtins(replace(matrix, comparisons=list(map(_bounded, matrix.comparisons))))
    for comparison, theirs in zip(matrix.comparisons, data["comparisons"], strict=True):
        for target, cell in comparison.cells.items():
            theirs["cells"][target] |= _of_cell(cell)
    for column, theirs in zip(matrix.columns, data["columns"], strict=True):
        theirs.update(_of_column(matrix, column))
    return msgspec.json.format(msgspec.json.encode(data)) + b"\n"


def _bounded(comparison: Comparison) -> Comparison:
    """A comparison whose observations are nested only so deep that they can be written, and read again."""
    traces = {
        name: replace(trace, observations={what: shallow(value) for what, value in trace.observations.items()})
        for name, trace in comparison.traces.items()
    }
    return replace(comparison, traces=traces)


def _of_cell(cell: Cell) -> dict[str, Any]:
    return {"unexpected": cell.unexpected, "outdated": cell.outdated}


def _of_column(matrix: Matrix, column: Column) -> dict[str, Any]:
    seconds = sum(comparison.cells[column.target.name].seconds for comparison in matrix.comparisons)
    return {
        "totals": {str(verdict): count for verdict, count in totals(matrix, column).items()},
        "seconds": round(seconds, 6),
    }


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every rendering satisfies. `schema` in the data is its version.

    It is strict: every key that it names is there, and no other is.
    """
    title = f"Compatibility matrix of system calls, version {MATRIX_SCHEMA}"
    whole = {"$schema": SCHEMA_DIALECT, "$id": SCHEMA_ID, "title": title, **msgspec.json.schema(Matrix)}
    for name, definition in whole["$defs"].items():
        if "properties" in definition:
            definition["properties"] |= ADDED.get(name, {})
            definition["required"] = sorted(definition["properties"])
            definition["additionalProperties"] = False
    whole["$defs"]["Matrix"]["properties"]["schema"]["const"] = MATRIX_SCHEMA
    return whole
