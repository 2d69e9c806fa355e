"""Every format by its name."""

from __future__ import annotations

import importlib
from collections.abc import Callable

from conformance.model import Matrix

EXTENSIONS = {"text": "txt", "markdown": "md", "json": "json", "junit": "xml", "html": "html"}
"""The formats, and what their files are called."""
MODULES = {"text": "text", "markdown": "markdown", "json": "json_report", "junit": "junit", "html": "html_report"}


def render(matrix: Matrix, form: str) -> bytes:
    """The matrix in one of the formats of `EXTENSIONS`, UTF-8. Imports the one renderer that is asked for."""
    renderer: Callable[[Matrix], bytes] = importlib.import_module(f"reports.{MODULES[form]}").render
    return renderer(matrix)
