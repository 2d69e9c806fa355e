"""Kept programs, files: descriptors, paths, attributes and locks, as a search found them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from cases.programs._corpus import kept, path_of

if TYPE_CHECKING:
    from conformance.guest.plugin import RunProgram

pytestmark = pytest.mark.needs("root", "x86_64")


@pytest.mark.parametrize("name", kept("files"))
def test_program_does_what_linux_does(name: str, run_program: RunProgram) -> None:
    """Each call ends as it does on Linux; what it returns and writes is in the trace."""
    run_program(path_of("files", name))
