"""How hard cases try that hold the kernel against a model: how many examples, from where, for how long.

`gate`     the same examples on every target and at every run, quickly; what the matrix needs
`nightly`  new examples at every run, twenty times as many; those that failed once are tried again first
`dev`      as `nightly`, with four times as many as `gate`

Nothing here imports Hypothesis before an effort is loaded: in an emulated guest that takes seconds.
"""

from __future__ import annotations

import os
import random
import re
import time
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hypothesis import settings

GATE, NIGHTLY, DEV = "gate", "nightly", "dev"
EFFORTS = {GATE: 1, NIGHTLY: 20, DEV: 4}
"""Each effort with how many times as many examples it tries, and how many times as long that may take."""
SCRIPTS = {GATE: 1, NIGHTLY: 100, DEV: 20}
"""The same for models whose calls an executor makes: most of what an example costs is that Hypothesis writes it."""
EXAMPLES = 25
"""Examples of a property, where `EFFORTS` says 1."""
STEPS = 40
"""Steps of a state machine, at most."""
SHRINKING_SECONDS = 5.0
"""How long a failing example is made smaller, before effort and slowdown: to end well within a case's deadline."""


_IMPORTS = re.compile(rb"^(import|from) hypothesis\b", re.MULTILINE)


@cache
def concerns(module: str) -> bool:
    """Whether the module at a path imports Hypothesis by itself."""
    with open(module, "rb") as source:
        return _IMPORTS.search(source.read()) is not None


def database_directory() -> str:
    """Where examples that failed once are kept."""
    caches = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    return os.path.join(caches, "conformance", "examples")


def settle() -> str:
    """Have Hypothesis keep its things in the user's cache, where it would be any directory; that of its examples."""
    from hypothesis import configuration  # noqa: PLC0415 - see load

    examples = database_directory()
    configuration.set_hypothesis_home_dir(os.path.dirname(examples))
    return examples


def settings_of(effort: str, times: int) -> settings:
    """How properties are tried, with so many times as many examples as the least effort has."""
    from hypothesis import HealthCheck, Phase, settings  # noqa: PLC0415 - slow, and rarely needed
    from hypothesis.database import DirectoryBasedExampleDatabase  # noqa: PLC0415

    examples = settle()
    gate = settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        print_blob=False,
        report_multiple_bugs=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=(HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much),
    )
    if effort == GATE:
        return gate
    return settings(
        gate,
        max_examples=EXAMPLES * times,
        derandomize=False,
        database=DirectoryBasedExampleDatabase(examples),
        phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
    )


def load(effort: str, slowdown: float = 1.0) -> None:
    """Make `effort` the default of all properties of this process that are defined afterwards.

    `slowdown` is how slow the machine is.
    """
    from hypothesis import settings  # noqa: PLC0415 - as above

    settings.register_profile(effort, settings_of(effort, EFFORTS[effort]))
    settings.load_profile(effort)
    bound_shrinking(effort, slowdown)
    ignore_modules()


def bound_shrinking(effort: str, slowdown: float = 1.0) -> None:
    """Have Hypothesis make a failing example smaller for so long and no longer."""
    _bound_shrinking(SHRINKING_SECONDS * EFFORTS[effort] * slowdown)


def _bound_shrinking(seconds: float) -> None:
    """Hypothesis takes five minutes otherwise; there is no setting for that."""
    from hypothesis.internal.conjecture import engine  # noqa: PLC0415 - see load

    engine.MAX_SHRINKING_SECONDS = seconds  # type: ignore[assignment] # an int only because it happens to be one


def ignore_modules() -> None:
    """Keep Hypothesis from using the constants in the modules that it takes for the user's own.

    Which those are depends on where things are installed, and so on the target; and reading them takes long in a guest.
    """
    from hypothesis.internal.conjecture import providers  # noqa: PLC0415 - see load

    with suppress(AttributeError):  # before Hypothesis 6.131 there was no such thing
        nothing = providers._local_constants  # noqa: SLF001 - there is no setting for that
        providers._get_local_constants = lambda: nothing  # noqa: SLF001


def new_seed() -> int:
    """One that no run has had.

    A guest that was resumed from a snapshot would repeat itself otherwise: only its clock has gone on.
    """
    return int.from_bytes(os.urandom(16), "little") ^ time.time_ns()


def begin(effort: str, seed: int) -> None:
    """Before a property: begin from a seed, if the effort does not always try the same."""
    from hypothesis import core  # noqa: PLC0415 - see load

    if effort != GATE:
        with suppress(AttributeError):  # a private place; without it all is as random as Hypothesis makes it
            core.threadlocal._hypothesis_global_random = random.Random(seed)  # noqa: SLF001, S311 - nobody's secret
