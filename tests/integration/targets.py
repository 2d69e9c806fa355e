"""The shipped targets, as far as they can run on this machine."""

from __future__ import annotations

from functools import cache

import pytest

from conformance.model import Target
from conformance.run.targets import SHIPPED, load
from runners.base import Ending, Guest, Runner
from runners.registry import runner_for
from tests.processes import eventually

NAMES = ("native", "wsl1", "gvisor", "wsl2", "lts")


@cache
def target(name: str) -> Target:
    """A shipped target."""
    return load(SHIPPED)[name]


def dead(guest: Guest, ending: Ending, patience: float = 10.0) -> str:
    """Wait for a guest to die in this way, for so many seconds; the cause."""

    def has_ended() -> bool:
        death = guest.death()
        return death is not None and death.ending is ending

    assert eventually(has_ended, patience), guest.death()
    death = guest.death()
    assert death is not None
    return death.cause


def runner(name: str, *, cold: bool = False, bare: bool = False) -> Runner:
    """Its runner; skips the test where it cannot run, with the runner's own words."""
    found = runner_for(target(name), cold=cold, bare=bare)
    if lacking := found.missing():
        pytest.skip(lacking)
    return found
