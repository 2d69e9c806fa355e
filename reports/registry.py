"""Every format by its name."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from conformance.model import Matrix

if TYPE_CHECKING:
    from conformance.coverage.facts import Coverage

EXTENSIONS = {"text": "txt", "markdown": "md", "json": "json", "junit": "xml", "html": "html"}
"""The formats, and what their files are called."""
MODULES = {"text": "text", "markdown": "markdown", "json": "json_report", "junit": "junit", "html": "html_report"}
SHORTENED = ("text", "markdown")
"""The formats that leave things out unless all is asked for."""
COVERING = ("html",)
"""The formats that have what the run has met."""
WIDTH = 100
"""Columns of the text, where nobody says how wide the terminal is."""


def render(
    matrix: Matrix, form: str, *, full: bool = False, width: int = WIDTH, coverage: Coverage | None = None
) -> bytes:
    """The matrix in one of the formats of `EXTENSIONS`, UTF-8. Imports the one renderer that is asked for.

    `full`: leave nothing out. `width`: columns of the terminal that the text is for. `coverage`: what the run has met,
    for the formats of `COVERING`.
    """
    options: dict[str, Any] = {"full": full} if form in SHORTENED else {}
    if form in COVERING:
        options["coverage"] = coverage
    if form == "text":
        options["width"] = width
    data: bytes = importlib.import_module(f"reports.{MODULES[form]}").render(matrix, **options)
    return data
