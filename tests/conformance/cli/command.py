"""The command, in this process: fast, and with everything that `main` does but for the process's own streams."""

from __future__ import annotations

import io
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import conformance.cli


@dataclass(frozen=True, slots=True)
class Answered:
    """How a command ended and what it said."""

    status: int
    out: str
    err: str


def told(*arguments: str | Path) -> Answered:
    """Run a command line to its end. Signals stay as the test's own."""
    out, err = io.BytesIO(), io.BytesIO()
    # Named, since a wrapper that nobody holds closes what it wraps.
    as_text = [io.TextIOWrapper(stream, "utf-8", write_through=True) for stream in (out, err)]
    with redirect_stdout(as_text[0]), redirect_stderr(as_text[1]), patch.object(conformance.cli, "end_tidily"):
        status = conformance.cli.answer([str(each) for each in arguments])
    return Answered(status, out.getvalue().decode(), err.getvalue().decode())


def is_one_sentence(said: str) -> bool:
    """Whether this is one line from the command, and no traceback."""
    return said.startswith("conformance: ") and len(said.strip().splitlines()) == 1
