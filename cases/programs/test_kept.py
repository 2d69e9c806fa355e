"""Kept programs: sequences of calls as a search found them, by what their last call is about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from conformance.guest.plugin import RunProgram

pytestmark = pytest.mark.needs("root", "x86_64")

HERE = Path(__file__).parent


@pytest.mark.parametrize("name", sorted(f"{path.parent.name}/{path.stem}" for path in HERE.glob("*/*.json")))
def test_program_does_what_linux_does(name: str, run_program: RunProgram) -> None:
    """Each call ends as it does on Linux; what it returns and writes is in the trace."""
    run_program(str(HERE / f"{name}.json"))
