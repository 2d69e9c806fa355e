"""How a run's cases are run: for how long, with what effort, how often."""

from __future__ import annotations

from dataclasses import dataclass

from conformance.guest.limits import CASE_SECONDS
from conformance.programs.efforts import GATE


@dataclass(frozen=True, slots=True)
class Conduct:
    """How each case is run, whichever they are."""

    timeout: float = CASE_SECONDS
    """Seconds a case may take, before the guest's slowdown."""
    effort: str = GATE
    """How hard cases try that have a model; see `conformance.programs.efforts`."""
    repeat: int = 1
    """How many times each case is run."""


USUAL = Conduct()
