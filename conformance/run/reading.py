"""Files of programs as they were read before: parsing them all takes longer than running them natively."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from conformance.programs.listed import Listed, parsed
from conformance.programs.notation.model import Listing
from conformance.run.remembering import Shelf

SHELF = Shelf("programs", ("programs", "syscalls", "conditions.py", "model.py"), most=10_000)


def remembered(path: Path, text: str, programs: Sequence[Listed]) -> dict[str, Listing]:
    """As `parsed`. Raises NotationError."""
    return SHELF.get(text, lambda: parsed(path, text, programs))
