"""The matrix as JSON, and the JSON Schema of that."""

from __future__ import annotations

from typing import Any

import msgspec

from conformance.model import MATRIX_SCHEMA, Matrix

SCHEMA_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def render(matrix: Matrix) -> bytes:
    """See `reports.registry.render`."""
    return msgspec.json.format(msgspec.json.encode(matrix)) + b"\n"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) that every rendering satisfies. `schema` in the data is its version."""
    title = f"Compatibility matrix of system calls, version {MATRIX_SCHEMA}"
    return {"$schema": SCHEMA_DIALECT, "title": title, **msgspec.json.schema(Matrix)}
